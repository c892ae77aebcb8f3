//! A full snapshot: from the message in hand to the sealed row.

use super::Scene;
use crate::Common;
use crate::measure::{Stopwatch, forget_peak, peak_rss_mb};
use crate::report::{as_f64, figures, least_full, least_of_what_is_read, round, tell};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

/// The options of `bench snapshot`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Seconds that each call of the job has.
    #[arg(long, default_value_t = 900)]
    deadline_s: i64,
    /// With Microsoft's limits on the simulated Graph.
    #[arg(long)]
    limits: bool,
}

/// Measures a full snapshot and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let scene = Scene::open(&options.common, options.limits).await?;
    let measured =
        measure(&scene, SignedDuration::from_secs(options.deadline_s), options.common.latency_ms).await?;
    tell(&measured, options.common.json);
    Ok(())
}

/// Takes a full snapshot and measures it.
pub async fn measure(
    scene: &Scene,
    each: SignedDuration,
    latency_ms: u64,
) -> Result<Map<String, Value>, String> {
    let id = scene.workbench.ask(&scene.tenant).await?;
    scene.workbench.forget_calls();
    forget_peak();
    let (watch, simulator) = (Stopwatch::start(), scene.cloud.cpu_seconds());
    let taken = scene.workbench.take(&scene.tenant, &id, each).await?;
    let (wall_s, cpu_s, peak) = (watch.wall_s(), watch.cpu_s(), peak_rss_mb());
    let least = least_full(&taken.manifest);
    let mut measured = figures(&taken, least, wall_s, cpu_s, peak, &scene.workbench.calls());
    let strict = least_of_what_is_read(&taken.manifest);
    measured.insert("least_requests_of_what_is_read".into(), json!(strict));
    measured.insert(
        "ratio_to_what_is_read".into(),
        json!(round(as_f64(taken.manifest.requests) / as_f64(strict))),
    );
    if let (Some(before), Some(after)) = (simulator, scene.cloud.cpu_seconds()) {
        measured.insert("simulator_cpu_s".into(), json!(round(after - before)));
    }
    measured.insert("latency_ms".into(), json!(latency_ms));
    Ok(measured)
}
