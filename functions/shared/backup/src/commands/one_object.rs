//! What changed of one object between two snapshots, answered at once.
//!
//! Where the two were compared already, that comparison tells it, which costs the few pages on which it can stand; where they were not, it is
//! found out as the comparison would find it, as long as that reads no more than [`MOST_READS`] blobs.

use super::diffs::{Diffs, Known, NewComparison};
use super::marks;
use super::who::{Authored, authored};
use crate::diff_snapshots::{AtOnce, change_of, stored_change_of};
use domain::kinds::Kind;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::records::{JobState, NotCovered, Side, Tenant};

/// How many blobs are read for one object, and a few more: what is begun is read to its end.
pub const MOST_READS: u64 = 500;

/// What changed of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// The id of the earlier snapshot.
    pub before: SnapshotId,
    /// The id of the later snapshot.
    pub after: SnapshotId,
    /// The comparison of the two that tells it; none where none is done.
    pub comparison: Option<DiffId>,
    /// Its changes; none where it does not differ, and two where it was created again and is there under its former id, too.
    pub changes: Vec<Authored>,
    /// What could not be compared.
    pub not_compared: Vec<NotCovered>,
}

impl Diffs {
    /// What changed of one object between two sealed snapshots; the later is the newest where none is named.
    ///
    /// # Errors
    /// `NotFound` when there is no such snapshot, when neither holds the object, or one does not hold the kind; `Conflict` when one is
    /// not sealed, or when so much differs, of the two or of the object, that a comparison has to be asked for and read; `Invalid` naming `to` when it is not later.
    pub async fn object_change(
        &self,
        tenant: &TenantId,
        (kind, key): (&'static Kind, &str),
        (before, after): (&SnapshotId, Option<&SnapshotId>),
    ) -> Result<ObjectChange> {
        let newest = match after {
            None => self.records.get(&Tenant::at(tenant)).await?.value.last_sealed,
            Some(after) => Some(after.clone()),
        };
        let after = &newest.ok_or_else(|| Error::not_found("there is no sealed snapshot"))?;
        let began = self.sealed(tenant, before).await?.requested_at;
        if before == after || self.sealed(tenant, after).await?.requested_at < began {
            return Err(Error::invalid_field("to", "must be later than from"));
        }
        let whole = NewComparison::of_everything(before.clone(), Side::Snapshot(after.clone()));
        let archive = self.archive.open(tenant).await?;
        let (diff, looked) = match self.known(tenant, after, &whole).await? {
            Known::Here(diff) if diff.state == JobState::Done => {
                let looked = stored_change_of((&self.records, &archive), (&diff, after), (kind, key)).await?;
                (*diff, looked)
            }
            Known::Here(_) | Known::Free(_) => {
                let id = DiffId::from_ulid(&self.ids.ulid());
                let diff = self.row(tenant, id, &"at once".into(), whole);
                let sides = (&diff, after);
                let looked = change_of((&self.records, &archive), sides, (kind, key), MOST_READS).await?;
                (diff, looked)
            }
        };
        let AtOnce::Found(found, not_compared) = looked else {
            let why = "too much differs between the two to look for one object at once: ask for a comparison, and read its changes";
            return Err(Error::conflict(why));
        };
        let marked = marks::expected_of(&self.records, tenant, &diff.id).await?;
        let mut changes = authored(self.authors(tenant, &diff).await?.as_ref(), found).await?;
        for item in &mut changes {
            item.expected = marked.of(&item.change).cloned();
        }
        let of_kind = |part: &NotCovered| part.source.split(['.', '/']).next() == Some(kind.run());
        Ok(ObjectChange {
            before: before.clone(),
            after: after.clone(),
            comparison: (diff.state == JobState::Done).then_some(diff.id),
            changes,
            not_compared: not_compared.into_iter().filter(of_kind).collect(),
        })
    }
}
