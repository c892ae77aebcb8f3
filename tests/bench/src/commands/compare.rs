//! A comparison of two snapshots, the preview of taking back what it found, and the restore: how much memory each
//! holds at most.

use super::{Scene, snapshot};
use crate::Common;
use crate::measure::{Stopwatch, forget_peak, peak_rss_mb};
use crate::report::{round, tell};
use domain::restore::LinkMode;
use jiff::SignedDuration;
use serde_json::{Map, json};

/// The options of `bench compare`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// How many users change in between.
    #[arg(long, default_value_t = 100)]
    changes: usize,
    /// Seconds that each call of the comparison has.
    #[arg(long, default_value_t = 880)]
    deadline_s: i64,
    /// Also measures the preview of taking everything back.
    #[arg(long)]
    preview: bool,
    /// Also measures the restore that takes it back, on the simulated Graph.
    #[arg(long, requires = "preview")]
    restore: bool,
}

/// Takes two snapshots, measures each, their comparison and the preview, and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let Options { common, changes, deadline_s, preview, restore: takes_back } = options;
    let scene = Scene::open(&common, false).await?;
    let each = SignedDuration::from_secs(900);
    let mut figures = Map::new();
    let first = snapshot::measure(&scene, each, common.latency_ms).await?;
    figures.insert("first_snapshot_peak_mb".into(), json!(round(peak_rss_mb())));
    figures.extend(first.into_iter().filter(|(name, _)| name == "objects"));
    // The peak is forgotten before each part: only then does it belong to that part alone.
    scene.cloud.change_users(&common, changes, 1).await?;
    forget_peak();
    let id = scene.workbench.ask(&scene.tenant).await?;
    scene.workbench.take(&scene.tenant, &id, each).await?;
    figures.insert("second_snapshot_peak_mb".into(), json!(round(peak_rss_mb())));
    forget_peak();
    figures.insert("before_comparison_mb".into(), json!(round(peak_rss_mb())));
    let watch = Stopwatch::start();
    let (diff, calls) =
        scene.workbench.compare(&scene.tenant, &id, SignedDuration::from_secs(deadline_s)).await?;
    figures.insert("comparison_peak_mb".into(), json!(round(peak_rss_mb())));
    figures.insert("comparison_s".into(), json!(round(watch.wall_s())));
    figures.insert("comparison_calls".into(), json!(calls));
    figures.insert("changes".into(), json!(diff.counts.created + diff.counts.deleted + diff.counts.modified));
    figures.insert("pages".into(), json!(diff.pages));
    if preview {
        forget_peak();
        let watch = Stopwatch::start();
        let restore = scene.workbench.preview(&diff, LinkMode::Merge, each).await?;
        figures.insert("preview_peak_mb".into(), json!(round(peak_rss_mb())));
        figures.insert("preview_s".into(), json!(round(watch.wall_s())));
        figures.insert("preview_steps".into(), json!(restore.counts.steps));
        figures.insert("preview_state".into(), json!(restore.state));
        if takes_back {
            forget_peak();
            let watch = Stopwatch::start();
            let done = scene.workbench.take_back(&restore, each).await?;
            figures.insert("restore_peak_mb".into(), json!(round(peak_rss_mb())));
            figures.insert("restore_s".into(), json!(round(watch.wall_s())));
            figures.insert("restore_done".into(), json!(done.counts.done));
            figures.insert("restore_state".into(), json!(done.state));
        }
    }
    tell(&figures, common.json);
    Ok(())
}
