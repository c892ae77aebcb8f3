//! What a mode leaves different is said in the preview, each part by its name.

use super::super::{LeftBy, Phase};
use super::*;

fn said(plan: &RestorePlan) -> Vec<(&str, Vec<&str>, LeftBy)> {
    let all = plan.left_by_mode.iter();
    all.map(|left| (left.what.as_str(), left.to.iter().map(String::as_str).collect(), left.mode)).collect()
}

fn in_modes(items: Vec<Item>, attributes: AttributeMode, links: LinkMode) -> RestorePlan {
    plan(&Inputs { items, attributes, links, ..Inputs::default() })
}

#[test]
fn a_merge_names_each_property_and_each_part_that_it_leaves() {
    let user = |more: Value| {
        let mut object = map(&json!({"id": "u", "displayName": "U", "accountEnabled": true}));
        object.extend(map(&more));
        Held { object, ..Held::default() }
    };
    let wanted = user(json!({"mobilePhone": null, "otherMails": [], "jobTitle": "Nurse",
        "employeeOrgData": {"division": "A", "costCenter": null},
        "assignedLicenses": [{"skuId": "s1", "disabledPlans": []}]}));
    let live = user(json!({"mobilePhone": "1", "otherMails": ["x@y.z"], "jobTitle": "Clerk",
        "employeeOrgData": {"division": "A", "costCenter": "9"},
        "assignedLicenses": [{"skuId": "s1", "disabledPlans": []}, {"skuId": "s2", "disabledPlans": []}]}));
    let items = vec![item("users", "u", Some(wanted), Some(live))];
    let merged = in_modes(items.clone(), AttributeMode::Merge, LinkMode::Merge);
    let expected = [
        ("employeeOrgData", vec![], LeftBy::Attributes),
        ("mobilePhone", vec![], LeftBy::Attributes),
        ("otherMails", vec![], LeftBy::Attributes),
        ("assignedLicenses", vec!["s2"], LeftBy::Attributes),
    ];
    assert_eq!(said(&merged), expected);
    assert_eq!(updates(&merged), [&map(&json!({"jobTitle": "Nurse"}))]);
    assert_eq!(merged.left_by_mode[0].name.as_deref(), Some("U"));
    let overwritten = in_modes(items, AttributeMode::Overwrite, LinkMode::Merge);
    assert_eq!(said(&overwritten), []);
}

/// What a mode leaves is told whether or not it could be written; what follows from a rule comes by that.
#[test]
fn a_skip_names_links_that_could_not_be_written_and_none_that_follow_from_a_rule() {
    let group = |more: Value, members: &[&str]| {
        let mut object =
            map(&json!({"id": "g", "displayName": "G", "groupTypes": [], "securityEnabled": true}));
        object.extend(map(&more));
        linked(Held { object, ..Held::default() }, "groups.members", members)
    };
    let of = |more: Value, links| {
        let sides = [&["a", "b"][..], &["b", "c"]].map(|members| Some(group(more.clone(), members)));
        let [wanted, live] = sides;
        in_modes(vec![item("groups", "g", wanted, live)], AttributeMode::Overwrite, links)
    };
    let synced = json!({"onPremisesSyncEnabled": true});
    let skipped = of(synced.clone(), LinkMode::Skip);
    assert_eq!(said(&skipped), [("groups.members", vec!["a", "c"], LeftBy::Links)]);
    assert_eq!(causes(&skipped), []);
    for links in [LinkMode::Merge, LinkMode::Rollback] {
        let refused = of(synced.clone(), links);
        assert_eq!((said(&refused), causes(&refused)), (vec![], vec![("groups.members", Cause::Synced)]));
    }
    let ruled = json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"Oslo\""});
    assert_eq!(said(&of(ruled.clone(), LinkMode::Skip)), []);
    // But where the rule came since and stays, nothing brings them back.
    let mut chosen = item("groups", "g", Some(group(json!({}), &["a", "b"])), Some(group(ruled, &[])));
    chosen.properties = Some(vec!["description".to_owned()]);
    let skipped = in_modes(vec![chosen], AttributeMode::Overwrite, LinkMode::Skip);
    assert_eq!(said(&skipped), [("groups.members", vec!["a", "b"], LeftBy::Links)]);
}

#[test]
fn a_merge_of_links_names_those_that_came_since_and_a_skip_those_that_went_too() {
    let group = |members: &[&str]| {
        let group = held(&json!({"id": "g", "displayName": "G", "groupTypes": [], "securityEnabled": true}));
        linked(group, "groups.members", members)
    };
    let user =
        |manager: &[&str]| linked(held(&json!({"id": "u", "displayName": "U"})), "users.manager", manager);
    let items = vec![
        item("groups", "g", Some(group(&["a", "b"])), Some(group(&["b", "c"]))),
        item("users", "u", Some(user(&[])), Some(user(&["m"]))),
        item("users", "v", Some(user(&["m"])), Some(user(&["n"]))),
    ];
    let of = |links| in_modes(items.clone(), AttributeMode::Merge, links);
    let (merged, skipped, rolled_back) = (of(LinkMode::Merge), of(LinkMode::Skip), of(LinkMode::Rollback));
    let links = LeftBy::Links;
    assert_eq!(said(&merged), [("groups.members", vec!["c"], links), ("users.manager", vec!["m"], links)]);
    let expected = [
        ("groups.members", vec!["a", "c"], links),
        ("users.manager", vec!["m"], links),
        ("users.manager", vec!["m", "n"], links),
    ];
    assert_eq!(said(&skipped), expected);
    assert!(skipped.steps.is_empty());
    assert_eq!(said(&rolled_back), []);
}

#[test]
fn assignments_and_the_roles_of_whoever_is_created_again_are_named_too() {
    let link = kinds::link("ConfigurationPolicies.assignments").unwrap();
    let policy = |groups: &[&str]| {
        let mut policy = held(&json!({"@odata.type": "#t", "id": "p", "name": "P", "settings": []}));
        policy.links.extend(groups.iter().map(|group| HeldLink {
            link,
            to: (*group).to_owned(),
            value: map(&json!({"target": {"@odata.type": "#g", "groupId": group}})),
        }));
        policy
    };
    let items = vec![item("ConfigurationPolicies", "p", Some(policy(&["a"])), Some(policy(&["b"])))];
    let merged = in_modes(items.clone(), AttributeMode::Merge, LinkMode::Merge);
    assert_eq!(said(&merged), [(link.name, vec!["b"], LeftBy::Links)]);
    assert_eq!(merged.steps[0].phase, Phase::Assignments);
    let skipped = in_modes(items, AttributeMode::Merge, LinkMode::Skip);
    assert_eq!(said(&skipped), [(link.name, vec!["a", "b"], LeftBy::Links)]);

    let user = held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y"}));
    let fact =
        held(&json!({"id": "1", "principalId": "u", "roleDefinitionId": "r", "directoryScopeId": "/"}));
    let mut inputs = Inputs { items: vec![item("users", "u", Some(user), None)], ..Inputs::default() };
    inputs.links = LinkMode::Skip;
    inputs.referrers.insert("u".to_owned(), vec![item("admins", "u|r|/|", Some(fact), None)]);
    let made = plan(&inputs);
    assert_eq!(names_of(&made), ["create u"]);
    assert_eq!(said(&made), [("object", vec![], LeftBy::Links)]);
}

#[test]
fn where_links_are_skipped_a_manager_who_has_the_place_of_another_is_named_with_them() {
    let user =
        |manager: &str| linked(held(&json!({"id": "u", "displayName": "U"})), "users.manager", &[manager]);
    let items = vec![item("users", "u", Some(user("m")), Some(user("n")))];
    let skipped = in_modes(items, AttributeMode::Overwrite, LinkMode::Skip);
    assert_eq!(said(&skipped), [("users.manager", vec!["m", "n"], LeftBy::Links)]);
}
