//! Stories of the tick: what it starts, what it never starts twice, and how it sweeps up.

use backup::commands::snapshots::Snapshots;
use backup::schedule_snapshots::{self, Report};
use domain::{ErrorKind, SnapshotId};
use engine::ports::{Clock, JobQueue};
use engine::purge_data;
use engine::records::{Cause, ConsentState, Found, JobState, Reason, Record, Snapshot, Tenant};
use jiff::SignedDuration;
use support::faulty::crash_points;
use support::office::{Office, at, organisation, partner, tenant};

const DUE: &str = "2026-11-22T19:00:00Z";

async fn due() -> Office {
    let office = Office::new().await;
    office.world.clock.advance_to(at(DUE));
    office
}
fn scheduler(office: &Office) -> schedule_snapshots::Worker {
    schedule_snapshots::Worker {
        records: office.records(),
        queue: office.queue(),
        clock: office.clock(),
        ids: office.ids(),
    }
}
async fn tick(office: &Office) -> Report {
    scheduler(office).run(office.deadline()).await.unwrap()
}
async fn tenant_row(office: &Office) -> Found<Tenant> {
    office.records().get(&Tenant::at(&tenant())).await.unwrap()
}
async fn snapshots_of(office: &Office) -> Vec<Snapshot> {
    let found = office.records().list_all(&Snapshot::all(&tenant())).await.unwrap();
    found.into_iter().map(|f| f.value).collect()
}
async fn start_by_hand(office: &Office) -> domain::Result<SnapshotId> {
    let (records, queue, clock, ids) = (office.records(), office.queue(), office.clock(), office.ids());
    Snapshots { records, queue, clock, ids }.start(&tenant(), Reason::Person).await
}
/// As the job does when it has sealed the snapshot.
async fn finish(office: &Office, id: &SnapshotId) {
    let mut row: Found<Snapshot> = office.records().get(&Snapshot::at(&tenant(), id)).await.unwrap();
    row.value.state = JobState::Done;
    office.records().replace(&row.value, row.version).await.unwrap();
}

#[tokio::test]
async fn a_due_tenant_gets_one_snapshot_and_is_due_again_at_its_own_time() {
    let office = due().await;
    assert_eq!(tick(&office).await.started, 1);
    assert_eq!(tick(&office).await.started, 0);
    let taken = snapshots_of(&office).await;
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].state, taken[0].reason), (JobState::Queued, Reason::Schedule));
    let messages = office.world.queue.receive(JobQueue::TakeSnapshot);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].body.contains(taken[0].id.as_str()));
    let row = tenant_row(&office).await.value;
    assert_eq!(row.open_snapshot.as_ref(), Some(&taken[0].id));
    let offset = domain::schedule::offset_seconds(&tenant());
    assert_eq!(row.next_snapshot_at, Some(domain::schedule::next_due(1, offset, at(DUE)).unwrap()));
}

#[tokio::test]
async fn while_a_snapshot_is_being_taken_neither_the_tick_nor_a_person_starts_another() {
    let office = due().await;
    let open = start_by_hand(&office).await.unwrap();
    assert_eq!(tick(&office).await, Report { still_open: 1, ..Report::default() });
    let refused = start_by_hand(&office).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains(open.as_str()));
    assert_eq!(snapshots_of(&office).await.len(), 1);
    finish(&office, &open).await;
    assert_eq!(tick(&office).await.started, 1, "it has stayed due");
}

#[tokio::test]
async fn a_tick_and_a_person_at_the_same_moment_start_one_snapshot() {
    let office = due().await;
    let scheduler = scheduler(&office);
    let (ticked, asked) =
        futures::future::join(scheduler.run(office.deadline()), start_by_hand(&office)).await;
    let started = ticked.unwrap().started + u64::from(asked.is_ok());
    assert_eq!(started, 1);
    assert_eq!(snapshots_of(&office).await.len(), 1);
}

#[tokio::test]
async fn a_tenant_whose_backups_are_stopped_is_left_alone() {
    let office = due().await;
    let mut row = tenant_row(&office).await;
    row.value.next_snapshot_at = None;
    office.records().replace(&row.value, row.version).await.unwrap();
    office.world.clock.advance(SignedDuration::from_hours(100));
    assert_eq!(tick(&office).await, Report::default());
}

#[tokio::test]
async fn whatever_call_fails_there_is_one_snapshot_and_its_message_goes_out() {
    let calm = due().await;
    tick(&calm).await;
    for (call, mode) in crash_points(calm.faults.call_count()) {
        let office = due().await;
        office.faults.die_at(call, mode);
        let _ = scheduler(&office).run(office.deadline()).await;
        office.faults.heal();
        tick(&office).await;
        office.world.clock.advance(SignedDuration::from_mins(21));
        tick(&office).await;
        let taken = snapshots_of(&office).await;
        assert_eq!(taken.len(), 1, "call {call} {mode:?}");
        let messages = office.world.queue.receive(JobQueue::TakeSnapshot);
        assert!(!messages.is_empty(), "call {call} {mode:?}");
        assert!(messages.iter().all(|m| m.body.contains(taken[0].id.as_str())), "call {call} {mode:?}");
    }
}

#[tokio::test]
async fn stuck_work_is_put_into_its_queue_again_as_another_attempt() {
    let office = due().await;
    tick(&office).await;
    office.world.clock.advance(SignedDuration::from_mins(19));
    assert_eq!(tick(&office).await, Report::default(), "somebody may still be at it");
    office.world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(tick(&office).await, Report { swept: 1, ..Report::default() });
    assert_eq!(tick(&office).await, Report::default());
    let sent: Vec<_> = office.world.queue.sent().into_iter().map(|m| m.deduplication_id).collect();
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0], sent[1]);
    assert_eq!(snapshots_of(&office).await[0].attempts, 1);
}

#[tokio::test]
async fn work_that_stays_stuck_is_given_up_people_are_told_and_the_tenant_is_free_again() {
    let office = due().await;
    tick(&office).await;
    let mut given_up = 0;
    for _ in 0..20 {
        office.world.clock.advance(SignedDuration::from_mins(21));
        given_up += tick(&office).await.given_up;
    }
    assert_eq!(given_up, 1);
    let taken = snapshots_of(&office).await;
    assert_eq!(taken[0].state, JobState::Failed);
    assert!(taken[0].error.as_ref().unwrap().contains("attempts"));
    assert_eq!(tenant_row(&office).await.value.open_snapshot, None);
    let notice = office.notice(&format!("errors.{}.unavailable", taken[0].id)).await;
    assert_eq!(notice.title, "A snapshot failed");
    start_by_hand(&office).await.unwrap();
}

#[tokio::test]
async fn a_tenant_waits_two_hours_before_its_snapshot_is_told_as_late() {
    // Whose last one nobody finishes: it is due, and not begun.
    let office = due().await;
    let open = start_by_hand(&office).await.unwrap();
    office.world.clock.advance(SignedDuration::from_mins(119));
    assert_eq!(tick(&office).await.late, 0);
    office.world.clock.advance(SignedDuration::from_mins(1));
    let late = tick(&office).await;
    assert_eq!((late.still_open, late.late), (1, 1), "each minute, while it waits");
    finish(&office, &open).await;
    assert_eq!(tick(&office).await.late, 0, "it is begun");

    // Whose own nobody works on: each time that it is put into its queue again.
    let office = due().await;
    tick(&office).await;
    let mut late = Vec::new();
    for _ in 0..8 {
        office.world.clock.advance(SignedDuration::from_mins(20));
        let report = tick(&office).await;
        assert_eq!(report.swept, 1);
        late.push(report.late);
    }
    assert_eq!(late, [0, 0, 0, 0, 0, 1, 1, 1]);
}

#[tokio::test]
async fn a_failure_with_one_row_does_not_hold_up_the_others() {
    let office = due().await;
    let other: domain::TenantId = "b1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    let mut row = tenant_row(&office).await.value;
    row.tenant = other.clone();
    row.snapshots_per_day = 0; // cannot be
    row.next_snapshot_at = Some(at(support::office::START)); // and comes first
    office.records().put_new(&row).await.unwrap();
    assert_eq!(tick(&office).await, Report { started: 1, failed: 1, ..Report::default() });
    let untouched = office.records().get(&Tenant::at(&other)).await.unwrap();
    assert_eq!(untouched.value.open_snapshot, None);
}

#[tokio::test]
async fn purging_removes_ended_consent_states_and_nothing_else() {
    let office = Office::new().await;
    let records = office.records();
    for (hash, hours) in [("old", 1), ("new", 48)] {
        let state = ConsentState {
            hash: hash.to_owned(),
            partner: partner(support::office::PARTNER),
            organisation: organisation(),
            app: "reader".to_owned(),
            expires_at: at(support::office::START) + SignedDuration::from_hours(hours),
        };
        records.put_new(&state).await.unwrap();
    }
    let before = office.world.catalog.rows().len();
    office.world.clock.advance(SignedDuration::from_hours(2));
    let worker = purge_data::Worker::new(purge_data::Ports {
        catalog: office.catalog(),
        vault: office.world.vault.clone(),
        signer: office.world.signer.clone(),
        anchors: office.world.anchors.clone(),
        clock: office.clock(),
        ids: office.world.ids.clone(),
    });
    assert_eq!(worker.run(office.deadline()).await.unwrap().removed, 1);
    assert_eq!(worker.run(office.deadline()).await.unwrap().removed, 0);
    assert_eq!(office.world.catalog.rows().len(), before - 1);
    assert!(records.find(&ConsentState::at("new")).await.unwrap().is_some());
}

#[tokio::test]
async fn work_that_waits_is_left_alone_until_its_time_and_then_gets_one_message() {
    let office = due().await;
    tick(&office).await;
    let mut row = office.records().get(&snapshots_of(&office).await[0].address()).await.unwrap();
    let now = office.world.clock.now();
    row.value.course.hold_up(Cause::Throttled, 0, now, Some(2 * 3_600_000));
    office.records().replace(&row.value, row.version).await.unwrap();
    for _ in 0..5 {
        office.world.clock.advance(SignedDuration::from_mins(23));
        assert_eq!(tick(&office).await.swept, 0);
    }
    office.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(tick(&office).await.swept, 1);
    office.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(tick(&office).await.swept, 0, "its message is under way");
    assert_eq!(office.world.queue.sent().len(), 2);
}

#[tokio::test]
async fn what_waits_and_gets_further_each_time_is_never_given_up() {
    let office = due().await;
    tick(&office).await;
    for further in 1..40 {
        let found = snapshots_of(&office).await.remove(0);
        let mut row = office.records().get(&found.address()).await.unwrap();
        row.value.course.hold_up(Cause::Unavailable, further, office.world.clock.now(), None);
        office.records().replace(&row.value, row.version).await.unwrap();
        office.world.clock.advance(SignedDuration::from_mins(30));
        let report = tick(&office).await;
        assert_eq!((report.swept, report.given_up), (1, 0));
    }
}
