//! Starting a snapshot: for a person who asks, for the tick when it is due, for a comparison with the live
//! tenant. One open snapshot per tenant, whoever asks: the tenant's row names it, and the row and the
//! snapshot change in one write.

use domain::{Error, Result, SnapshotId, TenantId, Timestamp};
use engine::messages;
use engine::ports::{Clock, Ids, Queue, Spent};
use engine::records::{Course, Found, JobState, Reason, Records, Snapshot, Tenant, put_new, replace};
use std::collections::BTreeMap;

/// How often a start is tried when the tenant's row changes in between.
const TRIES: u32 = 4;

/// Starts a snapshot and returns its id; it is taken when its message is handled.
///
/// # Errors
/// `Conflict`, naming the open snapshot, when there is one; `NotFound` when the tenant is not connected.
pub async fn start(
    records: &Records,
    queue: &dyn Queue,
    clock: &dyn Clock,
    ids: &dyn Ids,
    tenant: &TenantId,
    reason: Reason,
) -> Result<SnapshotId> {
    for tried in 1.. {
        let found = records.get(&Tenant::at(tenant)).await?;
        if let Some(open) = find_open(records, &found.value).await? {
            return Err(Error::conflict(format!("snapshot {open} is being taken")));
        }
        let next = found.value.next_snapshot_at;
        match put_down(records, clock.now(), ids, found, reason, next).await {
            Ok(id) => {
                queue.send(messages::take_snapshot(tenant, &id, 0)).await?;
                return Ok(id);
            }
            Err(e) if e.kind() == domain::ErrorKind::Conflict && tried < TRIES => {}
            Err(e) => return Err(e),
        }
    }
    unreachable!("the last try returns")
}

/// The snapshot that is being taken, if there is one.
pub async fn find_open(records: &Records, tenant: &Tenant) -> Result<Option<SnapshotId>> {
    let Some(id) = &tenant.open_snapshot else {
        return Ok(None);
    };
    let row = records.find(&Snapshot::at(&tenant.tenant, id)).await?;
    Ok(row.filter(|r| r.value.state.is_open()).map(|_| id.clone()))
}

/// Writes the row of a new snapshot and its name into the tenant's row, both or neither, with the time at
/// which the next one is due. The message is the caller's to send, last.
///
/// # Errors
/// `Conflict` when the tenant's row is no longer what was found.
pub(crate) async fn put_down(
    records: &Records,
    now: Timestamp,
    ids: &dyn Ids,
    found: Found<Tenant>,
    reason: Reason,
    next_snapshot_at: Option<Timestamp>,
) -> Result<SnapshotId> {
    let Found { value: mut tenant, version } = found;
    let id = SnapshotId::from_ulid(&ids.ulid());
    let snapshot = Snapshot {
        id: id.clone(),
        tenant: tenant.tenant.clone(),
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
        spent: Spent::default(),
        stored_bytes: 0,
        stored_blobs: 0,
        error: None,
        course: Course::default(),
    };
    tenant.open_snapshot = Some(id.clone());
    tenant.next_snapshot_at = next_snapshot_at;
    records.write(vec![put_new(&snapshot)?, replace(&tenant, version)?]).await?;
    Ok(id)
}
