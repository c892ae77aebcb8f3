//! A sweep that takes longer than a tick has.

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Result, TenantId};
use engine::ports::{BlobName, Clock, Put, Vault, VaultSweeper};
use engine::purge_data;
use engine::records::{OrganisationPlace, Tenant};
use jiff::SignedDuration;
use std::sync::Arc;
use support::office::{Office, PARTNER, organisation, partner, tenant};

/// A vault in which each deletion takes a second.
struct Slow(Office);

#[async_trait]
impl Vault for Slow {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        self.0.world.vault.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.0.world.vault.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        self.0.world.vault.list(tenant, prefix, after, limit).await
    }
}

#[async_trait]
impl VaultSweeper for Slow {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        self.0.world.clock.advance(SignedDuration::from_secs(1));
        self.0.world.vault.delete(tenant, name).await
    }
}

#[tokio::test]
async fn a_sweep_whose_time_is_over_goes_on_with_the_next_tick() {
    let office = Office::new().await;
    let records = office.records();
    let place =
        OrganisationPlace { organisation: organisation(), partner: partner(PARTNER), tenant: Some(tenant()) };
    records.put_new(&place).await.unwrap();
    let found = records.get(&Tenant::at(&tenant())).await.unwrap();
    records.replace(&Tenant { has_parked: true, ..found.value }, found.version).await.unwrap();
    // As many as are listed at a time, and one more.
    for n in 0..1_001 {
        let name = BlobName::new(format!("parked/aa/{n:04}")).unwrap();
        office.world.vault.put_new(&tenant(), &name, vec![1].into()).await.unwrap();
    }
    let deadline = office.world.clock.now() + SignedDuration::from_mins(5);
    let world = &office.world;
    let (catalog, signer, anchors) = (world.catalog.clone(), world.signer.clone(), world.anchors.clone());
    let (clock, ids) = (world.clock.clone(), world.ids.clone());
    let vault = Arc::new(Slow(office));
    let ports = purge_data::Ports { catalog, vault, signer, anchors, clock, ids };
    let worker = purge_data::Worker::new(ports);
    assert_eq!(worker.run(deadline).await.unwrap().swept, 1_000);
    let later = deadline + SignedDuration::from_hours(1);
    assert_eq!(worker.run(later).await.unwrap().swept, 1);
}
