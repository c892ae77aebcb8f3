//! A preview that takes longer than an invocation has goes on where it was, as other jobs do.

use crate::restore_world::{RestoreWorld, item, object, whole};
use domain::RestoreId;
use domain::restore::Selection;
use engine::ports::JobQueue;
use engine::records::RestoreState;
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom};
use restore::preview_restore::Request;
use serde_json::json;

const PEOPLE: usize = 40;

/// People with another title than then.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for number in 0..PEOPLE {
        let name = format!("u{number:02}");
        let user =
            json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "then"});
        stage.both(object("users", &name, &user));
        stage.directory.set("users", &name, "jobTitle", json!("now"));
    }
    stage
}

fn everybody() -> Selection {
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("u{number:02}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| ("users", name.as_str())).collect();
    whole(&all)
}

/// How many messages asked for a preview so far.
fn asked_for(stage: &RestoreWorld) -> usize {
    let sent = stage.world.queue.sent();
    sent.iter().filter(|message| message.queue == JobQueue::PreviewRestore).count()
}

/// Makes the preview in invocations of a minute; gives how many there were.
async fn previewed_slowly(stage: &RestoreWorld, restore: &RestoreId) -> usize {
    let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    stage.directory.look_slowly(5_000);
    stage.directory.take_looks();
    let mut invocations = 0;
    loop {
        invocations += 1;
        let sent = asked_for(stage);
        let deadline = stage.now() + SignedDuration::from_mins(1);
        let report = stage.preview_worker().run(&request, deadline).await.unwrap();
        let is_asked = asked_for(stage) == sent + 1;
        assert_eq!(report.is_continued, is_asked, "who is not done asks for another invocation");
        if !report.is_continued {
            break;
        }
        assert!(invocations < PEOPLE, "it gets further each time");
    }
    stage.directory.look_slowly(0);
    let mut looks = stage.directory.take_looks();
    let all = looks.len();
    looks.sort();
    looks.dedup();
    assert_eq!((all, looks.len()), (PEOPLE, PEOPLE), "each object is read once");
    invocations
}

#[tokio::test]
async fn a_preview_whose_time_is_up_goes_on_with_what_it_has_read() {
    let stage = stage();
    let unhurried = stage.previewed(everybody()).await;
    let restore = stage.asked(everybody()).await;
    assert!(previewed_slowly(&stage, &restore).await > 3);
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Previewed);
    assert_eq!(stage.plan(&restore).await.steps, stage.plan(&unhurried).await.steps);
    assert_eq!(stage.plan(&restore).await.steps.len(), PEOPLE);
}

#[tokio::test]
async fn an_undoing_whose_time_is_up_goes_on_with_what_it_has_read() {
    let stage = stage();
    let restore = stage.previewed(everybody()).await;
    assert_eq!(stage.run(&restore).await.counts.done, PEOPLE as u64);
    let new = NewRestore::of(RestoreFrom::Undo(restore), Selection::default());
    let undo = stage.commands().create_preview(&stage.tenant, "me", new).await.unwrap().id;
    assert!(previewed_slowly(&stage, &undo).await > 3);
    assert_eq!(stage.run(&undo).await.counts.done, PEOPLE as u64);
    assert_eq!(stage.directory.get("users", "u07")["jobTitle"], "now");
}

#[tokio::test]
async fn what_was_read_too_long_ago_is_read_again() {
    let stage = stage();
    let restore = stage.asked(everybody()).await;
    let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    stage.directory.look_slowly(5_000);
    let deadline = stage.now() + SignedDuration::from_mins(1);
    assert!(stage.preview_worker().run(&request, deadline).await.unwrap().is_continued);
    stage.directory.look_slowly(0);
    stage.world.clock.advance(SignedDuration::from_hours(7));
    stage.directory.set("users", "u00", "jobTitle", json!("then"));
    stage.preview_worker().run(&request, stage.deadline()).await.unwrap();
    assert_eq!(
        stage.plan(&restore).await.steps.len(),
        PEOPLE - 1,
        "whoever has the old title by now needs none"
    );
}

#[tokio::test]
async fn a_preview_of_many_who_are_gone_ends_in_time_and_goes_on() {
    let stage = stage();
    for number in 0..PEOPLE {
        stage.directory.hard_delete(&format!("u{number:02}"));
    }
    let restore = stage.asked(everybody()).await;
    let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    stage.directory.search_slowly(50);
    let mut invocations = 0;
    loop {
        invocations += 1;
        let deadline = stage.now() + SignedDuration::from_secs(60);
        // The first has time for the people, and not for those who may have their names.
        stage.directory.look_slowly(if invocations == 1 { 900 } else { 0 });
        let report = stage.preview_worker().run(&request, deadline).await.unwrap();
        assert!(stage.now() < deadline, "invocation {invocations} ends in time");
        if !report.is_continued {
            break;
        }
        assert!(invocations < 3, "it gets further");
    }
    assert!(invocations > 1);
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Previewed);
}

#[tokio::test]
async fn a_preview_that_gets_further_each_time_is_never_tried_in_vain() {
    let stage = stage();
    let restore = stage.asked(everybody()).await;
    let body = engine::messages::preview_restore(&stage.tenant, &restore, 0).body;
    for round in 0..PEOPLE {
        stage.directory.throttle_looks_after(Some(3));
        engine::work::JobWorker::handle(&stage.preview_worker(), &body, stage.deadline()).await.unwrap();
        let row = stage.restore(&restore).await;
        if row.state == RestoreState::Previewed {
            assert!(round > 10, "{round}");
            return;
        }
        let held = row.course.held_up.unwrap();
        assert_eq!(held.attempts, 1, "round {round} got further");
        stage.world.clock.advance(SignedDuration::from_mins(11));
    }
    panic!("it never ends");
}

#[tokio::test]
async fn a_preview_is_as_old_as_the_oldest_of_what_it_shows() {
    for is_privileged in [false, true] {
        let mut stage = stage();
        let group =
            json!({"displayName": "admins", "mailNickname": "admins", "isAssignableToRole": is_privileged});
        stage.both(object("groups", "g", &group));
        stage.directory.set("groups", "g", "displayName", json!("Admins"));
        let mut selection = everybody();
        selection.items.push(item("groups", "g"));
        let restore = stage.asked(selection).await;
        let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
        let began = stage.now();
        stage.directory.look_slowly(5_000);
        let deadline = stage.now() + SignedDuration::from_mins(1);
        assert!(stage.preview_worker().run(&request, deadline).await.unwrap().is_continued);
        stage.directory.look_slowly(0);
        stage.world.clock.advance(SignedDuration::from_mins(40));
        let second = stage.preview_worker().run(&request, stage.deadline()).await.unwrap();
        // What is about rights is good for half an hour: what is older is read once more.
        assert_eq!(second.is_continued, is_privileged);
        if is_privileged {
            stage.preview_worker().run(&request, stage.deadline()).await.unwrap();
        }
        let row = stage.restore(&restore).await;
        assert_eq!((row.state, row.privileged), (RestoreState::Previewed, is_privileged));
        let good_for = row.expires_at.unwrap().duration_since(began);
        let most = SignedDuration::from_mins(if is_privileged { 72 } else { 24 * 60 });
        assert!(good_for <= most && row.expires_at.unwrap() > stage.now(), "{good_for:?}");
    }
}

#[tokio::test]
async fn what_a_preview_has_read_is_kept_as_it_goes_and_no_more_than_some_megabytes_of_it_are_held() {
    let mut stage = RestoreWorld::new();
    let names: Vec<String> = (0..5).map(|number| format!("g{number}")).collect();
    for name in &names {
        stage.both(object("groups", name, &json!({"displayName": name, "mailNickname": name})));
        for number in 0..20_000 {
            stage.link("groups.members", name, &format!("u{number}"));
        }
    }
    let all: Vec<(&str, &str)> = names.iter().map(|name| ("groups", name.as_str())).collect();
    let restore = stage.asked(whole(&all)).await;
    stage.directory.throttle_looks_after(Some(4));
    let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    let worker = stage.preview_worker();
    // Four groups of more than two megabytes each: of these two are kept together before the next is read.
    worker.run(&request, stage.deadline()).await.unwrap_err();
    let parts = [stage.has_kept(&restore, 1, 0).await, stage.has_kept(&restore, 1, 1).await];
    assert_eq!(parts, [true, true]);
}
