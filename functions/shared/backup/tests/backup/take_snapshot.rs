//! What a message of a snapshot comes to where nothing is to be read: the directory does not answer at all.

use backup::take_snapshot::{Ports, Report, Request, Worker};
use domain::{DiffId, SnapshotId};
use engine::ports::JobQueue;
use engine::records::{
    Cause, Course, Diff, DiffCounts, JobState, Reason, Record, Side, Snapshot, SnapshotMode, Span,
};
use std::sync::Arc;
use support::builders::sealed_snapshot;
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
    let worker = Worker::new(Ports {
        directory: Arc::new(Nobody),
        vault: office.world.vault.clone(),
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
        id: DiffId::from_ulid(ULID),
        tenant: tenant(),
        before: SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
        after: Side::Snapshot(SnapshotId::from_ulid(ULID)),
        kinds: vec![],
        object: None,
        announce: true,
        live_snapshot: None,
        state: JobState::Queued,
        requested_at: now,
        touched_at: now,
        done_at: None,
        attempts: 0,
        counts: DiffCounts::default(),
        pages: 0,
        progress: None,
        not_compared: vec![],
        error: None,
        course: Course::default(),
        span: Span::default(),
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
