//! What a tenant holds after each write of a restore: wherever a run is cut off, that is where it ends.

use super::{RestoreWorld, Table, TableDirectory};
use async_trait::async_trait;
use domain::kinds::Kind;
use domain::{RestoreId, Result, TenantId};
use engine::ports::{Access, Applied, DirectoryWrite, DirectoryWriter, HeldPass, Spent};
use std::sync::{Arc, Mutex};

/// A writer that keeps what there is after each of its writes.
struct Watching {
    table: Arc<TableDirectory>,
    seen: Mutex<Vec<Table>>,
}

#[async_trait]
impl DirectoryWriter for Watching {
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        DirectoryWriter::access(self.table.as_ref(), tenant).await
    }
    async fn apply(&self, tenant: &TenantId, call: &DirectoryWrite) -> Result<Applied> {
        let answer = self.table.apply(tenant, call).await;
        self.seen.lock().unwrap().push(self.table.table());
        answer
    }
    async fn list_passes(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<Vec<HeldPass>> {
        self.table.list_passes(tenant, kind, id).await
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

impl RestoreWorld {
    /// Approves a restore and runs it to its end; gives what there was after each of its writes.
    pub async fn run_watched(&self, restore: &RestoreId) -> Vec<Table> {
        self.approve(restore).await;
        let watching = Arc::new(Watching { table: self.directory.clone(), seen: Mutex::default() });
        let worker = self.worker_over(self.directory.clone(), watching.clone(), self.world.catalog.clone());
        worker.run(&self.request(restore), self.deadline()).await.unwrap();
        std::mem::take(&mut *watching.seen.lock().unwrap())
    }
}
