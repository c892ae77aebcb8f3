//! A snapshot of what changed since the one before.

use super::{Scene, snapshot};
use crate::Common;
use crate::measure::{Stopwatch, forget_peak, peak_rss_mb};
use crate::report::{figures, least_incremental, tell};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

/// The options of `bench incremental`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// How many users change in between.
    #[arg(long, default_value_t = 100)]
    changes: usize,
}

/// Measures an incremental snapshot and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    tell(&measure(&options.common, options.changes).await?, options.common.json);
    Ok(())
}

/// Takes a full snapshot, changes that many users and measures the next snapshot.
pub async fn measure(common: &Common, changes: usize) -> Result<Map<String, Value>, String> {
    let scene = Scene::open(common, false).await?;
    let each = SignedDuration::from_secs(900);
    snapshot::measure(&scene, each, common.latency_ms).await?;
    scene.cloud.change_users(common, changes, 1).await?;
    let id = scene.workbench.ask(&scene.tenant).await?;
    scene.workbench.forget_calls();
    forget_peak();
    let watch = Stopwatch::start();
    let taken = scene.workbench.take(&scene.tenant, &id, each).await?;
    let (wall_s, cpu_s, peak) = (watch.wall_s(), watch.cpu_s(), peak_rss_mb());
    let calls = scene.workbench.calls();
    let least = least_incremental(&taken.manifest, changes as u64);
    let count = |name: &str| calls.get(name).copied().unwrap_or_default();
    let mut measured = figures(&taken, least, wall_s, cpu_s, peak, &calls);
    measured.insert("changes".into(), json!(changes));
    measured.insert("leaves_read".into(), json!(count("vault.find.leaves")));
    measured.insert("leaves_written".into(), json!(count("vault.put_new.leaves")));
    Ok(measured)
}
