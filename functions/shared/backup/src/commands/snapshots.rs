//! Starting a snapshot: for a person who asks, for the tick when it is due, for a comparison with the live
//! tenant. One open snapshot per tenant, whoever asks: the tenant's row names it, and the row and the
//! snapshot change in one write.

use super::slots::{Asker, counted};
use domain::{Error, ErrorKind, Result, SnapshotId, TenantId, Timestamp};
use engine::messages;
use engine::open_work::OpenWork;
use engine::ports::{Clock, Ids, Queue, Spent, Write};
use engine::records::{
    AskedWork, Cause, Course, Found, JobState, Reason, Records, Snapshot, Tenant, put_new, replace,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a start is tried when the tenant's row changes in between.
const TRIES: u32 = 4;

/// What is written with a snapshot that is started.
#[derive(Default)]
struct Also<'a> {
    /// Who asked for it, if anybody did.
    asker: Option<&'a Asker>,
    /// That it was counted.
    counted: Option<Write>,
}

/// Starts snapshots: the one place that does.
#[derive(Clone)]
pub struct Snapshots {
    /// Rows of tenants and their snapshots.
    pub records: Records,
    /// Where the job that takes a snapshot is enqueued.
    pub queue: Arc<dyn Queue>,
    /// The time at which a snapshot is asked for.
    pub clock: Arc<dyn Clock>,
    /// Ids of new snapshots.
    pub ids: Arc<dyn Ids>,
}

impl Snapshots {
    /// Starts a snapshot and returns its id; it is taken when its message is handled.
    ///
    /// # Errors
    /// `Conflict`, naming the open snapshot, when there is one that does not only wait for a consent to arrive: that is the
    /// one that a person then gets. `NotFound` when the tenant is not connected.
    pub async fn start(&self, tenant: &TenantId, reason: Reason) -> Result<SnapshotId> {
        self.start_for(tenant, reason, None).await
    }

    /// As [`Self::start`], for somebody who asks for it.
    ///
    /// # Errors
    /// As [`Self::start`]; `Throttled` when end customers have asked for enough in this day.
    pub async fn ask(&self, tenant: &TenantId, asker: &Asker) -> Result<SnapshotId> {
        self.start_for(tenant, Reason::Person, Some(asker)).await
    }

    async fn start_for(
        &self,
        tenant: &TenantId,
        reason: Reason,
        asker: Option<&Asker>,
    ) -> Result<SnapshotId> {
        for tried in 1.. {
            let found = self.records.get(&Tenant::at(tenant)).await?;
            if let Some(open) = self.find_open(&found.value).await? {
                if reason == Reason::Person && self.take_over(tenant, &open).await? {
                    return Ok(open);
                }
                return Err(Error::conflict(format!("snapshot {open} is being taken")));
            }
            let next = found.value.next_snapshot_at;
            let counted = match asker {
                Some(asker) => counted(&self.records, AskedWork::Snapshots, (tenant, asker)).await?,
                None => None,
            };
            let also = Also { asker, counted };
            match self.start_with(found, reason, next, also).await {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < TRIES => {}
                Err(e) => return Err(e),
                Ok(id) => {
                    self.enqueue(tenant, &id).await?;
                    return Ok(id);
                }
            }
        }
        unreachable!("the last try returns")
    }

    /// Lets a snapshot that waits for a consent to arrive go on at once, as one that a person asked for, which waits for no
    /// part. False where it waits for nothing of that kind, or a job was faster.
    async fn take_over(&self, tenant: &TenantId, open: &SnapshotId) -> Result<bool> {
        let Some(Found { value, version }) = self.records.find(&Snapshot::at(tenant, open)).await? else {
            return Ok(false);
        };
        let now = self.clock.now();
        let waits = value.course.waits_until(now).is_some() && value.course.cause() == Some(Cause::Consent);
        if !waits {
            return Ok(false);
        }
        let again = Snapshot { reason: Reason::Person, course: Course::default(), ..value.again(now) };
        match self.records.replace(&again, version).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
            Ok(()) => self.queue.send(again.message()).await.map(|()| true),
        }
    }

    /// The snapshot that is being taken, if there is one.
    pub async fn find_open(&self, tenant: &Tenant) -> Result<Option<SnapshotId>> {
        let Some(id) = &tenant.open_snapshot else {
            return Ok(None);
        };
        let row = self.records.find(&Snapshot::at(&tenant.tenant, id)).await?;
        Ok(row.filter(|r| r.value.state.is_open()).map(|_| id.clone()))
    }

    /// Starts a snapshot of a tenant that has no open one, as its row says, and writes when the next one is due.
    ///
    /// # Errors
    /// `Conflict` when the tenant's row is no longer what was found.
    pub(crate) async fn start_at(
        &self,
        found: Found<Tenant>,
        reason: Reason,
        next_snapshot_at: Option<Timestamp>,
    ) -> Result<SnapshotId> {
        self.start_with(found, reason, next_snapshot_at, Also::default()).await
    }

    async fn start_with(
        &self,
        found: Found<Tenant>,
        reason: Reason,
        next_snapshot_at: Option<Timestamp>,
        also: Also<'_>,
    ) -> Result<SnapshotId> {
        let Found { value: mut tenant, version } = found;
        let snapshot = self.new_snapshot(&tenant.tenant, reason);
        let id = snapshot.id.clone();
        tenant.open_snapshot = Some(id.clone());
        tenant.next_snapshot_at = next_snapshot_at;
        // Why in one write: a tenant that names no snapshot would get a second one at the same time.
        let asked = (id.as_str(), snapshot.requested_at);
        let entry = also.asker.map(|asker| asker.entry(&tenant.tenant, AskedWork::Snapshots, asked));
        let also = also.counted.into_iter().chain(entry.transpose()?.flatten());
        let writes = [put_new(&snapshot)?, replace(&tenant, version)?].into_iter().chain(also);
        self.records.write(writes.collect()).await?;
        Ok(id)
    }

    /// Enqueues the job for a snapshot that was started. Why last: should the message be lost, the row says that work is
    /// open, and the tick enqueues it again.
    pub(crate) async fn enqueue(&self, tenant: &TenantId, id: &SnapshotId) -> Result<()> {
        self.queue.send(messages::take_snapshot(tenant, id, 0)).await
    }

    fn new_snapshot(&self, tenant: &TenantId, reason: Reason) -> Snapshot {
        let now = self.clock.now();
        Snapshot {
            id: SnapshotId::from_ulid(&self.ids.ulid()),
            tenant: tenant.clone(),
            reason,
            state: JobState::Queued,
            mode: None,
            base: None,
            requested_at: now,
            touched_at: now,
            sealed_at: None,
            attempts: 0,
            counts: BTreeMap::new(),
            not_covered: vec![],
            provisional: false,
            spent: Spent::default(),
            stored_bytes: 0,
            stored_blobs: 0,
            error: None,
            course: Course::default(),
        }
    }
}
