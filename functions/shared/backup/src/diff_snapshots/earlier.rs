//! The earlier side of a comparison: a snapshot, and of what that does not hold the last one that did.
//!
//! Only the comparison that follows each snapshot looks further back, since nobody else tells what changed while
//! something was not held. Who asks for two snapshots is told of those two.

use crate::archive::{SnapshotView, TenantArchive};
use crate::held::{compared_runs, last_holders};
use domain::stored::RunRef;
use domain::{Result, SnapshotId, Timestamp};
use engine::records::{Diff, HeldEarlier, Records};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The snapshots of the earlier side.
pub(super) struct Earlier {
    own: SnapshotView,
    /// By run, an older snapshot that holds what the own one does not.
    held: BTreeMap<String, Arc<SnapshotView>>,
    /// Runs of which the last snapshot that held them is no longer there.
    gone: BTreeMap<String, SnapshotId>,
}

impl Earlier {
    /// Opens the earlier side of that comparison; of what `after` does not hold nothing is looked for.
    pub(super) async fn open(
        records: &Records,
        archive: &TenantArchive,
        diff: &Diff,
        after: &SnapshotView,
    ) -> Result<Self> {
        let own = SnapshotView::open(archive, &diff.before).await?;
        let (mut held, mut gone) = (BTreeMap::new(), BTreeMap::new());
        let is_wanted = |run: &String| own.find_run(run).is_none() && after.find_run(run).is_some();
        let wanted: BTreeSet<String> =
            compared_runs().filter(|run| diff.announce && is_wanted(run)).collect();
        if !wanted.is_empty() {
            let of = (&diff.before, Some(own.manifest()));
            let mut opened: BTreeMap<SnapshotId, Option<Arc<SnapshotView>>> = BTreeMap::new();
            for (run, id) in last_holders(records, &diff.tenant, of, wanted).await? {
                let view = match opened.get(&id) {
                    Some(view) => view.clone(),
                    None => opened
                        .entry(id.clone())
                        .or_insert(SnapshotView::find(archive, &id).await?.map(Arc::new))
                        .clone(),
                };
                match view.filter(|view| view.find_run(&run).is_some()) {
                    Some(view) => drop(held.insert(run, view)),
                    None => drop(gone.insert(run, id)),
                }
            }
        }
        Ok(Self { own, held, gone })
    }

    /// The snapshot that holds that run, if any of them does; else the comparison's own.
    pub(super) fn of(&self, run: &str) -> &SnapshotView {
        self.held.get(run).map_or(&self.own, |view| view)
    }

    /// The run of that name, if any of them holds it.
    pub(super) fn find_run(&self, run: &str) -> Option<&RunRef> {
        self.of(run).find_run(run)
    }

    /// The older snapshot that holds that run; none where the own one does, or none is known.
    pub(super) fn since(&self, run: &str) -> Option<&SnapshotId> {
        self.held.get(run).map(|view| &view.manifest().snapshot)
    }

    /// When the reading of the comparison's own earlier snapshot began.
    pub(super) fn began_at(&self) -> Timestamp {
        self.own.manifest().started_at
    }

    /// Each of the snapshots once, the comparison's own first.
    pub(super) fn views(&self) -> impl Iterator<Item = &SnapshotView> {
        let older: BTreeMap<&SnapshotId, &SnapshotView> =
            self.held.values().map(|view| (&view.manifest().snapshot, &**view)).collect();
        std::iter::once(&self.own).chain(older.into_values())
    }

    /// What is compared with an older snapshot.
    pub(super) fn held_earlier(&self) -> Vec<HeldEarlier> {
        let held = self.held.iter().map(|(run, view)| HeldEarlier {
            source: run.clone(),
            snapshot: view.manifest().snapshot.clone(),
            at: view.manifest().started_at,
        });
        held.collect()
    }

    /// Runs that were held once, by a snapshot that is no longer there: what changed of them since cannot be told.
    pub(super) fn gone(&self) -> &BTreeMap<String, SnapshotId> {
        &self.gone
    }
}
