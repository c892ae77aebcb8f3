//! How an organisation is protected, and what is asked of that.

use domain::{SnapshotId, Timestamp};
use engine::records::CredentialStatus;
use partners::commands::organisations::Sort;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is told of each organisation besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// How it is protected.
    Health,
}

/// What organisations are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SortIn {
    /// Their names.
    #[default]
    Name,
    /// Their last snapshots: those without one first, then the oldest.
    LastSnapshot,
    /// Seats in use beyond those that are paid for: the most first.
    Seats,
    /// Changes within a day: the most first.
    Changes,
}

impl From<SortIn> for Sort {
    fn from(sort: SortIn) -> Self {
        match sort {
            SortIn::Name => Self::Name,
            SortIn::LastSnapshot => Self::LastSnapshot,
            SortIn::Seats => Self::Seats,
            SortIn::Changes => Self::Changes,
        }
    }
}

/// What there is in all, where it was asked for how each is protected.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthInAllOut {
    /// How many organisations there are in each state, of those that are as wanted but for their state.
    pub states: StatesOut,
    /// When it was looked.
    pub checked_at: Timestamp,
    /// Whether all organisations were looked at, each with what is known of it: 2,000 are at the most.
    pub complete: bool,
}

/// How many organisations there are in each state.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatesOut {
    /// Those that are active.
    pub active: u64,
    /// Those that are suspended.
    pub suspended: u64,
    /// Those that are unsubscribed.
    pub unsubscribed: u64,
    /// Those that are being deleted.
    pub deleting: u64,
}

/// How an organisation is protected.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthOut {
    /// Whether what its tenant's administrator consented to is enough; null without a tenant.
    pub credentials: Option<CredentialStatus>,
    /// The newest sealed snapshot; null before the first.
    pub last_snapshot: Option<SnapshotId>,
    /// When that was sealed; null before the first, and where the caller may not see snapshots.
    pub last_sealed_at: Option<Timestamp>,
    /// Whether there should be a newer one by now; null where the caller may not see snapshots.
    pub late: Option<bool>,
    /// When the next one is due; null while none is.
    pub next_snapshot_at: Option<Timestamp>,
    /// Whether the newest holds everything; null before the first, and where the caller may not see snapshots.
    pub whole: Option<bool>,
    /// How many kinds, and parts of kinds, the newest does not hold; null before the first, and where the caller may not
    /// see snapshots.
    pub parts_not_held: Option<u64>,
    /// How many seats are in use, as the newest snapshot counted; null where none has.
    pub seats_in_use: Option<u64>,
    /// How many changes comparisons found within a day; null where the caller may not hear of them, or it is not known.
    pub changes: Option<u64>,
}
