//! What cannot be read costs itself: the rest of a preview is made.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::restore::{Cause, Impossible};
use engine::records::RestoreState;
use serde_json::json;
use support::faulty::Mode;

/// Two users and a group; Bob has changed.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for id in ["ann", "bob"] {
        let user = json!({"userPrincipalName": format!("{id}@x.y"), "displayName": id, "jobTitle": "then"});
        stage.both(object("users", id, &user));
    }
    stage.both(object(
        "groups",
        "staff",
        &json!({"displayName": "Staff", "mailNickname": "staff",
        "mailEnabled": false, "securityEnabled": true}),
    ));
    stage.link("groups.members", "staff", "ann");
    stage.directory.set("users", "bob", "jobTitle", json!("now"));
    stage
}

fn unreadable(of: &[Impossible]) -> Vec<(String, String, String)> {
    let named = of.iter().filter(|i| i.cause == Cause::Unreadable);
    named.map(|i| (i.kind.to_string(), i.key.clone(), i.what.clone())).collect()
}

#[tokio::test]
async fn an_object_that_may_not_be_read_costs_itself_and_not_the_preview() {
    for is_licence in [true, false] {
        let stage = stage();
        stage.directory.refuse_reading_of("groups", is_licence);
        let restore = stage.previewed(whole(&[("groups", "staff"), ("users", "bob")])).await;
        assert_eq!(stage.restore(&restore).await.state, RestoreState::Previewed, "{is_licence}");
        let plan = stage.plan(&restore).await;
        let expected = ("groups".to_owned(), "staff".to_owned(), "object".to_owned());
        assert_eq!(unreadable(&plan.impossible), [expected], "{is_licence}");
        assert_eq!(plan.impossible[0].name.as_deref(), Some("Staff"));
        assert_eq!(plan.steps.len(), 1, "Bob's title: {:?}", plan.steps);
    }
}

#[tokio::test]
async fn a_referrer_that_may_not_be_read_costs_its_link_and_not_the_preview() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    stage.directory.refuse_reading_of("groups", false);
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    let plan = stage.plan(&restore).await;
    let expected = ("groups".to_owned(), "staff".to_owned(), "groups.members/ann".to_owned());
    assert_eq!(unreadable(&plan.impossible), [expected]);
    assert_eq!(plan.steps.len(), 1, "Ann herself: {:?}", plan.steps);
}

#[tokio::test]
async fn a_reading_that_gets_no_answer_is_made_again_within_the_preview() {
    let stage = stage();
    let restore = stage.asked(whole(&[("users", "ann"), ("users", "bob")])).await;
    let directory = support::faulty::Faulty::new(stage.directory.clone(), &stage.faults);
    let worker = restore::preview_restore::Worker { directory, ..stage.preview_worker() };
    stage.faults.take_log();
    stage.faults.fail_at(1, Mode::Before);
    let request =
        restore::preview_restore::Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    let report = worker.run(&request, stage.deadline()).await.unwrap();
    assert_eq!(report.steps, 1, "the call that failed was one of this try");
}
