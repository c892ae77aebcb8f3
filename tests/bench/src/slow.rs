//! A vault that takes its time, as one behind a network does.

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Result, TenantId};
use engine::ports::{BlobName, Put, Vault};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A [`Vault`] that answers each call so much later, and counts what it is asked for.
pub struct SlowVault {
    inner: Arc<dyn Vault>,
    later: Duration,
    finds: AtomicU64,
}

impl SlowVault {
    /// The same vault, `ms` milliseconds later.
    pub fn new(inner: Arc<dyn Vault>, ms: u64) -> Self {
        Self { inner, later: Duration::from_millis(ms), finds: AtomicU64::new(0) }
    }

    /// How many blobs were asked for since this was last called.
    pub fn take_finds(&self) -> u64 {
        self.finds.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl Vault for SlowVault {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        tokio::time::sleep(self.later).await;
        self.inner.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.finds.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.later).await;
        self.inner.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        tokio::time::sleep(self.later).await;
        self.inner.list(tenant, prefix, after, limit).await
    }
}
