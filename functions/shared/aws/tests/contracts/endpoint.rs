//! What the adapters do on an endpoint beyond their contracts: provisioning, receiving, failing.

use crate::target::{SECRET, StandIn, Target};
use aws::{DynamoCatalog, SecretsManagerSecrets, SqsQueue, SqsReceiver, provision};
use aws_vault::S3Vault;
use bytes::Bytes;
use domain::{ErrorKind, Timestamp};
use engine::ports::{
    BlobName, Catalog, JobQueue, Outgoing, Page, Queue, Row, Scope, Secret, Secrets, Vault, Write,
};
use serde_json::json;

fn message(target: &Target, name: &str) -> Outgoing {
    Outgoing {
        queue: JobQueue::RunRestore,
        group: target.subjects.tenant.to_string(),
        deduplication_id: name.to_owned(),
        body: json!({"name": name}).to_string(),
    }
}

#[tokio::test]
async fn provisioning_again_keeps_what_is_there_and_takes_new_settings() {
    let Some(mut target) = Target::find("provisioning").await else { return };
    let tenant = target.subjects.tenant.clone();
    let (scope, now) = (Scope::Tenant(tenant.clone()), Timestamp::UNIX_EPOCH);
    let vault = S3Vault::new(&target.clients, &target.names.bucket);
    let catalog = DynamoCatalog::new(target.clients.dynamodb().clone(), &target.names.table);
    let name = BlobName::new("kept").unwrap();
    vault.put_new(&tenant, &name, Bytes::from_static(b"x")).await.unwrap();
    catalog.write(now, vec![Write::PutNew(scope.clone(), Row::new("kept", json!({})))]).await.unwrap();

    target.wanted.secrets.insert(SECRET.0.to_owned(), Secret::new("another text"));
    target.wanted.visibility_timeout_s = 30;
    assert_eq!(provision(&target.clients, &target.wanted).await.unwrap(), target.names);

    assert!(vault.find(&tenant, &name).await.unwrap().is_some());
    assert!(catalog.find(&scope, "kept", now).await.unwrap().is_some());
    let secrets = SecretsManagerSecrets::new(target.clients.secrets().clone(), &target.names.secret_prefix);
    assert_eq!(secrets.get(SECRET.0).await.unwrap().expose(), "another text");
}

#[tokio::test]
async fn a_message_that_is_never_finished_is_parked_after_five_deliveries() {
    let Some(target) = Target::find("dead letters").await else { return };
    let sqs = target.clients.sqs();
    let queue = SqsQueue::new(sqs.clone(), target.names.queue_urls.clone());
    let receiver = SqsReceiver::new(sqs.clone(), &target.names.queue_urls[&JobQueue::RunRestore]);
    let parked = SqsReceiver::new(sqs.clone(), &target.names.dead_letter_urls[&JobQueue::RunRestore]);
    for name in ["poison", "next"] {
        queue.send(message(&target, name)).await.unwrap();
    }
    for count in 1..=5 {
        let came = receiver.receive(1, 1).await.unwrap();
        assert_eq!((came[0].receive_count, &*came[0].body), (count, r#"{"name":"poison"}"#));
        assert_eq!(came[0].group.as_deref(), Some(target.subjects.tenant.as_str()));
        receiver.change_visibility(&came[0].receipt_handle, 0).await.unwrap();
    }
    let came = receiver.receive(1, 1).await.unwrap();
    assert_eq!(came[0].body, r#"{"name":"next"}"#, "the tenant goes on");
    assert_eq!(receiver.delete_batch(&[came[0].receipt_handle.clone()]).await.unwrap(), [""; 0]);
    let dead = parked.receive(10, 1).await.unwrap();
    assert_eq!(dead.iter().map(|m| &*m.body).collect::<Vec<_>>(), [r#"{"name":"poison"}"#]);
}

#[tokio::test]
async fn a_page_token_of_one_tenant_opens_nothing_of_another() {
    let Some(target) = Target::find("page tokens").await else { return };
    let catalog = DynamoCatalog::new(target.clients.dynamodb().clone(), &target.names.table);
    let scopes = [&target.subjects.tenant, &target.subjects.other].map(|t| Scope::Tenant(t.clone()));
    for scope in &scopes {
        let rows = (0..5).map(|n| Write::PutNew(scope.clone(), Row::new(format!("row#{n}"), json!({}))));
        catalog.write(Timestamp::UNIX_EPOCH, rows.collect()).await.unwrap();
    }
    let first = catalog.list(&scopes[0], "row#", Page::first(2)).await.unwrap();
    let next = Page { after: first.next, limit: 10, descending: false };
    assert_eq!(catalog.list(&scopes[0], "row#", next.clone()).await.unwrap().rows.len(), 3);
    let refused = catalog.list(&scopes[1], "row#", next).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn what_is_not_there_is_not_an_empty_answer() {
    let Some(target) = Target::find("missing resources").await else { return };
    let tenant = &target.subjects.tenant;
    let name = BlobName::new("a").unwrap();
    let vault = S3Vault::new(&target.clients, "test-no-such-bucket");
    let catalog = DynamoCatalog::new(target.clients.dynamodb().clone(), "test-no-such-table");
    let scope = Scope::Tenant(tenant.clone());
    let url = target.names.queue_urls[&JobQueue::RunRestore].replace("run-restore", "no-such-queue");
    let queue = SqsQueue::new(target.clients.sqs().clone(), [(JobQueue::RunRestore, url)].into());
    for (what, error) in [
        ("find", vault.find(tenant, &name).await.unwrap_err()),
        ("list", vault.list(tenant, "", None, 10).await.unwrap_err()),
        ("put", vault.put_new(tenant, &name, Bytes::new()).await.unwrap_err()),
        ("row", catalog.find(&scope, "a", Timestamp::UNIX_EPOCH).await.unwrap_err()),
        ("rows", catalog.list(&scope, "a", Page::first(1)).await.unwrap_err()),
        ("send", queue.send(message(&target, "lost")).await.unwrap_err()),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{what}: {error}");
    }
    if target.stand_in == StandIn::Other {
        eprintln!("a bucket of that name may be somebody else's: then the vault says Denied");
    }
}
