//! A process may die at any call of any port, before the call took effect or after. Whatever the call, the
//! messages come again, the sweeper finds what is stuck, and the end is as if nothing had happened.
//!
//! What comes before a job happens once, and the world is kept as it then is. Each job is run once undisturbed, which
//! gives its calls and its end; then, for each of those that `deaths` takes, again in the world put back. With `HOLDFAST_CRASH_POINTS=all` every call is taken, which takes many minutes.

use super::rig::{Death, End, Rig, Setting, Stage, deaths};
use domain::restore::{AttributeMode, LinkMode, Selection};
use domain::{DiffId, SnapshotId};
use engine::records::{Reason, Restore, Side};
use futures::future::LocalBoxFuture;
use jiff::SignedDuration;
use serde_json::Value;
use support::faulty::{CallLog, Mode};

/// Up to the first act of the job, settled; then what asks for the job; then the job.
struct Story {
    name: &'static str,
    setting: fn() -> Setting,
    before: for<'a> fn(&'a Rig) -> LocalBoxFuture<'a, ()>,
}

struct Undisturbed {
    log: CallLog,
    end: End,
}

async fn undisturbed(rig: &Rig, known: &Value) -> Undisturbed {
    rig.settle().await;
    let log = rig.plan.take_log();
    assert!(rig.dead_letters().is_empty(), "{:?}", rig.dead_letters());
    Undisturbed { log, end: rig.end(known).await }
}

async fn dies_anywhere(story: Story) {
    let rig = Rig::with((story.setting)()).await;
    (story.before)(&rig).await;
    let (known, put_back) = (rig.dump(), rig.keep());
    put_back();
    let expected = undisturbed(&rig, &known).await;
    // Or else a story could be told apart from itself.
    put_back();
    undisturbed(&rig, &known).await.end.assert_is(&expected.end, story.name);
    let calls = expected.log.len();
    assert!(calls > 0, "{}: nothing was done", story.name);
    let deaths = deaths(&expected.log);
    assert!(deaths.len() > 10, "{}: {} deaths", story.name, deaths.len());
    for death in &deaths {
        put_back();
        rig.die_at(*death);
        rig.settle().await;
        let Death { call, mode } = death;
        let logged = &expected.log.calls()[usize::try_from(*call).unwrap()];
        let when = format!("{}, call {call} of {calls} {mode:?}: {logged}", story.name);
        assert!(!rig.is_death_outstanding(), "{when}: it did not die");
        rig.end(&known).await.assert_is(&expected.end, &when);
        rig.assert_receipts(&when).await;
    }
    println!("{}: {calls} calls, {} deaths", story.name, deaths.len());
}

async fn newest_snapshot(rig: &Rig) -> SnapshotId {
    rig.tenant_row(rig.tenant()).await.last_sealed.expect("a sealed snapshot")
}

async fn newest_diff(rig: &Rig) -> DiffId {
    rig.diff_rows(rig.tenant()).await.pop().expect("a comparison").id
}

/// A snapshot; then everything happens.
async fn happened(rig: &Rig) {
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    rig.clock.advance(SignedDuration::from_mins(10));
    Stage::happen(&stage, &admin).await;
}

/// The preview is asked for of taking back all that happened.
async fn previewing(rig: &Rig) -> Restore {
    happened(rig).await;
    rig.snapshot().await;
    let selection =
        Selection { attributes: AttributeMode::Overwrite, links: LinkMode::Rollback, ..Selection::default() };
    rig.ask_preview(&newest_diff(rig).await, selection).await
}

#[tokio::test]
async fn a_first_snapshot_ends_the_same_wherever_its_process_dies() {
    dies_anywhere(Story {
        name: "take-snapshot, whole",
        setting: Setting::default,
        before: |rig| {
            Box::pin(async move {
                rig.staged().await;
                rig.ask_snapshot(rig.tenant()).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_later_snapshot_and_its_comparison_and_mails_end_the_same_wherever_their_process_dies() {
    dies_anywhere(Story {
        name: "take-snapshot, incremental; diff-snapshots; send-notice",
        setting: Setting::default,
        before: |rig| {
            Box::pin(async move {
                happened(rig).await;
                rig.ask_snapshot(rig.tenant()).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_comparison_of_two_snapshots_ends_the_same_wherever_its_process_dies() {
    dies_anywhere(Story {
        name: "diff-snapshots",
        setting: Setting::default,
        before: |rig| {
            Box::pin(async move {
                happened(rig).await;
                let second = rig.snapshot().await;
                let first = rig.snapshot_rows(rig.tenant()).await[0].id.clone();
                rig.ask_diff(&first, Side::Snapshot(second)).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_comparison_with_the_live_tenant_ends_the_same_wherever_its_process_dies() {
    dies_anywhere(Story {
        name: "diff-snapshots, live",
        setting: Setting::default,
        before: |rig| {
            Box::pin(async move {
                happened(rig).await;
                rig.ask_diff(&newest_snapshot(rig).await, Side::Live).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_preview_ends_the_same_wherever_its_process_dies() {
    dies_anywhere(Story {
        name: "preview-restore",
        setting: Setting::default,
        before: |rig| Box::pin(async move { drop(previewing(rig).await) }),
    })
    .await;
}

#[tokio::test]
async fn a_restore_ends_the_same_and_makes_nothing_twice_wherever_its_process_dies() {
    dies_anywhere(Story {
        name: "run-restore",
        setting: Setting::default,
        before: |rig| {
            Box::pin(async move {
                let restore = previewing(rig).await;
                rig.settle().await;
                rig.ask_run(&restore).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_tick_starts_one_snapshot_wherever_its_process_dies() {
    // Why everything else is done before: the calls of the tick alone are to be cut off, each of them.
    let rig = Rig::with(Setting { snapshots_per_day: 1, ..Setting::default() }).await;
    let put_back = rig.keep();
    for mode in [Mode::Before, Mode::After] {
        let mut call = 0;
        loop {
            put_back();
            rig.die_at(Death { call, mode });
            rig.tick().await;
            if rig.is_death_outstanding() {
                break;
            }
            rig.settle().await;
            let rows = rig.snapshot_rows(rig.tenant()).await;
            assert_eq!(rows.len(), 1, "call {call} {mode:?}");
            assert!(rows.iter().all(|r| r.reason == Reason::Schedule && r.sealed_at.is_some()));
            let tenant = rig.tenant_row(rig.tenant()).await;
            assert_eq!((tenant.open_snapshot, tenant.last_sealed), (None, Some(rows[0].id.clone())));
            call += 1;
        }
        assert!(call > 5, "the tick makes more than {call} calls");
    }
}

#[tokio::test]
async fn a_digest_leaves_under_one_id_wherever_its_process_dies() {
    let rig = Rig::new().await;
    withdrawn(&rig).await;
    let put_back = rig.keep();
    let expected = digest(&rig, None).await.expect("undisturbed");
    assert_eq!(expected.len(), 1, "{expected:?}");
    for mode in [Mode::Before, Mode::After] {
        let mut call = 0;
        loop {
            put_back();
            let Some(mails) = digest(&rig, Some(Death { call, mode })).await else { break };
            assert_eq!(mails, expected, "call {call} {mode:?}");
            call += 1;
        }
        assert!(call > 5, "the tick makes more than {call} calls");
    }
}

/// A consent was withdrawn yesterday: who hears at once has heard it.
async fn withdrawn(rig: &Rig) {
    rig.clock.advance(SignedDuration::from_mins(1));
    let (tenant, snapshot) = (rig.tenant().clone(), SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"));
    let clock = rig.clock.clone();
    let tell = engine::announce::Announcer::new(rig.records.clone(), rig.world.queue.clone(), clock);
    let status = engine::records::CredentialStatus::ConsentWithdrawn;
    tell.announce_credentials(&tenant, &snapshot, status).await.unwrap();
    rig.settle().await;
    rig.world.mailer.take_sent();
    rig.clock.advance(SignedDuration::from_hours(24));
}

/// The distinct digests of a morning; none when the tick was over before the death.
async fn digest(rig: &Rig, death: Option<Death>) -> Option<Vec<(String, String, String)>> {
    if let Some(death) = death {
        rig.die_at(death);
    }
    rig.tick().await;
    if death.is_some() && rig.is_death_outstanding() {
        return None;
    }
    for _ in 0..6 {
        rig.clock.advance(SignedDuration::from_mins(10));
        rig.tick().await;
    }
    rig.settle().await;
    let mut mails: Vec<_> =
        rig.world.mailer.sent().into_iter().map(|m| (m.to, m.id.to_string(), m.text)).collect();
    mails.sort();
    mails.dedup();
    Some(mails)
}

#[tokio::test]
async fn the_stage_of_the_restore_has_one_of_everything() {
    let rig = Rig::new().await;
    let restore = previewing(&rig).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let report = rig.restores().get_report(rig.tenant(), &restore.id).await.unwrap();
    let text = serde_json::to_string(&report.steps).unwrap();
    for action in ["undelete", "create", "update", "addLinks"] {
        assert!(text.contains(&format!("\"{action}\"")), "{action}: {text}");
    }
    let row = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!((row.counts.done, row.counts.failed, row.counts.skipped), (row.counts.steps, 0, 0), "{text}");
    let named = rig.dump()["groups"]
        .as_object()
        .unwrap()
        .values()
        .filter(|g| g["displayName"] == "Night shift")
        .count();
    assert_eq!(named, 1);
}
