//! What must not come of it that steps are under way together: a run that waits for itself, a write that comes too late or
//! after the restore was stopped, an object that is read over and over.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use engine::records::RestoreState;
use jiff::SignedDuration;
use restore::run_restore::Bounds;
use serde_json::json;
use std::time::Duration;
use support::faulty::Mode;

/// A tenant whose Graph answers while others go on, or at once.
fn stage(is_far: bool) -> RestoreWorld {
    let stage = RestoreWorld::new();
    if is_far {
        stage.directory.answer_later();
    }
    stage
}

/// A user, live and in the snapshot.
fn person(stage: &mut RestoreWorld, name: &str) {
    let user = json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "Clerk"});
    stage.both(object("users", name, &user));
}

/// A group with these members, who are in it at the snapshot alone.
fn emptied_group(stage: &mut RestoreWorld, name: &str, members: &[String]) {
    let group = json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
        "groupTypes": []});
    stage.both(object("groups", name, &group));
    for member in members {
        stage.link("groups.members", name, member);
        stage.directory.unlink("groups.members", name, member);
    }
}

/// A group that lost so many members, and the preview of giving them back.
async fn of_members(stage: &mut RestoreWorld, count: usize) -> RestoreId {
    let names: Vec<String> = (0..count).map(|number| format!("u{number:03}")).collect();
    for name in &names {
        person(stage, name);
    }
    emptied_group(stage, "staff", &names);
    stage.previewed(whole(&[("groups", "staff")])).await
}

/// So many groups that get one member, who has to be created again, and the preview of that.
async fn of_groups(stage: &mut RestoreWorld, count: usize) -> RestoreId {
    person(stage, "ann");
    let groups: Vec<String> = (0..count).map(|number| format!("g{number:02}")).collect();
    for group in &groups {
        emptied_group(stage, group, &["ann".to_owned()]);
    }
    stage.directory.hard_delete("ann");
    let all: Vec<(&str, &str)> = groups.iter().map(|group| ("groups", group.as_str())).collect();
    stage.previewed(whole(&[&[("users", "ann")], &all[..]].concat())).await
}

fn links(stage: &RestoreWorld, groups: usize) -> usize {
    (0..groups).map(|group| stage.directory.ends("groups.members", &format!("g{group:02}")).len()).sum()
}

#[tokio::test]
async fn a_group_that_gets_more_members_than_may_be_under_way_gets_all_of_them() {
    for (under_way, together, is_far) in [
        (1, 1, false),
        (2, 3, false),
        (2, 3, true),
        (3, 2, true),
        (4, 3, true),
        (7, 100, true),
        (100, 4, true),
    ] {
        let mut stage = stage(is_far);
        stage.bounds = Bounds { under_way, together, ..Bounds::default() };
        let restore = of_members(&mut stage, 170).await;
        // Somebody has given some of them back since.
        for number in 20..40 {
            stage.directory.link("groups.members", "staff", &format!("u{number:03}"));
        }
        let done = tokio::time::timeout(Duration::from_mins(1), stage.run(&restore)).await;
        let done = done.expect("none waits for one that may not begin");
        let is = (done.state, done.counts.done);
        assert_eq!(is, (RestoreState::Done, done.counts.steps), "{under_way}, {together}, {is_far}");
        assert_eq!(stage.directory.ends("groups.members", "staff").len(), 170);
    }
}

#[tokio::test]
async fn a_step_that_is_larger_than_what_may_be_held_is_performed_all_the_same() {
    let mut stage = stage(true);
    stage.bounds = Bounds { bytes: 1, ..Bounds::default() };
    let restore = of_members(&mut stage, 60).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 3));
}

#[tokio::test]
async fn a_group_gets_its_last_member_before_a_restricted_unit_gets_the_group() {
    let mut stage = stage(true);
    person(&mut stage, "ann");
    person(&mut stage, "bob");
    emptied_group(&mut stage, "staff", &["ann".to_owned(), "bob".to_owned()]);
    let unit = json!({"displayName": "Board", "isMemberManagementRestricted": true});
    stage.both(object("administrativeUnits", "board", &unit));
    stage.link("administrativeUnits.members", "board", "staff");
    stage.directory.unlink("administrativeUnits.members", "board", "staff");
    stage.directory.hard_delete("ann");
    stage.directory.keep_restricted();
    // Graph takes one of the two at once, and knows the other, who is made anew, a minute later.
    stage.directory.refuse_links_to_new_for_ms(60_000);
    let items = [("users", "ann"), ("groups", "staff"), ("administrativeUnits", "board")];
    let restore = stage.previewed(whole(&items)).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps));
    assert_eq!(stage.directory.ends("groups.members", "staff").len(), 2);
    assert_eq!(stage.directory.ends("administrativeUnits.members", "board"), ["staff"]);
}

#[tokio::test]
async fn what_waits_to_be_written_when_a_restore_is_stopped_is_not_written_any_more() {
    const GROUPS: usize = 30;
    let mut stage = stage(true);
    let restore = of_groups(&mut stage, GROUPS).await;
    stage.directory.refuse_links_to_new_for_ms(120_000);
    stage.approve(&restore).await;
    // All have been refused by then, and wait.
    stage.run_until_stopped(&restore, 1 + u32::try_from(GROUPS).unwrap()).await;
    let row = stage.restore(&restore).await;
    assert_eq!((row.state, row.counts.done), (RestoreState::Cancelled, 1), "whoever was made is there");
    assert_eq!(links(&stage, GROUPS), 0);
    // What was begun has its end.
    assert!(stage.report(&restore).await.steps.len() as u64 == row.counts.ended() && row.counts.ended() > 1);
}

#[tokio::test]
async fn no_write_begins_so_late_that_its_row_could_not_be_written() {
    const GROUPS: usize = 30;
    let mut stage = stage(true);
    let restore = of_groups(&mut stage, GROUPS).await;
    stage.directory.refuse_links_to_new_for_ms(20_000);
    stage.directory.look_slowly(1_000);
    stage.approve(&restore).await;
    for seconds in [80, 95, 110, 130] {
        let deadline = stage.now() + SignedDuration::from_secs(seconds);
        let report = stage.worker().run(&stage.request(&restore), deadline).await.unwrap();
        let written_at = stage.directory.written_at().unwrap();
        assert!(written_at + SignedDuration::from_secs(10) <= deadline, "{written_at} of {deadline}");
        if !report.is_continued {
            break;
        }
    }
    while stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap().is_continued {}
    let done = stage.restore(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps));
    assert_eq!(links(&stage, GROUPS), GROUPS);
}

#[tokio::test]
async fn steps_that_wait_for_one_group_to_show_their_members_read_it_once_a_round() {
    for is_far in [false, true] {
        let mut stage = stage(is_far);
        let restore = of_members(&mut stage, 200).await;
        stage.directory.show_links_after_ms(30_000);
        stage.directory.take_looks();
        let done = stage.run(&restore).await;
        assert_eq!((done.state, done.counts.done), (RestoreState::Done, 10));
        let looks = stage.directory.take_looks().len();
        assert!(looks <= 9, "{looks} readings for ten steps, {is_far}");
    }
}

#[tokio::test]
async fn a_name_goes_to_its_owner_when_the_other_is_seen_to_have_given_it_up() {
    let mut stage = stage(true);
    person(&mut stage, "ann");
    person(&mut stage, "bob");
    for (name, has) in [("ann", "bob@x.y"), ("bob", "other@x.y")] {
        stage.directory.set("users", name, "userPrincipalName", json!(has));
    }
    stage.directory.keep_names();
    stage.directory.show_updates_after_ms(3_000);
    let restore = stage.previewed(whole(&[("users", "ann"), ("users", "bob")])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 2));
    assert_eq!(stage.directory.get("users", "bob")["userPrincipalName"], "bob@x.y");
}

/// Two groups of one name that nothing tells apart, each with a member of its own; both are gone.
async fn of_namesakes(is_far: bool) -> (RestoreWorld, RestoreId) {
    let mut stage = stage(is_far);
    person(&mut stage, "ann");
    person(&mut stage, "bob");
    for (group, member) in [("one", "ann"), ("other", "bob")] {
        let named = json!({"displayName": "Baseline", "mailNickname": "NotSet", "mailEnabled": false,
            "securityEnabled": true, "groupTypes": []});
        stage.both(object("groups", group, &named));
        stage.link("groups.members", group, member);
        stage.directory.hard_delete(group);
    }
    let restore = stage.previewed(whole(&[("groups", "one"), ("groups", "other")])).await;
    stage.approve(&restore).await;
    (stage, restore)
}

#[tokio::test]
async fn wherever_a_run_dies_two_objects_of_one_name_are_made_and_each_has_what_it_had() {
    let calls = {
        let (stage, restore) = of_namesakes(true).await;
        stage.faults.take_log();
        stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        stage.faults.call_count()
    };
    for call in 1..=calls {
        let (stage, restore) = of_namesakes(true).await;
        stage.faults.take_log();
        stage.faults.die_at(call, Mode::Before);
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        stage.faults.heal();
        while stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap().is_continued {}
        assert_eq!(stage.directory.count("groups"), 2, "{call} of {calls}");
        for (group, member) in [("one", "ann"), ("other", "bob")] {
            let id = stage.new_id(group).await;
            assert_eq!(stage.directory.ends("groups.members", &id), [member], "{group}, {call} of {calls}");
        }
    }
}

#[tokio::test]
async fn a_parcel_of_which_much_is_refused_is_not_written_on_with_after_a_stop_nor_too_late() {
    for is_stopped in [true, false] {
        let mut stage = stage(true);
        let restore = of_members(&mut stage, 20).await;
        for number in 0..10 {
            stage.directory.poison(&format!("u{number:03}"), 400);
        }
        stage.directory.write_slowly(500);
        stage.approve(&restore).await;
        if is_stopped {
            let writes = stage.run_until_stopped(&restore, 1).await;
            assert!(writes <= 2, "{writes}");
            assert_eq!(stage.restore(&restore).await.state, RestoreState::Cancelled);
            continue;
        }
        let deadline = stage.now() + SignedDuration::from_secs(12);
        let report = stage.worker().run(&stage.request(&restore), deadline).await.unwrap();
        assert!(report.is_continued);
        let written_at = stage.directory.written_at().unwrap();
        assert!(written_at + SignedDuration::from_secs(10) <= deadline, "{written_at} of {deadline}");
        while stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap().is_continued {}
        assert_eq!(stage.directory.ends("groups.members", "staff").len(), 10);
    }
}
