//! The contracts, over the memory adapters: what everybody else's tests stand on keeps them to the letter.

use async_trait::async_trait;
use bytes::Bytes;
use engine::ports::{Clock, ExportFile, JobQueue, Mail, Vault};
use std::sync::Arc;
use support::contracts::{self, Allowances, ExportProbe, MailProbe, QueueProbe, Subjects};
use support::faulty::{FaultPlan, Faulty};
use support::memory::{Delivery, MemoryExports, MemoryMailer, MemoryQueue, World};

struct MemoryProbe(Arc<MemoryQueue>, Arc<MemoryMailer>);

#[async_trait]
impl QueueProbe for MemoryProbe {
    async fn receive(&self, queue: JobQueue) -> Vec<Delivery> {
        self.0.receive(queue)
    }
    async fn delete(&self, delivery: &Delivery) {
        assert!(self.0.delete(delivery));
    }
    async fn make_visible(&self, delivery: &Delivery) {
        assert!(self.0.fail(delivery, 0));
    }
}

#[async_trait]
impl MailProbe for MemoryProbe {
    async fn sent(&self) -> Vec<Mail> {
        self.1.sent()
    }
}

fn all() -> (World, MemoryProbe, Subjects, Allowances) {
    let world = World::new(1);
    let probe = MemoryProbe(world.queue.clone(), world.mailer.clone());
    (world, probe, Subjects::seeded(1), Allowances::none("memory"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vault_keeps_its_contract() {
    let (world, _, subjects, allowances) = all();
    contracts::vault(world.vault.clone(), &subjects, &allowances).await;
    contracts::vault_sweeper(world.vault.clone(), &subjects).await;
    contracts::vault_keeper(world.vault.clone(), world.vault, world.clock.now(), &subjects).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_keeps_its_contract() {
    let (world, _, subjects, allowances) = all();
    contracts::catalog(world.catalog.clone(), &subjects, &allowances).await;
    contracts::whole_catalog(&*world.catalog, &subjects).await;
}

#[tokio::test]
async fn the_place_of_anchors_keeps_its_contract() {
    let (world, _, subjects, _) = all();
    contracts::anchors(world.anchors, &subjects).await;
}

/// Fetches what a link of the memory's leads to.
struct Fetch(Arc<MemoryExports>);

#[async_trait]
impl ExportProbe for Fetch {
    async fn fetch(&self, link: &str) -> Option<Bytes> {
        let path = link.strip_prefix("https://exports.example/x/")?.split('?').next()?;
        let (tenant, download) = path.split_once('/')?;
        self.0.file(&ExportFile { tenant: tenant.parse().ok()?, download: download.parse().ok()? })
    }
}

#[tokio::test]
async fn the_place_of_exports_keeps_its_contract() {
    let (world, _, subjects, _) = all();
    let probe = Fetch(world.exports.clone());
    contracts::exports(&*world.exports, &*world.exports, &probe, &subjects).await;
    let plan = FaultPlan::new();
    let under_a_plan = Faulty::new(world.exports.clone(), &plan);
    contracts::exports(&*under_a_plan, &*world.exports, &probe, &Subjects::seeded(2)).await;
}

#[tokio::test]
async fn the_queue_keeps_its_contract() {
    let (world, probe, subjects, allowances) = all();
    contracts::queue(world.queue, &probe, &subjects, &allowances).await;
}

#[tokio::test]
async fn the_key_ring_keeps_its_contract() {
    let (world, _, subjects, allowances) = all();
    contracts::key_ring(world.key_ring, &subjects, &allowances).await;
}

#[tokio::test]
async fn the_signer_keeps_its_contract() {
    let (world, ..) = all();
    contracts::signer(world.signer).await;
}

#[tokio::test]
async fn the_mailer_keeps_its_contract() {
    let (world, probe, subjects, allowances) = all();
    contracts::mailer(world.mailer, &probe, &subjects, &allowances).await;
}

#[tokio::test]
async fn the_secrets_keep_their_contract() {
    let (world, ..) = all();
    world.secrets.put("contract", "s3cr3t äö");
    contracts::secrets(world.secrets, "contract", "s3cr3t äö").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_under_a_plan_without_faults_keeps_its_contract() {
    let (world, probe, subjects, allowances) = all();
    let plan = FaultPlan::new();
    let vault = Faulty::new(world.vault.clone() as Arc<dyn Vault>, &plan);
    contracts::vault(vault, &subjects, &allowances).await;
    contracts::vault_sweeper(Faulty::new(world.vault, &plan), &subjects).await;
    contracts::catalog(Faulty::new(world.catalog, &plan), &subjects, &allowances).await;
    contracts::queue(Faulty::new(world.queue, &plan), &probe, &subjects, &allowances).await;
    contracts::key_ring(Faulty::new(world.key_ring, &plan), &subjects, &allowances).await;
    contracts::mailer(Faulty::new(world.mailer, &plan), &probe, &subjects, &allowances).await;
    assert!(plan.log().count("vault", "put_new") > 1_000 && plan.log().count_of_port("mailer") > 3);
}
