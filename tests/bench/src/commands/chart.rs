//! Charts of what snapshots cost, in Mermaid, from measurements made now.

use super::{Scene, incremental, snapshot};
use crate::Common;
use jiff::SignedDuration;
use serde_json::{Map, Value};

/// The options of `bench chart`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Sizes of tenants, in users.
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,10000,20000,50000")]
    sizes: Vec<usize>,
    /// Users changed between two snapshots of the tenant of `--users`.
    #[arg(long, value_delimiter = ',', default_value = "0,10,100,500,1000")]
    changes: Vec<usize>,
}

/// Measures and prints the charts.
pub async fn run(options: Options) -> Result<(), String> {
    let each = SignedDuration::from_secs(900);
    let mut full = Vec::new();
    for users in &options.sizes {
        let common = Common { users: *users, ..options.common.clone() };
        let scene = Scene::open(&common, false).await?;
        full.push(snapshot::measure(&scene, each, common.latency_ms).await?);
    }
    let mut changed = Vec::new();
    for changes in &options.changes {
        changed.push(incremental::measure(&options.common, *changes).await?);
    }
    let sizes: Vec<String> = options.sizes.iter().map(ToString::to_string).collect();
    let counts: Vec<String> = options.changes.iter().map(ToString::to_string).collect();
    draw("Full snapshot: requests by users", &sizes, &series(&full, "requests", 1.0));
    draw("Full snapshot: stored MB by users", &sizes, &series(&full, "stored_bytes", 1e6));
    draw("Full snapshot: CPU seconds by users", &sizes, &series(&full, "cpu_s", 1.0));
    let users = options.common.users;
    let title = |what: &str| format!("Next snapshot of {users} users: {what} by changed users");
    draw(&title("requests"), &counts, &series(&changed, "requests", 1.0));
    draw(&title("stored kB"), &counts, &series(&changed, "stored_bytes", 1e3));
    Ok(())
}

fn series(measured: &[Map<String, Value>], figure: &str, unit: f64) -> Vec<f64> {
    measured.iter().map(|figures| figures[figure].as_f64().unwrap_or_default() / unit).collect()
}

fn draw(title: &str, x: &[String], y: &[f64]) {
    let values: Vec<String> = y.iter().map(|value| format!("{value:.2}")).collect();
    println!("```mermaid\nxychart-beta\n    title \"{title}\"");
    println!("    x-axis [{}]\n    bar [{}]\n```\n", x.join(", "), values.join(", "));
}
