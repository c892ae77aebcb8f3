//! The change of one object between two sealed snapshots, at once: what the job would find of it, with nothing stored.
//!
//! Whether a link came or went with its far end, and whether a property is new everywhere, follows from what else differs; so
//! the survey is the job's, as long as it reads no more than it may. Where it would, a comparison has to be asked for.

use super::earlier::Earlier;
use super::objects::Comparison;
use super::state::State;
use super::{chosen_kinds, marked, new_ids};
use crate::archive::{SnapshotView, TenantArchive, changes_at};
use domain::changes::Change;
use domain::kinds::Kind;
use domain::{Error, Result, SnapshotId};
use engine::records::{Diff, NotCovered, Records};
use std::collections::BTreeSet;

/// What came of looking at one object.
pub(crate) enum AtOnce {
    /// Its changes, none where it does not differ, with what could not be compared. There are two where it was created again and
    /// is there under its former id, too.
    Found(Vec<Change>, Vec<NotCovered>),
    /// More differs between the two snapshots than may be read for one object.
    TooMuch,
}

/// The changes of the object of that key, by a comparison that is done.
///
/// # Errors
/// `NotFound` when neither snapshot holds the object.
pub(crate) async fn stored_change_of(
    (records, archive): (&Records, &TenantArchive),
    (diff, after): (&Diff, &SnapshotId),
    (kind, key): (&'static Kind, &str),
) -> Result<AtOnce> {
    let after = SnapshotView::open(archive, after).await?;
    let ids = new_ids(records, &diff.tenant, after.manifest().started_at).await?;
    let now = ids.key(kind, key);
    let keys = BTreeSet::from([key, now.as_str()]);
    let Some(mut changes) = changes_at(archive, diff, kind, &keys).await? else { return Ok(AtOnce::TooMuch) };
    changes.retain(|change| change.key == key || change.new_key.as_deref() == Some(key));
    // Where it does not differ it is looked up whether there is such an object at all.
    if changes.is_empty() {
        let before = SnapshotView::open(archive, &diff.before).await?;
        if !any_holds([&before, &after], kind, &keys).await? {
            return Err(Error::not_found(format!("neither snapshot holds such a {}", kind.label)));
        }
    }
    Ok(AtOnce::Found(changes, diff.not_compared.clone()))
}

/// The changes of the object of that key, by a comparison that is not stored, between two sealed snapshots: its later side is
/// `after`.
///
/// # Errors
/// `NotFound` when neither snapshot holds the object, or one of them does not hold the kind.
pub(crate) async fn change_of(
    (records, archive): (&Records, &TenantArchive),
    (diff, after): (&Diff, &SnapshotId),
    (kind, key): (&'static Kind, &str),
    most_reads: u64,
) -> Result<AtOnce> {
    let after = SnapshotView::open(archive, after).await?;
    let before = Earlier::open(records, archive, diff, &after).await?;
    let (kinds, mut not_compared) = chosen_kinds(diff, &before, &after)?;
    if !kinds.iter().any(|of| of.name == kind.name) {
        return Err(Error::not_found(format!("one of the two does not hold {}", kind.name)));
    }
    let ids = new_ids(records, &diff.tenant, after.manifest().started_at).await?;
    let break_glass = marked::break_glass(records, &diff.tenant).await?;
    let comparison = Comparison {
        archive,
        diff,
        before: &before,
        after: &after,
        ids: &ids,
        kinds: &kinds,
        object: None,
        holders: tokio::sync::OnceCell::new(),
        break_glass: &break_glass,
    };
    let end = archive.reads() + most_reads;
    let mut state = State::default();
    if !comparison.survey(&mut state, &|| archive.reads() >= end).await? {
        return Ok(AtOnce::TooMuch);
    }
    let now = ids.key(kind, key);
    let mut changes = Vec::new();
    for key in BTreeSet::from([now.as_str(), key]) {
        changes.extend(comparison.change_alone(&state, kind, key).await?);
    }
    changes.retain(|change| change.key == key || change.new_key.as_deref() == Some(key));
    let sides = [comparison.before.of(kind.run()), comparison.after];
    if changes.is_empty() && !any_holds(sides, kind, &BTreeSet::from([key, now.as_str()])).await? {
        return Err(Error::not_found(format!("neither snapshot holds such a {}", kind.label)));
    }
    not_compared.extend(state.lines_of_shapes());
    Ok(AtOnce::Found(changes, not_compared))
}

async fn any_holds(sides: [&SnapshotView; 2], kind: &Kind, keys: &BTreeSet<&str>) -> Result<bool> {
    for view in sides.into_iter().filter(|view| view.covers(kind)) {
        for key in keys {
            if view.find_object(kind, key).await?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
