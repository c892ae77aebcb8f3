//! Many tenants that fall due at one tick, read with one application.

use crate::Common;
use crate::cloud::{Cloud, tenant_id};
use crate::measure::Stopwatch;
use crate::report::{as_f64, round, tell};
use crate::workbench::{USUAL_PERMILLE, Workbench};
use domain::TenantId;
use jiff::SignedDuration;
use serde_json::{Map, json};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The options of `bench tenants`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// How many tenants fall due.
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// How many are read at once, as the mapping of the queue allows.
    #[arg(long, default_value_t = 200)]
    at_once: usize,
}

/// Measures all of them and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let common = &options.common;
    let cloud = Cloud::open(common, options.count, true).await?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let workbench =
        Workbench::new(&cloud, &common.client_id, &common.client_secret, folder.path(), USUAL_PERMILLE)?;
    let mut asked = Vec::new();
    for number in 0..options.count {
        let tenant: TenantId = tenant_id(number).parse().map_err(|e: domain::Error| e.to_string())?;
        workbench.connect(&tenant).await?;
        let id = workbench.ask(&tenant).await?;
        asked.push((tenant, id));
    }
    // All fall due before the first is read, as at one tick; the semaphore stands for the mapping's concurrency.
    let (workbench, places) = (Arc::new(workbench), Arc::new(Semaphore::new(options.at_once)));
    let mut tasks = JoinSet::new();
    let watch = Arc::new(Stopwatch::start());
    for (tenant, id) in asked {
        let (workbench, places, watch) = (workbench.clone(), places.clone(), watch.clone());
        tasks.spawn(async move {
            let _place = places.acquire().await;
            let taken = workbench.take(&tenant, &id, SignedDuration::from_secs(900)).await?;
            Ok::<_, String>((watch.wall_s(), taken.manifest.requests, taken.manifest.throttled))
        });
    }
    let (mut ends, mut requests, mut throttled) = (Vec::new(), 0, 0);
    while let Some(done) = tasks.join_next().await {
        let (end, asked, refused) = done.map_err(|e| e.to_string())??;
        ends.push(end);
        requests += asked;
        throttled += refused;
    }
    // Why last to mean: it shows whether one tenant has to wait for all the others.
    let last = ends.iter().copied().fold(0.0, f64::max);
    let mean = ends.iter().sum::<f64>() / as_f64(ends.len() as u64);
    let mut figures = Map::new();
    figures.insert("tenants".into(), json!(options.count));
    figures.insert("users_each".into(), json!(common.users));
    figures.insert("at_once".into(), json!(options.at_once));
    figures.insert("sealed".into(), json!(ends.len()));
    figures.insert("requests".into(), json!(requests));
    figures.insert("throttled".into(), json!(throttled));
    figures.insert("mean_finish_s".into(), json!(round(mean)));
    figures.insert("last_finish_s".into(), json!(round(last)));
    figures.insert("last_to_mean".into(), json!(round(last / mean)));
    figures.insert("cpu_s".into(), json!(round(watch.cpu_s())));
    tell(&figures, common.json);
    Ok(())
}
