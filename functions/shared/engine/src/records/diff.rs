//! The row of a comparison: its two sides, what it is limited to, how it stands and what it counted.

use super::address::At;
use super::snapshot::{JobState, NotCovered};
use super::{Course, Record, watched};
use crate::ports::Watch;
use domain::changes::{AttributeChange, Change, Chosen, Class, Everywhere, Happened, How, OneSided, What};
use domain::kinds::{self, Kind, NamedKind};
use domain::{DiffId, SnapshotId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Side {
    /// A sealed snapshot of the same tenant.
    Snapshot(SnapshotId),
    /// The tenant as it is when the comparison runs.
    Live,
}

/// An older snapshot with which a part of the later side is compared, since those after it did not hold that part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldEarlier {
    /// What is compared with it: a kind, a facet or a link type, by name.
    pub source: String,
    /// The newest snapshot before the comparison's own that holds it.
    pub snapshot: SnapshotId,
    /// When the reading of that snapshot began: what changed since is told.
    pub at: Timestamp,
}

/// Where a comparison that follows a snapshot begins, if not at the snapshot right before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Span {
    /// What begins at an older snapshot than the rest, by what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_earlier: Vec<HeldEarlier>,
    /// Comparisons up to this snapshot, the one right before, were given up; this one begins where the first of them did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<SnapshotId>,
    /// It was begun again at the snapshot right before, since where it began first could not be read. Its pages are in a
    /// place of their own then: FORMAT.md section 2.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub begun_again: bool,
    /// How often its pages were stored anew, each time in another place, since another release that had begun it had stored
    /// others: FORMAT.md section 2.
    #[serde(skip_serializing_if = "is_none")]
    pub stored_anew: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Span {
    /// Whether nothing is to be said of it.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it begins at the snapshot right before, with everything.
    pub fn is_plain(&self) -> bool {
        Self { stored_anew: 0, ..self.clone() } == Self::default()
    }
}

/// How many changes a comparison found, by what happened to the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DiffCounts {
    /// Objects that are only after.
    pub created: u64,
    /// Objects that are only before.
    pub deleted: u64,
    /// Objects that differ, in properties or links.
    pub modified: u64,
    /// Of all these, the changes of who may do what.
    pub privileged: u64,
    /// Roles that were activated for a while; not among those above.
    pub activated: u64,
    /// Activations of roles that ended; not among those above.
    pub ended: u64,
    /// Of those created, objects that came out of the recycle bin.
    #[serde(skip_serializing_if = "is_zero")]
    pub restored: u64,
    /// Of those modified, objects that a restore created again under another id.
    #[serde(skip_serializing_if = "is_zero")]
    pub recreated: u64,
    /// Of those deleted, objects that lie in the recycle bin.
    #[serde(skip_serializing_if = "is_zero")]
    pub soft_deleted: u64,
    /// Of those deleted, objects that are gone for good.
    #[serde(skip_serializing_if = "is_zero")]
    pub hard_deleted: u64,
    /// Objects of which something was only observed, such as a new password; not among those above, but for privileged.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed: u64,
    /// Objects that Microsoft maintains and edited; not among those above.
    #[serde(skip_serializing_if = "is_zero")]
    pub by_service: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl DiffCounts {
    /// Counts one more change.
    pub fn count(&mut self, change: &Change) {
        self.privileged += u64::from(change.privileged);
        match change.rating.class {
            Class::Observed => return self.observed += 1,
            Class::Service => return self.by_service += 1,
            Class::Change | Class::Derived => {}
        }
        match change.what {
            What::Created => self.created += 1,
            What::Deleted => self.deleted += 1,
            What::Modified | What::Moved => self.modified += 1,
            What::Activated => self.activated += 1,
            What::Ended => self.ended += 1,
        }
        match change.rating.how {
            Some(How::Restored) => self.restored += 1,
            Some(How::Recreated) => self.recreated += 1,
            Some(How::SoftDeleted) => self.soft_deleted += 1,
            Some(How::HardDeleted) => self.hard_deleted += 1,
            Some(How::New | How::Unknown) | None => {}
        }
    }

    /// How many changes there are; activations, what was only observed, and what Microsoft edited are not among them.
    pub fn changes(&self) -> u64 {
        self.created + self.deleted + self.modified
    }

    /// Whether something that happened so may be among these. What was only observed, and what Microsoft edited, is not counted
    /// by what happened to it.
    pub fn may_have(&self, what: Happened) -> bool {
        let counted = match what {
            Happened::Created => self.created,
            Happened::Deleted => self.deleted,
            Happened::Modified | Happened::Moved => self.modified,
            Happened::Activated => self.activated,
            Happened::Ended => self.ended,
            Happened::Restored => self.restored,
            Happened::Recreated => self.recreated,
            Happened::SoftDeleted => self.soft_deleted,
            Happened::HardDeleted => self.hard_deleted,
        };
        counted + self.observed + self.by_service > 0
    }

    /// How many activations began or ended.
    pub fn activations(&self) -> u64 {
        self.activated + self.ended
    }
}

/// The row of a comparison. The changes themselves are in the vault, in pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The id of the comparison.
    pub id: DiffId,
    /// The tenant whose two states are compared.
    pub tenant: TenantId,
    /// The earlier side; always a snapshot.
    pub before: SnapshotId,
    /// The later side: a snapshot, or the tenant as it is when the comparison runs.
    pub after: Side,
    /// Only these kinds; empty means all.
    pub kinds: Vec<NamedKind>,
    /// The id of the one object that is compared; none means all objects.
    pub object: Option<String>,
    /// Whether people are notified of its changes: set for the comparison that follows each snapshot.
    pub announce: bool,
    /// The reading of the live tenant, while `after` is live.
    pub live_snapshot: Option<SnapshotId>,
    /// How far the comparison has come.
    pub state: JobState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Who asked for it, as rows name them; none where it follows a snapshot, or an older release wrote the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// When a job last wrote to this row.
    pub touched_at: Timestamp,
    /// When its result was stored; none while it is open or once it has failed.
    pub done_at: Option<Timestamp>,
    /// How often a job has taken it up, continuations included.
    pub attempts: u32,
    /// The changes found so far.
    pub counts: DiffCounts,
    /// The same of each kind that has any, by the kind's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_kind: BTreeMap<String, DiffCounts>,
    /// What the heaviest change of each kind weighs, by the kind's name; rows of earlier releases do not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heaviest: BTreeMap<String, u8>,
    /// How many pages of changes are in the vault.
    pub pages: u32,
    /// Where a suspended comparison is kept: the name of a blob in the vault. FORMAT.md section 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Where it begins, if not at the snapshot right before with everything.
    #[serde(default, skip_serializing_if = "Span::is_empty")]
    pub span: Span,
    /// What could not be compared, since one side does not hold it.
    pub not_compared: Vec<NotCovered>,
    /// Properties that a whole type of objects has on one side alone, of each of which a line of `not_compared` tells; none where an
    /// older release made the comparison.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub everywhere: Vec<EverywhereOf>,
    /// Why it failed, as a sentence for a person; none unless it has failed.
    pub error: Option<String>,
    /// What keeps it from its end: waiting, or given up.
    #[serde(default, skip_serializing_if = "Course::is_free")]
    pub course: Course,
}

/// A property that a whole type of objects has on one side alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EverywhereOf {
    /// The kind of the objects, by the name of their run.
    pub run: String,
    /// The `@odata.type` of the objects; empty where they have none.
    pub of_type: String,
    /// Where it is, and on which side.
    #[serde(flatten)]
    pub property: OneSided,
}

impl Diff {
    /// Whether a difference of an object of that kind and type was found in all objects of the type at once, so that the comparison
    /// tells it in a line and as no change.
    pub fn is_everywhere(&self, kind: &Kind, of_type: &str, change: &AttributeChange) -> bool {
        if self.everywhere.is_empty() {
            // Of older releases the line says the path alone.
            let source = kind.part(&change.path);
            let is_it = |line: &NotCovered| {
                line.source == source && ["came-everywhere", "gone-everywhere"].contains(&line.cause.as_str())
            };
            return change.before.is_some() != change.after.is_some() && self.not_compared.iter().any(is_it);
        }
        let of_kind = self.everywhere.iter().filter(|one| one.run == kind.run());
        let all = Everywhere::new(of_kind.map(|one| (one.of_type.clone(), one.property.clone())));
        all.explains(of_type, change)
    }

    /// The address of the comparison of that id.
    pub fn at(tenant: &TenantId, id: &DiffId) -> At<Self> {
        At::of(tenant, id)
    }

    /// Whether changes that are wanted may be among those that it found, by what its row counts alone: where it says no, no
    /// blob has to be read.
    pub fn may_have(&self, chosen: &Chosen) -> bool {
        if self.pages == 0 {
            return false;
        }
        // Rows of earlier releases do not count by kind.
        self.by_kind.is_empty()
            || self.by_kind.iter().any(|(kind, counts)| {
                let is_heavy = |least: u8| self.heaviest.get(kind).is_none_or(|most| *most >= least);
                // A kind that this release does not know is none that somebody can ask for.
                let is_of_kind = match kinds::get(kind) {
                    Ok(kind) => chosen.may_have_kind(&kind.name.into()),
                    Err(_) => chosen.kind.is_none(),
                };
                is_of_kind
                    && chosen.min_weight.is_none_or(is_heavy)
                    && chosen.what.is_none_or(|what| counts.may_have(what))
            })
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
