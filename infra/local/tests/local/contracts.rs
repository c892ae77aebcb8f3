//! The contracts of the ports over the adapters of this machine.

use crate::common::{HandClock, ids, queue_in};
use async_trait::async_trait;
use bytes::Bytes;
use engine::ports::{BlobName, ExportFile, ExportLinks, JobQueue, Mail, Put, Secret, Signer, Vault};
use local::drill::Overlay;
use local::embedded::{
    AnchorFolder, EmbeddedDynamo, ExportFolder, FileSecrets, FolderVault, Handle, KeyFile, LocalQueue,
    Outbox, SecretSettings, SigningFile,
};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use support::contracts::{self, Allowances, ExportProbe, MailProbe, QueueProbe, Subjects};
use support::memory::{Delivery, ManualClock};

fn subjects() -> Subjects {
    Subjects::seeded(1)
}

#[tokio::test]
async fn the_folder_vault_keeps_the_contract_of_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(FolderVault::open(folder.path()).unwrap());
    contracts::vault(vault.clone(), &subjects(), &Allowances::none("folder")).await;
    contracts::vault_sweeper(vault, &subjects()).await;
}

#[tokio::test]
async fn the_vault_of_a_drill_keeps_the_contract_of_the_vault_over_another_and_leaves_that_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let below = Arc::new(FolderVault::open(folder.path()).unwrap());
    let over = Arc::new(Overlay::over(below.clone()));
    contracts::vault(over.clone(), &subjects(), &Allowances::none("overlay")).await;
    let (tenant, name) =
        ("7e000000-0000-4000-8000-000000000001".parse().unwrap(), BlobName::new("a/b").unwrap());
    assert_eq!(below.put_new(&tenant, &name, "below".into()).await.unwrap(), Put::New);
    assert_eq!(over.put_new(&tenant, &name, "above".into()).await.unwrap(), Put::AlreadyThere);
    assert_eq!(over.find(&tenant, &name).await.unwrap().unwrap(), "below");
    let other = BlobName::new("a/c").unwrap();
    assert_eq!(over.put_new(&tenant, &other, "above".into()).await.unwrap(), Put::New);
    assert_eq!(over.list(&tenant, "a/", None, 10).await.unwrap(), [name.clone(), other.clone()]);
    assert_eq!(over.list(&tenant, "a/", Some(&name), 10).await.unwrap(), [other]);
    assert_eq!(below.list(&tenant, "a/", None, 10).await.unwrap(), [name]);
}

/// Fetches as the host of this machine does.
struct Fetch(ExportFolder);

#[async_trait]
impl ExportProbe for Fetch {
    async fn fetch(&self, link: &str) -> Option<Bytes> {
        self.0.open(link).await.unwrap().map(|opened| opened.bytes)
    }
}

#[tokio::test]
async fn a_folder_keeps_the_contract_of_exports_and_its_links_are_good_for_their_time_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let exports = ExportFolder::new(folder.path(), clock.clone(), ids()).unwrap();
    contracts::exports(&exports, &exports, &Fetch(exports.clone()), &subjects()).await;
    let file =
        ExportFile { tenant: subjects().tenant, download: "dow_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap() };
    let link = exports.link(&file, "a.csv", "text/csv", 300).await.unwrap();
    let opened = exports.open(&link).await.unwrap().unwrap();
    assert_eq!(opened.save_as, "a.csv");
    for forged in [link.replace("a.csv", "b.csv"), link.replace("until=", "until=9"), "/files/x".to_owned()] {
        assert_eq!(exports.open(&forged).await.unwrap(), None, "{forged}");
    }
    clock.advance(jiff::SignedDuration::from_secs(300));
    assert_eq!(exports.open(&link).await.unwrap(), None, "its time is over");
}

#[tokio::test]
async fn the_embedded_dynamodb_keeps_the_contract_of_the_catalog() {
    let dynamo = EmbeddedDynamo::start(None).await.unwrap();
    let catalog = local::ports::embedded_catalog(&dynamo).await.unwrap();
    let catalog = Arc::new(catalog);
    contracts::catalog(catalog.clone(), &subjects(), &Allowances::none("dynoxide in memory")).await;
    contracts::whole_catalog(&*catalog, &subjects()).await;
    dynamo.stop().await;
}

#[tokio::test]
async fn the_key_file_keeps_the_contract_of_the_key_ring() {
    let folder = tempfile::tempdir().unwrap();
    let ring = KeyFile::open(&folder.path().join("keys/master.key"), ids()).await.unwrap();
    contracts::key_ring(Arc::new(ring), &subjects(), &Allowances::none("key file")).await;
}

#[tokio::test]
async fn the_signing_file_keeps_the_contract_of_the_signer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys/signing.key");
    let signer = SigningFile::open(&file).await.unwrap();
    let key = signer.public_key().await.unwrap();
    contracts::signer(Arc::new(signer)).await;
    assert_eq!(SigningFile::open(&file).await.unwrap().public_key().await.unwrap(), key, "it is kept");
}

#[tokio::test]
async fn the_folder_of_anchors_keeps_the_contract_of_anchors() {
    let folder = tempfile::tempdir().unwrap();
    contracts::anchors(Arc::new(AnchorFolder::new(folder.path())), &subjects()).await;
}

#[tokio::test]
async fn the_file_secrets_keep_the_contract_of_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = FileSecrets::open(folder.path(), SecretSettings::default()).unwrap();
    let value = r#"{"clientId":"a","clientSecret":"hidden"}"#;
    secrets.put("graph-reader", &Secret::new(value)).await.unwrap();
    contracts::secrets(Arc::new(secrets), "graph-reader", value).await;
}

struct Receiving {
    queue: LocalQueue,
    held: Mutex<HashMap<String, Handle>>,
}

impl Receiving {
    fn handle(&self, delivery: &Delivery) -> Handle {
        self.held.lock().unwrap()[&delivery.receipt].clone()
    }
}

#[async_trait]
impl QueueProbe for Receiving {
    async fn receive(&self, queue: JobQueue) -> Vec<Delivery> {
        let received = self.queue.receive(queue, 10).await.unwrap();
        let mut held = self.held.lock().unwrap();
        let deliver = |r: local::embedded::Received| {
            let receipt = format!("{}.{}", r.handle.receipt(), r.id);
            held.insert(receipt.clone(), r.handle);
            Delivery {
                queue: r.sent.queue,
                group: r.sent.group,
                body: r.sent.body,
                message_id: r.id,
                receipt,
                receive_count: r.receive_count,
                trace: r.trace,
            }
        };
        received.into_iter().map(deliver).collect()
    }
    async fn delete(&self, delivery: &Delivery) {
        self.queue.delete(&self.handle(delivery)).await.unwrap();
    }
    async fn make_visible(&self, delivery: &Delivery) {
        self.queue.release(&self.handle(delivery), 0, None).await.unwrap();
    }
}

#[tokio::test]
async fn the_local_queue_keeps_the_contract_of_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let queue = queue_in(&folder.path().join("queues.sqlite"), Arc::new(HandClock::default()));
    let probe = Receiving { queue: queue.clone(), held: Mutex::default() };
    contracts::queue(Arc::new(queue), &probe, &subjects(), &Allowances::none("local queue")).await;
}

struct Folder(PathBuf);

#[async_trait]
impl MailProbe for Folder {
    async fn sent(&self) -> Vec<Mail> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|file| mail_of(&std::fs::read(file).unwrap())).collect()
    }
}

fn mail_of(bytes: &[u8]) -> Mail {
    let message = mail_parser::MessageParser::default().parse(bytes).unwrap();
    let body = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().replace("\r\n", "\n");
    let id = message.message_id().unwrap_or_default();
    Mail {
        id: id.rsplit_once('@').map_or(id, |(id, _)| id).parse().unwrap(),
        to: message.to().unwrap().first().unwrap().address().unwrap_or_default().to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: body(message.body_text(0)),
        html: body(message.body_html(0)),
        about: contracts::about(),
    }
}

#[tokio::test]
async fn the_outbox_keeps_the_contract_of_the_mailer() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let outbox = Outbox::open(folder.path(), "Holdfast <a@example.com>", clock).unwrap();
    let probe = Folder(folder.path().to_owned());
    contracts::mailer(Arc::new(outbox), &probe, &subjects(), &Allowances::none("outbox")).await;
}
