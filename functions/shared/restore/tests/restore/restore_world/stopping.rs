//! Somebody stops a restore while it writes.

use super::{RestoreWorld, TableDirectory};
use async_trait::async_trait;
use domain::kinds::Kind;
use domain::{RestoreId, Result, TenantId};
use engine::ports::{Access, Applied, DirectoryWrite, DirectoryWriter, HeldPass, Spent};
use restore::commands::restores::Restores;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A writer with which somebody stops the restore while its nth write is under way.
struct Stopping {
    table: Arc<TableDirectory>,
    commands: Restores,
    restore: RestoreId,
    at: u32,
    writes: AtomicU32,
}

#[async_trait]
impl DirectoryWriter for Stopping {
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        DirectoryWriter::access(self.table.as_ref(), tenant).await
    }
    async fn apply(&self, tenant: &TenantId, call: &DirectoryWrite) -> Result<Applied> {
        if self.writes.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            self.commands.cancel(tenant, "chief", &self.restore).await?;
        }
        self.table.apply(tenant, call).await
    }
    async fn list_passes(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<Vec<HeldPass>> {
        self.table.list_passes(tenant, kind, id).await
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

impl RestoreWorld {
    /// Runs an approved restore, which is stopped while its nth write is under way; gives how many writes there were.
    pub async fn run_until_stopped(&self, restore: &RestoreId, at: u32) -> u32 {
        let (table, commands) = (self.directory.clone(), self.commands());
        let stopping =
            Arc::new(Stopping { table, commands, restore: restore.clone(), at, writes: AtomicU32::new(0) });
        let worker = self.worker_over(self.directory.clone(), stopping.clone(), self.world.catalog.clone());
        worker.run(&self.request(restore), self.deadline()).await.unwrap();
        stopping.writes.load(Ordering::SeqCst)
    }
}
