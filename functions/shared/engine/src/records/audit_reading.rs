//! How far Microsoft's own log of changes has been read for one snapshot: a part of the row of its reading.

use domain::Timestamp;
use domain::stored::{AuditHeld, ParkedBlock, RunRef, SuspendedMerge};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far the log has been read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReading {
    /// How much of it will be held, as far as it is read; at the beginning what the base holds.
    pub held: AuditHeld,
    /// What the base holds: so much is held where nothing that was read can be stored.
    #[serde(default)]
    pub held_before: AuditHeld,
    /// The runs to be named by the manifest: those of the base until all that was read is merged.
    pub runs: BTreeMap<String, RunRef>,
    /// Until when it is to be held: no record of an earlier time is still expected.
    pub target: Timestamp,
    /// From when on records are asked for next.
    pub from: Timestamp,
    /// Until when they are asked for, where a closed time is read; else whatever there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The link to the next page of that time; none before its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Records that were read and are parked, by the run that they belong to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blocks: BTreeMap<String, Vec<ParkedBlock>>,
    /// Pages that were read of that time, and of all.
    pub pages: (u32, u32),
    /// How often Graph no longer knew where the reading was.
    #[serde(default)]
    pub losses: u32,
    /// How often what was read could not be stored, and was tried again.
    #[serde(default)]
    pub failures: u32,
    /// Whether all is read that this snapshot reads.
    #[serde(default)]
    pub is_read: bool,
    /// Runs that what was read is merged into, while the other one is not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub merged: BTreeMap<String, RunRef>,
    /// The run whose merge was suspended, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<(String, SuspendedMerge)>,
    /// Whether nothing is left to do.
    pub is_done: bool,
}
