//! Why what is at a path of an object was a change of a comparison, or was none.

use super::diffs::Diffs;
use crate::archive::{SnapshotView, TenantArchive};
use crate::diff_snapshots::NewIds;
use domain::changes::{
    AttributeChange, Explained, Verdict, compare_objects, explain, is_within, property_of, type_of,
};
use domain::kinds::Kind;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::records::{Diff, NewId, NotCovered, Record, Side};
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
        let (was, (now, is)) = match (was, is) {
            (None, None) => return Err(Error::not_found("neither side holds such an object")),
            (None, Some((_, is))) => return Ok(whole(kind, Verdict::Created, (&Map::new(), &is), path)),
            (Some(was), None) => return Ok(whole(kind, Verdict::Deleted, (&was, &Map::new()), path)),
            (Some(was), Some(is)) => (was, is),
        };
        // What refers to something that was created again refers to the same.
        let rows = self.records.list_all(&NewId::all(tenant)).await?;
        let known = rows.into_iter().map(|row| row.value);
        let known = known.filter(|row| row.created_at <= after.manifest().started_at);
        let same = NewIds::new(known.map(|row| (row.old, row.new))).object(kind, was.clone());
        let mut explained = explain(kind, &same, &is, path);
        let property = property_of(path);
        if before.manifest().is_unknown(kind, property, &was)
            || after.manifest().is_unknown(kind, property, &is)
        {
            explained.verdict = Verdict::NotRead;
        } else if now != *key && kind.read_only.contains(&property) {
            // What the service gives to a new object is nobody's change.
            explained.verdict = Verdict::Volatile;
        }
        let changes = compare_objects(kind, &same, &is);
        let is_meant = |a: &&AttributeChange| is_within(&a.path, path) || is_within(path, &a.path);
        let mut meant = changes.iter().filter(is_meant).peekable();
        let is_one = meant.peek().is_some() && meant.all(|a| diff.is_everywhere(kind, type_of(&is), a));
        if is_one || is_line(&diff, kind, path) {
            explained.verdict = Verdict::Everywhere;
        }
        Ok(explained)
    }

    /// An object as the later side has it, and the key that it has there: what was created again has another one.
    async fn now(
        &self,
        archive: &TenantArchive,
        after: &SnapshotView,
        (kind, key): (&'static Kind, &str),
    ) -> Result<Option<(String, Map<String, Value>)>> {
        let mut key = key.to_owned();
        for _ in 0..MOST_FOLLOWED {
            if let Some(object) = after.find_object(kind, &key).await? {
                return Ok(Some((key, object)));
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

/// Whether a line tells that a directory extension came or went as a whole.
fn is_line(diff: &Diff, kind: &Kind, path: &str) -> bool {
    let source = kind.part(path);
    let is_it = |line: &NotCovered| {
        line.source == source && ["came-everywhere", "gone-everywhere"].contains(&line.cause.as_str())
    };
    kind.is_extension(path) && diff.not_compared.iter().any(is_it)
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
