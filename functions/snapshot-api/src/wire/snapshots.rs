//! Snapshots.

use domain::kinds::{KINDS, KindName};
use domain::{SnapshotId, Timestamp};
use engine::ports::Spent;
use engine::records::{Cause, JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Properties or relations of a kind that are never read.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadOut {
    /// The kind's name.
    kind: KindName,
    /// Their names.
    what: &'static str,
    /// For a person.
    why: &'static str,
}

impl SnapshotOut {
    /// The same with what no snapshot holds of its kinds.
    pub fn with_unread(row: Snapshot) -> Self {
        let held = KINDS.iter().filter(|kind| row.counts.contains_key(kind.run()));
        let unread: Vec<_> = held
            .flat_map(|kind| {
                kind.unread.iter().map(|part| UnreadOut { kind: kind.name, what: part.what, why: part.why })
            })
            .collect();
        Self { unread: Some(unread), ..row.into() }
    }
}

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
    /// What no snapshot holds of the kinds that this one does. Told where one snapshot is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Vec<UnreadOut>>,
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
            unread: None,
            spent: row.spent,
            stored_bytes: row.stored_bytes,
            stored_blobs: row.stored_blobs,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
        }
    }
}
