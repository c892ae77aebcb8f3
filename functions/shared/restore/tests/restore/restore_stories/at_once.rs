//! Steps that have nothing to do with each other are performed at the same time: their waits overlap, and what they read
//! of one object is read once.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use engine::records::{OutcomeState, RestoreState};
use jiff::SignedDuration;
use serde_json::json;

const PEOPLE: usize = 60;

fn name(number: usize) -> String {
    format!("u{number:02}")
}

/// People, and a group that has them all.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in (0..PEOPLE).map(name) {
        let user =
            json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "Clerk"});
        stage.both(object("users", &name, &user));
    }
    let staff = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": []});
    stage.both(object("groups", "staff", &staff));
    for name in (0..PEOPLE).map(name) {
        stage.link("groups.members", "staff", &name);
    }
    stage
}

async fn previewed(stage: &RestoreWorld) -> RestoreId {
    let names: Vec<String> = (0..PEOPLE).map(name).collect();
    let mut items: Vec<(&str, &str)> = names.iter().map(|name| ("users", name.as_str())).collect();
    items.push(("groups", "staff"));
    stage.previewed(whole(&items)).await
}

#[tokio::test]
async fn new_objects_that_show_minutes_later_are_waited_for_together() {
    let stage = stage();
    for name in (0..PEOPLE).map(name) {
        stage.directory.hard_delete(&name);
    }
    let restore = previewed(&stage).await;
    stage.directory.show_after_ms(3 * 60_000);
    let began = stage.now();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps), "in one invocation");
    assert_eq!(
        (stage.directory.count("users"), stage.directory.ends("groups.members", "staff").len()),
        (60, 60)
    );
    // One after another they would take three hours. The clock here adds up what is waited for at the same time.
    let took = stage.now().duration_since(began);
    assert!(took < SignedDuration::from_mins(12), "{took}");
}

#[tokio::test]
async fn a_group_that_gets_many_members_back_is_read_once_before_and_once_after_they_are_written() {
    let stage = stage();
    for name in (0..PEOPLE).map(name) {
        stage.directory.unlink("groups.members", "staff", &name);
    }
    let restore = previewed(&stage).await;
    stage.directory.take_looks();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done, done.counts.steps), (RestoreState::Done, 3, 3));
    assert_eq!(stage.directory.take_looks(), ["staff", "staff"]);
    assert_eq!(stage.directory.write_count(), 3);
    let report = stage.report(&restore).await;
    assert!(report.steps.iter().all(|step| step.outcome == OutcomeState::Done && step.status == Some(204)));
}

/// A group that has so many more members than it had.
async fn of_strangers(stage: &mut RestoreWorld, count: usize, can_hold_roles: bool) -> RestoreId {
    stage.directory.set("groups", "staff", "isAssignableToRole", json!(can_hold_roles));
    for number in 0..count {
        let stranger = format!("s{number:03}");
        let user = json!({"userPrincipalName": format!("{stranger}@x.y"), "displayName": stranger});
        stage.both(object("users", &stranger, &user));
        stage.directory.link("groups.members", "staff", &stranger);
    }
    stage.previewed(whole(&[("groups", "staff")])).await
}

#[tokio::test]
async fn a_group_that_loses_many_members_is_read_before_and_after_each_hundred_of_them() {
    let mut stage = stage();
    let restore = of_strangers(&mut stage, 250, false).await;
    stage.directory.take_looks();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done, done.counts.steps), (RestoreState::Done, 250, 250));
    assert_eq!(stage.directory.ends("groups.members", "staff").len(), PEOPLE);
    assert_eq!(stage.directory.write_count(), 250);
    // Once to see that it can hold no role, once before the first, and once after each hundred.
    assert_eq!(stage.directory.take_looks().len(), 5);
}

#[tokio::test]
async fn of_a_group_that_can_hold_roles_members_are_taken_one_by_one_each_judged_by_what_is_there() {
    let mut stage = stage();
    let restore = of_strangers(&mut stage, 10, true).await;
    stage.directory.take_looks();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 10));
    let looks = stage.directory.take_looks();
    assert!(looks.iter().filter(|id| *id == "staff").count() > 10, "{looks:?}");
}

#[tokio::test]
async fn a_member_who_is_refused_costs_neither_the_other_steps_on_its_group_nor_a_reading_each() {
    let stage = stage();
    for name in (0..PEOPLE).map(name) {
        stage.directory.unlink("groups.members", "staff", &name);
    }
    let restore = previewed(&stage).await;
    stage.directory.refuse_links_to("u30");
    stage.directory.take_looks();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done, done.counts.failed), (RestoreState::Done, 2, 1));
    assert_eq!(stage.directory.ends("groups.members", "staff").len(), PEOPLE - 1);
    assert!(stage.directory.take_looks().len() <= 3);
}

/// Whoever stops it stops what has not begun, but for the few that are at work; what was made is waited for, and told.
#[tokio::test]
async fn a_restore_that_is_stopped_while_many_wait_begins_no_further_step() {
    let stage = stage();
    for name in (0..PEOPLE).map(name) {
        stage.directory.hard_delete(&name);
    }
    let restore = previewed(&stage).await;
    stage.directory.show_after_ms(60_000);
    stage.approve(&restore).await;
    let writes = stage.run_until_stopped(&restore, 20).await;
    assert!((20..28).contains(&writes), "{writes}");
    let row = stage.restore(&restore).await;
    assert_eq!((row.state, row.counts.done), (RestoreState::Cancelled, u64::from(writes)));
    assert_eq!(stage.directory.count("users"), writes as usize);
}

#[tokio::test]
async fn a_run_whose_time_is_up_while_many_wait_goes_on_with_all_of_them() {
    let stage = stage();
    for name in (0..PEOPLE).map(name) {
        stage.directory.hard_delete(&name);
    }
    let restore = previewed(&stage).await;
    stage.directory.show_after_ms(10 * 60_000);
    stage.approve(&restore).await;
    let soon = stage.now() + SignedDuration::from_mins(3);
    let report = stage.worker().run(&stage.request(&restore), soon).await.unwrap();
    assert!(report.is_continued);
    let made = stage.directory.count("users");
    assert!(made > 1, "{made}");
    while stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap().is_continued {}
    let done = stage.restore(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps));
    assert_eq!(stage.directory.count("users"), PEOPLE, "nobody is made twice");
}
