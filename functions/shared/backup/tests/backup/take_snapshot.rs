//! What a message of a snapshot comes to where nothing is to be read: the directory does not answer at all, or is empty.

use async_trait::async_trait;
use backup::archive::Archive;
use backup::take_snapshot::{Ports, Report, Request, Worker};
use bytes::Bytes;
use domain::kinds::{Kind, LinkType, Source};
use domain::stored::Manifest;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::ports::{
    Access, BlobName, ConsentStanding, Cursor, Directory, DirectoryAccess, DirectoryPages, JobQueue,
    LiveObject, LiveObjects, PageEnd, Put, ReadPage, Spent, Vault,
};
use engine::records::{Cause, Diff, JobState, Reason, Record, Side, Snapshot, SnapshotMode, Tenant};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use std::sync::Arc;
use support::builders::{queued_comparison, sealed_snapshot};
use support::memory::Nobody;
use support::office::{Office, tenant};

const ULID: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";

fn snapshot(office: &Office, state: JobState) -> Snapshot {
    let now = office.clock().now();
    Snapshot {
        reason: Reason::Schedule,
        state,
        mode: Some(SnapshotMode::Incremental),
        sealed_at: (state == JobState::Done).then_some(now),
        ..sealed_snapshot(&tenant(), SnapshotId::from_ulid(ULID), now)
    }
}

async fn run(office: &Office) -> Report {
    run_over(office, Arc::new(Nobody), office.world.vault.clone()).await
}

async fn run_over(office: &Office, directory: Arc<dyn Directory>, vault: Arc<dyn Vault>) -> Report {
    let worker = Worker::new(Ports {
        directory,
        vault,
        keys: office.world.key_ring.clone(),
        records: office.records(),
        queue: office.queue(),
        clock: office.clock(),
    });
    let request = Request { tenant: tenant(), snapshot: SnapshotId::from_ulid(ULID) };
    worker.run(&request, office.deadline()).await.unwrap()
}

#[tokio::test]
async fn a_snapshot_whose_wait_is_not_over_is_not_taken_up() {
    let office = Office::new().await;
    let mut row = snapshot(&office, JobState::Running);
    row.course.hold_up(Cause::Throttled, 0, office.clock().now(), Some(60_000));
    office.records().put_new(&row).await.unwrap();
    let until = row.course.held_up.unwrap().until.unwrap();
    assert_eq!(run(&office).await, Report::Waits(until));
    assert_eq!(office.records().get(&row.address()).await.unwrap().value, row);
}

/// The process may have died between the row of the comparison and its message.
#[tokio::test]
async fn a_snapshot_that_is_sealed_starts_its_comparison_again_while_that_has_not_been_made() {
    let office = Office::new().await;
    office.records().put_new(&snapshot(&office, JobState::Done)).await.unwrap();
    let now = office.clock().now();
    let diff = Diff {
        announce: true,
        ..queued_comparison(
            &tenant(),
            DiffId::from_ulid(ULID),
            SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            Side::Snapshot(SnapshotId::from_ulid(ULID)),
            now,
        )
    };
    office.records().put_new(&diff).await.unwrap();
    assert_eq!(run(&office).await, Report::AlreadyDone);
    assert_eq!(office.world.queue.waiting_count(JobQueue::DiffSnapshots), 1);
    let found = office.records().get(&diff.address()).await.unwrap();
    office.records().replace(&Diff { state: JobState::Done, ..found.value }, found.version).await.unwrap();
    office.world.queue.receive(JobQueue::DiffSnapshots);
    assert_eq!(run(&office).await, Report::AlreadyDone);
    assert_eq!(office.world.queue.sent().len(), 1, "it is made");
}

/// A tenant in which there is nothing.
struct Empty;

impl Directory for Empty {}

#[async_trait]
impl DirectoryAccess for Empty {
    async fn access(&self, _: &TenantId) -> Result<Access> {
        Ok(Access { permissions: vec![], principal: None })
    }
    async fn standing(&self, _: &TenantId, _: &str) -> Result<ConsentStanding> {
        Ok(ConsentStanding::NotThere)
    }
    async fn organisation(&self, _: &TenantId) -> Result<Map<String, Value>> {
        Err(Error::not_found("nothing"))
    }
}

#[async_trait]
impl DirectoryPages for Empty {
    async fn read_page(
        &self,
        _: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        _: &[&str],
    ) -> Result<ReadPage> {
        let is_round = source.is_delta() && !matches!(cursor, Cursor::Listed | Cursor::Bin);
        let end = PageEnd::Done(is_round.then(|| "later".to_owned()));
        Ok(ReadPage { items: vec![], unreadable: vec![], end, left_out: vec![] })
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

#[async_trait]
impl LiveObjects for Empty {
    async fn find_live(
        &self,
        _: &TenantId,
        _: &'static Kind,
        _: &str,
        _: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        Ok(None)
    }
    async fn is_in_recycle_bin(&self, _: &TenantId, _: &'static Kind, _: &str) -> Result<bool> {
        Ok(false)
    }
    async fn find_by_property(
        &self,
        _: &TenantId,
        _: &'static Kind,
        _: &str,
        _: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        Ok(vec![])
    }
}

/// A vault in which another invocation stores under that name a moment before this one.
struct Outrun {
    vault: Arc<dyn Vault>,
    name: BlobName,
    theirs: Bytes,
}

#[async_trait]
impl Vault for Outrun {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        if *name == self.name {
            self.vault.put_new(tenant, name, self.theirs.clone()).await?;
        }
        self.vault.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.vault.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        self.vault.list(tenant, prefix, after, limit).await
    }
}

#[tokio::test]
async fn of_two_invocations_that_seal_at_once_the_row_says_what_the_one_sealed_whose_manifest_is_stored() {
    let office = Office::new().await;
    let (records, vault) = (office.records(), office.world.vault.clone());
    let queued = Snapshot { sealed_at: None, ..snapshot(&office, JobState::Queued) };
    let before = records.get(&Tenant::at(&tenant())).await.unwrap().value;
    records.put_new(&queued).await.unwrap();
    assert_eq!(run_over(&office, Arc::new(Empty), vault.clone()).await, Report::Sealed);
    // What the other invocation seals: the same, a minute before.
    let archive = Archive::new(vault.clone(), office.world.key_ring.clone(), records.clone());
    let archive = archive.open(&tenant()).await.unwrap();
    let ours = archive.get_manifest(&queued.id).await.unwrap();
    let theirs = Manifest { sealed_at: ours.sealed_at - SignedDuration::from_mins(1), ..ours };
    let name = BlobName::new(Manifest::blob_name(&queued.id).as_str()).unwrap();
    vault.remove(&tenant(), &name);
    archive.put_new(name.as_str(), &theirs.to_bytes().unwrap()).await.unwrap();
    let sealed = vault.find(&tenant(), &name).await.unwrap().unwrap();
    vault.remove(&tenant(), &name);
    // And once more from the beginning.
    let row = records.get(&queued.address()).await.unwrap();
    records.replace(&queued, row.version).await.unwrap();
    let row = records.get(&Tenant::at(&tenant())).await.unwrap();
    records.replace(&before, row.version).await.unwrap();
    let outrun = Outrun { vault, name, theirs: sealed };
    assert_eq!(run_over(&office, Arc::new(Empty), Arc::new(outrun)).await, Report::Sealed);
    let done = records.get(&queued.address()).await.unwrap().value;
    assert_eq!(done.sealed_at, Some(theirs.sealed_at));
}
