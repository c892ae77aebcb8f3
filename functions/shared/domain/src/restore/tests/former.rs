//! Roles that are still listed under ids which nobody has any more: a plan is the same whether Graph lists them or not.

use super::super::Warning;
use super::*;

const OVER_A_UNIT: &str = "/administrativeUnits/n";

fn fact(scope: &str) -> Held {
    held(&json!({"id": "1", "principalId": "u", "roleDefinitionId": "r", "directoryScopeId": scope}))
}

fn user() -> Item {
    item(
        "users",
        "u",
        Some(held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y"}))),
        None,
    )
}

fn unit() -> Item {
    item("administrativeUnits", "n", Some(held(&json!({"id": "n", "displayName": "N"}))), None)
}

/// The role as it is read since it leads to what is created again.
fn role(kind: &str, scope: &str, is_listed: bool) -> Item {
    let referrer = item(kind, &format!("u|r|{scope}|"), Some(fact(scope)), is_listed.then(|| fact(scope)));
    Item { properties: Some(vec![]), links: Some(vec![]), ..referrer }
}

/// The plan of what is created again, with the role that leads to it, chosen itself or not.
fn planned(gone: Item, role: Item, is_chosen: bool, links: LinkMode) -> RestorePlan {
    let gone_id = gone.key.clone();
    let mut inputs = exactly(vec![gone]);
    inputs.links = links;
    if is_chosen {
        inputs.items.push(Item { properties: None, links: None, ..role });
    } else {
        inputs.referrers.insert(gone_id, vec![role]);
    }
    plan(&inputs)
}

#[test]
fn a_role_is_given_to_the_new_id_though_it_is_listed_under_the_former_one_and_that_is_said() {
    for (gone, scope) in [(user(), "/"), (unit(), OVER_A_UNIT)] {
        for kind in ["admins", "activeAdmins", "eligibleAdmins"] {
            for is_chosen in [true, false] {
                let of = |is_listed| {
                    let role = role(kind, scope, is_listed);
                    planned(gone.clone(), role, is_chosen, LinkMode::Merge)
                };
                let (listed, not_listed) = (of(true), of(false));
                assert_eq!(names_of(&listed), names_of(&not_listed), "{kind} {scope} {is_chosen}");
                let [_, given] = &listed.steps[..] else { panic!("{listed:?}") };
                assert_eq!(given.warnings, [Warning::FormerListed]);
                assert_eq!(given.depends_on, std::slice::from_ref(&gone.key));
                assert_eq!(not_listed.steps[1].warnings, []);
            }
        }
    }
}

#[test]
fn a_role_that_is_listed_under_a_former_id_is_left_by_the_mode_that_skips_links() {
    for is_listed in [true, false] {
        let plan = planned(user(), role("eligibleAdmins", "/", is_listed), false, LinkMode::Skip);
        assert_eq!(names_of(&plan), ["create u"]);
        let left: Vec<&str> = plan.left_by_mode.iter().map(|left| left.key.as_str()).collect();
        assert_eq!(left, ["u|r|/|"], "{is_listed}");
    }
}

#[test]
fn a_role_of_somebody_who_is_gone_and_does_not_come_back_is_not_taken_for_there() {
    let mut inputs = exactly(vec![item("admins", "u|r|/|", Some(fact("/")), Some(fact("/")))]);
    assert_eq!(plan(&inputs), RestorePlan::default(), "as long as they are there, or in the recycle bin");
    (inputs.gone, inputs.missing) = (["u".to_owned()].into(), ["u".to_owned()].into());
    let plan = plan(&inputs);
    assert_eq!(names_of(&plan), Vec::<String>::new());
    assert_eq!(causes(&plan), [("principalId", Cause::TargetMissing)]);
}

#[test]
fn a_role_over_what_comes_out_of_the_recycle_bin_is_there_with_it() {
    let back = Item { in_recycle_bin: true, ..unit() };
    let plan = planned(back, role("admins", OVER_A_UNIT, true), true, LinkMode::Merge);
    assert_eq!(names_of(&plan), ["undelete n", "update n"]);
}

#[test]
fn a_role_without_an_end_that_is_an_assignment_and_a_schedule_is_given_once() {
    let mut inputs = exactly(vec![user()]);
    let both = ["activeAdmins", "admins"].map(|kind| role(kind, "/", true)).to_vec();
    inputs.referrers.insert("u".to_owned(), both);
    let plan = plan(&inputs);
    let kinds: Vec<String> = plan.steps.iter().map(|step| step.kind.to_string()).collect();
    assert_eq!(kinds, ["users", "admins"]);
}

#[test]
fn whoever_comes_out_of_the_recycle_bin_bears_a_warning_unless_what_led_to_them_is_chosen() {
    let user = held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y"}));
    for incoming in [false, true] {
        let back = Item { in_recycle_bin: true, incoming, ..item("users", "u", Some(user.clone()), None) };
        let plan = plan(&exactly(vec![back]));
        assert_eq!(plan.steps[0].warnings.contains(&Warning::IncomingUnseen), !incoming);
    }
}

#[test]
fn of_a_role_whose_holder_nobody_knows_it_is_said_that_graph_may_refuse_it() {
    for kind in ["admins", "activeAdmins", "eligibleAdmins"] {
        let mut inputs = exactly(vec![item(kind, "u|r|/|", Some(fact("/")), None)]);
        assert_eq!(plan(&inputs).steps[0].warnings, []);
        inputs.unknown_ends.insert("u".to_owned());
        assert_eq!(plan(&inputs).steps[0].warnings, [Warning::EndUnknown]);
    }
}

fn scheduled(end: &Value) -> Held {
    let mut fact = fact("/");
    fact.object.insert("assignmentType".to_owned(), json!("Assigned"));
    fact.object.insert(
        "scheduleInfo".to_owned(),
        json!({"startDateTime": "2026-01-01T00:00:00Z", "expiration": end}),
    );
    fact
}

#[test]
fn where_links_are_skipped_a_role_that_is_given_by_its_assignment_or_by_its_schedule_is_not_told_as_left() {
    let never = scheduled(&json!({"type": "noExpiration"}));
    let ends = scheduled(&json!({"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00Z"}));
    let one = |kind: &str, held: &Held| item(kind, "u|r|/|", Some(held.clone()), None);
    let leads = |item: Item| Item { properties: Some(vec![]), links: Some(vec![]), ..item };
    let tenure = Tenure::TimeBound { wanted: Some(ends.object.clone()), live: None };
    for (given, other) in [
        (one("admins", &fact("/")), leads(one("activeAdmins", &never))),
        (one("activeAdmins", &ends), leads(Item { tenure, ..one("admins", &fact("/")) })),
    ] {
        let mut inputs = exactly(vec![user(), given]);
        inputs.links = LinkMode::Skip;
        inputs.referrers.insert("u".to_owned(), vec![other.clone()]);
        let made = plan(&inputs);
        assert_eq!((made.steps.len(), made.left_by_mode.len()), (2, 0), "{made:?}");
        // And without that it is told.
        inputs.items.truncate(1);
        assert_eq!(plan(&inputs).left_by_mode.len(), 1);
    }
    // What is held for good by now is held.
    let mut inputs = exactly(vec![user()]);
    inputs.links = LinkMode::Skip;
    let held = Item { tenure: Tenure::HeldForGood, ..leads(one("activeAdmins", &never)) };
    inputs.referrers.insert("u".to_owned(), vec![held]);
    assert_eq!(plan(&inputs).left_by_mode, []);
}

#[test]
fn of_a_synced_person_who_is_back_the_manager_that_is_made_anew_is_named() {
    let synced = held(
        &json!({"id": "s", "displayName": "S", "userPrincipalName": "s@x.y", "onPremisesSyncEnabled": true}),
    );
    let binned = Item {
        in_recycle_bin: true,
        ..item("users", "s", Some(linked(synced, "users.manager", &["u"])), None)
    };
    for links in [LinkMode::Rollback, LinkMode::Skip] {
        let made = plan(&Inputs { links, ..exactly(vec![binned.clone(), user()]) });
        let named = made.impossible.iter().find(|one| one.key == "s").unwrap();
        assert_eq!((named.what.as_str(), named.cause), ("users.manager/u", Cause::Synced));
    }
    // Who is there leads to whom they led to.
    assert_eq!(plan(&exactly(vec![binned])).impossible, []);
}
