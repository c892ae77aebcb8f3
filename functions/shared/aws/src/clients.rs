//! Connections to AWS: settings are read once, each client is made when it is first asked for.
//!
//! Make one per process, outside the handlers. Credentials, region and `AWS_ENDPOINT_URL` come from the
//! environment, as the SDK documents; nothing in this crate knows what stands behind an endpoint.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

/// How long an answer may take, in seconds: longer than the longest poll of a queue, 20 s.
const READ_TIMEOUT_S: u64 = 30;
const CONNECT_TIMEOUT_S: u64 = 3;

/// Why pinned: so that a newer SDK does not change retries or time-outs by itself.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(CONNECT_TIMEOUT_S))
        .read_timeout(Duration::from_secs(READ_TIMEOUT_S))
        .build()
}

/// Settings of one service, such as `AWS_ENDPOINT_URL_S3`.
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
struct Environment<F>(F);

impl<F> fmt::Debug for Environment<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> LoadServiceConfig for Environment<F> {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace([' ', '-'], "_");
        (self.0)(&format!("{}_{service}", key.env())).or_else(|| (self.0)(key.env()))
    }
}

/// The clients of AWS's services. A client that nobody asks for is not made.
#[derive(Debug)]
pub struct AwsClients {
    shared: SdkConfig,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    ses: OnceLock<aws_sdk_sesv2::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
}

impl AwsClients {
    /// Clients with the region and credentials of the environment, the profile or the machine, as any AWS tool finds
    /// them.
    pub async fn load() -> Self {
        Self::new(aws_config::defaults(behavior()).timeout_config(timeouts()).load().await)
    }

    /// Clients of a function; `find` looks up its environment variables. Lambda gives it region and credentials in
    /// these and in no other way, so the code that looks for them elsewhere is in no function's zip.
    pub fn of_a_function(find: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let (region, endpoint) = (find("AWS_REGION").map(Region::new), find("AWS_ENDPOINT_URL"));
        let is_on = |name: &str| find(name).map(|value| value.eq_ignore_ascii_case("true"));
        let (fips, dual_stack) = (is_on("AWS_USE_FIPS_ENDPOINT"), is_on("AWS_USE_DUALSTACK_ENDPOINT"));
        let environment = EnvironmentVariableCredentialsProvider::new();
        let mut shared = SdkConfig::builder()
            .behavior_version(behavior())
            .timeout_config(timeouts())
            .credentials_provider(SharedCredentialsProvider::new(environment))
            .service_config(Environment(find));
        shared.set_region(region).set_endpoint_url(endpoint);
        shared.set_use_fips(fips).set_use_dual_stack(dual_stack);
        Self::new(shared.build())
    }

    /// Clients over these settings.
    pub fn new(shared: SdkConfig) -> Self {
        Self {
            shared,
            dynamodb: OnceLock::new(),
            sqs: OnceLock::new(),
            kms: OnceLock::new(),
            ses: OnceLock::new(),
            secrets: OnceLock::new(),
        }
    }

    /// The settings that every client is made from, for the service whose client is not made here: S3 (`aws-vault`).
    pub fn config(&self) -> &SdkConfig {
        &self.shared
    }

    /// The region, if one is set.
    pub fn region(&self) -> Option<&str> {
        self.shared.region().map(AsRef::as_ref)
    }

    /// The client of DynamoDB, for the catalog.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.shared))
    }

    /// The client of SQS, for the job queues.
    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&self.shared))
    }

    /// The client of KMS, for data keys and signatures.
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| aws_sdk_kms::Client::new(&self.shared))
    }

    /// The client of SES, for mail. Why without the SDK's own retries: after a call that was not answered they would send
    /// the mail a second time.
    pub fn ses(&self) -> &aws_sdk_sesv2::Client {
        self.ses.get_or_init(|| {
            let once = aws_sdk_sesv2::config::Builder::from(&self.shared);
            aws_sdk_sesv2::Client::from_conf(once.retry_config(RetryConfig::disabled()).build())
        })
    }

    /// The client of Secrets Manager, for the installation's secrets.
    pub fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.shared))
    }
}
