//! A comparison's row.

use super::address::At;
use super::snapshot::{JobState, NotCovered};
use super::{Course, Record, watched};
use crate::ports::Watch;
use domain::kinds::NamedKind;
use domain::{DiffId, SnapshotId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Side {
    /// A sealed snapshot.
    Snapshot(SnapshotId),
    /// The tenant as it is when the comparison runs.
    Live,
}

/// How many changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DiffCounts {
    /// Objects that are only after.
    pub created: u64,
    /// Objects that are only before.
    pub deleted: u64,
    /// Objects that differ, in properties or links.
    pub modified: u64,
    /// Of these, changes of who may do what.
    pub privileged: u64,
}

/// The row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// Its id.
    pub id: DiffId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// The earlier side; always a snapshot.
    pub before: SnapshotId,
    /// The later side.
    pub after: Side,
    /// Only these kinds; empty means all.
    pub kinds: Vec<NamedKind>,
    /// Only this object.
    pub object: Option<String>,
    /// Whether its changes are to be told to people (the comparison that follows each snapshot).
    pub announce: bool,
    /// The reading of the live tenant, while `after` is live.
    pub live_snapshot: Option<SnapshotId>,
    /// State.
    pub state: JobState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When somebody last worked on it.
    pub touched_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// How often it was taken up.
    pub attempts: u32,
    /// How many changes.
    pub counts: DiffCounts,
    /// How many pages of changes are in the vault.
    pub pages: u32,
    /// Where a comparison is kept that was put down: the name of a blob. FORMAT.md section 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// What could not be compared, since one side does not hold it.
    pub not_compared: Vec<NotCovered>,
    /// Why it failed.
    pub error: Option<String>,
    /// What keeps it from its end.
    #[serde(default, skip_serializing_if = "Course::is_free")]
    pub course: Course,
}

impl Diff {
    /// Where the comparison of that id is.
    pub fn at(tenant: &TenantId, id: &DiffId) -> At<Self> {
        At::of(tenant, id)
    }
}

impl Record for Diff {
    type Owner = TenantId;
    const PREFIX: &'static str = "diff#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.id)
    }
    fn watch(&self) -> Option<Watch> {
        self.state
            .is_open()
            .then(|| Watch { list: watched::OPEN_WORK.to_owned(), at: self.course.due_at(self.touched_at) })
    }
}
