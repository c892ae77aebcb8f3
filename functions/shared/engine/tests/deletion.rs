//! What the deletion of an organisation does first, and what it finds.

#![allow(clippy::unwrap_used, missing_docs)]

use async_trait::async_trait;
use bytes::Bytes;
use domain::organisations::OrganisationState;
use domain::{PlanId, Result, TenantId};
use engine::ports::{BlobName, Clock, Put, Vault, VaultSweeper};
use engine::purge_data;
use engine::records::{
    DeletionCertificate, Ending, NoticeEntry, Organisation, OrganisationPlace, Record, StoredKey, Tenant,
};
use jiff::SignedDuration;
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty, Mode};
use support::office::{Office, PARTNER, SIBLING, at, organisation, partner, tenant};

const DUE: &str = "2026-11-24T00:00:00Z";

async fn doomed() -> Office {
    let office = Office::new().await;
    office.announce_two_changes().await.unwrap();
    let row = Organisation {
        id: organisation(),
        partner: partner(PARTNER),
        name: "Contoso".to_owned(),
        email: "it@contoso.example".to_owned(),
        details: String::new(),
        state: OrganisationState::Deleting,
        plan: PlanId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
        seats: 5,
        features: vec![],
        tenant: Some(tenant()),
        not_protected: vec![],
        writer_consented_at: None,
        created_at: at(support::office::START),
        ending: Some(Ending {
            by: "somebody".to_owned(),
            asked_at: at(support::office::START),
            delete_at: at(DUE),
            before: OrganisationState::Active,
            began_at: None,
            key_fingerprint: None,
            blobs: 0,
            rows: 0,
        }),
        former_partners: vec![partner(SIBLING)],
        connecting: None,
    };
    office.records().put_new(&row).await.unwrap();
    let name = BlobName::new("parked/aa/x").unwrap();
    office.world.vault.put_new(&tenant(), &name, vec![1].into()).await.unwrap();
    office.world.clock.advance_to(at(DUE));
    office
}

async fn tick(office: &Office, plan: &Arc<FaultPlan>) -> purge_data::Report {
    let worker = purge_data::Worker::new(purge_data::Ports {
        catalog: office.world.catalog.clone(),
        vault: Faulty::new(office.world.vault.clone(), plan),
        signer: office.world.signer.clone(),
        clock: office.world.clock.clone(),
    });
    worker.run(office.deadline()).await.unwrap()
}

#[tokio::test]
async fn the_key_goes_and_snapshots_stop_before_anything_is_swept() {
    let office = doomed().await;
    let plan = FaultPlan::new();
    plan.die_at(0, Mode::Before);
    let first = tick(&office, &plan).await;
    assert_eq!((first.begun, first.failed), (1, 1), "the vault does not answer");
    let records = office.records();
    assert_eq!(records.find(&StoredKey::at(&tenant())).await.unwrap(), None);
    let row = records.get(&Tenant::at(&tenant())).await.unwrap().value;
    assert_eq!(row.next_snapshot_at, None);
}

#[tokio::test]
async fn what_former_partners_heard_goes_too() {
    let office = doomed().await;
    let heard = NoticeEntry {
        listener: partner(SIBLING),
        at: at(support::office::START),
        tenant: tenant(),
        organisation: organisation(),
        topic: domain::notices::Topic::Changes,
        notice: "n".to_owned(),
    };
    office.records().put_new(&heard).await.unwrap();
    // One that has ended long ago, which the catalog has not swept yet.
    let ended = NoticeEntry { at: at("2026-01-01T00:00:00Z"), ..heard.clone() };
    office.records().put_new(&ended).await.unwrap();
    tick(&office, &FaultPlan::new()).await;
    let keys: Vec<_> = office.world.catalog.rows().into_iter().map(|(_, row)| row.key).collect();
    for gone in [heard, ended] {
        assert!(!keys.iter().any(|key| key == gone.address().key()), "{keys:?}");
    }
}

#[tokio::test]
async fn a_certificate_counts_what_all_passes_removed() {
    let office = doomed().await;
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 0, "somebody may still hold the key");
    office.world.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 1);
    let at = DeletionCertificate::at(&partner(PARTNER), &organisation());
    let certificate = office.records().get(&at).await.unwrap().value;
    assert_eq!(certificate.blobs, 1);
}

#[tokio::test]
async fn what_an_open_snapshot_put_aside_stays_until_it_is_sealed() {
    let office = Office::new().await;
    let records = office.records();
    let place =
        OrganisationPlace { organisation: organisation(), partner: partner(PARTNER), tenant: Some(tenant()) };
    records.put_new(&place).await.unwrap();
    let name = BlobName::new("parked/aa/x").unwrap();
    office.world.vault.put_new(&tenant(), &name, vec![1].into()).await.unwrap();
    for (open, swept) in [(Some(support::office::snapshot()), 0), (None, 1)] {
        let found = records.get(&Tenant::at(&tenant())).await.unwrap();
        let row = Tenant { has_parked: true, open_snapshot: open, ..found.value };
        records.replace(&row, found.version).await.unwrap();
        office.world.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(tick(&office, &FaultPlan::new()).await.swept, swept);
    }
}

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
    let (catalog, signer, clock) =
        (office.world.catalog.clone(), office.world.signer.clone(), office.world.clock.clone());
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
    let vault = Arc::new(Slow(office));
    let worker = purge_data::Worker::new(purge_data::Ports { catalog, vault, signer, clock });
    assert_eq!(worker.run(deadline).await.unwrap().swept, 1_000);
    let later = deadline + SignedDuration::from_hours(1);
    assert_eq!(worker.run(later).await.unwrap().swept, 1);
}
