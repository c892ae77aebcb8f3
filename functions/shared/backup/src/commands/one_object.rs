//! What changed of one object between two snapshots, answered at once.
//!
//! Where the two were compared already, that comparison tells it, which costs a look for one change; where they were not, it is
//! found out as the comparison would find it, as long as that reads no more than [`MOST_READS`] blobs.

use super::diffs::{Diffs, Known, NewComparison};
use super::marks;
use super::who::{Authored, authored};
use crate::archive::{SnapshotView, TenantArchive, find_changes};
use crate::diff_snapshots::{AtOnce, change_of};
use domain::changes::Change;
use domain::kinds::Kind;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::records::{JobState, NotCovered, Side, Tenant};

/// How many blobs are read for one object, and a few more: what is begun is read to its end.
pub const MOST_READS: u64 = 500;

/// What changed of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// The earlier snapshot.
    pub before: SnapshotId,
    /// The later one.
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
    /// not sealed, or when so much differs that a comparison has to be asked for; `Invalid` naming `to` when it is not later.
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
        let (diff, found, not_compared) = match self.known(tenant, after, &whole).await? {
            Known::Here(diff) if diff.state == JobState::Done => {
                let found = find_changes(&archive, &diff, &[(kind, key)]).await?.changes;
                let changes: Vec<Change> = found.into_iter().flatten().collect();
                // Where it does not differ it is looked up whether there is such an object at all.
                if changes.is_empty() {
                    self.one_is_held(&archive, (kind, key), [before, after]).await?;
                }
                let not_compared = diff.not_compared.clone();
                (*diff, changes, not_compared)
            }
            Known::Here(_) | Known::Free(_) => {
                let id = DiffId::from_ulid(&self.ids.ulid());
                let diff = self.row(tenant, id, &"at once".into(), whole);
                let sides = (&diff, after);
                let looked = change_of((&self.records, &archive), sides, (kind, key), MOST_READS).await?;
                let AtOnce::Found(changes, not_compared) = looked else {
                    let why = "too much differs between the two to look for one object at once: ask for a comparison";
                    return Err(Error::conflict(why));
                };
                (diff, changes, not_compared)
            }
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

    /// Checks that one of the two snapshots holds the object.
    async fn one_is_held(
        &self,
        archive: &TenantArchive,
        (kind, key): (&'static Kind, &str),
        snapshots: [&SnapshotId; 2],
    ) -> Result<()> {
        for id in snapshots {
            let view = SnapshotView::open(archive, id).await?;
            if view.covers(kind) && view.find_object(kind, key).await?.is_some() {
                return Ok(());
            }
        }
        Err(Error::not_found(format!("neither snapshot holds such a {}", kind.label)))
    }
}
