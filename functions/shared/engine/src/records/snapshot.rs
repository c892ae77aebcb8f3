//! The row of a snapshot: its state while it is made and its summary once it is sealed. The manifest in the vault is
//! the truth about what it holds; by this row it is found and followed.

use super::address::At;
use super::{Course, Record, watched};
use crate::ports::{Spent, Watch};
use domain::{SnapshotId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a job has come. The same for snapshots and comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// It was asked for and is pending.
    Queued,
    /// A job works on it.
    Running,
    /// Done: the snapshot is sealed, or the comparison is stored.
    Done,
    /// It will not be done; the error says why.
    Failed,
}

impl JobState {
    /// Whether a job still has to work on it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// Why a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The schedule said that it was due.
    Schedule,
    /// A person or a token asked for it.
    Person,
    /// A comparison with the live tenant needs it. It is not listed.
    Live,
}

/// How much of the tenant is read for a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotMode {
    /// Everything is read, whatever the base holds.
    Full,
    /// What Graph says has changed since the base.
    Incremental,
}

/// How much a run of a snapshot holds.
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
    /// The name of the source (`users`, `users.customSecurityAttributes`), or of one object (`users/` and its id).
    pub source: String,
    /// The kind of error: `denied`, `unavailable`, … Of a comparison: `not-held` and `not-read` where one side does not have
    /// it; `came-everywhere` and `gone-everywhere` of a property that as good as all objects of a type have on one side and
    /// none has on the other.
    pub cause: String,
    /// Why it is not held, for a person.
    pub why: String,
}

/// The row of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The id of the snapshot.
    pub id: SnapshotId,
    /// The tenant that it is of.
    pub tenant: TenantId,
    /// Why it is taken.
    pub reason: Reason,
    /// How far the snapshot has come.
    pub state: JobState,
    /// How much of the tenant is or was read; set when the reading starts.
    pub mode: Option<SnapshotMode>,
    /// The snapshot that it builds on, when incremental.
    pub base: Option<SnapshotId>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When a job last wrote to this row.
    pub touched_at: Timestamp,
    /// When it was sealed; none while it is not.
    pub sealed_at: Option<Timestamp>,
    /// How often a job has taken it up, continuations included.
    pub attempts: u32,
    /// How much each run holds, by the run's name.
    pub counts: BTreeMap<String, RunCount>,
    /// The kinds, and parts of kinds, that it does not hold.
    pub not_covered: Vec<NotCovered>,
    /// Whether the tenant's consent may still have been arriving when it was sealed: what it lacks for want of a permission
    /// was not told, and another snapshot follows soon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// What its reading cost at Graph.
    pub spent: Spent,
    /// How many sealed bytes it added to the vault.
    pub stored_bytes: u64,
    /// How many blobs it added to the vault.
    pub stored_blobs: u64,
    /// Why it failed, as a sentence for a person; none unless it has failed.
    pub error: Option<String>,
    /// What keeps it from its end: waiting, or given up.
    #[serde(default, skip_serializing_if = "Course::is_free")]
    pub course: Course,
}

impl Snapshot {
    /// The address of the snapshot of that id.
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
        // Why not a reading for a comparison: the comparison is followed instead, and its job goes on with the
        // reading itself.
        let is_followed = self.state.is_open() && self.reason != Reason::Live;
        is_followed
            .then(|| Watch { list: watched::OPEN_WORK.to_owned(), at: self.course.due_at(self.touched_at) })
    }
}

/// When open work counts as stuck whose row was last written to at `touched_at`: 20 minutes later, which is longer
/// than any function may run.
pub fn stale_at(touched_at: Timestamp) -> Timestamp {
    touched_at + jiff::SignedDuration::from_mins(20)
}
