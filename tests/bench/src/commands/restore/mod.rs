//! What a restore takes, in simulated time, beside what Microsoft's write limits alone would take.
//!
//! The damage is done and previewed without limits; then the limits hold, every answer takes as long as it is told to, and
//! all tenants restore at once: each by a process of its own, with the shares of the limits that the template gives it.

mod damage;
mod least;
#[cfg(test)]
mod tests;

use crate::Common;
use crate::cloud;
use crate::measure::{Stopwatch, forget_peak, peak_rss_mb};
use crate::report::{as_f64, round, tell};
use crate::simulated::SimulatedCloud;
use crate::template::Template;
use crate::workbench::{BenchClock, USUAL_PERMILLE, Workbench};
use damage::Scene;
use domain::{ErrorKind, TenantId};
use engine::ports::Clock;
use engine::records::Restore;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use sim::{Limits, SeenRequest};
use std::sync::Arc;
use std::time::Duration;
use support::memory::World;
use tokio::task::JoinSet;

/// How long each call of a job has: what a function has, without the margin that it keeps.
const EACH: SignedDuration = SignedDuration::from_secs(880);

/// What is damaged, and then restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// The job titles of users.
    Attributes,
    /// Users that are deleted for good, with their memberships, managers and licences.
    DeletedUsers,
    /// Members of one group, which has ten times as many.
    Members,
    /// Members that one group got, which had ten times as many.
    NewMembers,
    /// Settings policies of device management.
    Policies,
}

/// The options of `bench restore`.
#[derive(clap::Args)]
pub struct Options {
    /// What is damaged.
    #[arg(long, value_enum)]
    what: What,
    /// How many of them, in each tenant.
    #[arg(long, default_value_t = 1_000)]
    number: usize,
    /// How many tenants restore at the same time, with one application.
    #[arg(long, default_value_t = 1)]
    tenants: usize,
    /// Users of each tenant; 0 is as few as the damage needs.
    #[arg(long, default_value_t = 0)]
    users: usize,
    /// Service plans of each licensed user; 0 is what their licence has by itself.
    #[arg(long, default_value_t = 0)]
    plans: usize,
    /// How long each answer of Graph takes, in milliseconds of simulated time.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// After how many seconds Graph shows what was written.
    #[arg(long, default_value_t = 0)]
    replication_s: u64,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What became of one tenant's restore.
struct Finished {
    tenant: TenantId,
    row: Restore,
    took_ms: u64,
    invocations: u32,
}

/// Damages the tenants, restores them and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    tell(&figures(&options).await?, options.json);
    Ok(())
}

async fn figures(options: &Options) -> Result<Map<String, Value>, String> {
    let users =
        if options.users > 0 { options.users } else { damage::users_for(options.what, options.number) };
    let mut config = cloud::company_config(users, options.tenants, options.plans.max(3));
    config.limits = Limits::none();
    let simulated = SimulatedCloud::open(config).await?;
    let time = simulated.time.clone();
    time.run(Box::pin(measure(&simulated, options, users))).await
}

async fn measure(
    simulated: &SimulatedCloud,
    options: &Options,
    users: usize,
) -> Result<Map<String, Value>, String> {
    let clock = Arc::new(BenchClock::simulated(simulated.time.clone()));
    let vault = World::new(2).vault;
    let credential = (sim::ADMINISTRATOR_CLIENT_ID, sim::ADMINISTRATOR_SECRET);
    let workbench =
        Arc::new(Workbench::over(&simulated.cloud, credential, vault, clock.clone(), USUAL_PERMILLE)?);
    let mut previewed = Vec::new();
    for number in 0..options.tenants {
        let common = common_of(cloud::tenant_id(number), users);
        let scene = Scene { simulated, workbench: &workbench, common: &common };
        previewed.push(scene.previewed(options.what, options.number).await?);
        eprintln!("tenant {} of {}: {} steps", number + 1, options.tenants, previewed[number].counts.steps);
    }
    // From here on Graph is as it is.
    simulated.control.set_limits(Limits::default());
    simulated.control.clear();
    simulated.control.set_replication_delay(Duration::from_secs(options.replication_s));
    simulated.answer_after_ms(options.latency_ms);
    let template = Template::read()?;
    forget_peak();
    let before_mb = peak_rss_mb();
    let (watch, began_ms) = (Stopwatch::start(), simulated.time.passed_ms());
    let mut running = JoinSet::new();
    for restore in previewed {
        let (workbench, clock) = (workbench.clone(), clock.clone());
        let worker = workbench.restorer(&template)?;
        workbench.approve(&restore).await?;
        running.spawn(async move {
            let began_at = clock.now();
            let invocations = run_to_its_end(&worker, &clock, &restore).await?;
            let took_ms = clock.now().duration_since(began_at).as_millis();
            let row = workbench.restore_row(&restore).await?;
            let took_ms = u64::try_from(took_ms).unwrap_or_default();
            Ok::<_, String>(Finished { tenant: restore.tenant.clone(), row, took_ms, invocations })
        });
    }
    let mut finished = Vec::new();
    while let Some(done) = running.join_next().await {
        finished.push(done.map_err(|e| e.to_string())??);
    }
    let mut figures = tally(simulated, &finished, began_ms);
    figures.insert("wall_s".into(), json!(round(watch.wall_s())));
    figures.insert("memory_before_mb".into(), json!(round(before_mb)));
    figures.insert("memory_peak_mb".into(), json!(round(peak_rss_mb())));
    figures.insert("what".into(), json!(format!("{:?}", options.what)));
    figures.insert("number".into(), json!(options.number));
    figures.insert("tenants".into(), json!(options.tenants));
    figures.insert("users_each".into(), json!(users));
    figures.insert("latency_ms".into(), json!(options.latency_ms));
    figures.insert("replication_s".into(), json!(options.replication_s));
    Ok(figures)
}

/// Calls the job until the restore is at its end; gives how often.
async fn run_to_its_end(
    worker: &restore::run_restore::Worker,
    clock: &BenchClock,
    restore: &Restore,
) -> Result<u32, String> {
    let request =
        restore::run_restore::Request { tenant: restore.tenant.clone(), restore: restore.id.clone() };
    let mut invocations = 0;
    loop {
        invocations += 1;
        match worker.run(&request, clock.now() + EACH).await {
            Ok(report) if !report.is_continued => return Ok(invocations),
            Ok(_) => {}
            // As its row would have it wait.
            Err(error) => match error.kind() {
                ErrorKind::Throttled { retry_after_ms } => {
                    clock.sleep_ms(retry_after_ms.unwrap_or(60_000)).await;
                }
                _ => return Err(error.to_string()),
            },
        }
    }
}

/// The figures of all restores together.
fn tally(simulated: &SimulatedCloud, finished: &[Finished], began_ms: u64) -> Map<String, Value> {
    let began_at = simulated.time.instant_ms(began_ms);
    let seen: Vec<Vec<SeenRequest>> =
        finished.iter().map(|one| simulated.control.requests(one.tenant.as_str())).collect();
    let all = || seen.iter().flatten().filter(|request| !is_batch(request));
    let calls = seen.iter().flatten().filter(|request| !request.inner_of_batch).count();
    let first_write = |of: &[SeenRequest]| of.iter().filter(|r| r.is_write).map(|r| r.at_millis).min();
    let waits: Vec<i64> = seen.iter().filter_map(|of| first_write(of)).map(|at| at - began_at).collect();
    let sum = |of: fn(&Restore) -> u64| finished.iter().map(|one| of(&one.row)).sum::<u64>();
    let took: Vec<u64> = finished.iter().map(|one| one.took_ms).collect();
    let (first_s, last_s) = (seconds(took.iter().min()), seconds(took.iter().max()));
    let least = least::of(&seen);
    let writes = all().filter(|r| r.is_write).count();
    let mut figures = Map::new();
    figures.insert("steps".into(), json!(sum(|row| row.counts.steps)));
    figures.insert("steps_done".into(), json!(sum(|row| row.counts.done)));
    figures.insert("steps_failed".into(), json!(sum(|row| row.counts.failed)));
    figures.insert("steps_skipped".into(), json!(sum(|row| row.counts.skipped)));
    figures.insert("requests".into(), json!(all().count()));
    figures.insert("http_calls".into(), json!(calls));
    figures.insert("writes".into(), json!(writes));
    figures.insert("requests_by_path".into(), by_path(all()));
    figures.insert("resource_units".into(), json!(all().map(|r| u64::from(r.resource_units)).sum::<u64>()));
    figures.insert("refused".into(), json!(all().filter(|r| r.status == 429).count()));
    figures.insert("first_write_after_s".into(), json!(waits.iter().max().map(|ms| *ms / 1_000)));
    figures.insert("simulated_s".into(), json!(round(last_s)));
    figures.insert("first_finished_s".into(), json!(round(first_s)));
    figures.insert("last_to_first".into(), json!(round(last_s / first_s.max(0.001))));
    figures.insert("limit_s".into(), json!(round(least.windows_s)));
    figures.insert("limit_at_even_rate_s".into(), json!(round(least.even_s)));
    figures.insert("ratio".into(), json!(round(last_s / least.windows_s.max(0.001))));
    figures.insert("ratio_to_even_rate".into(), json!(round(last_s / least.even_s.max(0.001))));
    figures.insert("invocations".into(), json!(finished.iter().map(|one| one.invocations).max()));
    figures
}

/// Whether it is a batch, whose parts are requests of their own.
fn is_batch(request: &SeenRequest) -> bool {
    request.path_and_query.ends_with("/$batch")
}

fn seconds(ms: Option<&u64>) -> f64 {
    as_f64(ms.copied().unwrap_or_default()) / 1_000.0
}

/// How many requests there were of each method and kind of path.
fn by_path<'a>(all: impl Iterator<Item = &'a SeenRequest>) -> Value {
    let mut counts: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for request in all {
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let is_word = |part: &&str| part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'$');
        let named = |part: &str| if is_word(&part) { part.to_owned() } else { "*".to_owned() };
        let path: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(named).collect();
        *counts.entry(format!("{} {}", request.method, path.join("/"))).or_default() += 1;
    }
    json!(counts)
}

fn common_of(tenant: String, users: usize) -> Common {
    Common {
        users,
        plans: 0,
        latency_ms: 0,
        json: false,
        graph_url: None,
        login_url: None,
        tenant,
        client_id: sim::ADMINISTRATOR_CLIENT_ID.to_owned(),
        client_secret: sim::ADMINISTRATOR_SECRET.to_owned(),
    }
}
