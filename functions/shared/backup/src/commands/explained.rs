//! Why what is at a path of an object was a change of a comparison, or was none.

use super::diffs::Diffs;
use crate::archive::{SnapshotView, TenantArchive};
use domain::changes::{Explained, Verdict, explain, property_of};
use domain::kinds::Kind;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::records::{Diff, NewId, NotCovered, Side};
use serde_json::{Map, Value};

/// How often an object that was created again is followed to its newest id.
const MOST_FOLLOWED: usize = 64;

/// The place in an object that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedPlace {
    /// The kind of the object.
    pub kind: &'static Kind,
    /// The key of the object, as a change names it.
    pub key: String,
    /// The path in it, as a change names it.
    pub path: String,
}

impl Diffs {
    /// What a comparison that is done made of a place, and what both sides have there.
    ///
    /// # Errors
    /// `Conflict` when it is not done; `NotFound` when neither side holds the object; `Invalid`, naming `kind`, when the comparison
    /// is not of that kind.
    pub async fn explain(&self, tenant: &TenantId, id: &DiffId, place: &AskedPlace) -> Result<Explained> {
        let diff = self.get_done(tenant, id).await?;
        let AskedPlace { kind, key, path } = place;
        if !(diff.kinds.is_empty() || diff.kinds.iter().any(|of| *of == kind.name)) {
            return Err(Error::invalid_field("kind", "is not among the kinds that were compared"));
        }
        let archive = self.archive.open(tenant).await?;
        let earlier = diff.span.held_earlier.iter().find(|held| held.source == kind.run());
        let before = earlier.map_or(&diff.before, |held| &held.snapshot);
        let before = SnapshotView::open(&archive, before).await?;
        let after = SnapshotView::open(&archive, later(&diff)?).await?;
        let was = before.find_object(kind, key).await?;
        let is = self.now(&archive, &after, (kind, key)).await?;
        let (was, is) = match (was, is) {
            (None, None) => return Err(Error::not_found("neither side holds such an object")),
            (None, Some(is)) => return Ok(whole(kind, Verdict::Created, (&Map::new(), &is), path)),
            (Some(was), None) => return Ok(whole(kind, Verdict::Deleted, (&was, &Map::new()), path)),
            (Some(was), Some(is)) => (was, is),
        };
        let mut explained = explain(kind, &was, &is, path);
        let source = kind.part(path);
        let is_everywhere = |line: &NotCovered| {
            line.source == source && ["came-everywhere", "gone-everywhere"].contains(&line.cause.as_str())
        };
        let property = property_of(path);
        if diff.not_compared.iter().any(is_everywhere) {
            explained.verdict = Verdict::Everywhere;
        } else if before.manifest().is_unknown(kind, property, &was)
            || after.manifest().is_unknown(kind, property, &is)
        {
            explained.verdict = Verdict::NotRead;
        }
        Ok(explained)
    }

    /// An object as the later side has it, under the key that it has there: what was created again has another one.
    async fn now(
        &self,
        archive: &TenantArchive,
        after: &SnapshotView,
        (kind, key): (&'static Kind, &str),
    ) -> Result<Option<Map<String, Value>>> {
        let mut key = key.to_owned();
        for _ in 0..MOST_FOLLOWED {
            if let Some(object) = after.find_object(kind, &key).await? {
                return Ok(Some(object));
            }
            let next = self.records.find(&NewId::at(archive.tenant(), &key)).await?;
            match next.filter(|next| next.value.created_at <= after.manifest().started_at) {
                Some(next) if next.value.kind == kind.name => key = next.value.new,
                _ => break,
            }
        }
        Ok(None)
    }
}

/// The snapshot, or the reading of the live tenant, that is the later side.
fn later(diff: &Diff) -> Result<&SnapshotId> {
    match (&diff.after, &diff.live_snapshot) {
        (Side::Snapshot(id), _) | (Side::Live, Some(id)) => Ok(id),
        (Side::Live, None) => Err(Error::corrupt("a live comparison has no reading")),
    }
}

/// What is at a path of an object that came or went as a whole.
fn whole(
    kind: &Kind,
    verdict: Verdict,
    (was, is): (&Map<String, Value>, &Map<String, Value>),
    path: &str,
) -> Explained {
    Explained { verdict, ..explain(kind, was, is, path) }
}
