//! What cannot be read costs itself: the rest of a preview is made.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::restore::{Cause, Choice, GLOBAL_ADMINISTRATOR, Impossible, Resolution, Selection};
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

#[tokio::test]
async fn whatever_graph_says_of_one_object_that_is_read_it_costs_itself_and_not_the_preview() {
    let role = |who: &str| json!({"principalId": who, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"});
    let key = |who: &str| format!("{who}|{GLOBAL_ADMINISTRATOR}|/|");
    for status in [400, 403, 409, 423] {
        let mut stage = stage();
        // Bob got the role since: taking it from him asks who else holds it, and that is Ann.
        stage.both(object("admins", &key("ann"), &role("ann")));
        let (kind, at, bobs) = object("admins", &key("bob"), &role("bob"));
        stage.directory.insert(&kind, &at, bobs);
        stage.directory.refuse_reading("ann", status);
        let bobs = key("bob");
        let restore = stage.previewed(whole(&[("admins", &bobs), ("users", "ann"), ("users", "bob")])).await;
        assert_eq!(stage.restore(&restore).await.state, RestoreState::Previewed, "{status}");
        let plan = stage.plan(&restore).await;
        let expected = ("users".to_owned(), "ann".to_owned(), "object".to_owned());
        assert_eq!(unreadable(&plan.impossible), [expected], "{status}");
        let titles = plan.steps.iter().filter(|step| step.key == "bob").count();
        assert_eq!(titles, 1, "{status}: {:?}", plan.steps);
    }
}

#[tokio::test]
async fn a_schedule_that_graph_has_locked_is_not_known_and_costs_nothing_else() {
    for status in [409, 423] {
        let mut stage = stage();
        let at = format!("ann|{GLOBAL_ADMINISTRATOR}|/|");
        let role =
            json!({"principalId": "ann", "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"});
        stage.both(object("admins", &at, &role));
        stage.directory.remove("admins", &at);
        stage.directory.refuse_reading(&format!("activeAdmins {at}"), status);
        let restore = stage.previewed(whole(&[("admins", &at), ("users", "bob")])).await;
        let plan = stage.plan(&restore).await;
        assert_eq!((plan.steps.len(), plan.impossible[0].cause), (1, Cause::Unreadable), "{status}");
    }
}

#[tokio::test]
async fn an_object_that_is_to_be_adopted_and_cannot_be_read_costs_itself_and_not_the_preview() {
    for status in [403, 409, 423] {
        let stage = stage();
        stage.directory.hard_delete("staff");
        // Somebody made the group again by hand.
        let (kind, key, twin) = object(
            "groups",
            "twin",
            &json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false, "securityEnabled": true}),
        );
        stage.directory.insert(&kind, &key, twin);
        stage.directory.refuse_reading("twin", status);
        let choice = Choice::Adopt { id: "twin".to_owned() };
        let kind = support::kind("groups").name.into();
        let adopts = Resolution { kind, key: "staff".to_owned(), property: None, choice };
        let selection =
            Selection { conflicts: vec![adopts], ..whole(&[("groups", "staff"), ("users", "bob")]) };
        let restore = stage.previewed(selection).await;
        assert_eq!(stage.restore(&restore).await.state, RestoreState::Previewed, "{status}");
        let plan = stage.plan(&restore).await;
        let expected = ("groups".to_owned(), "staff".to_owned(), "object".to_owned());
        assert_eq!(unreadable(&plan.impossible), [expected], "{status}");
        assert_eq!(plan.steps.len(), 1, "{status}: {:?}", plan.steps);
    }
}
