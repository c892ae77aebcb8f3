//! The live tenant as a snapshot that is not listed: what changed since the newest one, read by delta, however old the
//! snapshot is that it is compared with.

use super::Worker;
use crate::take_snapshot::{Report, Request};
use domain::{Error, Result, SnapshotId, Timestamp};
use engine::ports::Spent;
use engine::records::{Course, Diff, Found, JobState, Reason, Snapshot};
use std::collections::BTreeMap;

/// Goes on with the reading; returns whether it is sealed.
pub(super) async fn read(worker: &Worker, diff: &Diff, id: &SnapshotId, deadline: Timestamp) -> Result<bool> {
    let found: Option<Found<Snapshot>> = worker.records.find(&Snapshot::at(&diff.tenant, id)).await?;
    match found.map(|f| f.value.state) {
        Some(JobState::Done) => return Ok(true),
        Some(_) => {}
        None => worker.records.put_new(&row(diff, id, worker.clock.now())).await?,
    }
    let request = Request { tenant: diff.tenant.clone(), snapshot: id.clone() };
    match worker.reader.run(&request, deadline).await? {
        Report::Sealed | Report::AlreadyDone => Ok(true),
        Report::Continues | Report::Waits(_) => Ok(false),
        Report::Failed(why) => Err(Error::denied(why)),
    }
}

fn row(diff: &Diff, id: &SnapshotId, now: Timestamp) -> Snapshot {
    Snapshot {
        id: id.clone(),
        tenant: diff.tenant.clone(),
        reason: Reason::Live,
        state: JobState::Queued,
        mode: None,
        base: None,
        requested_at: now,
        touched_at: now,
        sealed_at: None,
        attempts: 0,
        counts: BTreeMap::new(),
        not_covered: Vec::new(),
        provisional: false,
        spent: Spent::default(),
        stored_bytes: 0,
        stored_blobs: 0,
        error: None,
        course: Course::default(),
    }
}
