//! Somebody asks us to wait, or does not answer: nothing is asked before its time, no receipt is used up by it, and what
//! is given up is told.

use super::rig::{Rig, Stage};
use domain::restore::Selection;
use domain::{SnapshotId, Timestamp};
use engine::ports::{Clock, JobQueue, Page};
use engine::records::{Cause, JobState, Restore, RestoreState, Side};
use jiff::SignedDuration;
use sim::FaultRule;

/// From now on Graph refuses what fits, once, and asks to come back in two hours. Gives when that is.
fn asks_for_two_hours(rig: &Rig, path: &str, method: Option<&str>) -> Timestamp {
    rig.control.clear();
    rig.control.fail_next(FaultRule {
        path_contains: path.into(),
        method: method.map(str::to_owned),
        status: 429,
        retry_after: Some("7200".into()),
        times: 1,
        ..FaultRule::default()
    });
    rig.clock.now() + SignedDuration::from_secs(7200)
}

/// Works until the job waits, when no message of it is left; a message that comes twice, to a process that knows nothing of
/// the refusal, asks nothing either. Then time goes on.
async fn settle_anew(rig: &Rig, queue: JobQueue) {
    while rig.work_once().await {}
    assert_eq!(rig.world.queue.waiting_count(queue), 0, "no receipt is used up by waiting");
    let asked = rig.control.requests(rig.tenant().as_str()).len();
    rig.restart();
    rig.clock.advance(SignedDuration::from_mins(6));
    let again = rig.world.queue.sent().into_iter().rfind(|sent| sent.queue == queue).unwrap();
    rig.world.queue.send_raw(queue, &again.group, &again.body);
    while rig.work_once().await {}
    assert_eq!(rig.control.requests(rig.tenant().as_str()).len(), asked);
    rig.settle().await;
}

/// Nothing was asked of the same workload between the refusal and its end, nothing was received more than once, and
/// the job took no longer than it had to.
fn assert_waited(rig: &Rig, until: Timestamp, queue: JobQueue) {
    let asked = rig.control.requests(rig.tenant().as_str());
    let refused = asked.iter().find(|r| r.status == 429).expect("Graph refused");
    // Why a minute: what was under way side by side when the refusal came is not called back.
    let early = asked.iter().filter(|r| r.at_millis > refused.at_millis + 60_000);
    let early: Vec<_> = early.filter(|r| r.at_millis < until.as_millisecond()).collect();
    assert!(early.is_empty(), "{early:?}");
    let late = rig.clock.now().duration_since(until);
    assert!(late <= SignedDuration::from_mins(5), "it came back {late} late");
    assert_eq!(rig.world.queue.waiting_count(queue), 0);
    assert_eq!(rig.dead_letters(), [""; 0]);
}

#[tokio::test]
async fn a_snapshot_that_is_asked_to_wait_for_two_hours_goes_on_after_them() {
    let rig = Rig::new().await;
    let until = asks_for_two_hours(&rig, "groups", None);
    let id = rig.ask_snapshot(rig.tenant()).await;
    settle_anew(&rig, JobQueue::TakeSnapshot).await;
    assert_waited(&rig, until, JobQueue::TakeSnapshot);
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!((row.state, row.not_covered), (JobState::Done, vec![]));
}

/// A snapshot, and everything that happened since.
async fn happened(rig: &Rig) -> SnapshotId {
    let (admin, stage) = rig.staged().await;
    let id = rig.snapshot().await;
    Stage::happen(&stage, &admin).await;
    rig.clock.advance(SignedDuration::from_mins(10));
    id
}

#[tokio::test]
async fn a_comparison_with_a_live_tenant_that_is_asked_to_wait_goes_on_after_it() {
    let rig = Rig::new().await;
    let before = happened(&rig).await;
    let until = asks_for_two_hours(&rig, "groups", None);
    let diff = rig.ask_diff(&before, Side::Live).await;
    settle_anew(&rig, JobQueue::DiffSnapshots).await;
    assert_waited(&rig, until, JobQueue::DiffSnapshots);
    let row = rig.diffs().get(rig.tenant(), &diff.id).await.unwrap();
    assert_eq!((row.state, row.counts.deleted), (JobState::Done, 3));
}

async fn previewing(rig: &Rig) -> Restore {
    happened(rig).await;
    rig.snapshot().await;
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    rig.ask_preview(&diff.id, Selection { delete_created: false, ..Rig::everything() }).await
}

async fn row(rig: &Rig, restore: &Restore) -> Restore {
    rig.restores().get(rig.tenant(), &restore.id).await.unwrap()
}

#[tokio::test]
async fn a_preview_that_is_asked_to_wait_goes_on_after_it() {
    let rig = Rig::new().await;
    let restore = previewing(&rig).await;
    let until = asks_for_two_hours(&rig, "", None);
    settle_anew(&rig, JobQueue::DiffSnapshots).await;
    assert_waited(&rig, until, JobQueue::DiffSnapshots);
    assert_eq!(row(&rig, &restore).await.state, RestoreState::Previewed);
}

#[tokio::test]
async fn a_restore_that_is_asked_to_wait_goes_on_after_it_where_it_was() {
    for (path, method) in [("groups", Some("POST")), ("users", Some("GET"))] {
        let rig = Rig::new().await;
        let restore = previewing(&rig).await;
        rig.settle().await;
        rig.ask_run(&restore).await;
        let until = asks_for_two_hours(&rig, path, method);
        settle_anew(&rig, JobQueue::RunRestore).await;
        assert_waited(&rig, until, JobQueue::RunRestore);
        let done = row(&rig, &restore).await;
        assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps), "{path}");
    }
}

#[tokio::test]
async fn work_that_finds_nobody_for_hours_is_given_up_and_told_once() {
    let rig = Rig::new().await;
    rig.staged().await;
    rig.snapshot().await;
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.world.mailer.take_sent();
    // The login is unwell, for a day.
    rig.control.set_login_refusal(rig.tenant().as_str(), Some(("temporarily_unavailable", 90_033)));
    rig.restart();
    let id = rig.ask_snapshot(rig.tenant()).await;
    rig.settle().await;
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!((row.state, row.course.failed), (JobState::Failed, Some(Cause::Unavailable)));
    assert!(rig.clock.now().duration_since(row.requested_at) < SignedDuration::from_hours(5));
    let told: Vec<_> = rig.world.mailer.take_sent().into_iter().map(|m| m.subject).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let tenant = rig.tenant().as_str();
    let lines = rig.log.lines();
    let of_it = lines.iter().filter(|l| l["level"] == "ERROR" && l["id"] == id.as_str());
    assert_eq!(of_it.filter(|l| l["tenant"] == tenant).count(), 1, "{lines:?}");
    assert_eq!(rig.tenant_row(rig.tenant()).await.open_snapshot, None, "the next may begin");
    assert_eq!(rig.dead_letters(), [""; 0]);
}

#[tokio::test]
async fn a_restore_that_fails_half_way_shows_its_plan_and_what_was_done_and_is_told_as_failed() {
    let rig = Rig::new().await;
    let restore = previewing(&rig).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    asks_for_two_hours(&rig, "roleAssignments", Some("POST"));
    while rig.work_once().await {}
    let waiting = row(&rig, &restore).await;
    assert!(waiting.course.waits_until(rig.clock.now()).is_some());
    assert!(waiting.counts.done > 0 && waiting.counts.done < waiting.counts.steps, "{:?}", waiting.counts);
    rig.world.mailer.take_sent();

    rig.control.withdraw_consent(rig.tenant().as_str(), sim::WRITER_CLIENT_ID);
    rig.settle().await;
    let failed = row(&rig, &restore).await;
    assert_eq!((failed.state, failed.course.failed), (RestoreState::Failed, Some(Cause::Denied)));
    let report = rig.restores().get_report(rig.tenant(), &restore.id).await.unwrap();
    assert!(report.is_partial);
    let ended = report.steps.iter().filter(|step| step.outcome.is_final()).count();
    assert_eq!((report.counts.done, ended as u64), (waiting.counts.done, waiting.counts.done));
    let begun = report.steps.iter().filter(|step| !step.outcome.is_final());
    assert!(begun.clone().count() <= 1 && begun.into_iter().all(|step| step.client_request_id.is_some()));
    let page = Page { after: None, limit: 100, descending: false };
    let plan = rig.restores().read_plan(rig.tenant(), &restore.id, page).await.unwrap();
    assert_eq!(plan.steps.items.len() as u64, failed.counts.steps, "every step, tried or not");
    assert_eq!(plan.steps.items.iter().filter(|s| s.outcome.is_some()).count(), report.steps.len());
    let told: Vec<_> = rig.world.mailer.take_sent().into_iter().map(|m| m.subject).collect();
    assert!(told.len() == 1 && told[0].contains("A restore failed"), "{told:?}");
}

#[tokio::test]
async fn a_preview_that_no_try_can_help_fails_at_once_with_its_cause() {
    let rig = Rig::new().await;
    let restore = previewing(&rig).await;
    let users = &rig.manifest(rig.tenant(), &restore.snapshot).await.unwrap().runs["users"];
    let name = users.index.blob_name(domain::stored::Class::Index);
    rig.world.vault.flip_byte(rig.tenant(), &engine::ports::BlobName::new(name.as_str()).unwrap(), 40);
    rig.restart();
    rig.settle().await;
    let failed = row(&rig, &restore).await;
    assert_eq!((failed.state, failed.course.failed), (RestoreState::Failed, Some(Cause::Corrupt)));
}
