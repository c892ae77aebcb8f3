//! Parts of properties, chosen by their paths: what is beside them stays as it is.

use super::super::{Left, LeftBy};
use super::*;
use crate::changes::compare_objects;
use proptest::prelude::*;

fn setting(id: &str, value: &Value) -> Value {
    json!({"settingInstance": {"@odata.type": "#x", "settingDefinitionId": id, "value": value}})
}

fn policy(settings: &[(&str, Value)]) -> Held {
    let settings: Vec<Value> = settings.iter().map(|(id, value)| setting(id, value)).collect();
    held(&json!({"@odata.type": "#p", "id": "p", "name": "P", "settings": settings}))
}

fn at(paths: &[&str], item: Item) -> Item {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    Item { properties: Some(vec![]), links: Some(vec![]), paths, ..item }
}

fn secret(value: &str) -> Value {
    json!({"valueState": "encryptedValueToken", "value": value})
}

const A: &str = "settings[a]/settingInstance/value";

#[test]
fn one_setting_is_put_back_and_what_others_changed_in_the_policy_stays() {
    let wanted = policy(&[("a", json!(1)), ("b", json!(1)), ("c", json!(1))]);
    let live = policy(&[("a", json!(2)), ("b", json!(2)), ("d", json!(2))]);
    let both = item("ConfigurationPolicies", "p", Some(wanted), Some(live));
    let plan = plan(&exactly(vec![at(&[A, "settings[c]"], both)]));
    let expected = policy(&[("a", json!(1)), ("b", json!(2)), ("d", json!(2)), ("c", json!(1))]);
    assert_eq!(updates(&plan)[0]["settings"], expected.object["settings"]);
    assert_eq!((plan.steps.len(), plan.impossible.len(), plan.left_by_mode.len()), (1, 0, 0));
}

#[test]
fn what_is_as_it_was_at_the_chosen_paths_is_not_written() {
    let wanted = policy(&[("a", json!(1)), ("b", json!(1))]);
    let live = policy(&[("a", json!(1)), ("b", json!(2))]);
    let plan = plan(&exactly(vec![at(&[A], item("ConfigurationPolicies", "p", Some(wanted), Some(live)))]));
    assert!(plan.steps.is_empty() && plan.impossible.is_empty(), "{plan:?}");
}

#[test]
fn a_path_whose_place_is_gone_or_that_nobody_has_is_told_and_the_others_are_put_back() {
    let wanted = policy(&[("a", json!(1)), ("b", json!(1))]);
    let live = policy(&[("b", json!(2))]);
    let chosen =
        at(&[A, "settings[b]", "settings[x]"], item("ConfigurationPolicies", "p", Some(wanted), Some(live)));
    let plan = plan(&exactly(vec![chosen]));
    assert_eq!(causes(&plan), [(A, Cause::ObjectGone), ("settings[x]", Cause::NotInSnapshot)]);
    assert_eq!(updates(&plan)[0]["settings"], policy(&[("b", json!(1))]).object["settings"]);
}

#[test]
fn a_setting_is_put_back_beside_a_secret_that_somebody_changed_and_a_secret_itself_is_not() {
    let (wanted, live) = (
        policy(&[("a", json!(1)), ("key", secret("then"))]),
        policy(&[("a", json!(2)), ("key", secret("now"))]),
    );
    let of = |path: &str| {
        let both = item("ConfigurationPolicies", "p", Some(wanted.clone()), Some(live.clone()));
        plan(&exactly(vec![at(&[path], both)]))
    };
    let put = of(A);
    assert!(put.impossible.is_empty());
    let expected = policy(&[("a", json!(1)), ("key", secret("now"))]);
    assert_eq!(updates(&put)[0]["settings"], expected.object["settings"]);
    let refused = of("settings[key]/settingInstance/value/value");
    assert_eq!((causes(&refused), refused.steps.len()), (vec![("settings", Cause::SecretValue)], 0));
}

#[test]
fn a_part_of_a_users_property_is_sent_with_what_is_beside_it_and_one_that_was_empty_is_emptied() {
    let user = |parts: Value| held(&json!({"id": "u", "displayName": "U", "employeeOrgData": parts}));
    let wanted = user(json!({"division": "A", "costCenter": null}));
    let live = user(json!({"division": "B", "costCenter": "9"}));
    let of = |path: &str, attributes| {
        let chosen = at(&[path], item("users", "u", Some(wanted.clone()), Some(live.clone())));
        plan(&Inputs { attributes, ..exactly(vec![chosen]) })
    };
    let sent = |plan: &RestorePlan| updates(plan)[0]["employeeOrgData"].clone();
    for mode in [AttributeMode::Overwrite, AttributeMode::Merge] {
        assert_eq!(sent(&of("employeeOrgData/division", mode)), json!({"division": "A", "costCenter": "9"}));
    }
    let emptied = of("employeeOrgData/costCenter", AttributeMode::Overwrite);
    assert_eq!(sent(&emptied), json!({"division": "B", "costCenter": null}));
    let left = of("employeeOrgData/costCenter", AttributeMode::Merge);
    assert!(left.steps.is_empty());
    let said: Vec<_> =
        left.left_by_mode.iter().map(|Left { what, mode, .. }| (what.as_str(), *mode)).collect();
    assert_eq!(said, [("employeeOrgData/costCenter", LeftBy::Attributes)]);
}

#[test]
fn a_security_attribute_goes_back_with_its_type_and_one_that_came_since_is_emptied() {
    let user = |sets: Value| held(&json!({"id": "u", "displayName": "U", "customSecurityAttributes": sets}));
    let wanted =
        user(json!({"Eng": {"@odata.type": "#s", "Level@odata.type": "#Int32", "Level": 1, "Site": "x"}}));
    let live = user(
        json!({"Eng": {"@odata.type": "#s", "Level@odata.type": "#Int32", "Level": 2, "Site": "y", "New": ["n"]}}),
    );
    let paths = ["customSecurityAttributes/Eng/Level", "customSecurityAttributes/Eng/New"];
    let plan = plan(&exactly(vec![at(&paths, item("users", "u", Some(wanted), Some(live)))]));
    let expected = json!({"Eng": {"@odata.type": "#s", "Level@odata.type": "#Int32", "Level": 1, "Site": "y", "New": []}});
    assert_eq!(updates(&plan)[0]["customSecurityAttributes"], expected);
}

#[test]
fn of_an_object_that_is_gone_no_part_comes_back() {
    let gone = item("ConfigurationPolicies", "p", Some(policy(&[("a", json!(1))])), None);
    let plan = plan(&exactly(vec![at(&[A], gone)]));
    assert_eq!((causes(&plan), plan.steps.len()), (vec![("object", Cause::ObjectGone)], 0));
    // The end of a role that was taken away is a part of it, too.
    let role = held(&json!({"id": "f", "principalId": "u", "roleDefinitionId": "r", "directoryScopeId": "/",
        "scheduleInfo": {"expiration": {"type": "noExpiration"}}}));
    let taken = at(&["scheduleInfo/expiration/type"], item("activeAdmins", "u|r|/|", Some(role), None));
    assert_eq!(causes(&super::plan(&exactly(vec![taken]))), [("object", Cause::ObjectGone)]);
}

#[test]
fn the_end_of_a_role_is_put_back_by_a_path_to_it_and_every_other_path_is_named() {
    let role = |end: &str| {
        held(&json!({"id": "f", "principalId": "u", "roleDefinitionId": "r", "directoryScopeId": "/",
            "scheduleInfo": {"startDateTime": "2024-01-01T00:00:00Z",
                "expiration": {"type": "afterDateTime", "endDateTime": end}}}))
    };
    let both = item(
        "activeAdmins",
        "u|r|/|",
        Some(role("2030-01-01T00:00:00Z")),
        Some(role("2031-01-01T00:00:00Z")),
    );
    let of = |paths: &[&str]| plan(&exactly(vec![at(paths, both.clone())]));
    for path in ["scheduleInfo/expiration/endDateTime", "scheduleInfo/expiration"] {
        let plan = of(&[path]);
        assert_eq!((names_of(&plan), plan.impossible.len()), (vec!["update u|r|/|".to_owned()], 0));
    }
    let others = of(&["scheduleInfo/startDateTime", "scheduleInfo/bogus", "directoryScopeId/x"]);
    let told = [
        ("scheduleInfo/startDateTime", Cause::ReadOnly),
        ("scheduleInfo/bogus", Cause::NotInSnapshot),
        ("directoryScopeId/x", Cause::NotInSnapshot),
    ];
    assert_eq!((causes(&others).as_slice(), others.steps.len()), (&told[..], 0));
}

#[test]
fn a_path_that_leads_nowhere_does_not_turn_a_group() {
    let group = |of_type: &[&str], rule: Value| {
        held(
            &json!({"id": "g", "displayName": "G", "securityEnabled": true, "groupTypes": of_type, "membershipRule": rule}),
        )
    };
    let both =
        item("groups", "g", Some(group(&[], Value::Null)), Some(group(&["DynamicMembership"], json!("x"))));
    for path in ["membershipRule/x", "groupTypes[x]"] {
        let plan = plan(&exactly(vec![at(&[path], both.clone())]));
        assert_eq!((causes(&plan), plan.steps.len()), (vec![(path, Cause::NotInSnapshot)], 0));
    }
}

#[test]
fn a_path_into_what_a_side_could_not_read_is_told_once_and_nothing_is_written() {
    let user = |parts: Option<Value>| {
        let mut user = held(&json!({"id": "u", "displayName": "U"}));
        user.object.extend(parts.map(|parts| ("employeeOrgData".to_owned(), parts)));
        user
    };
    for (then, now) in [(true, false), (false, true), (false, false)] {
        let side = |known: bool| {
            let mut user = user(known.then(|| json!({"division": if then { "A" } else { "B" }})));
            user.unknown.extend((!known).then_some("employeeOrgData"));
            user
        };
        let chosen = at(&["employeeOrgData/division"], item("users", "u", Some(side(then)), Some(side(now))));
        let plan = plan(&exactly(vec![chosen]));
        assert_eq!((causes(&plan), plan.steps.len()), (vec![("employeeOrgData", Cause::NotRead)], 0));
    }
}

#[test]
fn the_order_of_a_list_is_put_back_and_the_order_of_a_set_is_nothing() {
    let policy = |servers: &[&str], tags: &[&str]| {
        held(
            &json!({"@odata.type": "#vpn", "id": "p", "displayName": "P", "servers": servers, "roleScopeTagIds": tags}),
        )
    };
    let both = item(
        "DeviceConfiguration",
        "p",
        Some(policy(&["a", "b"], &["0", "1"])),
        Some(policy(&["b", "a"], &["1", "0"])),
    );
    let made = plan(&exactly(vec![both]));
    let bodies = updates(&made);
    assert_eq!((bodies.len(), &bodies[0]["servers"]), (1, &json!(["a", "b"])));
    assert_eq!(bodies[0].get("roleScopeTagIds"), None);
}

#[test]
fn the_order_of_named_items_is_put_back_alone_where_it_is_chosen() {
    let page = |name: &str, icon: &str| json!({"displayName": name, "icon": icon});
    let policy = |pages: [Value; 2]| {
        held(&json!({"@odata.type": "#home", "id": "p", "displayName": "P", "pages": pages}))
    };
    let wanted = policy([page("Work", "1"), page("Play", "1")]);
    let live = policy([page("Play", "2"), page("Work", "1")]);
    let both = item("DeviceConfiguration", "p", Some(wanted), Some(live));
    let made = plan(&exactly(vec![at(&["pages/@order"], both)]));
    assert_eq!(updates(&made)[0]["pages"], json!([page("Work", "1"), page("Play", "2")]));
}

#[test]
fn one_licence_is_put_back_by_its_path_and_the_others_stay() {
    let user = |skus: &[&str]| {
        let state = |sku: &&str| json!({"skuId": sku, "disabledPlans": [], "assignedByGroup": null});
        let states: Vec<Value> = skus.iter().map(state).collect();
        held(
            &json!({"id": "u", "displayName": "U", "usageLocation": "NO", "assignedLicenses": states, "licenseAssignmentStates": states}),
        )
    };
    for path in ["assignedLicenses[s1]", "licenseAssignmentStates[s1]/assignedByGroup"] {
        let both = item("users", "u", Some(user(&["s1", "s2"])), Some(user(&["s3"])));
        let made = plan(&exactly(vec![at(&[path], both)]));
        let add = vec![json!({"skuId": "s1", "disabledPlans": []})];
        let actions: Vec<_> = made.steps.iter().map(|step| step.action.clone()).collect();
        assert_eq!(actions, [WriteAction::AssignLicences { add, remove: vec![] }], "{path}");
        assert_eq!(made.impossible, []);
    }
}

proptest! {
    /// For every set of changed paths: what is left between the snapshot and the policy is what was not chosen.
    #[test]
    fn a_plan_takes_back_the_chosen_paths_and_nothing_else(
        then in prop::collection::btree_map("[a-d]", 0..3u8, 0..4),
        now in prop::collection::btree_map("[a-d]", 0..3u8, 0..4),
        bits in any::<u16>(),
    ) {
        let side = |all: &std::collections::BTreeMap<String, u8>| {
            let settings: Vec<(&str, Value)> = all.iter().map(|(id, value)| (id.as_str(), json!(value))).collect();
            policy(&settings)
        };
        let (wanted, live) = (side(&then), side(&now));
        let kind = kinds::get("ConfigurationPolicies").unwrap();
        let paths = |from: &Held, to: &Held| -> Vec<String> {
            compare_objects(kind, &from.object, &to.object).into_iter().map(|change| change.path).collect()
        };
        let all = paths(&wanted, &live);
        let (chosen, others): (Vec<_>, Vec<_>) =
            all.iter().enumerate().partition(|(i, _)| bits >> i & 1 == 1);
        let chosen: Vec<&str> = chosen.into_iter().map(|(_, path)| path.as_str()).collect();
        let others: Vec<&str> = others.into_iter().map(|(_, path)| path.as_str()).collect();
        let both = item("ConfigurationPolicies", "p", Some(wanted.clone()), Some(live.clone()));
        let made = plan(&exactly(vec![at(&chosen, both)]));
        prop_assert!(made.impossible.is_empty());
        prop_assert_eq!(made.steps.is_empty(), chosen.is_empty());
        let mut after = live.clone();
        for body in updates(&made) {
            after.object.extend(body.clone());
        }
        prop_assert_eq!(paths(&wanted, &after), others);
    }
}
