//! What is held: which snapshot held a run last, where a later one does not, and whether two know the links of an object.

use crate::archive::SnapshotView;
use domain::kinds::{KINDS, Kind, LinkType};
use domain::stored::Manifest;
use domain::{Result, SnapshotId, TenantId};
use engine::ports::Page;
use engine::records::{JobState, Reason, Record, Records, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows of snapshots are read at once, and how often at the most: more than a year of hourly ones.
const ROWS: usize = 250;
const PAGES: usize = 40;

/// The names of the runs in which a comparison looks: of objects, of facets, of links.
pub(crate) fn compared_runs() -> impl Iterator<Item = String> {
    KINDS.iter().flat_map(|kind| {
        let facets = kind.facets().map(|facet| kind.part(facet));
        let links = kind.links.iter().map(|link| link.name.to_owned());
        std::iter::once(kind.run().to_owned()).chain(facets).chain(links)
    })
}

/// For each of those runs, which that snapshot does not hold: the newest snapshot before it that does. The snapshot's own
/// manifest says it; of one that an older writer made, or that cannot be read, the rows of the snapshots before it do.
///
/// # Errors
/// Those of the catalog.
pub(crate) async fn last_holders(
    records: &Records,
    tenant: &TenantId,
    (snapshot, manifest): (&SnapshotId, Option<&Manifest>),
    mut wanted: BTreeSet<String>,
) -> Result<BTreeMap<String, SnapshotId>> {
    if let Some(said) = manifest.and_then(|m| m.held_in.as_ref()) {
        return Ok(said
            .iter()
            .filter(|(run, _)| wanted.contains(*run))
            .map(|(r, id)| (r.clone(), id.clone()))
            .collect());
    }
    let (mut found, mut page) = (BTreeMap::new(), Page::last(ROWS));
    for _ in 0..PAGES {
        let (rows, next) = records.list(&Snapshot::all(tenant), page).await?;
        for row in rows.into_iter().map(|row| row.value) {
            // Why by their ids: they begin with the time at which the snapshot was asked for.
            if row.id >= *snapshot || row.state != JobState::Done || row.reason == Reason::Live {
                continue;
            }
            let held: Vec<String> =
                wanted.iter().filter(|run| row.counts.contains_key(*run)).cloned().collect();
            for run in held {
                wanted.remove(&run);
                found.insert(run, row.id.clone());
            }
        }
        match next.filter(|_| !wanted.is_empty()) {
            Some(after) => page = Page { after: Some(after), limit: ROWS, descending: true },
            None => break,
        }
    }
    Ok(found)
}

/// Whether both sides know all links of a type from an object. A side that does not have the object knows them: there
/// are none.
pub(crate) async fn both_know(
    kind: &Kind,
    link: &LinkType,
    sides: [(&SnapshotView, &str); 2],
) -> Result<bool> {
    for (view, key) in sides {
        if view.manifest().may_lack_links(kind, link.relation)
            && let Some(object) = view.find_object(kind, key).await?
            && !view.manifest().knows_links(kind, link.relation, &object)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ports::{Clock, Spent};
    use engine::records::{Course, RunCount};
    use support::memory::World;

    fn id(n: usize) -> SnapshotId {
        SnapshotId::from_ulid(&format!("01JAAAAAAAAAAAAAAAAAAA{n:04}"))
    }

    /// The row of a snapshot that holds users and, if so, roles.
    fn row(world: &World, tenant: &TenantId, n: usize, reason: Reason, has_roles: bool) -> Snapshot {
        let (now, held) = (world.clock.now(), RunCount::default());
        let roles = has_roles.then(|| ("roles".to_owned(), held));
        Snapshot {
            id: id(n),
            tenant: tenant.clone(),
            reason,
            state: JobState::Done,
            mode: None,
            base: None,
            requested_at: now,
            touched_at: now,
            sealed_at: Some(now),
            attempts: 1,
            counts: roles.into_iter().chain([("users".to_owned(), held)]).collect(),
            not_covered: Vec::new(),
            spent: Spent::default(),
            stored_bytes: 0,
            stored_blobs: 0,
            error: None,
            course: Course::default(),
            provisional: false,
        }
    }

    #[tokio::test]
    async fn of_a_manifest_that_does_not_say_the_rows_before_it_do_however_many_there_are() {
        let world = World::new(1);
        let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        for n in 0..300 {
            let reason = if n == 200 { Reason::Live } else { Reason::Schedule };
            // A reading for a comparison holds roles too, and so do older and later snapshots.
            let has_roles = n <= 20 || n == 200 || n > 290;
            records.put_new(&row(&world, &tenant, n, reason, has_roles)).await.unwrap();
        }
        let wanted = BTreeSet::from(["roles".to_owned(), "devices".to_owned()]);
        let found = last_holders(&records, &tenant, (&id(290), None), wanted).await.unwrap();
        assert_eq!(found, BTreeMap::from([("roles".to_owned(), id(20))]));
    }
}
