//! Which restores of people are about rights over the tenant: those of people who hold power over others, however they hold it.

use crate::restore_world::{RestoreWorld, item, object, whole};
use domain::restore::{GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR, Selection, WriteAction};
use serde_json::{Map, Value, json};

const DIRECTORY_READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";

/// How somebody holds a role, if at all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holds {
    Nothing,
    Assigned(&'static str),
    Eligible(&'static str),
    /// Through a group that may hold roles.
    Group(&'static str),
}

const CASES: [(Holds, bool); 8] = [
    (Holds::Nothing, false),
    (Holds::Assigned(GLOBAL_ADMINISTRATOR), true),
    (Holds::Assigned(PRIVILEGED_ROLE_ADMINISTRATOR), true),
    (Holds::Assigned("a-role-of-their-own"), true),
    (Holds::Assigned(DIRECTORY_READERS), false),
    (Holds::Eligible(GLOBAL_ADMINISTRATOR), true),
    (Holds::Eligible(DIRECTORY_READERS), false),
    (Holds::Group(PRIVILEGED_ROLE_ADMINISTRATOR), true),
];

fn fact(kind: &str, principal: &str, role: &str) -> (String, String, Map<String, Value>) {
    let fact = json!({ "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/" });
    object(kind, &format!("{principal}|{role}|/|"), &fact)
}

/// A tenant with two administrators and a user who holds that, then and now.
fn held(holds: Holds) -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for id in ["u", "boss", "chief"] {
        stage.both(object("users", id, &json!({ "accountEnabled": true })));
    }
    for id in ["boss", "chief"] {
        stage.both(fact("admins", id, GLOBAL_ADMINISTRATOR));
    }
    for role in [GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR, DIRECTORY_READERS] {
        stage.both(object("roles", role, &json!({ "isBuiltIn": true })));
    }
    stage.both(object("roles", "a-role-of-their-own", &json!({ "isBuiltIn": false })));
    stage.both(object("groups", "g", &json!({ "displayName": "Admins", "isAssignableToRole": true })));
    match holds {
        Holds::Nothing => {}
        Holds::Assigned(role) => stage.both(fact("admins", "u", role)),
        Holds::Eligible(role) => stage.both(fact("eligibleAdmins", "u", role)),
        Holds::Group(role) => {
            stage.link("groups.members", "g", "u");
            stage.both(fact("admins", "g", role));
        }
    }
    stage
}

/// Whether a restore of that user waits under the rule for what is privileged.
async fn is_privileged(stage: &RestoreWorld) -> bool {
    let id = stage.previewed(Selection { items: vec![item("users", "u")], ..Selection::default() }).await;
    let row = stage.restore(&id).await;
    assert!(row.counts.steps > 0, "there is something to restore");
    row.privileged
}

#[tokio::test]
async fn that_somebody_signs_in_again_is_about_rights_where_they_hold_power_over_others() {
    for (holds, expected) in CASES {
        let stage = held(holds);
        stage.directory.set("users", "u", "accountEnabled", json!(false));
        assert_eq!(is_privileged(&stage).await, expected, "{holds:?}");
    }
}

#[tokio::test]
async fn who_comes_out_of_the_recycle_bin_comes_with_the_power_that_they_held() {
    for (holds, expected) in CASES {
        for (was_enabled, shows) in [(true, false), (true, true), (false, true)] {
            let stage = held(holds);
            stage.directory.set("users", "u", "accountEnabled", json!(was_enabled));
            stage.directory.soft_delete("users", "u");
            if shows {
                stage.directory.show_bin();
            }
            assert_eq!(
                is_privileged(&stage).await,
                expected,
                "{holds:?}, enabled: {was_enabled}, shown: {shows}"
            );
        }
    }
}

#[tokio::test]
async fn what_only_the_snapshot_or_only_the_tenant_shows_of_the_roles_of_the_deleted_counts() {
    let all = [Holds::Assigned(PRIVILEGED_ROLE_ADMINISTRATOR), Holds::Eligible(GLOBAL_ADMINISTRATOR)];
    for holds in all {
        for is_live in [false, true] {
            let mut stage = held(holds);
            stage.directory.soft_delete("users", "u");
            let facts: Vec<_> =
                stage.snapshot.keys().filter(|(_, key)| key.starts_with("u|")).cloned().collect();
            for at in facts {
                if is_live {
                    stage.snapshot.remove(&at);
                } else {
                    stage.directory.remove(&at.0, &at.1);
                }
            }
            assert!(is_privileged(&stage).await, "{holds:?}, live: {is_live}");
        }
    }
}

#[tokio::test]
async fn a_role_that_somebody_no_longer_holds_makes_nothing_of_their_signing_in() {
    let stage = held(Holds::Assigned(PRIVILEGED_ROLE_ADMINISTRATOR));
    stage.directory.set("users", "u", "accountEnabled", json!(false));
    stage.directory.remove("admins", &format!("u|{PRIVILEGED_ROLE_ADMINISTRATOR}|/|"));
    assert!(!is_privileged(&stage).await);
}

#[tokio::test]
async fn what_cannot_be_read_of_who_holds_what_may_be_power() {
    for is_deleted in [false, true] {
        for (kind, is_licence, expected) in
            [("eligibleAdmins", true, false), ("eligibleAdmins", false, true), ("admins", false, true)]
        {
            let stage = held(Holds::Nothing);
            if is_deleted {
                stage.directory.soft_delete("users", "u");
            } else {
                stage.directory.set("users", "u", "accountEnabled", json!(false));
            }
            stage.directory.refuse_reading_of(kind, is_licence);
            assert_eq!(is_privileged(&stage).await, expected, "{kind}, licence: {is_licence}, {is_deleted}");
        }
    }
    // Whom a snapshot without groups or roles would have shown in them is not known.
    for kind in ["groups", "admins"] {
        let mut stage = held(Holds::Nothing);
        stage.not_held.insert(kind, false);
        stage.directory.soft_delete("users", "u");
        assert!(is_privileged(&stage).await, "{kind}");
    }
}

#[tokio::test]
async fn a_group_whose_members_cannot_be_read_may_pass_its_role_to_anybody() {
    let mut stage = held(Holds::Nothing);
    stage.both(fact("admins", "g", PRIVILEGED_ROLE_ADMINISTRATOR));
    stage.directory.set("users", "u", "accountEnabled", json!(false));
    assert!(!is_privileged(&stage).await);
    stage.directory.refuse_reading("g", 403);
    assert!(is_privileged(&stage).await);
}

#[tokio::test]
async fn undoing_that_an_administrator_signs_in_is_about_rights_as_well() {
    for (holds, expected) in [(Holds::Nothing, false), (Holds::Eligible(GLOBAL_ADMINISTRATOR), true)] {
        let stage = held(holds);
        stage.directory.set("users", "u", "accountEnabled", json!(false));
        let chosen = Selection { items: vec![item("users", "u")], ..Selection::default() };
        let restore = stage.previewed(chosen).await;
        stage.run(&restore).await;
        let undo = stage.undone(&restore).await;
        let row = stage.restore(&undo).await;
        assert_eq!((row.counts.steps, row.privileged), (1, expected), "{holds:?}");
    }
}

#[tokio::test]
async fn of_somebody_whom_the_snapshot_does_not_hold_it_is_not_known_what_they_held() {
    let mut stage = held(Holds::Nothing);
    // They came since, and a restore took them away.
    stage.snapshot.remove(&("users".to_owned(), "u".to_owned()));
    let restore = stage.previewed(whole(&[("users", "u")])).await;
    let gone = stage.directory.get("users", "u");
    stage.run(&restore).await;
    stage.directory.insert("users", "u", gone);
    stage.directory.soft_delete("users", "u");
    let undo = stage.undone(&restore).await;
    let steps = stage.plan(&undo).await.steps;
    assert!(steps.iter().any(|step| matches!(step.action, WriteAction::Undelete { .. })), "{steps:?}");
    assert!(stage.restore(&undo).await.privileged);
}
