//! The commands of the data plane, by the engine.

use crate::ports::{
    Chosen, NewComparison, NewRestore, ObjectDetail, ObjectLink, ObjectQuery, ObjectSummary, PlanPage,
    SnapshotCommands, StepView,
};
use async_trait::async_trait;
use backup::archive::{Archive, name_of};
use backup::commands::browse::Browse;
use backup::commands::diffs::Diffs;
use backup::commands::restores::{From as RestoreFrom, Restores};
use backup::commands::search::Found;
use backup::commands::snapshots;
use backup::preview_restore::Archived;
use domain::changes::Change;
use domain::kinds::Kind;
use domain::restore::{SelectedItem, Selection};
use domain::{DiffId, Error, RestoreId, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::ports::{Clock, Ids, Page, Queue};
use engine::records::{Diff, Reason, Records, Restore, Snapshot};
use std::sync::Arc;

/// The engine behind the routes.
pub struct EngineCommands {
    records: Records,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    browse: Browse,
    diffs: Diffs,
    restores: Restores,
}

impl EngineCommands {
    /// Over these ports.
    pub fn new(
        archive: Arc<Archive>,
        records: Records,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let plans = Arc::new(Archived::new(archive.clone(), records.clone()));
        Self {
            browse: Browse { archive: archive.clone(), records: records.clone() },
            diffs: Diffs {
                archive,
                records: records.clone(),
                queue: queue.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            },
            restores: Restores {
                records: records.clone(),
                plans,
                queue: queue.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            },
            records,
            queue,
            clock,
            ids,
        }
    }
}

#[async_trait]
impl SnapshotCommands for EngineCommands {
    async fn take_snapshot(&self, tenant: &TenantId) -> Result<Snapshot> {
        let (queue, clock, ids) = (&*self.queue, &*self.clock, &*self.ids);
        let id = snapshots::start(&self.records, queue, clock, ids, tenant, Reason::Person).await?;
        self.browse.get(tenant, &id).await
    }

    async fn list_snapshots(&self, tenant: &TenantId, page: Page) -> Result<Listed<Snapshot>> {
        self.browse.list(tenant, page).await
    }

    async fn get_snapshot(&self, tenant: &TenantId, id: &SnapshotId) -> Result<Snapshot> {
        self.browse.get(tenant, id).await
    }

    async fn list_objects(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        query: ObjectQuery,
        page: Page,
    ) -> Result<Found> {
        self.browse.objects(tenant, id, query.kind, query.name.as_deref(), page).await
    }

    async fn get_object(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: &'static Kind,
        key: &str,
    ) -> Result<ObjectDetail> {
        let (object, links) = self.browse.object(tenant, id, kind, key).await?;
        let name = name_of(kind, &object);
        let links = links.into_iter().map(|l| ObjectLink {
            link: l.link.name,
            outgoing: l.outgoing,
            other: l.other,
            name: l.name,
            value: l.value,
        });
        Ok(ObjectDetail {
            summary: ObjectSummary { kind: kind.name, key: key.to_owned(), name },
            links: links.collect(),
            object,
        })
    }

    async fn start_comparison(&self, tenant: &TenantId, new: NewComparison) -> Result<Diff> {
        self.diffs.start(tenant, &new.before, new.after, &new.kinds, new.object).await
    }

    async fn get_comparison(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff> {
        self.diffs.get(tenant, id).await
    }

    async fn list_changes(&self, tenant: &TenantId, id: &DiffId, page: Page) -> Result<Listed<Change>> {
        self.diffs.changes(tenant, id, page).await
    }

    async fn preview_restore(&self, tenant: &TenantId, new: NewRestore) -> Result<Restore> {
        let (attributes, links, delete_created) = (new.attributes, new.links, new.delete_created);
        let (from, items) = match new.chosen {
            Chosen::Items { snapshot, items } => (RestoreFrom::Items(snapshot), items),
            Chosen::Changes { comparison, only: None } => (RestoreFrom::Changes(comparison), Vec::new()),
            Chosen::Changes { comparison, only: Some(only) } => {
                let diff = self.diffs.get(tenant, &comparison).await?;
                let changes = self.diffs.all_changes(tenant, &diff).await?;
                let item = |(i, (kind, key)): (usize, (&'static Kind, String))| {
                    let change = changes.iter().find(|c| c.kind == kind.name && c.key == key);
                    let unknown =
                        || Error::invalid_field(format!("only[{i}].key"), "is not in the comparison");
                    change.map(SelectedItem::of_change).ok_or_else(unknown)
                };
                let items = only.into_iter().enumerate().map(item).collect::<Result<_>>()?;
                (RestoreFrom::Items(diff.before), items)
            }
        };
        let selection = Selection { items, attributes, links, delete_created };
        self.restores.create_preview(tenant, &new.requested_by, &from, selection).await
    }

    async fn get_restore(&self, tenant: &TenantId, id: &RestoreId) -> Result<Restore> {
        self.restores.get(tenant, id).await
    }

    async fn read_plan(&self, tenant: &TenantId, id: &RestoreId, page: Page) -> Result<PlanPage> {
        let restore = self.restores.get(tenant, id).await?;
        let first = page.after.is_none();
        // Why not by its state: what failed after its preview has a plan, and may have written a part of it.
        if restore.previewed_at.is_none() {
            let steps = Listed { items: Vec::new(), next: None };
            return Ok(PlanPage { steps, remarks: Vec::new(), impossible: Vec::new() });
        }
        let steps = self.restores.list_steps(tenant, id, page.after, page.limit).await?;
        let impossible = if first { self.restores.list_impossible(tenant, id).await? } else { Vec::new() };
        let remarks = if first { self.restores.list_remarks(tenant, id).await? } else { Vec::new() };
        let items = steps.items.into_iter().map(|s| StepView { step: s.step, outcome: s.outcome });
        Ok(PlanPage { steps: Listed { items: items.collect(), next: steps.next }, remarks, impossible })
    }

    async fn run_restore(&self, tenant: &TenantId, id: &RestoreId, approved_by: &str) -> Result<Restore> {
        self.restores.run(tenant, approved_by, id).await
    }
}
