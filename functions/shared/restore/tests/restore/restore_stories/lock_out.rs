//! No restore leaves a tenant without an administrator, whatever its preview saw, nor us without our access.

use crate::restore_world::{RestoreWorld, item, object};
use domain::RestoreId;
use domain::restore::{AttributeMode, Cause, GLOBAL_ADMINISTRATOR, LinkMode, Remark, RestorePlan, Selection};
use engine::records::{OutcomeState, SkipCause};
use serde_json::{Value, json};

fn skipped(cause: SkipCause) -> OutcomeState {
    OutcomeState::Skipped { cause }
}

fn undo(items: &[(&str, &str)]) -> Selection {
    Selection {
        items: items.iter().map(|(kind, key)| item(kind, key)).collect(),
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
        ..Selection::default()
    }
}

fn key(principal: &str) -> String {
    format!("{principal}|{GLOBAL_ADMINISTRATOR}|/|")
}

fn user(stage: &mut RestoreWorld, id: &str, enabled: &Value) {
    let user =
        json!({"userPrincipalName": format!("{id}@x.y"), "displayName": id, "accountEnabled": enabled});
    stage.both(object("users", id, &user));
}

fn holds(stage: &RestoreWorld, principal: &str) {
    let fact = json!({"id": principal, "principalId": principal, "roleDefinitionId": GLOBAL_ADMINISTRATOR,
        "directoryScopeId": "/"});
    let (kind, key, fact) = object("admins", &key(principal), &fact);
    stage.directory.insert(&kind, &key, fact);
}

/// Ann, Bob and Cid can sign in; who holds the role, the story says.
fn people() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for id in ["ann", "bob", "cid"] {
        user(&mut stage, id, &json!(true));
    }
    stage
}

/// A role-assignable group that holds the role, with these members since the snapshot.
fn group_of(stage: &mut RestoreWorld, members: &[&str]) {
    let group = json!({"displayName": "Admins", "isAssignableToRole": true, "groupTypes": []});
    stage.both(object("groups", "admins", &group));
    for member in members {
        stage.directory.link("groups.members", "admins", member);
    }
    holds(stage, "admins");
}

async fn plan_of(stage: &RestoreWorld, restore: &RestoreId) -> RestorePlan {
    stage.plan(restore).await
}

fn causes(plan: &RestorePlan) -> Vec<(&str, Cause)> {
    plan.impossible.iter().map(|i| (i.what.as_str(), i.cause)).collect()
}

#[tokio::test]
async fn the_last_member_of_the_group_that_holds_the_role_stays() {
    let mut stage = people();
    group_of(&mut stage, &["ann"]);
    let restore = stage.previewed(undo(&[("groups", "admins")])).await;
    let plan = plan_of(&stage, &restore).await;
    assert_eq!(causes(&plan), [("groups.members/ann", Cause::LockOut)]);
    assert_eq!(plan.remarks, [Remark::OneAdministrator]);
    stage.run(&restore).await;
    assert_eq!(stage.directory.ends("groups.members", "admins"), ["ann"]);
}

#[tokio::test]
async fn a_disabled_user_a_service_principal_and_an_empty_group_hold_nothing_that_counts() {
    let mut stage = people();
    user(&mut stage, "off", &json!(false));
    user(&mut stage, "unknown", &Value::Null);
    group_of(&mut stage, &[]);
    for holder in ["ann", "off", "unknown", "app"] {
        holds(&stage, holder);
    }
    let restore = stage.previewed(undo(&[("admins", &key("ann"))])).await;
    assert_eq!(causes(&plan_of(&stage, &restore).await), [("object", Cause::LockOut)]);
}

#[tokio::test]
async fn where_nobody_was_an_administrator_before_the_preview_says_so() {
    let mut stage = people();
    user(&mut stage, "off", &json!(false));
    holds(&stage, "off");
    let restore = stage.previewed(undo(&[("admins", &key("off"))])).await;
    let plan = plan_of(&stage, &restore).await;
    assert_eq!(plan.remarks, [Remark::NoAdministrator]);
    assert_eq!(plan.steps.len(), 1, "nobody's rights are taken");
}

#[tokio::test]
async fn of_two_restores_that_each_leave_one_administrator_the_second_takes_nobody_away() {
    let stage = people();
    holds(&stage, "ann");
    holds(&stage, "bob");
    let first = stage.previewed(undo(&[("admins", &key("ann"))])).await;
    let second = stage.previewed(undo(&[("admins", &key("bob"))])).await;
    stage.run(&first).await;
    stage.run(&second).await;
    assert_eq!(stage.report(&first).await.steps[0].outcome, OutcomeState::Done);
    assert_eq!(stage.report(&second).await.steps[0].outcome, skipped(SkipCause::LockOut));
    assert!(stage.directory.has("admins", &key("bob")));
}

#[tokio::test]
async fn an_administrator_who_was_disabled_since_the_preview_does_not_count_any_more() {
    let stage = people();
    holds(&stage, "ann");
    holds(&stage, "bob");
    let restore = stage.previewed(undo(&[("admins", &key("ann"))])).await;
    stage.directory.set("users", "bob", "accountEnabled", json!(false));
    stage.run(&restore).await;
    assert_eq!(stage.report(&restore).await.steps[0].outcome, skipped(SkipCause::LockOut));
}

#[tokio::test]
async fn whoever_is_to_be_disabled_deleted_or_taken_out_is_looked_at_again_before_that() {
    let mut stage = people();
    group_of(&mut stage, &["ann"]);
    holds(&stage, "bob");
    stage.snapshot.get_mut(&("users".to_owned(), "cid".to_owned())).unwrap().0["accountEnabled"] =
        json!(false);
    holds(&stage, "cid");
    stage.snapshot.remove(&("users".to_owned(), "bob".to_owned()));
    let restores = [
        stage.previewed(undo(&[("users", "cid")])).await,
        stage.previewed(undo(&[("groups", "admins")])).await,
        stage.previewed(undo(&[("users", "bob")])).await,
    ];
    let mut outcomes = Vec::new();
    for restore in &restores {
        stage.run(restore).await;
        outcomes.push(stage.report(restore).await.steps[0].outcome.clone());
    }
    assert_eq!(outcomes, [OutcomeState::Done, OutcomeState::Done, skipped(SkipCause::LockOut)]);
    assert!(stage.directory.has("users", "bob"));
}

#[tokio::test]
async fn where_roles_cannot_be_read_only_what_cannot_hold_a_role_is_changed() {
    let mut stage = people();
    group_of(&mut stage, &["ann"]);
    stage.both(object("groups", "staff", &json!({"displayName": "Staff", "isAssignableToRole": false})));
    stage.directory.link("groups.members", "staff", "ann");
    stage.directory.refuse_reading_of("admins", false);
    let restore = stage.previewed(undo(&[("groups", "admins"), ("groups", "staff")])).await;
    assert_eq!(
        causes(&plan_of(&stage, &restore).await),
        [("groups.members/ann", Cause::Unreadable)],
        "the preview is made all the same"
    );
    stage.run(&restore).await;
    assert!(stage.directory.ends("groups.members", "staff").is_empty());
    assert_eq!(stage.directory.ends("groups.members", "admins"), ["ann"]);
}

#[tokio::test]
async fn a_group_whose_members_cannot_be_read_is_not_taken_for_an_empty_one() {
    let mut stage = people();
    group_of(&mut stage, &[]);
    holds(&stage, "ann");
    let restore = stage.previewed(undo(&[("admins", &key("admins"))])).await;
    assert!(causes(&plan_of(&stage, &restore).await).is_empty(), "it is known to be empty");
    stage.directory.refuse_reading_of("groups", false);
    stage.directory.set("users", "ann", "accountEnabled", json!(false));
    stage.run(&restore).await;
    assert_eq!(stage.report(&restore).await.steps[0].outcome, skipped(SkipCause::LockOut));
}

#[tokio::test]
async fn the_writing_applications_own_role_and_membership_are_left() {
    let mut stage = people();
    group_of(&mut stage, &["us", "ann"]);
    holds(&stage, "us");
    holds(&stage, "bob");
    stage.directory.writes_as("us");
    let restore = stage.previewed(undo(&[("groups", "admins"), ("admins", &key("us"))])).await;
    stage.run(&restore).await;
    let ours = skipped(SkipCause::OwnAccess);
    let outcomes: Vec<_> = stage.report(&restore).await.steps.into_iter().map(|s| s.outcome).collect();
    assert_eq!(outcomes.iter().filter(|o| **o == ours).count(), 2, "{outcomes:?}");
    assert_eq!(stage.directory.ends("groups.members", "admins"), ["us"]);
    stage.snapshot.remove(&("groups".to_owned(), "admins".to_owned()));
    let restore = stage.previewed(undo(&[("groups", "admins")])).await;
    stage.run(&restore).await;
    assert_eq!(stage.report(&restore).await.steps[0].outcome, ours);
}

#[tokio::test]
async fn an_attackers_role_goes_once_the_owners_is_back() {
    let mut stage = people();
    holds(&stage, "ann");
    let ann = stage.directory.get("admins", &key("ann"));
    stage.snapshot.insert(("admins".to_owned(), key("ann")), (ann, vec![]));
    stage.directory.remove("admins", &key("ann"));
    group_of(&mut stage, &["bob"]);
    let restore = stage.previewed(undo(&[("groups", "admins"), ("admins", &key("ann"))])).await;
    assert!(causes(&plan_of(&stage, &restore).await).is_empty());
    stage.run(&restore).await;
    assert!(stage.directory.has("admins", &key("ann")));
    assert!(stage.directory.ends("groups.members", "admins").is_empty());
}

#[tokio::test]
async fn who_lost_the_role_in_this_run_does_not_count_though_lists_still_show_it() {
    let stage = people();
    for administrator in ["ann", "bob", "cid"] {
        holds(&stage, administrator);
    }
    let restore = stage.previewed(undo(&[("admins", &key("ann")), ("admins", &key("bob"))])).await;
    stage.directory.remove("admins", &key("cid"));
    stage.directory.freeze_lists();
    stage.run(&restore).await;
    let outcomes: Vec<_> = stage.report(&restore).await.steps.into_iter().map(|s| s.outcome).collect();
    assert_eq!(outcomes, [OutcomeState::Done, skipped(SkipCause::LockOut)]);
}

/// A look at the administrators is old after a minute: meanwhile one of them may have gone, and another shown.
#[tokio::test]
async fn who_is_the_last_administrator_by_now_stays_though_the_look_before_showed_another() {
    let mut stage = people();
    holds(&stage, "bob");
    holds(&stage, "cid");
    for id in ["ann", "bob"] {
        let then = &mut stage.snapshot.get_mut(&("users".to_owned(), id.to_owned())).unwrap().0;
        then["accountEnabled"] = json!(false);
    }
    let restore = stage.previewed(undo(&[("users", "ann"), ("users", "bob")])).await;
    // Ann's step looks at the administrators and finds Cid, and then waits for a change that does not show.
    stage.directory.forget_updates(true);
    stage.directory.hide_for_ms("bob", 61_000);
    stage.directory.delete_before_look("cid", 2);
    stage.run(&restore).await;
    let steps = stage.report(&restore).await.steps;
    assert_eq!((steps.len(), &steps[1].outcome), (2, &skipped(SkipCause::LockOut)));
    assert!(!stage.directory.has("users", "cid"), "they were looked at twice");
}

/// They hold the role and are enabled, but nobody knows their password.
#[tokio::test]
async fn whom_a_restore_has_created_is_no_administrator_who_may_take_the_last_ones_place() {
    let mut stage = people();
    user(&mut stage, "dan", &json!(true));
    holds(&stage, "dan");
    let role = stage.directory.get("admins", &key("dan"));
    stage.snapshot.insert(("admins".to_owned(), key("dan")), (role, vec![]));
    stage.directory.hard_delete("dan");
    holds(&stage, "ann");
    holds(&stage, "bob");
    let chosen = [("users", "dan"), ("admins", &*key("dan")), ("admins", &*key("ann"))];
    let restore = stage.previewed(undo(&chosen)).await;
    assert!(causes(&plan_of(&stage, &restore).await).is_empty(), "Bob is left");
    stage.directory.remove("admins", &key("bob"));
    stage.run(&restore).await;
    let outcomes: Vec<_> = stage.report(&restore).await.steps.into_iter().map(|s| s.outcome).collect();
    assert_eq!(outcomes.last(), Some(&skipped(SkipCause::LockOut)), "{outcomes:?}");
    assert!(stage.directory.has("admins", &key(&stage.new_id("dan").await)), "Dan has it again, too");
}
