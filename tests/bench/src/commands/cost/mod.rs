//! What a tenant costs in AWS: the calls, bytes and GB-seconds of its snapshots, counted and priced.
//!
//! A week is simulated with the jobs as they are, on ports that count what the AWS adapters would be charged; users
//! change in the simulated cloud. Not counted: callers of the API, restores, data that leaves AWS (requests to Graph),
//! what CloudWatch Logs and SNS ask KMS for, support.

mod fixed;
mod month;
mod rig;
mod tell;

#[cfg(test)]
mod tests;

use crate::Common;
use crate::cloud::Cloud;
use crate::metered::Latencies;
use month::{Plan, common};
use rig::Rig;

/// The options of `bench cost`.
#[derive(clap::Args)]
pub struct Options {
    /// Users of each tenant that is priced.
    #[arg(long, value_delimiter = ',', default_value = "50,500,5000,50000")]
    users: Vec<usize>,
    /// Snapshots a day, 1 to 24.
    #[arg(long, value_delimiter = ',', default_value = "1,24")]
    per_day: Vec<u8>,
    /// Days that are simulated, of which thirty make the month. In seven everything is read anew once.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// How many of a thousand users change in a day; the number of users is rounded up.
    #[arg(long, default_value_t = 10)]
    changes_permille: usize,
    /// How long the simulated Graph takes for each answer, in milliseconds.
    #[arg(long, default_value_t = 30)]
    latency_ms: u64,
    /// Prints one JSON object with every count instead of the tables.
    #[arg(long)]
    json: bool,
}

/// Simulates each tenant, counts what it uses, and prints the bill.
pub async fn run(options: Options) -> Result<(), String> {
    let (mut all, mut fixed) = (Vec::new(), Vec::new());
    for users in &options.users {
        for per_day in &options.per_day {
            let common = Common { latency_ms: options.latency_ms, ..common(*users) };
            let cloud = Cloud::open(&common, 1, false).await?;
            let rig = Rig::new(&cloud, Latencies::ASSUMED)?;
            let empty = month::empty_ticks(&rig).await?;
            if fixed.is_empty() {
                fixed = fixed::fixed(&rig.template, &empty)?;
            }
            let plan = Plan {
                users: *users,
                per_day: *per_day,
                days: options.days,
                changes_permille: options.changes_permille,
            };
            all.push(month::count(&rig, &empty, &cloud, plan).await?);
        }
    }
    tell::tell(&fixed, &all, options.json);
    Ok(())
}
