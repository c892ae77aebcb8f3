//! A full snapshot beside a script that only downloads the same objects, in turns.

use super::{Scene, snapshot};
use crate::Common;
use crate::report::{round, tell};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::process::Stdio;
use tokio::process::Command;

const SCRIPT: &str = include_str!("../../scripts/download.py");

/// The options of `bench against-script`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// A Python that has aiohttp.
    #[arg(long, default_value = "python3")]
    python: String,
    /// How often each is run.
    #[arg(long, default_value_t = 3)]
    times: usize,
}

/// Measures both in turns and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let common = &options.common;
    let (mut ours, mut theirs, mut last) = (Vec::new(), Vec::new(), Value::Null);
    for _ in 0..options.times {
        let scene = Scene::open(common, false).await?;
        let measured = snapshot::measure(&scene, SignedDuration::from_secs(900), common.latency_ms).await?;
        ours.push(measured["wall_s"].as_f64().unwrap_or_default());
        let done = Command::new(&options.python)
            .args(["-c", SCRIPT, &scene.cloud.graph_url, &scene.cloud.login_url])
            .args([&common.tenant, &common.client_id, &common.client_secret])
            .stderr(Stdio::inherit())
            .output()
            .await
            .map_err(|e| format!("{}: {e}", options.python))?;
        last = serde_json::from_slice(&done.stdout).map_err(|e| format!("the script failed: {e}"))?;
        theirs.push(last["wall_s"].as_f64().unwrap_or_default());
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let mut figures = Map::new();
    figures.insert("users".into(), json!(common.users));
    figures.insert("latency_ms".into(), json!(common.latency_ms));
    figures.insert("wall_s".into(), json!(round(ours)));
    figures.insert("script_wall_s".into(), json!(round(theirs)));
    figures.insert("ratio".into(), json!(round(ours / theirs)));
    figures.insert("script".into(), last);
    tell(&figures, common.json);
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
