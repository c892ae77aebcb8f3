//! The adapters against the contracts of their ports, on the endpoint that `AWS_ENDPOINT_URL` names.
//!
//! `HOLDFAST_STAND_IN` says what is behind it (`ministack`, `moto`; anything else counts as AWS). Without an
//! endpoint nothing runs, and each test says so.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "the endpoint is a setting of whoever runs the tests")]

mod endpoint;
mod notices;
mod request;
mod target;

use async_trait::async_trait;
use aws::{
    DynamoCatalog, KmsKeyRing, KmsSigner, Received, SecretsManagerSecrets, SesMailer, SqsQueue, SqsReceiver,
    mime,
};
use aws_vault::{S3ExportLinks, S3Exports, S3Keeper, S3Vault};
use domain::{ErrorKind, Result};
use engine::ports::{Handed, JobQueue, Mail, MailId, Mailer, Signer, is_address};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use support::contracts::{self, ExportProbe, MailProbe, QueueProbe};
use support::memory::Delivery;
use target::{SECRET, SENDER, StandIn, Target};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_keeps_the_contract_of_the_vault() {
    let Some(target) = Target::find("Vault on S3").await else { return };
    let vault = Arc::new(S3Vault::new(&target.clients, &target.names.bucket));
    contracts::vault(vault.clone(), &target.subjects, &target.allowances()).await;
    contracts::vault_sweeper(vault.clone(), &target.subjects).await;
    let keeper = S3Keeper::new(&target.clients, &target.names.bucket, "GOVERNANCE").unwrap();
    contracts::vault_keeper(Arc::new(keeper), vault, domain::Timestamp::now(), &target.subjects).await;
    let unknown = S3Keeper::new(&target.clients, &target.names.bucket, "NONE");
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::Invalid);
}

/// Fetches as a browser does: without any credential.
struct Browser;

#[async_trait]
impl ExportProbe for Browser {
    async fn fetch(&self, link: &str) -> Option<bytes::Bytes> {
        let answer = reqwest::get(link).await.unwrap();
        if !answer.status().is_success() {
            return None;
        }
        let saved_as = answer.headers()["content-disposition"].to_str().unwrap();
        assert_eq!(saved_as, "attachment; filename=\"a.csv\"");
        Some(answer.bytes().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_keeps_the_contract_of_exports() {
    let Some(target) = Target::find("Exports on S3").await else { return };
    let exports = S3Exports::new(&target.clients, &target.names.bucket);
    let links = S3ExportLinks::new(&target.clients, &target.names.bucket);
    contracts::exports(&exports, &links, &Browser, &target.subjects).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dynamodb_keeps_the_contract_of_the_catalog() {
    let Some(target) = Target::find("Catalog on DynamoDB").await else { return };
    let catalog = DynamoCatalog::new(target.clients.dynamodb().clone(), &target.names.table);
    let catalog = Arc::new(catalog);
    contracts::catalog(catalog.clone(), &target.subjects, &target.allowances()).await;
    contracts::whole_catalog(&*catalog, &target.subjects).await;
}

#[tokio::test]
async fn kms_keeps_the_contract_of_the_key_ring() {
    let Some(target) = Target::find("KeyRing on KMS").await else { return };
    let ring = KmsKeyRing::new(target.clients.kms().clone(), &target.names.kms_key_id);
    contracts::key_ring(Arc::new(ring), &target.subjects, &target.allowances()).await;
}

#[tokio::test]
async fn kms_keeps_the_contract_of_the_signer() {
    let Some(target) = Target::find("Signer on KMS").await else { return };
    let signer = KmsSigner::new(target.clients.kms().clone(), &target.names.signing_key_id);
    contracts::signer(Arc::new(signer)).await;
    let missing = KmsSigner::new(target.clients.kms().clone(), uuid::Uuid::new_v4().to_string());
    assert_eq!(missing.public_key().await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(missing.sign(b"x").await.unwrap_err().kind(), ErrorKind::Denied);
    let wrapping = KmsSigner::new(target.clients.kms().clone(), &target.names.kms_key_id);
    assert_eq!(wrapping.sign(b"x").await.unwrap_err().kind(), ErrorKind::Denied, "a key for something else");
}

#[tokio::test]
async fn secrets_manager_keeps_the_contract_of_secrets() {
    let Some(target) = Target::find("Secrets on Secrets Manager").await else { return };
    let secrets = SecretsManagerSecrets::new(target.clients.secrets().clone(), &target.names.secret_prefix);
    contracts::secrets(Arc::new(secrets), SECRET.0, SECRET.1).await;
}

#[tokio::test]
async fn sqs_keeps_the_contract_of_the_queue() {
    let Some(target) = Target::find("Queue on SQS").await else { return };
    let sqs = target.clients.sqs();
    let queue = SqsQueue::new(sqs.clone(), target.names.queue_urls.clone());
    let receivers = target.names.queue_urls.iter().map(|(q, url)| (*q, SqsReceiver::new(sqs.clone(), url)));
    // Why: a short poll of SQS may miss what is there; of the stand-ins it does not.
    let wait_s = u32::from(target.stand_in == StandIn::Other);
    let probe = SqsProbe { receivers: receivers.collect(), wait_s };
    contracts::queue(Arc::new(queue), &probe, &target.subjects, &target.allowances()).await;
}

struct SqsProbe {
    receivers: BTreeMap<JobQueue, SqsReceiver>,
    wait_s: u32,
}

#[async_trait]
impl QueueProbe for SqsProbe {
    async fn receive(&self, queue: JobQueue) -> Vec<Delivery> {
        let delivery = |message: Received| Delivery {
            queue,
            group: message.group.unwrap_or_default(),
            body: message.body,
            message_id: message.message_id,
            receipt: message.receipt_handle,
            receive_count: message.receive_count,
            trace: message.attributes.get("AWSTraceHeader").cloned(),
        };
        let came = self.receivers[&queue].receive(10, self.wait_s).await.unwrap();
        came.into_iter().map(delivery).collect()
    }
    async fn delete(&self, delivery: &Delivery) {
        let kept =
            self.receivers[&delivery.queue].delete_batch(std::slice::from_ref(&delivery.receipt)).await;
        assert_eq!(kept.unwrap(), [""; 0], "the message is deleted");
    }
    async fn make_visible(&self, delivery: &Delivery) {
        self.receivers[&delivery.queue].change_visibility(&delivery.receipt, 0).await.unwrap();
    }
}

#[tokio::test]
async fn a_mail_as_it_is_handed_to_ses_keeps_the_contract_of_the_mailer() {
    let outbox = Arc::new(Outbox::default());
    let subjects = contracts::Subjects::seeded(7);
    contracts::mailer(outbox.clone(), &*outbox, &subjects, &contracts::Allowances::none("mime")).await;
}

/// What SES would be given, read as a receiver would.
#[derive(Default)]
struct Outbox(Mutex<Vec<Vec<u8>>>);

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        if !is_address(&mail.to) {
            return Ok(Handed::AddressRefused);
        }
        let bytes = mime(mail, SENDER)?;
        let mut sent = self.0.lock().unwrap();
        sent.push(bytes);
        Ok(Handed::Taken(sent.len().to_string()))
    }
}

#[async_trait]
impl MailProbe for Outbox {
    async fn sent(&self) -> Vec<Mail> {
        let read = |bytes: &Vec<u8>| {
            let message = MessageParser::default().parse(bytes).unwrap();
            let body = |text: Option<Cow<'_, str>>| text.unwrap().replace("\r\n", "\n");
            let id: MailId =
                message.header("X-Holdfast-Mail-Id").and_then(|h| h.as_text()).unwrap().parse().unwrap();
            assert_eq!(message.message_id(), Some(&*format!("{id}@holdfast.example")));
            assert_eq!(message.to().unwrap().clone().into_list().len(), 1, "one receiver");
            Mail {
                id,
                to: message.to().unwrap().first().unwrap().address().unwrap().to_owned(),
                subject: message.subject().unwrap().to_owned(),
                text: body(message.body_text(0)),
                html: body(message.body_html(0)),
                about: contracts::about(),
            }
        };
        self.0.lock().unwrap().iter().map(read).collect()
    }
}

#[tokio::test]
async fn ses_takes_a_mail_as_it_was_meant() {
    let Some(target) = Target::find("Mailer on SES").await else { return };
    let mailer = SesMailer::new(target.clients.ses().clone(), &target.names.sender);
    let mail = Mail {
        id: MailId::of("test", &[target.subjects.tenant.as_str()]),
        to: "ada@example.com".to_owned(),
        subject: "Rôle accordé".to_owned(),
        text: "Zoë was given a role.\n".to_owned(),
        html: "<p>Zoë was given a role.</p>\n".to_owned(),
        about: contracts::about(),
    };
    let Handed::Taken(name) = mailer.send(&mail).await.unwrap() else { panic!("refused") };
    let wrong = Mail { to: "nobody".to_owned(), ..mail.clone() };
    assert_eq!(mailer.send(&wrong).await.unwrap(), Handed::AddressRefused);
    let StandIn::Ministack = target.stand_in else {
        eprintln!("not looked at: what this endpoint was given to send cannot be read back");
        return;
    };
    let url = format!("{}/_ministack/ses/messages", target.endpoint.trim_end_matches('/'));
    let sent: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let all = sent["messages"].as_object().unwrap().values().flat_map(|of| of.as_array().unwrap());
    let found = all.into_iter().find(|m| m["MessageId"] == name).expect("the mail under the name given");
    assert_eq!(found["To"], json!([mail.to]));
    assert_eq!(found["Source"], SENDER);
    assert_eq!(found["Subject"], mail.subject);
    let body = |name: &str| found[name].as_str().map(|text| text.replace("\r\n", "\n"));
    assert_eq!(body("BodyText"), Some(mail.text));
    assert_eq!(body("BodyHtml"), Some(mail.html));
}
