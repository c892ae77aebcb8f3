//! What is chosen comes back, and nothing beside it.

use crate::restore_world::{RestoreWorld, item, object};
use domain::kinds::NamedKind;
use domain::restore::{
    AttributeMode, Cause, Choice, LinkMode, Resolution, SelectedItem, Selection, WriteAction,
};
use engine::records::{OutcomeState, RestoreState, SkipCause};
use restore::commands::restores::{NewRestore, RestoreFrom};
use restore::preview_restore::MAX_ITEMS;
use serde_json::{Value, json};

fn kinds(names: &[&str]) -> Vec<NamedKind> {
    names.iter().map(|kind| support::kind(kind).name.into()).collect()
}

fn settings(a: i32, b: i32) -> Value {
    let one = |id: &str, value: i32| json!({"settingInstance": {"@odata.type": "#x", "settingDefinitionId": id, "value": value}});
    json!([one("a", a), one("b", b)])
}

/// A policy of two settings, both of which were changed since the snapshot.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.both(object("groups", "staff", &json!({"displayName": "Staff", "mailNickname": "staff"})));
    let policy = json!({"@odata.type": "#p", "name": "P", "description": "then", "settings": settings(1, 1)});
    stage.both(object("ConfigurationPolicies", "p", &policy));
    stage.directory.set("ConfigurationPolicies", "p", "settings", settings(2, 2));
    stage.directory.set("ConfigurationPolicies", "p", "description", json!("now"));
    stage.directory.relink("ConfigurationPolicies.assignments", "p", "staff");
    stage
}

fn paths(paths: &[&str]) -> Selection {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let policy = SelectedItem { paths, ..item("ConfigurationPolicies", "p") };
    Selection { items: vec![policy], attributes: AttributeMode::Overwrite, ..Selection::default() }
}

const A: &str = "settings[a]/settingInstance/value";

#[tokio::test]
async fn one_setting_of_a_policy_comes_back_and_the_rest_of_it_stays() {
    let stage = stage();
    let restore = stage.previewed(paths(&[A])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.done, done.counts.steps), (1, 1));
    let policy = stage.directory.get("ConfigurationPolicies", "p");
    assert_eq!((&policy["settings"], &policy["description"]), (&settings(1, 2), &json!("now")));
    let again = stage.previewed(paths(&[A])).await;
    assert_eq!(stage.restore(&again).await.counts.steps, 0);
    // Undone, the setting is as the restore found it.
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    assert_eq!(stage.directory.get("ConfigurationPolicies", "p")["settings"], settings(2, 2));
}

#[tokio::test]
async fn a_policy_that_somebody_changes_elsewhere_after_the_preview_is_left() {
    let stage = stage();
    let restore = stage.previewed(paths(&[A])).await;
    stage.directory.set("ConfigurationPolicies", "p", "settings", settings(2, 3));
    stage.run(&restore).await;
    let outcome = stage.report(&restore).await.steps.remove(0).outcome;
    assert_eq!(outcome, OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview });
    assert_eq!(stage.directory.get("ConfigurationPolicies", "p")["settings"], settings(2, 3));
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_told_and_a_property_is_a_path_to_all_of_it() {
    let stage = stage();
    let restore = stage.previewed(paths(&["settings[x]", "description"])).await;
    let plan = stage.plan(&restore).await;
    let told: Vec<_> = plan.impossible.iter().map(|one| (one.what.as_str(), one.cause)).collect();
    assert_eq!(told, [("settings[x]", Cause::NotInSnapshot)]);
    stage.run(&restore).await;
    let policy = stage.directory.get("ConfigurationPolicies", "p");
    assert_eq!((&policy["settings"], &policy["description"]), (&settings(2, 2), &json!("then")));
}

/// Ann is there, and has lost her group, her report and her role; the group has got somebody else.
fn unlinked() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for key in ["ann", "bob", "eve"] {
        stage.both(object(
            "users",
            key,
            &json!({"userPrincipalName": format!("{key}@x.y"), "displayName": key}),
        ));
    }
    let group = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false, "securityEnabled": true});
    stage.both(object("groups", "staff", &group));
    stage.link("groups.members", "staff", "ann");
    stage.link("users.manager", "bob", "ann");
    let fact = json!({"id": "f", "principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/"});
    let (kind, key, fact) = object("admins", "ann|r|/|", &fact);
    stage.snapshot.insert((kind, key), (fact, vec![]));
    stage.directory.relink("groups.members", "staff", "eve");
    stage.directory.relink("users.manager", "bob", "eve");
    stage
}

#[tokio::test]
async fn what_led_to_somebody_comes_back_where_it_is_chosen_and_what_leads_elsewhere_stays() {
    let stage = unlinked();
    let ann = |incoming| Selection {
        items: vec![SelectedItem { incoming, ..item("users", "ann") }],
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        ..Selection::default()
    };
    let without = stage.previewed(ann(false)).await;
    assert_eq!(stage.restore(&without).await.counts.steps, 0);
    let with = stage.previewed(ann(true)).await;
    let done = stage.run(&with).await;
    assert_eq!((done.counts.done, done.counts.steps), (3, 3), "{:?}", stage.report(&with).await.steps);
    let mut members = stage.directory.ends("groups.members", "staff");
    members.sort();
    assert_eq!(members, ["ann", "eve"], "who came since was not chosen");
    assert_eq!(stage.directory.ends("users.manager", "bob"), ["ann"]);
    assert!(stage.directory.has("admins", "ann|r|/|"));
    let again = stage.previewed(ann(true)).await;
    assert_eq!(stage.restore(&again).await.counts.steps, 0);
}

#[tokio::test]
async fn whoever_lies_in_the_recycle_bin_gets_what_led_to_them_where_it_is_chosen() {
    let stage = unlinked();
    stage.directory.soft_delete("users", "ann");
    let ann = SelectedItem { incoming: true, ..item("users", "ann") };
    let restore = stage.previewed(Selection { items: vec![ann], ..Selection::default() }).await;
    stage.run(&restore).await;
    assert!(stage.directory.ends("groups.members", "staff").contains(&"ann".to_owned()));
    assert!(stage.directory.has("admins", "ann|r|/|"));
}

/// Two groups that were renamed or emptied since, one that came since, and a user whom somebody changed.
fn groups() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    let group = |key: &str| json!({"displayName": key, "mailNickname": key, "mailEnabled": false, "securityEnabled": true});
    stage.both(object(
        "users",
        "ann",
        &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann", "city": "Oslo"}),
    ));
    for key in ["north", "south"] {
        stage.both(object("groups", key, &group(key)));
    }
    stage.link("groups.members", "south", "ann");
    let (kind, key, new) = object("groups", "new", &group("new"));
    stage.directory.insert(&kind, &key, new);
    stage.directory.set("users", "ann", "city", json!("Rome"));
    stage.directory.set("groups", "north", "displayName", json!("renamed"));
    stage.directory.unlink("groups.members", "south", "ann");
    stage
}

#[tokio::test]
async fn all_objects_of_a_kind_are_as_they_were_and_who_came_since_is_named_and_left() {
    let stage = groups();
    let restore = stage.previewed_kinds(&["groups"], Selection::default()).await;
    let plan = stage.plan(&restore).await;
    let told: Vec<_> = plan.impossible.iter().map(|one| (one.key.as_str(), one.cause)).collect();
    assert_eq!(told, [("new", Cause::NotInSnapshot)]);
    let row = stage.restore(&restore).await;
    assert!(row.selection.items.is_empty(), "the row names kinds alone");
    stage.run(&restore).await;
    assert_eq!(stage.directory.get("groups", "north")["displayName"], "north");
    assert_eq!(stage.directory.ends("groups.members", "south"), ["ann"]);
    assert!(stage.directory.has("groups", "new"));
    assert_eq!(stage.directory.get("users", "ann")["city"], "Rome", "another kind");
}

#[tokio::test]
async fn who_came_since_is_deleted_where_that_is_asked_for_and_not_what_the_snapshot_could_not_read() {
    let asked = || Selection { delete_created: true, ..Selection::default() };
    let stage = groups();
    let restore = stage.previewed_kinds(&["groups"], asked()).await;
    stage.run(&restore).await;
    assert!(!stage.directory.has("groups", "new"));
    let mut stage = groups();
    stage.not_held.insert("groups/new", false);
    let restore = stage.previewed_kinds(&["groups"], asked()).await;
    let told: Vec<_> =
        stage.plan(&restore).await.impossible.iter().map(|one| (one.key.clone(), one.cause)).collect();
    assert_eq!(told, [("new".to_owned(), Cause::Unreadable)]);
    stage.run(&restore).await;
    assert!(stage.directory.has("groups", "new"));
}

#[tokio::test]
async fn what_another_restore_made_anew_did_not_come_since() {
    let stage = groups();
    stage.directory.hard_delete("north");
    let first = stage.previewed_kinds(&["groups"], Selection::default()).await;
    stage.run(&first).await;
    let asked = Selection { delete_created: true, ..Selection::default() };
    let new =
        NewRestore::of(RestoreFrom::Kinds(stage.restore(&first).await.snapshot, kinds(&["groups"])), asked);
    let second = stage.commands().create_preview(&stage.tenant, "me", new).await.unwrap().id;
    stage.preview(&second).await;
    let steps = stage.plan(&second).await.steps;
    assert_eq!(steps.iter().map(|step| step.key.as_str()).collect::<Vec<_>>(), ["new"]);
}

#[tokio::test]
async fn a_kind_that_the_snapshot_does_not_hold_or_that_cannot_be_listed_is_named_and_the_others_are_restored()
 {
    for then in [true, false] {
        let mut stage = groups();
        if then {
            stage.not_held.insert("users", false);
        } else {
            stage.directory.refuse_reading_of("roles", false);
        }
        let restore = stage.previewed_kinds(&["users", "groups", "roles"], Selection::default()).await;
        let told = stage.plan(&restore).await.impossible;
        let of_kinds: Vec<_> =
            told.iter().filter(|one| one.what == "kind").map(|one| one.kind.to_string()).collect();
        assert_eq!(of_kinds, [if then { "users" } else { "roles" }], "{told:?}");
        assert!(told.iter().all(|one| one.what != "kind" || one.cause == Cause::NotRead));
        assert!(stage.plan(&restore).await.steps.iter().any(|step| step.key == "north"));
    }
}

#[tokio::test]
async fn more_objects_than_one_restore_takes_are_refused_with_their_number() {
    let stage = groups();
    for n in 0..MAX_ITEMS {
        let (kind, key, group) = object("groups", &format!("g{n}"), &json!({"displayName": "G"}));
        stage.directory.insert(&kind, &key, group);
    }
    let restore = stage.previewed_kinds(&["groups"], Selection::default()).await;
    let row = stage.restore(&restore).await;
    assert_eq!(row.state, RestoreState::Failed);
    let why = row.error.unwrap();
    assert!(why.contains("10003 objects or more") && why.contains("kinds"), "{why}");
}

fn deleting() -> Selection {
    Selection { attributes: AttributeMode::Overwrite, delete_created: true, ..Selection::default() }
}

#[tokio::test]
async fn who_has_the_place_of_one_that_is_to_come_back_is_not_deleted_adopted_or_not() {
    for adopts in [false, true] {
        let mut stage = RestoreWorld::new();
        let ann = |city: &str| json!({"userPrincipalName": "ann@x.y", "displayName": "Ann", "mailNickname": "ann", "city": city});
        stage.both(object("users", "ann", &ann("Oslo")));
        stage.directory.hard_delete("ann");
        let (kind, key, twin) = object("users", "twin", &ann("Rome"));
        stage.directory.insert(&kind, &key, twin);
        let adopt = Resolution {
            kind: support::kind("users").name.into(),
            key: "ann".to_owned(),
            property: None,
            choice: Choice::Adopt { id: "twin".to_owned() },
        };
        let conflicts = if adopts { vec![adopt] } else { vec![] };
        let restore = stage.previewed_kinds(&["users"], Selection { conflicts, ..deleting() }).await;
        let plan = stage.plan(&restore).await;
        assert!(plan.steps.iter().all(|step| step.action != WriteAction::Delete), "{plan:?}");
        assert_eq!(plan.conflicts.is_empty(), adopts);
        stage.run(&restore).await;
        let city = if adopts { "Oslo" } else { "Rome" };
        assert_eq!(stage.directory.get("users", "twin")["city"], city);
    }
}

#[tokio::test]
async fn a_role_that_is_only_activated_is_not_taken_and_one_of_which_that_cannot_be_read_neither() {
    for is_read in [true, false] {
        let mut stage = RestoreWorld::new();
        stage.both(object("users", "ann", &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann"})));
        let fact = json!({"id": "f", "principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/"});
        let (kind, key, role) = object("admins", "ann|r|/|", &fact);
        stage.directory.insert(&kind, &key, role.clone());
        let mut schedule = role;
        schedule.insert("assignmentType".to_owned(), json!("Activated"));
        stage.directory.insert("activeAdmins", &key, schedule);
        if !is_read {
            stage.directory.refuse_reading_of("activeAdmins", false);
        }
        let restore = stage.previewed_kinds(&["admins"], deleting()).await;
        let plan = stage.plan(&restore).await;
        let told: Vec<_> = plan.impossible.iter().map(|one| one.cause).collect();
        assert_eq!(
            (plan.steps.len(), told),
            (0, vec![if is_read { Cause::Activated } else { Cause::Unreadable }])
        );
    }
}

#[tokio::test]
async fn what_showed_without_a_licence_at_no_time_did_not_come_since() {
    for is_licensed_now in [true, false] {
        let mut stage = groups();
        stage.not_held.insert("groups", true);
        if !is_licensed_now {
            stage.directory.refuse_reading_of("groups", true);
        }
        let restore = stage.previewed_kinds(&["groups"], deleting()).await;
        let plan = stage.plan(&restore).await;
        let told: Vec<_> = plan.impossible.iter().map(|one| (one.what.as_str(), one.cause)).collect();
        let expected = if is_licensed_now { vec![("kind", Cause::NotRead)] } else { vec![] };
        assert_eq!((plan.steps.len(), told), (0, expected));
    }
}

#[tokio::test]
async fn a_policy_that_keeps_a_group_out_which_it_was_for_is_for_it_alone_again() {
    let link = "ConfigurationPolicies.assignments";
    let mut stage = stage();
    stage.link(link, "p", "staff");
    stage.directory.relink(link, "p", "staff!exclude");
    let staff = SelectedItem { incoming: true, ..item("groups", "staff") };
    let asked = Selection { items: vec![staff], links: LinkMode::Rollback, ..Selection::default() };
    let restore = stage.previewed(asked).await;
    let plan = stage.plan(&restore).await;
    let [step] = &plan.steps[..] else { panic!("{plan:?}") };
    let WriteAction::Assign { assignments, .. } = &step.action else { panic!("{step:?}") };
    assert_eq!(assignments.len(), 1, "{assignments:?}");
}
