//! Two objects of a kind, attribute by attribute.

use super::AttributeChange;
use crate::canonical;
use crate::canonical::Sorting;
use crate::kinds::Kind;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Collections of device policies whose items have an id that only says their position.
const NUMBERED: [&str; 2] = ["settings", "scheduledActionsForRule"];

/// Compares two objects of a kind, attribute by attribute, sorted by path. Volatile properties are left
/// out; order, spelling of dates, and nothing against an empty collection are no differences.
pub fn compare_objects(
    kind: &Kind,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Vec<AttributeChange> {
    let mut properties: Vec<&String> = before.keys().chain(after.keys()).collect();
    properties.sort_unstable();
    properties.dedup();
    let mut changes = Vec::new();
    for property in properties {
        if !kind.compares(property) || is_annotation(property) {
            continue;
        }
        // Why: one way of reading may name the type and another may not; a type never changes.
        if property == "@odata.type" && !(before.contains_key(property) && after.contains_key(property)) {
            continue;
        }
        // Why: nobody changed what one way of making an object says and another leaves unsaid.
        let silent = kind.said_by_silence(property);
        let says = |object: &Map<String, Value>| match object.get(property) {
            None | Some(Value::Null) => silent.map(str::to_owned),
            Some(value) => value.as_str().map(str::to_owned),
        };
        if silent.is_some() && says(before).is_some() && says(before) == says(after) {
            continue;
        }
        let numbered = kind.sorting != Sorting::All && NUMBERED.contains(&property.as_str());
        let mut walk = Walk { property, numbered, changes: &mut changes };
        walk.compare(property.clone(), before.get(property), after.get(property));
    }
    changes
}

/// Whether two values say the same: collections as sets, instants by their time, nothing and empty alike.
pub fn equal_values(before: &Value, after: &Value) -> bool {
    canonical::text(&normal(before, false)) == canonical::text(&normal(after, false))
}

/// Whether a value says as much as none at all.
pub(super) fn says_nothing(value: &Value) -> bool {
    normal(value, false).is_null()
}

struct Walk<'a> {
    property: &'a str,
    numbered: bool,
    changes: &'a mut Vec<AttributeChange>,
}

impl Walk<'_> {
    fn compare(&mut self, path: String, before: Option<&Value>, after: Option<&Value>) {
        let null = Value::Null;
        let same = |b: &Value, a: &Value| {
            canonical::text(&normal(b, self.numbered)) == canonical::text(&normal(a, self.numbered))
        };
        if same(before.unwrap_or(&null), after.unwrap_or(&null)) {
            return;
        }
        match (before, after) {
            (Some(Value::Object(b)), Some(Value::Object(a))) => {
                let mut keys: Vec<&String> = b.keys().chain(a.keys()).collect();
                keys.sort_unstable();
                keys.dedup();
                let numbered = self.numbered;
                for key in keys.into_iter().filter(|k| !(is_annotation(k) || numbered && *k == "id")) {
                    self.compare(at_key(&path, key), b.get(key), a.get(key));
                }
            }
            (Some(Value::Array(b)), Some(Value::Array(a))) => self.compare_items(&path, b, a),
            _ => self.changes.push(AttributeChange {
                property: self.property.to_owned(),
                path,
                before: before.filter(|v| !v.is_null()).cloned(),
                after: after.filter(|v| !v.is_null()).cloned(),
            }),
        }
    }

    /// Items that say which setting they are, are compared by that; other collections as a whole.
    fn compare_items(&mut self, path: &str, before: &[Value], after: &[Value]) {
        let (Some(b), Some(a)) = (by_setting(before), by_setting(after)) else {
            self.changes.push(AttributeChange {
                property: self.property.to_owned(),
                path: path.to_owned(),
                before: Some(Value::Array(before.to_vec())),
                after: Some(Value::Array(after.to_vec())),
            });
            return;
        };
        let mut settings: Vec<&str> = b.iter().chain(&a).map(|(id, _)| *id).collect();
        settings.sort_unstable();
        settings.dedup();
        for setting in settings {
            let find = |items: &[(&str, &Value)]| -> Option<Value> {
                items.iter().find(|(id, _)| *id == setting).map(|(_, v)| (*v).clone())
            };
            self.compare(at_setting(path, setting), find(&b).as_ref(), find(&a).as_ref());
        }
    }
}

/// The path of a part of what is at a path.
pub(super) fn at_key(path: &str, key: &str) -> String {
    format!("{path}/{key}")
}

/// The path of a setting in the collection that is at a path.
pub(super) fn at_setting(path: &str, setting: &str) -> String {
    format!("{path}[{setting}]")
}

/// The items with what they set, when each says it and no two say the same.
pub(super) fn by_setting(items: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let named: Vec<(&str, &Value)> =
        items.iter().map(|i| setting_of(i).map(|s| (s, i))).collect::<Option<_>>()?;
    let mut ids: Vec<&str> = named.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.windows(2).all(|w| w[0] != w[1]).then_some(named)
}

pub(super) fn setting_of(item: &Value) -> Option<&str> {
    item.pointer("/settingInstance/settingDefinitionId")
        .or_else(|| item.get("settingDefinitionId"))
        .or_else(|| item.get("ruleName"))
        .and_then(Value::as_str)
}

pub(super) fn is_annotation(key: &str) -> bool {
    key != "@odata.type" && key.contains("@odata.")
}

/// A value in the form in which two that mean the same are equal: without annotations and numbering, sorted.
fn normal(value: &Value, numbered: bool) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(k, _)| !(is_annotation(k) || numbered && *k == "id"));
            let said: Map<String, Value> =
                kept.map(|(k, v)| (k.clone(), normal(v, numbered))).filter(|(_, v)| !v.is_null()).collect();
            if said.is_empty() { Value::Null } else { Value::Object(said) }
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => {
            let mut said: Vec<Value> = items.iter().map(|v| normal(v, numbered)).collect();
            said.sort_by_cached_key(canonical::text);
            Value::Array(said)
        }
        Value::String(text) => instant(text).map_or_else(|| value.clone(), |t| Value::from(t.to_string())),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "only whole numbers that fit exactly")]
            Some(f) if f.fract() == 0.0 && f.abs() < 9e15 => Value::from(f as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    (bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T').then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::json;

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
            paths(
                "administrativeUnits",
                json!({"id": "1"}),
                json!({"membershipType": "Assigned", "id": "1"})
            )
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
}
