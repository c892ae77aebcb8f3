//! Directories show late what was written: a restore waits, and makes nothing twice.

use crate::restore_world::{RestoreWorld, item, object, whole};
use domain::restore::Selection;
use engine::records::RestoreState;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

fn staff() -> Map<String, Value> {
    let staff = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true});
    staff.as_object().unwrap().clone()
}

/// A user and a group that had her.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.both(object(
        "users",
        "ann",
        &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann",
        "jobTitle": "Clerk"}),
    ));
    stage.both(object("groups", "staff", &Value::Object(staff())));
    stage.link("groups.members", "staff", "ann");
    stage
}

#[tokio::test]
async fn who_leaves_the_recycle_bin_and_shows_minutes_later_gets_back_what_needs_her() {
    let stage = stage();
    stage.directory.set("users", "ann", "jobTitle", json!("Changed"));
    stage.directory.soft_delete("users", "ann");
    stage.directory.unlink("groups.members", "staff", "ann");
    let restore = stage.previewed(whole(&[("users", "ann"), ("groups", "staff")])).await;
    stage.directory.show_undeleted_after_ms(5 * 60_000);
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps));
    assert_eq!(stage.directory.get("users", "ann")["jobTitle"], "Clerk");
    assert_eq!(stage.directory.ends("groups.members", "staff"), ["ann"]);
}

#[tokio::test]
async fn a_group_whose_creation_was_not_answered_and_that_shows_minutes_later_is_made_once() {
    let stage = stage();
    stage.directory.hard_delete("staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.directory.show_after_ms(6 * 60_000);
    stage.directory.lose_answer_of_next_creation();
    let done = stage.run(&restore).await;
    assert_eq!((stage.directory.count("groups"), done.counts.done), (1, done.counts.steps));
    let report = stage.report(&restore).await;
    assert!(report.steps[0].found_after_interruption, "its answer was lost");
}

/// Graph said that she is back. That she does not show in time leaves that step without its proof, and takes nothing from
/// those that follow.
#[tokio::test]
async fn who_is_back_and_shows_after_her_step_gave_up_gets_what_follows_all_the_same() {
    let stage = stage();
    stage.directory.set("users", "ann", "jobTitle", json!("Changed"));
    stage.directory.soft_delete("users", "ann");
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    stage.directory.show_undeleted_after_ms(13 * 60_000);
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.unverified, done.counts.skipped), (RestoreState::Done, 1, 0));
    assert_eq!(stage.directory.get("users", "ann")["jobTitle"], "Clerk");
}

/// The index shows late, too, what somebody else made before.
#[tokio::test]
async fn an_older_group_of_the_same_name_that_shows_late_is_not_taken_for_the_one_that_was_made() {
    let stage = stage();
    stage.directory.date_creations();
    stage.directory.hard_delete("staff");
    let made_at = stage.now() - SignedDuration::from_hours(1);
    let mut older = staff();
    older.extend([
        ("id".to_owned(), json!("older")),
        ("createdDateTime".to_owned(), json!(made_at.to_string())),
    ]);
    stage.directory.insert("groups", "older", older);
    stage.directory.hide_for_ms("older", 30_000);
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.directory.show_after_ms(60_000);
    stage.directory.lose_answer_of_next_creation();
    stage.run(&restore).await;
    assert_eq!((stage.directory.count("groups"), stage.new_id("staff").await.as_str()), (2, "new1"));
    assert_eq!(stage.directory.ends("groups.members", "older"), [""; 0]);
}

#[tokio::test]
async fn a_group_that_came_back_under_its_old_id_is_not_taken_for_the_one_that_a_stopped_restore_made() {
    let stage = stage();
    stage.directory.hard_delete("staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.directory.show_after_ms(30 * 60_000);
    stage.directory.lose_answer_of_next_creation();
    stage.approve(&restore).await;
    let soon = stage.now() + SignedDuration::from_mins(1);
    stage.worker().run(&stage.request(&restore), soon).await.unwrap();
    let mut old = staff();
    old.insert("id".to_owned(), json!("staff"));
    stage.directory.insert("groups", "staff", old);
    stage.commands().cancel(&stage.tenant, "chief", &restore).await.unwrap();
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Cancelled);
    let report = stage.report(&restore).await;
    assert!(report.steps.iter().all(|step| step.new_id.is_none()), "{:?}", report.steps[0]);
}

/// Of an object that came back long ago a change shows as late as of any other.
#[tokio::test]
async fn a_change_of_who_came_back_long_before_is_waited_for_like_any_other() {
    let stage = stage();
    stage.directory.set("users", "ann", "jobTitle", json!("Changed"));
    stage.directory.soft_delete("users", "ann");
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    stage.directory.show_updates_after_ms(20 * 60_000);
    stage.approve(&restore).await;
    let soon = stage.now() + SignedDuration::from_mins(1);
    stage.worker().run(&stage.request(&restore), soon).await.unwrap();
    assert_eq!(
        stage.restore(&restore).await.state,
        RestoreState::Running,
        "she is back, and her job title is not"
    );
    stage.world.clock.advance(SignedDuration::from_mins(18) + SignedDuration::from_secs(40));
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let done = stage.restore(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps));
}

/// Her security attributes, her licences, her manager and her pass each have a request of their own, and none waits for another
/// to show.
#[tokio::test]
async fn who_is_made_again_is_waited_for_twice_however_much_is_written_to_them_afterwards() {
    const LATE_MS: i64 = 180_000;
    let mut stage = RestoreWorld::new();
    stage.both(object("users", "boss", &json!({"userPrincipalName": "boss@x.y", "displayName": "Boss"})));
    for number in 0..5 {
        let id = format!("u{number}");
        let attributes = json!({"Eng": {"@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue",
            "Level@odata.type": "#Int32", "Level": number}});
        let user = json!({"userPrincipalName": format!("{id}@x.y"), "displayName": id, "mailNickname": id,
            "accountEnabled": true, "usageLocation": "NO", "customSecurityAttributes": attributes,
            "assignedLicenses": [{"skuId": "e5", "disabledPlans": []}]});
        stage.both(object("users", &id, &user));
        stage.link("users.manager", &id, "boss");
        stage.directory.hard_delete(&id);
    }
    let items = (0..5).map(|number| item("users", &format!("u{number}"))).collect();
    let access_pass = serde_json::from_value(json!({})).unwrap();
    let selection = Selection { items, access_pass: Some(access_pass), ..Selection::default() };
    let restore = stage.previewed(selection).await;
    assert_eq!(
        stage.plan(&restore).await.steps.len(),
        5 * 5,
        "of each: made, attributes, manager, licences, pass"
    );
    let late_ms = u64::try_from(LATE_MS).unwrap();
    stage.directory.show_after_ms(late_ms);
    stage.directory.show_updates_after_ms(late_ms);
    stage.directory.show_links_after_ms(late_ms);
    stage.directory.show_passes_after_ms(late_ms);
    let began = stage.now();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps));
    let took_ms = stage.now().duration_since(began).as_millis();
    assert!(took_ms <= i128::from(2 * LATE_MS + LATE_MS / 5), "{took_ms} ms are more than two waits");
}
