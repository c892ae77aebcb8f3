//! Restores and rights, against the simulated Graph: what had an end keeps it, the tenant keeps an administrator,
//! and what two previews show is done once.

use super::rig::{Admin, Rig, Setting};
use domain::restore::{LinkMode, Selection};
use domain::{DiffId, SnapshotId};
use engine::records::{Restore, RestoreState, Side};
use jiff::SignedDuration;
use reqwest::Method;
use restore::commands::restores::{NewRestore, RestoreFrom};
use serde_json::{Value, json};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const READER: &str = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b";
const ASSIGNMENTS: &str = "roleManagement/directory/roleAssignments";

async fn schedule(rig: &Rig, admin: &Admin, who: &str, role: &str, expiration: Option<Value>) {
    let mut body = json!({"action": "adminRemove", "justification": "a test", "principalId": who,
        "roleDefinitionId": role, "directoryScopeId": "/"});
    if let Some(expiration) = expiration {
        body["action"] = json!("adminAssign");
        body["scheduleInfo"] = json!({"startDateTime": engine::ports::Clock::now(rig.clock.as_ref()).to_string(), "expiration": expiration});
    }
    admin.write(Method::POST, "roleManagement/directory/roleAssignmentScheduleRequests", &body).await;
}

async fn give(admin: &Admin, who: &str) -> String {
    let fact = json!({"principalId": who, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"});
    admin.create(ASSIGNMENTS, &fact).await
}

async fn differences(rig: &Rig, since: &SnapshotId) -> DiffId {
    let diff = rig.ask_diff(since, Side::Live).await;
    rig.settle().await;
    diff.id
}

async fn preview(rig: &Rig, diff: &DiffId) -> Restore {
    let restore = rig.ask_preview(diff, Rig::everything()).await;
    rig.settle().await;
    restore
}

async fn run(rig: &Rig, restore: &Restore) -> Restore {
    rig.ask_run(restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!(done.state, RestoreState::Done, "{done:?} {:?}", rig.dead_letters());
    done
}

async fn undo(rig: &Rig, since: &SnapshotId) -> Restore {
    let diff = differences(rig, since).await;
    let restore = preview(rig, &diff).await;
    run(rig, &restore).await
}

/// The facts of a collection that somebody holds.
fn held(rig: &Rig, collection: &str, who: &str) -> Vec<Value> {
    let all = rig.dump()[collection].as_object().unwrap().clone();
    all.into_iter().map(|(_, fact)| fact).filter(|fact| fact["principalId"] == who).collect()
}

/// Everybody of the seed who holds Global Administrator loses it, so that the story knows who there is.
async fn without_administrators(rig: &Rig, admin: &Admin) {
    let all = rig.dump()["roleAssignments"].as_object().unwrap().clone();
    let people = rig.dump()["users"].as_object().unwrap().clone();
    let groups = rig.dump()["groups"].as_object().unwrap().clone();
    for (id, fact) in all {
        let who = fact["principalId"].as_str().unwrap();
        if fact["roleDefinitionId"] == GLOBAL_ADMINISTRATOR
            && (people.contains_key(who) || groups.contains_key(who))
        {
            admin.delete(&format!("{ASSIGNMENTS}/{id}")).await;
        }
    }
}

#[tokio::test]
async fn a_role_until_a_date_is_restored_until_that_date_or_not_at_all() {
    for (lists_it, days_later) in [(true, 40), (false, 40), (true, 10), (false, 10)] {
        let rig = Rig::new().await;
        let among = if lists_it { sim::Among::All } else { sim::Among::Lasting };
        rig.control.switch(|s| s.schedules_among_assignments = among);
        let admin = rig.admin(rig.tenant()).await;
        let user = admin.create_user("Uma Berg", "Auditor").await;
        let end = engine::ports::Clock::now(rig.clock.as_ref()) + SignedDuration::from_hours(24 * 30);
        let until = json!({"type": "afterDateTime", "endDateTime": end.to_string()});
        schedule(&rig, &admin, &user, GLOBAL_ADMINISTRATOR, Some(until)).await;
        let first = rig.snapshot().await;
        schedule(&rig, &admin, &user, GLOBAL_ADMINISTRATOR, None).await;
        rig.clock.advance(SignedDuration::from_hours(24 * days_later));
        undo(&rig, &first).await;
        let at = format!("listed among assignments: {lists_it}, {days_later} days later");
        let schedules = held(&rig, "roleAssignmentSchedules", &user);
        let ends: Vec<&Value> = schedules.iter().map(|s| &s["scheduleInfo"]["expiration"]["type"]).collect();
        if days_later < 30 {
            assert_eq!(ends, ["afterDateTime"], "{at}");
        } else {
            assert!(ends.is_empty(), "{at}");
        }
        let assignments = held(&rig, "roleAssignments", &user);
        assert_eq!(assignments.len(), ends.len(), "an assignment of its own has no end: {at}");
    }
}

#[tokio::test]
async fn what_was_given_for_eight_hours_is_not_given_for_eight_more() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    let lasting = json!({"type": "afterDuration", "duration": "PT8H"});
    schedule(&rig, &admin, &user, READER, Some(lasting)).await;
    let first = rig.snapshot().await;
    schedule(&rig, &admin, &user, READER, None).await;
    rig.clock.advance(SignedDuration::from_hours(9));
    undo(&rig, &first).await;
    assert!(held(&rig, "roleAssignments", &user).is_empty());
    assert!(held(&rig, "roleAssignmentSchedules", &user).is_empty());
}

#[tokio::test]
async fn a_change_of_a_role_with_an_end_is_told_once_and_as_what_it_is() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let (timed, lasting) =
        (admin.create_user("Uma Berg", "x").await, admin.create_user("Ole Dahl", "x").await);
    let first = rig.snapshot().await;
    let end = engine::ports::Clock::now(rig.clock.as_ref()) + SignedDuration::from_hours(24 * 30);
    let until = json!({"type": "afterDateTime", "endDateTime": end.to_string()});
    schedule(&rig, &admin, &timed, READER, Some(until)).await;
    schedule(&rig, &admin, &lasting, READER, Some(json!({"type": "noExpiration"}))).await;
    let diff = differences(&rig, &first).await;
    let changes = super::rig::changes_of(&rig, rig.tenant(), &diff).await;
    let kinds_of = |who: &str| -> Vec<String> {
        changes.iter().filter(|c| c.key.starts_with(who)).map(|c| c.kind.to_string()).collect()
    };
    assert_eq!(kinds_of(&timed), ["activeAdmins"]);
    assert_eq!(kinds_of(&lasting), ["admins"]);
}

#[tokio::test]
async fn a_tenant_without_the_licence_gets_its_roles_back() {
    let rig = Rig::with(Setting { premium_p2: false, ..Setting::default() }).await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    let fact = give(&admin, &user).await;
    let first = rig.snapshot().await;
    admin.delete(&format!("{ASSIGNMENTS}/{fact}")).await;
    undo(&rig, &first).await;
    assert_eq!(held(&rig, "roleAssignments", &user).len(), 1);
}

#[tokio::test]
async fn with_permission_for_assignments_alone_no_power_is_given_for_good() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    let mut permissions: Vec<String> = sim::READING.iter().map(|p| (*p).to_owned()).collect();
    permissions.retain(|p| p != "RoleManagement.Read.Directory");
    permissions.push("Directory.Read.All".to_owned());
    rig.control.set_permissions(rig.tenant().as_str(), sim::READER_CLIENT_ID, permissions);
    rig.restart();
    let fact = give(&admin, &user).await;
    let first = rig.snapshot().await;
    admin.delete(&format!("{ASSIGNMENTS}/{fact}")).await;
    undo(&rig, &first).await;
    assert!(held(&rig, "roleAssignments", &user).is_empty());
}

#[tokio::test]
async fn undoing_one_grant_leaves_whoever_can_still_administer_the_tenant() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let (uma, ole) = (admin.create_user("Uma Berg", "x").await, admin.create_user("Ole Dahl", "x").await);
    without_administrators(&rig, &admin).await;
    let group = json!({"displayName": "Empty admins", "mailEnabled": false, "mailNickname": "admins",
        "securityEnabled": true, "isAssignableToRole": true});
    let group = admin.create("groups", &group).await;
    give(&admin, &ole).await;
    give(&admin, &group).await;
    let first = rig.snapshot().await;
    // Ole cannot sign in any more, by somebody else's will: that is not undone here.
    give(&admin, &uma).await;
    admin.patch(&format!("users/{ole}"), &json!({"accountEnabled": false})).await;
    let diff = differences(&rig, &first).await;
    let only_removals = Selection { links: LinkMode::Skip, ..Rig::everything() };
    let changes = super::rig::changes_of(&rig, rig.tenant(), &diff).await;
    let items = changes
        .iter()
        .filter(|c| c.kind == support::kind("admins").name)
        .map(domain::restore::SelectedItem::of_change);
    let from = RestoreFrom::Items(first.clone());
    let selection = Selection { items: items.collect(), ..only_removals };
    let restore = rig
        .restores()
        .create_preview(rig.tenant(), "per_test", NewRestore::of(from, selection))
        .await
        .unwrap();
    rig.settle().await;
    run(&rig, &restore).await;
    assert_eq!(held(&rig, "roleAssignments", &uma).len(), 1, "Uma is the only one who can sign in");
}

#[tokio::test]
async fn two_previews_of_one_deletion_bring_the_group_back_once() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let group = admin.create_group("Night watch").await;
    let first = rig.snapshot().await;
    admin.delete(&format!("groups/{group}")).await;
    admin.delete(&format!("directory/deletedItems/{group}")).await;
    let diff = differences(&rig, &first).await;
    let (one, two) = (preview(&rig, &diff).await, preview(&rig, &diff).await);
    rig.ask_run(&one).await;
    run(&rig, &two).await;
    let named = |g: &&Value| g["displayName"] == "Night watch";
    let groups = rig.dump()["groups"].as_object().unwrap().clone();
    assert_eq!(groups.values().filter(named).count(), 1);
}
