//! A snapshot's row: its state while it is made and its summary once it is sealed. The manifest in the
//! vault is the truth about what it holds; this row is how it is found and followed.

use super::address::At;
use super::{Course, Record, watched};
use crate::ports::{Spent, Watch};
use domain::{SnapshotId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a job stands. The same for snapshots, comparisons and restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// Asked for.
    Queued,
    /// Somebody works on it.
    Running,
    /// Done: a snapshot is sealed, a comparison or report is stored.
    Done,
    /// It will not be done; the error says why.
    Failed,
}

impl JobState {
    /// Whether somebody still has to work on it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// Why a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// It was due.
    Schedule,
    /// A person asked.
    Person,
    /// A comparison with the live tenant needs it; it is not listed.
    Live,
}

/// How it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotMode {
    /// Everything is read.
    Full,
    /// What Graph says has changed since the base.
    Incremental,
}

/// What of a run is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RunCount {
    /// How many records: objects of a kind, or links of a type.
    pub records: u64,
    /// How many leaves they are stored in.
    pub leaves: u64,
    /// How many bytes they have before compression.
    pub plain_bytes: u64,
}

/// A kind, or a part of one, that a snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotCovered {
    /// The source (`users`, `users.customSecurityAttributes`).
    pub source: String,
    /// The kind of error: `denied`, `unavailable`, …
    pub cause: String,
    /// Why it is not held, for a person.
    pub why: String,
}

/// The row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Its id.
    pub id: SnapshotId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Why.
    pub reason: Reason,
    /// State.
    pub state: JobState,
    /// How it is or was read; set when it starts.
    pub mode: Option<SnapshotMode>,
    /// The snapshot that it builds on, when incremental.
    pub base: Option<SnapshotId>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When somebody last worked on it.
    pub touched_at: Timestamp,
    /// When it was sealed.
    pub sealed_at: Option<Timestamp>,
    /// How often it was taken up.
    pub attempts: u32,
    /// Records per run.
    pub counts: BTreeMap<String, RunCount>,
    /// What is missing from it.
    pub not_covered: Vec<NotCovered>,
    /// What it cost at Graph.
    pub spent: Spent,
    /// New bytes in the vault.
    pub stored_bytes: u64,
    /// New blobs in the vault.
    pub stored_blobs: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// What keeps it from its end.
    #[serde(default, skip_serializing_if = "Course::is_free")]
    pub course: Course,
}

impl Snapshot {
    /// Where the snapshot of that id is.
    pub fn at(tenant: &TenantId, id: &SnapshotId) -> At<Self> {
        At::of(tenant, id)
    }
}

impl Record for Snapshot {
    type Owner = TenantId;
    const PREFIX: &'static str = "snapshot#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.id)
    }
    fn watch(&self) -> Option<Watch> {
        // Why not a reading for a comparison: that is what is followed, and reads on itself.
        let is_followed = self.state.is_open() && self.reason != Reason::Live;
        is_followed
            .then(|| Watch { list: watched::OPEN_WORK.to_owned(), at: self.course.due_at(self.touched_at) })
    }
}

/// When open work that nobody has touched since then counts as stuck: 20 minutes, longer than any
/// function may run.
pub fn stale_at(touched_at: Timestamp) -> Timestamp {
    touched_at + jiff::SignedDuration::from_mins(20)
}
