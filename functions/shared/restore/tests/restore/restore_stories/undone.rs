//! What a restore did is taken back by another one, whole and from wherever it was stopped; what others did since stays.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::restore::{Cause, RestorePlan, Selection};
use domain::{ErrorKind, RestoreId};
use engine::records::RestoreState;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const CHOSEN: [(&str, &str); 6] = [
    ("users", "ann"),
    ("users", "bob"),
    ("users", "carl"),
    ("groups", "staff"),
    ("groups", "late"),
    ("admins", "bob|r|/|"),
];

/// Ann and Bob with other titles than then, Bob with another manager and a role that he did not have, Carl gone, and of two groups one with other members
/// and one that was not there.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob", "carl"] {
        let user = json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "mailNickname": name,
            "accountEnabled": true, "jobTitle": "then", "city": null, "assignedLicenses": []});
        stage.both(object("users", name, &user));
    }
    let group = |name: &str| {
        json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
            "groupTypes": [], "description": "then"})
    };
    stage.both(object("groups", "staff", &group("staff")));
    stage.link("groups.members", "staff", "ann");
    stage.link("groups.members", "staff", "carl");
    stage.link("users.manager", "bob", "ann");
    let directory = &stage.directory;
    for name in ["ann", "bob"] {
        directory.set("users", name, "jobTitle", json!("now"));
        directory.set("users", name, "city", json!("Oslo"));
    }
    directory.relink("users.manager", "bob", "bob");
    directory.unlink("groups.members", "staff", "ann");
    directory.link("groups.members", "staff", "bob");
    directory.hard_delete("carl");
    directory.set("groups", "staff", "description", json!("now"));
    let (kind, key, late) = object("groups", "late", &group("late"));
    directory.insert(&kind, &key, late);
    directory.link("groups.members", "late", "bob");
    let (kind, key, role) = object(
        "admins",
        "bob|r|/|",
        &json!({"principalId": "bob", "roleDefinitionId": "r", "directoryScopeId": "/"}),
    );
    directory.insert(&kind, &key, role);
    stage
}

/// Everything that is live, by names: what a restore or its undoing made anew has another id.
fn by_name(stage: &RestoreWorld) -> BTreeMap<String, (Map<String, Value>, Vec<String>)> {
    let table = stage.directory.table();
    let name = |id: &str| {
        let found = table.iter().find(|((_, key), _)| key == id);
        found
            .and_then(|(_, (o, _))| o.get("displayName")?.as_str().map(str::to_owned))
            .unwrap_or_else(|| id.to_owned())
    };
    let mut all = BTreeMap::new();
    for ((kind, key), (object, links)) in &table {
        let mut object = object.clone();
        object.retain(|property, value| property != "id" && !value.is_null() && *value != json!([]));
        let mut ends: Vec<String> = links.iter().map(|(link, to)| format!("{link} {}", name(to))).collect();
        ends.sort();
        all.insert(format!("{kind} {}", name(key)), (object, ends));
    }
    all
}

async fn previewed(stage: &RestoreWorld) -> RestoreId {
    stage.previewed(whole(&CHOSEN)).await
}

/// What a preview leaves and names, in the order of the objects.
fn named(plan: &RestorePlan) -> Vec<(&str, &str, Cause)> {
    let mut named: Vec<_> =
        plan.impossible.iter().map(|i| (i.key.as_str(), i.what.as_str(), i.cause)).collect();
    named.sort_unstable();
    named
}

#[tokio::test]
async fn undoing_a_restore_makes_the_tenant_what_it_was_before_wherever_it_was_stopped() {
    let mut at = 1;
    loop {
        let stage = stage();
        let before = by_name(&stage);
        let restore = previewed(&stage).await;
        stage.approve(&restore).await;
        let writes = stage.run_until_stopped(&restore, at).await;
        let is_whole = stage.restore(&restore).await.state == RestoreState::Done;
        assert_ne!(by_name(&stage), before, "{at}");
        let undo = stage.undone(&restore).await;
        let plan = stage.plan(&undo).await;
        // What led to the group that was deleted was kept by nobody.
        let deletes = !stage.directory.has("groups", "late");
        let expected = if deletes { vec![("late", "links", Cause::NotRead)] } else { vec![] };
        assert_eq!(named(&plan), expected, "{at}");
        let done = stage.run(&undo).await;
        assert_eq!(
            (done.state, done.counts.done),
            (RestoreState::Done, done.counts.steps),
            "{at}: {:?}",
            stage.report(&undo).await
        );
        assert_eq!(by_name(&stage), before, "{at} of {writes}");
        // Once more there is nothing to take back.
        let again = stage.undone(&restore).await;
        assert_eq!(stage.plan(&again).await.steps, vec![], "{at}");
        if is_whole {
            assert!(at > 8, "each kind of step was met: {at}");
            break;
        }
        at += 1;
    }
}

#[tokio::test]
async fn what_others_changed_since_a_restore_stays_and_is_named() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.run(&restore).await;
    let carl = stage.new_id("carl").await;
    stage.directory.set("users", "ann", "jobTitle", json!("somebody's"));
    stage.directory.set("users", &carl, "city", json!("Bodo"));
    stage.directory.set("users", &carl, "jobTitle", json!("somebody's"));
    stage.directory.link("groups.members", "staff", "bob");
    let undo = stage.undone(&restore).await;
    let plan = stage.plan(&undo).await;
    let mut expected = vec![
        ("ann", "jobTitle", Cause::ChangedSince),
        (carl.as_str(), "object", Cause::ChangedSince),
        ("late", "links", Cause::NotRead),
    ];
    expected.sort_unstable();
    assert_eq!(named(&plan), expected);
    stage.run(&undo).await;
    let ann = stage.directory.get("users", "ann");
    assert_eq!(
        (&ann["jobTitle"], &ann["city"]),
        (&json!("somebody's"), &json!("Oslo")),
        "her city is undone"
    );
    assert!(stage.directory.has("users", &carl));
    assert!(stage.directory.ends("groups.members", "staff").contains(&"bob".to_owned()));
}

#[tokio::test]
async fn only_what_was_run_and_is_over_is_undone_and_an_undoing_is_undone_as_any_restore() {
    let stage = stage();
    let restore = previewed(&stage).await;
    let ask = async |of: &RestoreId| {
        let from = restore::commands::restores::RestoreFrom::Undo(of.clone());
        let new = restore::commands::restores::NewRestore::of(from, Selection::default());
        stage.commands().create_preview(&stage.tenant, "me", new).await
    };
    assert_eq!(ask(&restore).await.unwrap_err().kind(), ErrorKind::Conflict, "it was not run");
    stage.run(&restore).await;
    let restored = by_name(&stage);
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    assert_ne!(by_name(&stage), restored);
    let redo = stage.undone(&undo).await;
    assert_eq!(stage.restore(&redo).await.undoes.as_ref(), Some(&undo));
    stage.run(&redo).await;
    assert_eq!(by_name(&stage), restored);
}
