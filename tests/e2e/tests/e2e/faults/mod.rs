//! A fault of each kind at every request of a snapshot: once, and each time that this is asked. The snapshot is sealed all
//! the same; what it holds is what an undisturbed one holds, and what it does not hold it names; it costs hardly more
//! requests; and the next one, undisturbed, lacks nothing.
//!
//! What comes before a snapshot happens once, and the world is kept as it then is. It is read once undisturbed, which
//! gives its requests; then, for each of them and each fault, again in the world put back. A tenth of them, always the
//! same, is played each time; all of them, many minutes, by
//! `HOLDFAST_FAULTS=all cargo test --workspace --test e2e -- faults`.

mod bad_object;
mod eight_hours;
mod held;

use crate::rig::{Rig, Setting, Stage};
use domain::SnapshotId;
use engine::ports::{Clock, JobQueue};
use engine::records::JobState;
use futures::future::LocalBoxFuture;
use held::Held;
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimePrinter;
use sim::{ExpandedSettings, FaultRule, READER_CLIENT_ID, SeenRequest};
use std::collections::{BTreeMap, BTreeSet};

/// Of the cases one in so many is played each time.
const ONE_IN: usize = 10;

/// Whether every case is asked for.
fn is_all_asked_for() -> bool {
    std::env::var("HOLDFAST_FAULTS").is_ok_and(|wanted| wanted == "all")
}

/// How a request fails, by name; `lasting` ones may fail for ever, the others end by their own word.
struct Fault {
    name: &'static str,
    rule: FaultRule,
    lasting: bool,
}

/// Every kind of fault, for requests that are made about now.
fn faults(rig: &Rig) -> Vec<Fault> {
    let claims = r#"Bearer realm="", error="insufficient_claims", claims="eyJ9""#;
    let soon = rig.clock.now() + SignedDuration::from_secs(60);
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&soon).unwrap();
    let status = |status| FaultRule { status, ..FaultRule::default() };
    let with = |status, name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        FaultRule { status, headers, ..FaultRule::default() }
    };
    let wait = |after: String| FaultRule { retry_after: Some(after), ..status(429) };
    let html = "<html><body>Our services aren't available right now</body></html>".to_owned();
    let table = [
        ("400", status(400), true),
        ("401 with a claims challenge", with(401, "WWW-Authenticate", claims), true),
        ("403", status(403), true),
        ("404", status(404), true),
        ("410", status(410), true),
        ("429 with a date", wait(date), false),
        ("429 beyond the deadline", wait("7200".to_owned()), false),
        ("500", status(500), true),
        ("503", status(503), true),
        ("HTML", FaultRule { body: html, ..with(200, "Content-Type", "text/html") }, true),
        ("half an answer", FaultRule { half: true, ..FaultRule::default() }, true),
        ("a cut connection", status(0), true),
        ("a closed connection", status(1), true),
    ];
    table.into_iter().map(|(name, rule, lasting)| Fault { name, rule, lasting }).collect()
}

/// A snapshot that is asked for, and all that comes before.
struct Story {
    name: &'static str,
    setting: fn() -> Setting,
    before: for<'a> fn(&'a Rig) -> LocalBoxFuture<'a, ()>,
}

/// What an undisturbed snapshot asked and holds.
struct Undisturbed {
    asked: Vec<SeenRequest>,
    held: Held,
}

fn twenty() -> Setting {
    Setting { users: 20, ..Setting::default() }
}

/// Pages are small, so that each kind has several, and Graph cuts what it expands.
fn by_small_pages(rig: &Rig) {
    rig.control.switch(|switches| {
        (switches.page_limit, switches.delta_page_size, switches.delta_link_entries) = (24, 20, 40);
        switches.expanded_settings = ExpandedSettings::SilentlyAt(1);
    });
}

fn asked(rig: &Rig) -> Vec<SeenRequest> {
    let all = rig.control.requests(rig.tenant().as_str());
    all.into_iter().filter(|request| request.app == READER_CLIENT_ID).collect()
}

async fn newest(rig: &Rig) -> SnapshotId {
    rig.snapshot_rows(rig.tenant()).await.into_iter().map(|row| row.id).max().unwrap()
}

/// Settles; the newest snapshot is sealed, and nothing is left anywhere.
async fn sealed(rig: &Rig, when: &str) -> SnapshotId {
    rig.settle().await;
    assert_eq!(rig.dead_letters(), [""; 0], "{when}");
    let id = newest(rig).await;
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!(row.state, JobState::Done, "{when}: {:?}", row.error);
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!((tenant.open_snapshot, tenant.last_sealed), (None, Some(id.clone())), "{when}");
    for queue in JobQueue::ALL {
        assert_eq!(rig.world.queue.waiting_count(queue), 0, "{when}: {}", queue.name());
    }
    id
}

async fn undisturbed(rig: &Rig) -> Undisturbed {
    let id = sealed(rig, "undisturbed").await;
    assert_eq!(rig.manifest(rig.tenant(), &id).await.unwrap().missing, vec![], "undisturbed");
    Undisturbed { asked: asked(rig), held: Held::by(rig, &id).await }
}

/// How many requests were made that are no repetition of the one that failed; a batch is one. Where it fails each time, no
/// repetition counts: the page that it belongs to is asked for again too, with all that belongs to that.
fn cost(asked: &[SeenRequest], failed: &SeenRequest, expected: &[SeenRequest], each_time: bool) -> usize {
    let count = |of: &[SeenRequest], address: &str| {
        of.iter().filter(|r| !r.inner_of_batch && r.address() == address).count()
    };
    if each_time {
        let addresses = asked.iter().filter(|r| !r.inner_of_batch).map(SeenRequest::address);
        let addresses: BTreeSet<&str> = addresses.collect();
        return addresses.into_iter().map(|of| count(asked, of).min(count(expected, of).max(1))).sum();
    }
    let repeated = |address: &str| count(asked, address).saturating_sub(count(expected, address));
    let batch = if failed.inner_of_batch { repeated("/$batch") } else { 0 };
    let all = asked.iter().filter(|request| !request.inner_of_batch).count();
    all - repeated(failed.address()) - batch
}

async fn any_fault_anywhere(story: Story) {
    let rig = Rig::with((story.setting)()).await;
    (story.before)(&rig).await;
    rig.control.clear();
    let put_back = rig.keep();
    put_back();
    let expected = undisturbed(&rig).await;
    let calls = expected.asked.iter().filter(|request| !request.inner_of_batch).count();
    let (mut played, mut number, mut most) = (0_usize, 0_usize, 0);
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    for failed in &expected.asked {
        let skip = numbers.entry(failed.address().to_owned()).or_default();
        let first = *skip == 0;
        put_back();
        for (fault, times) in faults(&rig).iter().flat_map(|fault| [(fault, 1), (fault, u32::MAX)]) {
            if times > 1 && !(fault.lasting && first) {
                continue;
            }
            number += 1;
            if !number.is_multiple_of(ONE_IN) && !is_all_asked_for() {
                continue;
            }
            played += 1;
            let often = if times > 1 { "each time" } else { "once" };
            let when = format!("{}: {} {often} at {}", story.name, fault.name, failed.path_and_query);
            put_back();
            let address = Some(failed.address().to_owned());
            rig.control.fail_next(FaultRule { address, skip: *skip, times, ..fault.rule.clone() });
            let id = sealed(&rig, &when).await;
            let missing = expected.held.assert_is_held_or_named(&rig, &id, &when).await;
            let asked = asked(&rig);
            let cost = cost(&asked, failed, &expected.asked, times > 1);
            most = most.max(cost);
            assert!(
                cost * 10 <= calls * 12,
                "{when}: {cost} requests, undisturbed {calls}: {:#?}",
                asked.iter().map(|r| (&r.path_and_query, r.status)).collect::<Vec<_>>()
            );

            // What was lost by it is there again with the next.
            if missing.is_empty() && !played.is_multiple_of(3) {
                continue;
            }
            rig.control.clear_faults();
            rig.clock.advance(SignedDuration::from_hours(1));
            rig.ask_snapshot(rig.tenant()).await;
            let next = sealed(&rig, &when).await;
            let missing =
                expected.held.assert_is_held_or_named(&rig, &next, &format!("{when}, the next")).await;
            assert_eq!(missing, vec![], "{when}, the next");
        }
        *numbers.get_mut(failed.address()).unwrap() += 1;
    }
    println!("{}: {calls} calls, {played} of {number} cases, {most} requests at the most", story.name);
}

#[tokio::test]
async fn a_first_snapshot_is_sealed_whatever_request_fails_and_how() {
    any_fault_anywhere(Story {
        name: "everything",
        setting: twenty,
        before: |rig| {
            Box::pin(async move {
                rig.staged().await;
                by_small_pages(rig);
                rig.ask_snapshot(rig.tenant()).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_later_snapshot_is_sealed_whatever_request_fails_and_how() {
    any_fault_anywhere(Story {
        name: "changes",
        setting: twenty,
        before: |rig| {
            Box::pin(async move {
                let (admin, stage) = rig.staged().await;
                by_small_pages(rig);
                rig.snapshot().await;
                rig.clock.advance(SignedDuration::from_mins(10));
                Stage::happen(&stage, &admin).await;
                rig.ask_snapshot(rig.tenant()).await;
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_of_a_tenant_without_changes_is_sealed_whatever_request_fails_and_how() {
    any_fault_anywhere(Story {
        name: "lists",
        setting: || Setting { tracks_changes: false, ..twenty() },
        before: |rig| {
            Box::pin(async move {
                rig.staged().await;
                by_small_pages(rig);
                rig.ask_snapshot(rig.tenant()).await;
            })
        },
    })
    .await;
}
