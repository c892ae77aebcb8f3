//! `holdfast drill`: a snapshot, put back whole into an empty simulated tenant and compared with it. Nothing is written to the
//! installation that holds it, and no real tenant is asked.

use crate::drill::{DrillReport, KindBack, LostParts, Source, drill};
use clap::Args;
use domain::{Error, Result, SnapshotId, TenantId};
use jiff::SignedDuration;
use std::path::PathBuf;

/// The options of `holdfast drill`.
#[derive(Args, Clone, Debug)]
pub struct DrillOptions {
    /// The tenant whose snapshot is put back.
    #[arg(long)]
    pub tenant: TenantId,
    /// The snapshot; the newest that is sealed where none is named.
    #[arg(long)]
    pub snapshot: Option<SnapshotId>,
    /// The data folder of an installation on this machine, which is not being served.
    #[arg(long, default_value = ".holdfast", env = "HOLDFAST_DATA")]
    pub data: PathBuf,
    /// The table of an installation on AWS, which the environment's credentials may read: then the data folder is not used.
    #[arg(long, requires = "bucket", requires = "key")]
    pub table: Option<String>,
    /// Its bucket of snapshots.
    #[arg(long, requires = "table")]
    pub bucket: Option<String>,
    /// The key of its key service that data keys are wrapped with.
    #[arg(long, requires = "table")]
    pub key: Option<String>,
    /// Prints one JSON object with every figure.
    #[arg(long)]
    pub json: bool,
}

/// Runs `holdfast drill`, and prints what came back, what did not and why.
///
/// # Errors
/// As [`drill`]; `Corrupt` when something did not come back and nothing says why.
pub async fn run(options: DrillOptions) -> Result<()> {
    let source = match (&options.table, &options.bucket, &options.key) {
        (Some(table), Some(bucket), Some(key)) => Source::on_aws(table, bucket, key).await,
        _ => Source::of_folder(&options.data).await?,
    };
    let report = drill(&source, &options.tenant, options.snapshot).await;
    source.close().await;
    let report = report?;
    if options.json {
        let text = serde_json::to_string_pretty(&report);
        println!("{}", text.map_err(|e| Error::invalid("a report cannot be written").caused_by(e))?);
    } else {
        for line in said(&report) {
            println!("{line}");
        }
    }
    match report.unexplained().count() {
        0 => Ok(()),
        parts => Err(Error::corrupt(format!("{parts} parts did not come back, and nothing says why"))),
    }
}

/// What is said of a drill, for a person; ids of objects and no names.
pub fn said(report: &DrillReport) -> Vec<String> {
    let DrillReport { snapshot, sealed_at, needed, kinds, lost, .. } = report;
    let mut lines =
        vec![format!("Snapshot {snapshot}, sealed at {sealed_at}, put back into an empty tenant")];
    let first = [
        (needed.domains.len(), "verified domains"),
        (needed.licences.len(), "licences"),
        (needed.services.len(), "services"),
        (needed.attributes.len(), "definitions of custom security attributes"),
        (
            needed.referred_to.values().map(std::collections::BTreeSet::len).sum(),
            "things that policies refer to",
        ),
    ];
    let first: Vec<String> =
        first.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !first.is_empty() {
        lines.push(format!("To be there first, set up by an administrator: {}", first.join(", ")));
    }
    for KindBack { kind, held, back, differ, lost } in kinds {
        lines.push(format!(
            "{kind}: {back} of {held} are as they were, {differ} differ, {lost} did not come back"
        ));
    }
    lines
        .push(format!("links: {} of {} are missing between what came back", report.links_lost, report.links));
    for LostParts { lost, count, keys } in lost {
        let cause = lost.cause.as_deref().unwrap_or("NOBODY SAYS WHY");
        let some = keys.first().map_or(String::new(), |key| format!(", such as {key}"));
        lines.push(format!("- {} {}: {count} ({cause}) {}{some}", lost.kind, lost.part, lost.why));
    }
    lines.push(format!("{} things the snapshot does not hold; --json names them", report.not_held.len()));
    let spent = report.spent;
    lines.push(format!(
        "{} restores, {} steps, {} writes ({} at the most, on paper); {} requests, {} resource units, {} refused for being too many",
        report.restores, report.steps, report.writes, report.paper.writes.at_most, spent.requests, spent.resource_units, spent.throttled
    ));
    let simulated = SignedDuration::from_secs(report.simulated_ms / 1000);
    lines.push(format!(
        "{simulated:#} at Microsoft's limits, were every answer immediate; the drill took {} s",
        report.took_ms / 1000
    ));
    lines
}
