//! What a person asks for, past the plan.

use super::Rig;
use backup::commands::diffs::{Diffs, NewComparison};
use backup::commands::snapshots::Snapshots;
use domain::kinds::KINDS;
use domain::organisations::ApprovalRule;
use domain::restore::{AttributeMode, LinkMode, Selection};
use domain::stored::Manifest;
use domain::{DiffId, Result, SnapshotId, TenantId};
use engine::records::rights::Function;
use engine::records::{Diff, JobState, Reason, Record, Restore, Side, Snapshot, Tenant};
use restore::commands::restores::{NewRestore, RestoreFrom, Restores};
use restore::preview_restore::Archived;
use std::sync::Arc;
use support::memory::World;

impl Rig {
    /// Asks for a snapshot.
    pub async fn ask_snapshot(&self, tenant: &TenantId) -> SnapshotId {
        let World { queue, ids, .. } = self.world.clone();
        let snapshots = Snapshots {
            records: self.records_of(Function::SnapshotApi),
            queue,
            clock: self.clock.clone(),
            ids,
        };
        snapshots.start(tenant, Reason::Person).await.unwrap()
    }

    /// A snapshot, sealed, with the comparison that follows it.
    pub async fn snapshot(&self) -> SnapshotId {
        let tenant = self.tenant().clone();
        let id = self.ask_snapshot(&tenant).await;
        self.settle().await;
        assert_eq!(self.snapshot_row(&tenant, &id).await.state, JobState::Done, "{:?}", self.dead_letters());
        id
    }

    pub fn diffs(&self) -> Diffs {
        Diffs {
            archive: self.archive.clone(),
            records: self.records_of(Function::SnapshotApi),
            queue: self.world.queue.clone(),
            clock: self.clock.clone(),
            ids: self.world.ids.clone(),
        }
    }

    pub fn restores(&self) -> Restores {
        let archived = Arc::new(Archived::new(self.archive.clone(), self.records_of(Function::SnapshotApi)));
        Restores {
            records: self.records_of(Function::SnapshotApi),
            comparisons: archived.clone(),
            plans: archived,
            queue: self.world.queue.clone(),
            clock: self.clock.clone(),
            ids: self.world.ids.clone(),
        }
    }

    /// Asks for a comparison of everything, of every kind by its name: so it is never the one that followed a snapshot.
    pub async fn ask_diff(&self, before: &SnapshotId, after: Side) -> Diff {
        let all = NewComparison::of_everything(before.clone(), after);
        let new = NewComparison { kinds: KINDS.to_vec(), ..all };
        self.diffs().start(self.tenant(), "per_test", new).await.unwrap()
    }

    /// Asks for the preview of taking back what a comparison found.
    pub async fn ask_preview(&self, diff: &DiffId, selection: Selection) -> Restore {
        let new = NewRestore::of(RestoreFrom::Changes(diff.clone()), selection);
        self.restores().create_preview(self.tenant(), "per_test", new).await.unwrap()
    }

    /// What takes back everything that a comparison found.
    pub fn everything() -> Selection {
        Selection {
            items: vec![],
            attributes: AttributeMode::Overwrite,
            links: LinkMode::Rollback,
            delete_created: true,
            ..Selection::default()
        }
    }

    /// Approves a preview: the restore is then run.
    pub async fn ask_run(&self, restore: &Restore) -> Restore {
        self.restores().run(self.tenant(), "per_test", ApprovalRule::Off, &restore.id).await.unwrap()
    }

    pub async fn snapshot_row(&self, tenant: &TenantId, id: &SnapshotId) -> Snapshot {
        self.records.get(&Snapshot::at(tenant, id)).await.unwrap().value
    }

    pub async fn tenant_row(&self, tenant: &TenantId) -> Tenant {
        self.records.get(&Tenant::at(tenant)).await.unwrap().value
    }

    pub async fn snapshot_rows(&self, tenant: &TenantId) -> Vec<Snapshot> {
        let found = self.records.list_all(&Snapshot::all(tenant)).await;
        found.unwrap().into_iter().map(|f| f.value).collect()
    }

    pub async fn diff_rows(&self, tenant: &TenantId) -> Vec<Diff> {
        let found = self.records.list_all(&Diff::all(tenant)).await.unwrap();
        found.into_iter().map(|f| f.value).collect()
    }

    pub async fn manifest(&self, tenant: &TenantId, id: &SnapshotId) -> Result<Manifest> {
        self.archive.open(tenant).await?.get_manifest(id).await
    }
}
