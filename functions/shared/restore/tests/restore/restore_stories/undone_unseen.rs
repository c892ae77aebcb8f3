//! What a restore asked for, and nobody saw or answered, may be somebody else's by the time it is undone: it is left, and named.

use crate::restore_world::{Meanwhile, RestoreWorld, object, whole};
use domain::RestoreId;
use domain::restore::{Cause, RestorePlan, Selection};
use engine::records::{FailCause, OutcomeState, RestoreState, SkipCause};
use serde_json::{Value, json};

const ROLE: &str = "ann|r|/|";

fn user(name: &str) -> Value {
    json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "then"})
}

fn role() -> Value {
    json!({"id": "by-hand", "principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/"})
}

/// Ann, who lost a role, a membership, a manager and her title since.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob"] {
        stage.both(object("users", name, &user(name)));
    }
    let group = json!({"displayName": "staff", "mailNickname": "staff", "mailEnabled": false, "securityEnabled": true});
    stage.both(object("groups", "staff", &group));
    stage.link("groups.members", "staff", "ann");
    stage.link("users.manager", "ann", "bob");
    stage.both(object("admins", ROLE, &role()));
    stage.directory.unlink("groups.members", "staff", "ann");
    stage.directory.unlink("users.manager", "ann", "bob");
    stage.directory.set("users", "ann", "jobTitle", json!("now"));
    stage.directory.remove("admins", ROLE);
    stage
}

fn named(plan: &RestorePlan) -> Vec<(&str, &str, Cause)> {
    plan.impossible.iter().map(|one| (one.key.as_str(), one.what.as_str(), one.cause)).collect()
}

fn give(stage: &RestoreWorld) {
    let (kind, key, object) = object("admins", ROLE, &role());
    stage.directory.insert(&kind, &key, object);
}

#[tokio::test]
async fn a_role_that_the_restore_never_sent_and_somebody_gave_since_stays() {
    for status in [403, 409, 423] {
        let stage = stage();
        let restore = stage.previewed(whole(&[("admins", ROLE)])).await;
        stage.directory.refuse_reading(ROLE, status);
        assert_eq!(stage.run(&restore).await.counts.failed, 1, "{status}");
        assert_eq!(stage.directory.write_count(), 0, "{status}");
        stage.directory.allow_reading(ROLE);
        give(&stage);
        let undo = stage.undone(&restore).await;
        assert_eq!(stage.plan(&undo).await.steps, [], "{status}");
        stage.run(&undo).await;
        assert!(stage.directory.has("admins", ROLE), "{status}");
    }
}

/// Begins a restore, which Graph lets make no write, and stops it.
async fn stopped(stage: &RestoreWorld, selection: Selection) -> RestoreId {
    let restore = stage.previewed(selection).await;
    stage.approve(&restore).await;
    stage.directory.throttle_writes_after(Some(0));
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap_err();
    stage.directory.throttle_writes_after(None);
    stage.commands().cancel(&stage.tenant, "chief", &restore).await.unwrap();
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let report = stage.report(&restore).await;
    let is_stopped =
        |state: &OutcomeState| matches!(state, OutcomeState::Failed { cause: FailCause::Cancelled, .. });
    assert!(report.steps.len() == 1 && is_stopped(&report.steps[0].outcome), "{:?}", report.steps);
    restore
}

#[tokio::test]
async fn what_a_stopped_restore_asked_for_and_somebody_did_by_hand_stays_and_is_named() {
    for (kind, key, what) in [
        ("admins", ROLE, "object"),
        ("groups", "staff", "groups.members/ann"),
        ("users", "ann", "users.manager/bob"),
        ("users", "bob", "jobTitle"),
    ] {
        let stage = stage();
        if key == "ann" {
            stage.directory.set("users", "ann", "jobTitle", json!("then"));
        }
        stage.directory.set("users", "bob", "jobTitle", json!("now"));
        let restore = stopped(&stage, whole(&[(kind, key)])).await;
        give(&stage);
        stage.directory.link("groups.members", "staff", "ann");
        stage.directory.relink("users.manager", "ann", "bob");
        stage.directory.set("users", "bob", "jobTitle", json!("then"));
        let undo = stage.undone(&restore).await;
        let plan = stage.plan(&undo).await;
        assert_eq!((plan.steps.len(), named(&plan)), (0, vec![(key, what, Cause::NotRead)]), "{what}");
    }
}

#[tokio::test]
async fn what_a_stopped_restore_asked_for_and_nobody_did_is_not_spoken_of() {
    for (kind, key) in [("admins", ROLE), ("groups", "staff"), ("users", "bob")] {
        let stage = stage();
        stage.directory.set("users", "bob", "jobTitle", json!("now"));
        let restore = stopped(&stage, whole(&[(kind, key)])).await;
        let undo = stage.undone(&restore).await;
        let plan = stage.plan(&undo).await;
        assert_eq!((plan.steps.len(), named(&plan)), (0, vec![]), "{kind}");
    }
}

fn schedule(end: &str) -> Value {
    let expiration = json!({"type": "afterDateTime", "endDateTime": end});
    let info = json!({"startDateTime": "2020-01-01T00:00:00Z", "expiration": expiration});
    json!({"id": "s", "principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/",
        "assignmentType": "Assigned", "scheduleInfo": info})
}

#[tokio::test]
async fn a_role_that_somebody_gave_with_another_end_at_the_moment_of_our_write_is_theirs() {
    let mut stage = RestoreWorld::new();
    stage.both(object("users", "ann", &user("ann")));
    stage.both(object("activeAdmins", ROLE, &schedule("2098-01-01T00:00:00Z")));
    stage.directory.remove("activeAdmins", ROLE);
    let restore = stage.previewed(whole(&[("activeAdmins", ROLE)])).await;
    stage
        .directory
        .do_before_write(Meanwhile::Give("activeAdmins", ROLE, || schedule("2099-01-01T00:00:00Z")));
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.skipped), (RestoreState::Done, 1), "{:?}", done.counts);
    let outcome = stage.report(&restore).await.steps.remove(0).outcome;
    assert_eq!(outcome, OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview });
    let undo = stage.undone(&restore).await;
    assert_eq!(stage.plan(&undo).await.steps, []);
    assert!(stage.directory.has("activeAdmins", ROLE));
}
