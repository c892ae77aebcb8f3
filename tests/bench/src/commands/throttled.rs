//! A full snapshot within a share of Microsoft's limits, which may be halved meanwhile.
//!
//! Microsoft's own limits never bind one snapshot; a share of them does, and shows how it is paced.

use super::{Scene, snapshot};
use crate::Common;
use crate::report::tell;
use crate::workbench::USUAL_PERMILLE;
use jiff::SignedDuration;
use serde_json::json;
use std::time::Duration;

/// The options of `bench throttled`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// The share of Microsoft's limits that the simulated Graph allows and the snapshot keeps to.
    #[arg(long, default_value_t = 0.05)]
    share: f64,
    /// After how many seconds Graph allows half of it, without notice.
    #[arg(long)]
    halve_after_s: Option<f64>,
}

/// Measures the snapshot and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let common = &options.common;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a thousand")]
    let permille = (options.share * f64::from(USUAL_PERMILLE)).floor().max(1.0) as u32;
    let scene = Scene::open_keeping_to(common, true, permille).await?;
    scene.cloud.limit(options.share).await?;
    let halve = async {
        match options.halve_after_s {
            Some(after) => {
                tokio::time::sleep(Duration::from_secs_f64(after)).await;
                scene.cloud.limit(options.share / 2.0).await
            }
            None => Ok(()),
        }
    };
    let taking = snapshot::measure(&scene, SignedDuration::from_secs(900), common.latency_ms);
    let (measured, halved) = tokio::join!(taking, halve);
    halved?;
    let mut measured = measured?;
    measured.insert("share_of_limits".into(), json!(options.share));
    measured.insert("halved_after_s".into(), json!(options.halve_after_s));
    tell(&measured, common.json);
    Ok(())
}
