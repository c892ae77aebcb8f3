//! A fault of each kind at every request of a snapshot, those for tokens included: once, and each time that this is asked.
//! The snapshot is sealed all the same; what it holds is what an undisturbed one holds, and what it does not hold it names;
//! it costs hardly more requests; and the next one, undisturbed, lacks nothing. Where the login never gives a token, the
//! snapshot is given up with that cause, and nothing is sealed.
//!
//! What comes before a snapshot happens once, and the world is kept as it then is. It is read once undisturbed, which
//! gives its requests; then, for each of them and each fault, again in the world put back. A tenth of these cases, and fewer of
//! those of later snapshots and of lists, always the same, is played each time; all of them, many minutes, by
//! `HOLDFAST_FAULTS=all cargo test --workspace --test e2e -- faults`; with another word, those whose name contains it.

use super::held::Held;
use super::{Fault, by_small_pages, faults, newest, sealed, twenty};
use crate::rig::{Admin, Rig, Setting, Stage};
use domain::stored::Missing;
use engine::records::{Cause, JobState};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use jiff::SignedDuration;
use sim::{FaultRule, READER_CLIENT_ID, SeenRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;

/// A snapshot that is asked for, and all that comes before.
struct Story {
    name: &'static str,
    /// Of the cases one in so many is played each time.
    one_in: usize,
    setting: fn() -> Setting,
    before: for<'a> fn(&'a Rig) -> LocalBoxFuture<'a, ()>,
}

/// What an undisturbed snapshot asked and holds.
struct Undisturbed {
    asked: Vec<SeenRequest>,
    held: Held,
    /// How many requests a snapshot of that tenant makes that reads everything.
    whole: usize,
}

/// Where it is asked whether Microsoft's own recovery wrote. Where that cannot be known, everything is read.
const RECOVERIES: &str = "/directory/recovery/jobs";
/// How many objects a page holds.
const PAGE: usize = 8;

/// The cases that are played, and what became of them.
struct Cases {
    story: &'static str,
    one_in: usize,
    /// `all`, or a word that the names of those contain that are wanted; none where one in so many is.
    wanted: Option<String>,
    number: usize,
    played: usize,
    failed: Vec<String>,
}

impl Cases {
    fn of(story: &Story) -> Self {
        let wanted = std::env::var("HOLDFAST_FAULTS").ok();
        Self { story: story.name, one_in: story.one_in, wanted, number: 0, played: 0, failed: Vec::new() }
    }

    /// Plays the next case if it is one of those that are wanted; the others are played also where it fails.
    async fn play(&mut self, name: &str, case: impl AsyncFnOnce(usize)) {
        self.number += 1;
        let is_wanted = match self.wanted.as_deref() {
            None => self.number.is_multiple_of(self.one_in),
            Some("all") => true,
            Some(word) => name.contains(word),
        };
        if !is_wanted {
            return;
        }
        self.played += 1;
        if AssertUnwindSafe(case(self.played)).catch_unwind().await.is_err() {
            self.failed.push(name.to_owned());
        }
    }

    fn end(self) {
        let Self { story, number, played, failed, .. } = self;
        println!("{story}: {played} of {number} cases");
        assert!(failed.is_empty(), "{story}: {} of {played} cases failed: {failed:#?}", failed.len());
    }
}

/// A stage of which each kind has several pages, and Graph cuts what it expands. Why few policies: of a hundred each is read
/// as the others are.
async fn staged(rig: &Rig) -> (Admin, Stage) {
    let admin = rig.admin(rig.tenant()).await;
    for (path, all) in rig.dump().as_object().unwrap().iter().filter(|(path, _)| path.starts_with("device")) {
        let policies = all.as_object().unwrap().keys();
        for id in policies.enumerate().filter(|(at, _)| at % 8 > 0).map(|(_, id)| id) {
            admin.delete(&format!("{path}/{id}")).await;
        }
    }
    by_small_pages(rig);
    rig.control.switch(|switches| switches.page_limit = PAGE);
    rig.staged().await
}

fn asked(rig: &Rig) -> Vec<SeenRequest> {
    let all = rig.control.requests(rig.tenant().as_str());
    all.into_iter().filter(|request| request.app == READER_CLIENT_ID).collect()
}

async fn undisturbed(rig: &Rig, whole: usize) -> Undisturbed {
    let id = sealed(rig, "undisturbed").await;
    assert_eq!(rig.manifest(rig.tenant(), &id).await.unwrap().missing, vec![], "undisturbed");
    let asked = asked(rig);
    // Of a first snapshot there was no other before.
    let whole = whole.max(calls(&asked).count());
    Undisturbed { asked, held: Held::by(rig, &id).await, whole }
}

/// How many requests were made, a batch is one, that are no repetition of another one; of what is asked several times
/// undisturbed, as many count as then.
fn cost(asked: &[SeenRequest], expected: &[SeenRequest]) -> usize {
    let count = |of: &[SeenRequest], address: &str| calls(of).filter(|r| r.address() == address).count();
    let addresses: BTreeSet<&str> = calls(asked).map(SeenRequest::address).collect();
    addresses.into_iter().map(|of| count(asked, of).min(count(expected, of).max(1))).sum()
}

fn calls(of: &[SeenRequest]) -> impl Iterator<Item = &SeenRequest> {
    of.iter().filter(|request| !request.inner_of_batch)
}

/// The fault is over; an hour later the next snapshot lacks nothing.
async fn assert_next_is_whole(rig: &Rig, expected: &Held, when: &str) {
    rig.control.clear_faults();
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.ask_snapshot(rig.tenant()).await;
    let next = sealed(rig, when).await;
    let missing = expected.assert_is_held_or_named(rig, &next, &format!("{when}, the next")).await;
    assert_eq!(missing, vec![], "{when}, the next");
}

/// One request of the undisturbed snapshot, the `skip`-th of its address, and how it fails.
struct Failing<'a> {
    request: &'a SeenRequest,
    skip: u32,
    fault: &'a Fault,
    each_time: bool,
}

impl Failing<'_> {
    async fn play(&self, rig: &Rig, expected: &Undisturbed, when: &str, number: usize) {
        let Self { request, skip, fault, each_time } = *self;
        let address = Some(request.address().to_owned());
        let times = if each_time { u32::MAX } else { 1 };
        rig.control.fail_next(FaultRule { address, skip, times, ..fault.rule.clone() });
        let id = sealed(rig, when).await;
        let missing: Vec<Missing> = expected.held.assert_is_held_or_named(rig, &id, when).await;
        assert!(rig.control.faults_left() < u64::from(times), "{when}: nothing failed");
        // What was asked besides, and what was asked again. A page that is refused each time is asked for object by object.
        let is_of_recoveries = request.address().starts_with(RECOVERIES);
        let asked = asked(rig);
        let usual = if is_of_recoveries { expected.whole } else { calls(&expected.asked).count() };
        let has_objects = request.address().contains("/delta");
        let singly = if each_time && has_objects && fault.rule.status == 400 { PAGE } else { 0 };
        let (cost, all) = (cost(&asked, &expected.asked), calls(&asked).count());
        let listed = || asked.iter().map(|r| (&r.path_and_query, r.status)).collect::<Vec<_>>();
        assert!(
            cost * 10 <= usual * 12 + singly * 10,
            "{when}: {cost} requests, undisturbed {usual}: {:#?}",
            listed()
        );
        assert!(each_time || all * 10 <= usual * 15, "{when}: {all}, undisturbed {usual}: {:#?}", listed());
        // What was lost by it is there again with the next.
        if !missing.is_empty() || number.is_multiple_of(10) {
            assert_next_is_whole(rig, &expected.held, when).await;
        }
    }
}

async fn any_fault_anywhere(story: Story) {
    let rig = Rig::with((story.setting)()).await;
    (story.before)(&rig).await;
    let whole = calls(&asked(&rig)).count();
    rig.control.clear();
    let put_back = rig.keep();
    put_back();
    let expected = undisturbed(&rig, whole).await;
    let mut cases = Cases::of(&story);
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    put_back();
    let faults = faults(&rig);
    for request in &expected.asked {
        let skip = numbers.entry(request.address().to_owned()).or_default();
        for (fault, each_time) in faults.iter().flat_map(|fault| [(fault, false), (fault, true)]) {
            if each_time && !(fault.lasting && *skip == 0) {
                continue;
            }
            let often = if each_time { "each time" } else { "once" };
            let when = format!("{}: {} {often} at {}", story.name, fault.name, request.path_and_query);
            let failing = Failing { request, skip: *skip, fault, each_time };
            cases
                .play(&when, async |number| {
                    put_back();
                    failing.play(&rig, &expected, &when, number).await;
                })
                .await;
        }
        *skip += 1;
    }
    put_back();
    any_fault_of_the_login(&rig, &put_back, &expected.held, &mut cases).await;
    cases.end();
}

/// The same for each request for a token.
async fn any_fault_of_the_login(rig: &Rig, put_back: &impl Fn(), expected: &Held, cases: &mut Cases) {
    let story = cases.story;
    let ordered = |skip: u32, fault: &Fault, times: u32| {
        put_back();
        rig.control.fail_next(FaultRule { login: true, skip, times, ..fault.rule.clone() });
    };
    let faults = faults(rig);
    // The first of which nothing fails is behind the last request.
    let mut requests = 0;
    loop {
        ordered(requests, &faults[0], 1);
        sealed(rig, story).await;
        if rig.control.faults_left() > 0 {
            break;
        }
        requests += 1;
    }
    assert!(requests > 0, "{story}: no token was asked for");
    for fault in &faults {
        for skip in 0..requests {
            let when = format!("{story}: {} once at request {skip} of the login", fault.name);
            cases
                .play(&when, async |_| {
                    ordered(skip, fault, 1);
                    let id = sealed(rig, &when).await;
                    let missing = expected.assert_is_held_or_named(rig, &id, &when).await;
                    assert_eq!((missing, rig.control.faults_left()), (vec![], 0), "{when}");
                })
                .await;
        }
        if !fault.lasting {
            continue;
        }
        let when = format!("{story}: {} each time at the login", fault.name);
        cases
            .play(&when, async |_| {
                ordered(0, fault, u32::MAX);
                rig.settle().await;
                let row = rig.snapshot_row(rig.tenant(), &newest(rig).await).await;
                assert_eq!(
                    (row.state, row.course.failed),
                    (JobState::Failed, Some(Cause::Unavailable)),
                    "{when}"
                );
                assert!(rig.manifest(rig.tenant(), &row.id).await.is_err(), "{when}: nothing is sealed");
                assert_eq!(rig.dead_letters(), [""; 0], "{when}");
                assert_next_is_whole(rig, expected, &when).await;
            })
            .await;
    }
}

#[tokio::test]
async fn a_first_snapshot_is_sealed_whatever_request_fails_and_how() {
    any_fault_anywhere(Story {
        name: "everything",
        one_in: 10,
        setting: twenty,
        before: |rig| {
            Box::pin(async move {
                staged(rig).await;
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
        one_in: 50,
        setting: twenty,
        before: |rig| {
            Box::pin(async move {
                let (admin, stage) = staged(rig).await;
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
        one_in: 100,
        setting: || Setting { tracks_changes: false, ..twenty() },
        before: |rig| {
            Box::pin(async move {
                staged(rig).await;
                rig.ask_snapshot(rig.tenant()).await;
            })
        },
    })
    .await;
}
