//! What AWS asks: list prices of us-east-1 as one table, and money that is exact until it is printed.
//!
//! Without free tiers, discounts for volume, savings plans and taxes. A comment says where a price was read; there
//! was no way to AWS's own pages of prices, so those that were read stand in pages about them, and the others are
//! remembered.

use std::fmt;
use std::ops::{Add, AddAssign};

/// The region and the processor that the prices are for.
pub const REGION: &str = "us-east-1, Lambda on arm64";
/// The month of the newest page that prices were read in.
pub const DATE: &str = "2026-06";

const THOUSAND: i128 = 1_000;
const MILLION: i128 = 1_000_000;
/// The bytes of a GB, as AWS counts them.
const GB: i128 = 1 << 30;
/// Storage is counted in bytes held for a day; a month has thirty.
const GB_MONTH: i128 = GB * 30;
/// Lambda is counted in milliseconds of a megabyte.
const GB_SECOND: i128 = 1024 * THOUSAND;

/// An amount of dollars as an exact fraction of pico-dollars (10^-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pico: i128,
    per: i128,
}

impl Money {
    /// No money at all.
    pub const ZERO: Self = Self { pico: 0, per: 1 };

    fn of(pico: i128, per: i128) -> Self {
        let divisor = common_divisor(pico, per);
        Self { pico: pico / divisor, per: per / divisor }
    }

    /// `times` as much, divided by `divided`.
    pub fn scaled(self, times: i128, divided: i128) -> Self {
        let first = Self::of(self.pico, divided);
        let second = Self::of(times, self.per);
        Self::of(product(first.pico, second.pico), product(first.per, second.per))
    }

    /// The amount in dollars with that many decimals (12 at most), rounded once, half up.
    pub fn dollars(self, decimals: u32) -> String {
        let unit = 10_i128.pow(12 - decimals);
        let per = product(self.per, unit);
        let rounded = (product(self.pico, 2) + per).div_euclid(product(per, 2));
        let (sign, rounded) = if rounded < 0 { ("-", -rounded) } else { ("", rounded) };
        let one = 10_i128.pow(decimals);
        if decimals == 0 {
            return format!("{sign}{rounded}");
        }
        let width = decimals as usize;
        format!("{sign}{}.{:0width$}", rounded / one, rounded % one)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let divisor = common_divisor(self.per, other.per);
        let (mine, theirs) = (other.per / divisor, self.per / divisor);
        Self::of(product(self.pico, mine) + product(other.pico, theirs), product(self.per, mine))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dollars(6))
    }
}

// Why a panic and no wrong number: every bill of this model is far below what overflows, so a larger one is a mistake.
fn product(one: i128, other: i128) -> i128 {
    one.checked_mul(other).expect("an amount of money fits 128 bits")
}

fn common_divisor(mut one: i128, mut other: i128) -> i128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one.abs().max(1)
}

/// The line of a bill that something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The table, its index and its backups.
    DynamoDb,
    /// The bucket, and the log of its requests.
    S3,
    /// The calls of functions, and their time.
    Lambda,
    /// Logs, metrics, alarms, dashboard, traces.
    Watching,
    /// KMS and Secrets Manager.
    Keys,
    /// SQS and the scheduler.
    Queues,
    /// Mails that SES sends.
    Mail,
}

impl Service {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 7] =
        [Self::DynamoDb, Self::S3, Self::Lambda, Self::Watching, Self::Keys, Self::Queues, Self::Mail];

    /// The heading of its column.
    pub fn label(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::S3 => "S3",
            Self::Lambda => "Lambda",
            Self::Watching => "CloudWatch, X-Ray",
            Self::Keys => "KMS, secrets",
            Self::Queues => "SQS, scheduler",
            Self::Mail => "SES",
        }
    }
}

macro_rules! meters {
    ($($service:ident $meter:ident $name:literal: $pico:expr, per $per:expr; $what:literal)*) => {
        /// What is counted because it is paid for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Meter {
            $(#[doc = $what] $meter,)*
        }

        impl Meter {
            /// Its name in the output of `--json`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$meter => $name,)* }
            }
            /// The line of the bill that it belongs to.
            pub fn service(self) -> Service {
                match self { $(Self::$meter => Service::$service,)* }
            }
            /// What that many of it cost.
            pub fn price(self, count: i128) -> Money {
                let (pico, per): (i128, i128) = match self { $(Self::$meter => ($pico, $per),)* };
                Money::of(pico, 1).scaled(count, per)
            }
        }
    };
}

/// The pico-dollars of that many micro-dollars.
const fn micro(dollars: i128) -> i128 {
    dollars * MILLION
}

meters! {
    // Read: airbyte.com/data-engineering-resources/dynamodb-pricing ($0.125 and $0.625 a million). Strongly consistent
    // reads are a unit for each 4 KB, others half of one; so halves are counted.
    DynamoDb ReadHalves "dynamodb_read_half_units": micro(125_000), per 2 * MILLION; "Half read request units."
    DynamoDb WriteUnits "dynamodb_write_units": micro(625_000), per MILLION; "Write request units."
    // Remembered: $0.25 and $0.20 a GB-month.
    DynamoDb TableByteDays "dynamodb_byte_days": micro(250_000), per GB_MONTH; "Bytes of rows and index, held a day."
    DynamoDb BackupByteDays "dynamodb_backup_byte_days": micro(200_000), per GB_MONTH; "Bytes of rows under point-in-time recovery, a day."
    // Read: devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples ($0.023 a GB, $0.005 a
    // thousand PUTs, $0.0004 a thousand GETs). Remembered: LIST costs what PUT does, DELETE nothing.
    S3 Puts "s3_put": micro(5_000), per THOUSAND; "PUT requests; one that finds its name taken is paid for too."
    S3 Lists "s3_list": micro(5_000), per THOUSAND; "LIST requests."
    S3 Gets "s3_get": micro(400), per THOUSAND; "GET requests; one that finds nothing is paid for too."
    S3 Deletes "s3_delete": 0, per 1; "DELETE requests."
    S3 VaultByteDays "s3_byte_days": micro(23_000), per GB_MONTH; "Bytes of blobs, held a day."
    S3 AccessLogByteDays "s3_access_log_byte_days": micro(23_000), per GB_MONTH; "Bytes of the bucket's log of requests, held a day."
    // Read: cloudchipr.com/blog/aws-lambda-pricing ($0.0000133334 a GB-second on arm64). Remembered: $0.20 a million
    // calls.
    Lambda Invocations "lambda_invocations": micro(200_000), per MILLION; "Calls of functions."
    Lambda MegabyteMs "lambda_megabyte_ms": 13_333_400, per GB_SECOND; "Milliseconds of a megabyte of memory."
    // Read: hashnode-hub.vercel.app/posts/66bd45cc3844f842d4ada327 (logs $0.50 a GB, kept $0.03 a GB-month; the bytes
    // as they came are counted, kept ones are compressed).
    Watching LogBytes "log_bytes": micro(500_000), per GB; "Bytes of log lines."
    Watching LogByteDays "log_byte_days": micro(30_000), per GB_MONTH; "Bytes of log lines, held a day."
    // Read in the examples of a copy of aws.amazon.com/xray/pricing: 48,800 traces are $0.24.
    Watching Traces "traces": micro(5 * MILLION), per MILLION; "Traces recorded."
    // Read: signoz.io/guides/cloudwatch-pricing (metric $0.30),
    // factualminds.com/blog/amazon-cloudwatch-pricing-metrics- logs-alarms-dashboards (dashboard $3),
    // 002-workshop-application-performance-monitoring.huyanh.click (alarm $0.10). Remembered: an alarm on an
    // expression is paid for each metric in it.
    Watching CustomMetrics "custom_metrics": micro(300_000), per 1; "Metrics of our own, a month."
    Watching AlarmMetrics "alarm_metrics": micro(100_000), per 1; "Metrics that alarms look at, a month."
    Watching Dashboards "dashboards": micro(3 * MILLION), per 1; "Dashboards, a month."
    // Read: wring.co/blog/aws-kms-pricing-guide ($1 a key, $0.03 for ten thousand requests), hivebook.wiki/wiki/aws-
    // secrets-manager-rotated-secrets-dynamic-db-credentials-kms ($0.40 a secret, $0.05 for ten thousand calls).
    Keys KmsCalls "kms_calls": micro(30_000), per 10 * THOUSAND; "Calls of KMS, ours and those that services make for us."
    Keys KmsKeys "kms_keys": micro(MILLION), per 1; "Keys, a month; after each of the first two rotations one more."
    Keys SecretCalls "secret_calls": micro(50_000), per 10 * THOUSAND; "Calls of Secrets Manager."
    Keys Secrets "secrets": micro(400_000), per 1; "Secrets, a month."
    // Read: cloudburn.io/blog/amazon-sqs-pricing (FIFO $0.50 a million, flat) and
    // cloudburn.io/blog/amazon-eventbridge-pricing (scheduler $1 a million).
    Queues FifoCalls "sqs_fifo_calls": micro(500_000), per MILLION; "Calls of FIFO queues."
    Queues ScheduledCalls "scheduled_calls": micro(MILLION), per MILLION; "Calls by the scheduler."
    // Read: acecloudinterviews.com/tutorials/aws/ses ($0.10 a thousand).
    Mail Mails "mails": micro(100_000), per THOUSAND; "Mails."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_calls_and_a_gb_second_cost_what_the_list_says() {
        assert_eq!(Meter::Invocations.price(1_000_000).dollars(2), "0.20");
        assert_eq!(Meter::MegabyteMs.price(1_024_000).dollars(10), "0.0000133334");
        assert_eq!(Meter::WriteUnits.price(1_000_000).dollars(3), "0.625");
        assert_eq!(Meter::ReadHalves.price(2_000_000).dollars(3), "0.125");
        assert_eq!(Meter::VaultByteDays.price(30 << 30).dollars(3), "0.023");
        assert_eq!(Meter::Puts.price(1).dollars(6), "0.000005");
        assert_eq!(Meter::Gets.price(1).dollars(7), "0.0000004");
        assert_eq!(Meter::KmsCalls.price(10_000).dollars(2), "0.03");
    }

    #[test]
    fn a_sum_of_thirds_is_exact_and_rounding_happens_once() {
        let third = Meter::Mails.price(1).scaled(1, 3);
        assert_eq!(third + third + third, Meter::Mails.price(1));
        // A single one of them is below what four decimals show; ten thousand are not.
        assert_eq!(third.dollars(4), "0.0000");
        assert_eq!((0..10_000).map(|_| third).sum::<Money>().dollars(4), "0.3333");
    }

    #[test]
    fn one_byte_for_a_day_is_kept_exactly() {
        let byte = Meter::VaultByteDays.price(1);
        assert_eq!(byte.scaled(30 << 30, 1), Meter::VaultByteDays.price(30 << 30));
        assert_eq!(byte.scaled(30, 7).scaled(7, 30), byte);
    }

    #[test]
    fn rounding_is_half_up_and_signs_stay() {
        assert_eq!(Money::of(micro(1_500_000), 1).dollars(0), "2");
        assert_eq!(Money::of(micro(1_499_999), 1).dollars(0), "1");
        assert_eq!(Money::of(micro(-250_000), 1).dollars(2), "-0.25");
        assert_eq!(Money::of(micro(12_345), 1).to_string(), "0.012345");
    }

    #[test]
    fn the_largest_bill_that_is_printed_fits() {
        let year =
            [Meter::MegabyteMs, Meter::VaultByteDays, Meter::LogBytes, Meter::ReadHalves, Meter::Traces]
                .map(|meter| meter.price(1_000_000_000_000).scaled(30, 7));
        assert!(year.into_iter().sum::<Money>().dollars(2).len() > 4);
    }
}
