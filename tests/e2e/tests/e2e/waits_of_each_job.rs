//! Each job that asks Microsoft, and each way in which it may have to wait: it goes on soon after the wait is over, what
//! else its tenant wants done is done meanwhile, and what is given up says so in its row, in the log and to people.

use super::rig::{Rig, Stage};
use domain::restore::Selection;
use domain::{DiffId, ErrorKind, RestoreId, SnapshotId};
use engine::ports::{Clock, JobQueue};
use engine::records::{Cause, Course, JobState, RestoreState, Side};
use jiff::SignedDuration;
use sim::FaultRule;

/// A piece of work of each job that asks Microsoft, asked for and not yet taken up.
#[derive(Clone, Debug)]
enum Work {
    Snapshot(SnapshotId),
    LiveComparison(DiffId),
    Preview(RestoreId),
    Run(RestoreId),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Job {
    Snapshot,
    LiveComparison,
    Preview,
    Run,
}

const JOBS: [Job; 4] = [Job::Snapshot, Job::LiveComparison, Job::Preview, Job::Run];

/// How a piece of work stands.
#[derive(Debug, PartialEq)]
enum Stands {
    Open,
    Done,
    Failed,
}

fn everything() -> Selection {
    Selection { delete_created: false, ..Rig::everything() }
}

/// The last comparison of two snapshots.
async fn last_diff(rig: &Rig) -> DiffId {
    rig.diff_rows(rig.tenant()).await.into_iter().rfind(|diff| diff.after != Side::Live).unwrap().id
}

impl Work {
    /// A tenant in which something happened between two snapshots, and the work.
    async fn begin(job: Job, rig: &Rig) -> Self {
        let (admin, stage) = rig.staged().await;
        let first = rig.snapshot().await;
        Stage::happen(&stage, &admin).await;
        rig.clock.advance(SignedDuration::from_mins(10));
        rig.snapshot().await;
        rig.clock.advance(SignedDuration::from_mins(10));
        let of = last_diff(rig).await;
        let work = match job {
            Job::Snapshot => Self::Snapshot(rig.ask_snapshot(rig.tenant()).await),
            Job::LiveComparison => Self::LiveComparison(rig.ask_diff(&first, Side::Live).await.id),
            Job::Preview => Self::Preview(rig.ask_preview(&of, everything()).await.id),
            Job::Run => {
                let restore = rig.ask_preview(&of, everything()).await;
                rig.settle().await;
                rig.ask_run(&restore).await;
                Self::Run(restore.id)
            }
        };
        // Nothing that a process learned before is known to those that follow.
        rig.restart();
        rig.world.mailer.take_sent();
        work
    }

    fn id(&self) -> &str {
        match self {
            Self::Snapshot(id) => id.as_str(),
            Self::LiveComparison(id) => id.as_str(),
            Self::Preview(id) | Self::Run(id) => id.as_str(),
        }
    }

    async fn stands(&self, rig: &Rig) -> (Stands, Course) {
        let of_job = |state: JobState| match state {
            JobState::Queued | JobState::Running => Stands::Open,
            JobState::Done => Stands::Done,
            JobState::Failed => Stands::Failed,
        };
        match self {
            Self::Snapshot(id) => {
                let row = rig.snapshot_row(rig.tenant(), id).await;
                (of_job(row.state), row.course)
            }
            Self::LiveComparison(id) => {
                let row = rig.diffs().get(rig.tenant(), id).await.unwrap();
                (of_job(row.state), row.course)
            }
            Self::Preview(id) | Self::Run(id) => {
                let row = rig.restores().get(rig.tenant(), id).await.unwrap();
                let is_open = match self {
                    Self::Preview(_) => row.state == RestoreState::Previewing,
                    _ => matches!(row.state, RestoreState::Queued | RestoreState::Running),
                };
                let ended = if row.state == RestoreState::Failed { Stands::Failed } else { Stands::Done };
                (if is_open { Stands::Open } else { ended }, row.course)
            }
        }
    }
}

/// Minutes go by, with what the clock calls each minute, until the work is no longer open; as many as that at the most.
/// Gives how many went by.
async fn minutes_until_ended(rig: &Rig, work: &Work, most: i64) -> i64 {
    for minute in 0..most {
        rig.tick().await;
        while rig.work_once().await {}
        if work.stands(rig).await.0 != Stands::Open {
            return minute;
        }
        rig.clock.advance(SignedDuration::from_mins(1));
    }
    most
}

/// How many milliseconds after the end of the wait that Graph asked for it was asked again.
fn late_ms(rig: &Rig, wait_s: i64) -> Option<i64> {
    let asked = rig.control.requests(rig.tenant().as_str());
    let until = asked.iter().find(|request| request.status == 429)?.at_millis + wait_s * 1_000;
    asked.iter().map(|request| request.at_millis - until).filter(|late| *late >= 0).min()
}

#[tokio::test]
async fn each_job_goes_on_within_a_minute_of_the_end_of_a_wait_beyond_its_deadline() {
    for job in JOBS {
        // Full hours and minutes, and not: the clock calls at full minutes.
        for wait_s in [7_200, 4_321] {
            let rig = Rig::new().await;
            let work = Work::begin(job, &rig).await;
            rig.control.clear();
            // A preview asks for many things in one call.
            let path = if job == Job::Preview { "" } else { "users" };
            rig.control.fail_next(FaultRule {
                path_contains: path.into(),
                status: 429,
                retry_after: Some(wait_s.to_string()),
                times: 1,
                ..FaultRule::default()
            });
            minutes_until_ended(&rig, &work, 240).await;
            assert_eq!(work.stands(&rig).await, (Stands::Done, Course::default()), "{job:?} {wait_s}");
            let late = late_ms(&rig, wait_s).expect("it was refused, and went on");
            assert!(late <= 60_000, "{job:?} {wait_s}: {late} ms late");
            assert_eq!(rig.dead_letters(), [""; 0], "{job:?}");
        }
    }
}

#[tokio::test]
async fn each_job_goes_on_when_the_login_is_well_again_after_hours_and_nobody_is_told() {
    for job in JOBS {
        let rig = Rig::new().await;
        let work = Work::begin(job, &rig).await;
        rig.control.set_login_refusal(rig.tenant().as_str(), Some(("temporarily_unavailable", 90_033)));
        let most = minutes_until_ended(&rig, &work, 50).await;
        let (stands, course) = work.stands(&rig).await;
        assert_eq!((most, stands, course.cause()), (50, Stands::Open, Some(Cause::Unavailable)), "{job:?}");
        rig.control.set_login_refusal(rig.tenant().as_str(), None);
        let went_by = minutes_until_ended(&rig, &work, 60).await;
        assert!(went_by <= 31, "{job:?}: {went_by} minutes, of a pause of half an hour");
        assert_eq!(work.stands(&rig).await, (Stands::Done, Course::default()), "{job:?}");
        let told: Vec<_> = rig.world.mailer.take_sent().into_iter().map(|mail| mail.subject).collect();
        assert!(!told.iter().any(|subject| subject.contains("failed")), "{job:?}: {told:?}");
        assert_eq!(rig.dead_letters(), [""; 0], "{job:?}");
    }
}

/// The work is failed for that cause, which its row, one line of the log and one mail say.
async fn assert_given_up(rig: &Rig, job: Job, work: &Work, cause: Cause) {
    let (stands, course) = work.stands(rig).await;
    assert_eq!((stands, course.failed), (Stands::Failed, Some(cause)), "{job:?}");
    let lines = rig.log.lines();
    let of_it = lines.iter().filter(|line| line["level"] == "ERROR" && line["id"] == work.id());
    assert_eq!(of_it.count(), 1, "{job:?}: the log says so once");
    let told: Vec<_> = rig.world.mailer.take_sent().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(told.iter().filter(|subject| subject.contains("failed")).count(), 1, "{job:?}: {told:?}");
}

#[tokio::test]
async fn each_job_that_finds_nobody_for_a_day_is_given_up_with_its_cause_and_told_once() {
    for job in JOBS {
        let rig = Rig::new().await;
        let work = Work::begin(job, &rig).await;
        let asked = rig.clock.now();
        rig.control.set_login_refusal(rig.tenant().as_str(), Some(("temporarily_unavailable", 90_033)));
        rig.settle().await;
        assert_given_up(&rig, job, &work, Cause::Unavailable).await;
        let took = rig.clock.now().duration_since(asked);
        assert!(took <= SignedDuration::from_hours(5), "{job:?}: {took}");
        assert_eq!(rig.dead_letters(), [""; 0], "{job:?}");
    }
}

/// The call of a message's work at which its process dies: behind that by which it takes the work up.
const IN_THE_MIDDLE: u64 = 9;

#[tokio::test]
async fn work_in_whose_middle_each_process_ends_is_given_up_within_hours_and_told_once() {
    for job in JOBS {
        let rig = Rig::new().await;
        let work = Work::begin(job, &rig).await;
        let asked = rig.clock.now();
        rig.poison(work.id(), IN_THE_MIDDLE);
        rig.settle().await;
        assert_given_up(&rig, job, &work, Cause::Lost).await;
        let took = rig.clock.now().duration_since(asked);
        assert!(took <= SignedDuration::from_hours(6), "{job:?}: {took}");
        assert_eq!(rig.dead_letters(), [""; 0], "{job:?}: no receipt is used up by it");
    }
}

/// How a call of a port may fail that the job does not look for there.
const UNFORESEEN: [ErrorKind; 8] = [
    ErrorKind::Invalid,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::Stale,
    ErrorKind::Denied,
    ErrorKind::Throttled { retry_after_ms: None },
    ErrorKind::Unavailable,
    ErrorKind::Corrupt,
];

#[tokio::test]
async fn work_that_fails_each_time_in_a_way_that_nobody_foresaw_ends_with_a_cause_or_does_without() {
    for job in JOBS {
        let rig = Rig::new().await;
        let work = Work::begin(job, &rig).await;
        let (asked, put_back) = (rig.clock.now(), rig.keep());
        for kind in UNFORESEEN {
            put_back();
            rig.world.mailer.take_sent();
            let when = format!("{job:?} {kind:?}");
            // Why in quotes: what is mailed of the work is no part of it.
            rig.ail(&format!("\"{}\"", work.id()), IN_THE_MIDDLE, kind);
            rig.settle().await;
            let (stands, course) = work.stands(&rig).await;
            let told =
                rig.world.mailer.take_sent().iter().filter(|mail| mail.subject.contains("failed")).count();
            match stands {
                Stands::Open => panic!("{when}: it is open for ever"),
                Stands::Done => assert_eq!((course, told), (Course::default(), 0), "{when}"),
                // Why not always told: who asks for a comparison or a preview follows it.
                Stands::Failed => {
                    let least = usize::from(matches!(job, Job::Snapshot | Job::Run));
                    let is_named = course.failed.is_some() && (least..=1).contains(&told);
                    assert!(is_named, "{when}: {course:?}, {told} mails");
                }
            }
            let took = rig.clock.now().duration_since(asked);
            assert!(took <= SignedDuration::from_hours(5), "{when}: {took}");
            assert_eq!(rig.dead_letters(), [""; 0], "{when}");
        }
    }
}

#[tokio::test]
async fn work_in_whose_middle_each_process_ends_holds_nothing_up_that_is_behind_it_in_its_queue() {
    for (job, queue) in
        [(Job::LiveComparison, JobQueue::DiffSnapshots), (Job::Preview, JobQueue::PreviewRestore)]
    {
        let rig = Rig::new().await;
        let poisoned = Work::begin(job, &rig).await;
        rig.poison(poisoned.id(), IN_THE_MIDDLE);
        let of = last_diff(&rig).await;
        let behind = match job {
            Job::LiveComparison => {
                let rows = rig.snapshot_rows(rig.tenant()).await;
                let snapshots: Vec<_> = rows.iter().filter(|row| row.sealed_at.is_some()).collect();
                let (before, after) = (snapshots[0].id.clone(), snapshots[1].id.clone());
                Work::LiveComparison(rig.ask_diff(&before, Side::Snapshot(after)).await.id)
            }
            _ => Work::Preview(rig.ask_preview(&of, everything()).await.id),
        };
        assert_eq!(rig.world.queue.waiting_count(queue), 2, "{job:?}: one is behind the other");
        let went_by = minutes_until_ended(&rig, &behind, 300).await;
        assert_eq!(behind.stands(&rig).await.0, Stands::Done, "{job:?}");
        assert!(went_by <= 40, "{job:?}: it waited for {went_by} minutes");
        assert_eq!(poisoned.stands(&rig).await.0, Stands::Open, "{job:?}: the other is still tried");
    }
}

/// What was mailed since this was asked last: to whom, about what.
fn mailed(rig: &Rig) -> Vec<(String, String)> {
    let mut mails: Vec<_> = rig.world.mailer.take_sent().into_iter().map(|m| (m.to, m.subject)).collect();
    mails.sort();
    mails
}

#[tokio::test]
async fn mails_that_fail_each_time_in_a_way_that_nobody_foresaw_leave_once_when_that_is_over() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    Stage::happen(&stage, &admin).await;
    rig.clock.advance(SignedDuration::from_mins(10));
    rig.ask_snapshot(rig.tenant()).await;
    while rig.work_on(JobQueue::TakeSnapshot).await || rig.work_on(JobQueue::DiffSnapshots).await {}
    assert!(rig.world.queue.waiting_count(JobQueue::SendDigests) > 0);
    mailed(&rig);
    let put_back = rig.keep();
    rig.settle().await;
    let expected = mailed(&rig);
    assert!(!expected.is_empty());
    for kind in UNFORESEEN {
        for call in [1, 4, 7] {
            put_back();
            mailed(&rig);
            rig.ail("\"notice\"", call, kind);
            for _ in 0..60 {
                rig.tick().await;
                while rig.work_once().await {}
                rig.tell_of_mails().await;
                rig.clock.advance(SignedDuration::from_mins(2));
            }
            rig.heal();
            rig.settle().await;
            assert_eq!(mailed(&rig), expected, "{kind:?} {call}");
        }
    }
}
