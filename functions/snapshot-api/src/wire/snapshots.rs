//! Snapshots.

use domain::{SnapshotId, Timestamp};
use engine::ports::Spent;
use engine::records::{Cause, JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A snapshot.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotOut {
    id: SnapshotId,
    reason: Reason,
    state: JobState,
    mode: Option<SnapshotMode>,
    base: Option<SnapshotId>,
    requested_at: Timestamp,
    sealed_at: Option<Timestamp>,
    counts: BTreeMap<String, RunCount>,
    not_covered: Vec<NotCovered>,
    spent: Spent,
    stored_bytes: u64,
    stored_blobs: u64,
    error: Option<String>,
    /// Why it waits or has failed, for programs.
    cause: Option<Cause>,
    /// It is not worked on before: somebody asked to wait, or does not answer.
    waiting_until: Option<Timestamp>,
}

impl From<Snapshot> for SnapshotOut {
    fn from(row: Snapshot) -> Self {
        Self {
            id: row.id,
            reason: row.reason,
            state: row.state,
            mode: row.mode,
            base: row.base,
            requested_at: row.requested_at,
            sealed_at: row.sealed_at,
            counts: row.counts,
            not_covered: row.not_covered,
            spent: row.spent,
            stored_bytes: row.stored_bytes,
            stored_blobs: row.stored_blobs,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
        }
    }
}
