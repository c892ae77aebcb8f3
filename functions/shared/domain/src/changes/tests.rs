//! What is a difference of two objects, and what is none.

use super::{ItemChange, PartChange, What, compare_objects, equal_in, equal_values};
use crate::kinds;
use serde_json::{Value, json};

fn paths(kind: &str, before: Value, after: Value) -> Vec<String> {
    let map = |v: Value| v.as_object().unwrap().clone();
    let kind = kinds::get(kind).unwrap();
    compare_objects(kind, &map(before), &map(after)).into_iter().map(|c| c.path).collect()
}

#[test]
fn what_is_said_and_what_the_same_is_left_unsaid_are_no_change() {
    let of_unit = |before: Value, after: Value| {
        paths(
            "administrativeUnits",
            json!({"id": "1", "membershipType": before}),
            json!({"id": "1", "membershipType": after}),
        )
    };
    for (before, after) in [(Value::Null, json!("Assigned")), (json!("Assigned"), Value::Null)] {
        assert!(of_unit(before, after).is_empty());
    }
    for (before, after) in [(Value::Null, json!("Dynamic")), (json!("Dynamic"), json!("Assigned"))] {
        assert_eq!(of_unit(before, after), ["membershipType"]);
    }
    assert!(
        paths("administrativeUnits", json!({"id": "1"}), json!({"membershipType": "Assigned", "id": "1"}))
            .is_empty()
    );
}

#[test]
fn order_dates_empties_and_volatile_properties_are_no_changes() {
    assert_eq!(
        paths(
            "users",
            json!({"id": "1", "otherMails": ["a", "b"], "businessPhones": [], "assignedPlans": [1],
                "createdDateTime": "2024-01-01T00:00:00Z", "employeeId": null}),
            json!({"id": "1", "otherMails": ["b", "a"], "businessPhones": null, "assignedPlans": [2],
                "createdDateTime": "2024-01-01T00:00:00.000Z", "@odata.type": "#microsoft.graph.user"}),
        ),
        Vec::<String>::new()
    );
}

#[test]
fn a_part_of_a_property_is_named_by_its_path() {
    assert_eq!(
        paths(
            "users",
            json!({"id": "1", "employeeOrgData": {"division": "A", "costCenter": "1"}, "jobTitle": "x"}),
            json!({"id": "1", "employeeOrgData": {"division": "B", "costCenter": "1"}, "jobTitle": null}),
        ),
        ["employeeOrgData/division", "jobTitle"]
    );
}

#[test]
fn a_change_holds_both_values_and_null_is_none() {
    let map = |v: Value| v.as_object().unwrap().clone();
    let before = map(json!({"id": "1", "jobTitle": "x", "city": null}));
    let after = map(json!({"id": "1", "jobTitle": null, "city": "B"}));
    let changes = compare_objects(kinds::get("users").unwrap(), &before, &after);
    let values: Vec<_> = changes.into_iter().map(|c| (c.path, c.before, c.after)).collect();
    let city = ("city".to_owned(), None, Some(json!("B")));
    assert_eq!(values, [city, ("jobTitle".to_owned(), Some(json!("x")), None)]);
}

#[test]
fn a_setting_deep_inside_a_policy_is_named_and_renumbered_settings_are_no_change() {
    let setting = |id: &str, what: &str, value: &str| {
        json!({"id": id, "settingInstance": {"settingDefinitionId": what,
            "choiceSettingValue": {"value": value, "children": []}}})
    };
    let before = json!({"id": "p", "settings": [setting("0", "a", "on"), setting("1", "b", "on")]});
    let after = json!({"id": "p", "settings": [setting("0", "b", "off"), setting("1", "a", "on")]});
    assert_eq!(
        paths("ConfigurationPolicies", before, after),
        ["settings[b]/settingInstance/choiceSettingValue/value"]
    );
}

#[test]
fn order_is_a_change_where_it_says_something_and_restores_see_it() {
    let (one, other) = (json!(["a", "b"]), json!(["b", "a"]));
    let policy = |servers: &Value| json!({"id": "p", "servers": servers, "roleScopeTagIds": servers});
    assert_eq!(paths("DeviceConfiguration", policy(&one), policy(&other)), ["servers"]);
    let kind = kinds::get("DeviceConfiguration").unwrap();
    assert!(!equal_in(kind, "servers", &one, &other) && equal_in(kind, "roleScopeTagIds", &one, &other));
    assert!(equal_in(kinds::get("users").unwrap(), "otherMails", &one, &other));
}

#[test]
fn one_of_many_items_that_say_nothing_of_which_they_are_is_told_with_its_parts() {
    let item = |n: usize, on: bool| json!({"n": n, "a": 1, "b": 2, "on": on});
    let list = |on: bool| (0..50).map(|n| item(n, n == 7 && on)).collect::<Value>();
    let map = |v: Value| v.as_object().unwrap().clone();
    let (before, after) =
        (map(json!({"id": "p", "rules": list(false)})), map(json!({"id": "p", "rules": list(true)})));
    let changes = compare_objects(kinds::get("DeviceConfiguration").unwrap(), &before, &after);
    assert_eq!((changes.len(), changes[0].path.as_str()), (1, "rules"));
    let part = PartChange { path: "on".into(), before: Some(json!(false)), after: Some(json!(true)) };
    let mut expected = ItemChange::new(What::Modified, Some(7), Some(7), Value::Null);
    expected.parts.push(part);
    assert_eq!(changes[0].items, [expected]);
}

#[test]
fn a_type_is_part_of_a_value_and_what_graph_notes_beside_it_is_not() {
    let said = |of_type: &str, noted: bool| {
        let mut value = json!({"@odata.type": of_type, "value": 1});
        if noted {
            value["value@odata.type"] = json!("#Int32");
        }
        json!([value])
    };
    assert!(equal_values(&said("#a", true), &said("#a", false)));
    assert!(!equal_values(&said("#a", false), &said("#b", false)));
}

#[test]
fn another_type_is_a_change_where_both_sides_name_one() {
    let policy = |of_type: Option<&str>| {
        let mut policy = json!({"id": "p", "name": "P"});
        if let Some(of_type) = of_type {
            policy["@odata.type"] = json!(of_type);
        }
        policy
    };
    for (before, after, changed) in [(Some("#a"), Some("#b"), true), (Some("#a"), None, false)] {
        let found = paths("ConfigurationPolicies", policy(before), policy(after));
        assert_eq!(found == ["@odata.type"], changed, "{found:?}");
        assert_eq!(found.is_empty(), !changed, "{found:?}");
    }
}

#[test]
fn every_real_difference_is_a_change() {
    assert_eq!(paths("users", json!({"id": "1", "x": 1}), json!({"id": "1", "y": "1"})), ["x", "y"]);
    assert!(!equal_values(&json!(["a"]), &json!(["a", "a"])));
    assert!(!equal_values(&json!(false), &Value::Null));
    assert!(!equal_values(&json!(""), &Value::Null));
    assert!(equal_values(&json!(4.0), &json!(4)));
}
