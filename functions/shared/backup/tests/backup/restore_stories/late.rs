//! Directories show late what was written: a restore waits, and makes nothing twice.

use crate::restore_world::{RestoreWorld, object, whole};
use engine::records::RestoreState;
use serde_json::json;

/// A user and a group that had her.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.both(object(
        "users",
        "ann",
        &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann",
        "jobTitle": "Clerk"}),
    ));
    stage.both(object(
        "groups",
        "staff",
        &json!({"displayName": "Staff", "mailNickname": "staff",
        "mailEnabled": false, "securityEnabled": true}),
    ));
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
