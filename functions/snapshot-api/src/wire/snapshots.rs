//! Snapshots on the wire, with what they hold and what they do not.

use super::MarkOut;
use domain::kinds::{KINDS, KindName};
use domain::{Error, Result, SnapshotId, Timestamp};
use engine::ports::Spent;
use engine::records::{Cause, JobState, Mark, NotCovered, Reason, RunCount, Snapshot, SnapshotMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Properties or relations of a kind that no snapshot reads.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadOut {
    /// The name of the kind, such as `users`.
    kind: KindName,
    /// The names of the properties or relations.
    what: &'static str,
    /// Why they are not read, for a person.
    why: &'static str,
}

impl SnapshotOut {
    /// The snapshot, with what no snapshot holds of its kinds.
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

/// A snapshot of an organisation's tenant.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotOut {
    /// The id of the snapshot.
    id: SnapshotId,
    /// Why it is taken.
    reason: Reason,
    /// How far it is.
    state: JobState,
    /// Whether everything is read or only what changed; null until it is known.
    mode: Option<SnapshotMode>,
    /// The snapshot that it builds on, where it reads only what changed since.
    base: Option<SnapshotId>,
    /// When it was asked for.
    requested_at: Timestamp,
    /// When it was sealed; null until it is.
    sealed_at: Option<Timestamp>,
    /// How many objects and links it holds, by the names of kinds and link types.
    counts: BTreeMap<String, RunCount>,
    /// What it could not read, and why.
    not_covered: Vec<NotCovered>,
    /// Whether the tenant's consent may still have been arriving then, so that another snapshot follows soon.
    provisional: bool,
    /// What no snapshot holds of the kinds that this one does. Shown where one snapshot
    /// is read, and not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Vec<UnreadOut>>,
    /// What it asked of Microsoft Graph.
    spent: Spent,
    /// The bytes that it added to what is stored, sealed and compressed.
    stored_bytes: u64,
    /// The number of blobs that it added to what is stored.
    stored_blobs: u64,
    /// Why it waits or has failed, for a person.
    error: Option<String>,
    /// Why it waits or has failed, for programs.
    cause: Option<Cause>,
    /// It is not worked on before: somebody asked to wait, or does not answer.
    waiting_until: Option<Timestamp>,
    /// Who said that it is known to be good, and why; null where nobody did.
    known_good: Option<MarkOut>,
}

impl SnapshotOut {
    /// The same, with the mark that it is known to be good.
    pub fn known_good(self, mark: Option<Mark>) -> Self {
        Self { known_good: mark.map(MarkOut::from), ..self }
    }
}

/// A snapshot's id, or `lastKnownGood` for the newest one that is marked as known to be good.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(lastKnownGood|snp_[0-9a-z]{26})$"))]
pub enum SnapshotText {
    /// That one.
    Id(SnapshotId),
    /// The newest that is known to be good.
    LastKnownGood,
}

impl TryFrom<String> for SnapshotText {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        if text == "lastKnownGood" {
            return Ok(Self::LastKnownGood);
        }
        let id = text.parse();
        id.map(Self::Id).map_err(|_| Error::invalid("must be the id of a snapshot or \"lastKnownGood\""))
    }
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
            provisional: row.provisional,
            unread: None,
            spent: row.spent,
            stored_bytes: row.stored_bytes,
            stored_blobs: row.stored_blobs,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
            known_good: None,
        }
    }
}
