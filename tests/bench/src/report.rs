//! The figures of a measurement, and how they are printed.

use crate::workbench::Taken;
use comfy_table::Table;
use domain::stored::Manifest;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many objects are on a page of a list, and how many objects and links on a page of a delta.
const LIST: u64 = 999;
const DELTA_OBJECTS: u64 = 200;
const DELTA_LINKS: u64 = 500;

/// How many requests technique B of the published limits makes besides users, groups, administrative units and role
/// assignments: lists that have no delta. Its sum is 16 at 10,000 users, device management apart.
const PUBLISHED_FIXED: u64 = 14;

fn records(manifest: &Manifest, run: &str) -> u64 {
    manifest.runs.get(run).map_or(0, |r| r.records)
}

/// The requests for what is large: users by list with their managers, groups by one chain of their delta, and so on,
/// with every page full.
fn large_parts(manifest: &Manifest) -> u64 {
    let records = |run: &str| records(manifest, run);
    let links = records("groups.members") + records("groups.owners");
    let users = records("users").div_ceil(LIST).max(1);
    let groups = records("groups").div_ceil(DELTA_OBJECTS).max(links.div_ceil(DELTA_LINKS)).max(1);
    let units = records("administrativeUnits").div_ceil(DELTA_OBJECTS);
    let units = units.max(records("administrativeUnits.members").div_ceil(DELTA_LINKS)).max(1);
    users + groups + units + records("admins").div_ceil(LIST).max(1)
}

/// The fewest requests that a full snapshot of a tenant of this size can make, as published: technique B.
pub fn least_full(manifest: &Manifest) -> u64 {
    large_parts(manifest) + PUBLISHED_FIXED + policies(manifest)
}

/// The same, with only those of its lists that a snapshot reads: the strictest measure there is.
pub fn least_of_what_is_read(manifest: &Manifest) -> u64 {
    large_parts(manifest) + directory_lists(manifest) + policies(manifest)
}

/// The fewest requests that a snapshot can make in which that many users changed.
pub fn least_incremental(manifest: &Manifest, changes: u64) -> u64 {
    let admins = records(manifest, "admins").div_ceil(LIST).max(1);
    changes.div_ceil(DELTA_OBJECTS).max(1) + 2 + admins + directory_lists(manifest) + policies(manifest)
}

fn there(manifest: &Manifest, runs: &[&str]) -> u64 {
    runs.iter().filter(|run| manifest.runs.contains_key(**run)).count() as u64
}

/// The requests for kinds of the directory that are listed completely each time, on one page.
fn directory_lists(manifest: &Manifest) -> u64 {
    there(manifest, &["roles", "eligibleAdmins", "activeAdmins"])
}

/// The requests for kinds of device management, which are listed completely too.
fn policies(manifest: &Manifest) -> u64 {
    let kinds =
        ["DeviceCompliancePolicies", "CompliancePolicies", "ConfigurationPolicies", "DeviceConfiguration"];
    there(manifest, &kinds)
}

/// The figures that every measured snapshot has.
pub fn figures(
    taken: &Taken,
    least: u64,
    wall_s: f64,
    cpu_s: f64,
    peak_rss_mb: f64,
    calls: &BTreeMap<String, u64>,
) -> Map<String, Value> {
    let manifest = &taken.manifest;
    let records = |run: &str| records(manifest, run);
    let digest = blake3::hash(&serde_json::to_vec(&manifest.runs).unwrap_or_default()).to_hex();
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("requests", json!(manifest.requests));
    put("least_requests", json!(least));
    put("ratio", json!(round(as_f64(manifest.requests) / as_f64(least))));
    put("resource_units", json!(manifest.resource_units));
    put("throttled", json!(manifest.throttled));
    put("wall_s", json!(round(wall_s)));
    put("cpu_s", json!(round(cpu_s)));
    put("peak_rss_mb", json!(round(peak_rss_mb)));
    put("stored_bytes", json!(manifest.stored_bytes));
    put("stored_blobs", json!(manifest.stored_blobs));
    put("port_calls", json!(calls.values().sum::<u64>()));
    put("port_calls_by_port", json!(calls));
    put("users", json!(records("users")));
    put("groups", json!(records("groups")));
    put("links", json!(records("groups.members") + records("groups.owners")));
    put("missing", json!(manifest.missing.iter().map(|m| &m.source).collect::<Vec<_>>()));
    put("invocations", json!(taken.invocations));
    put("runs_digest", json!(digest.as_str()[..16]));
    map
}

/// The value rounded to three decimals.
pub fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Prints figures: as one JSON object, or as a table.
pub fn tell(figures: &Map<String, Value>, as_json: bool) {
    if as_json {
        println!("{}", Value::Object(figures.clone()));
        return;
    }
    let mut table = Table::new();
    table.set_header(["figure", "value"]);
    for (key, value) in figures {
        match value {
            Value::Object(inner) => {
                for (name, value) in inner {
                    table.add_row([format!("  {name}"), value.to_string()]);
                }
            }
            Value::String(text) => drop(table.add_row([key, text])),
            other => drop(table.add_row([key.clone(), other.to_string()])),
        }
    }
    println!("{table}");
}
