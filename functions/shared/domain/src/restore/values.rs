//! When two values are the same to a restore, and what a value becomes.

use super::AttributeMode;
use crate::changes::{equal_in, equal_values};
use crate::kinds::Kind;
use serde_json::{Map, Value};

/// Whether two values say the same; nothing, empty text, empty collections and objects of these are alike.
pub fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let (a, b) = (prune(a), prune(b));
    match (&a, &b) {
        (None, None) => true,
        (Some(a), Some(b)) => a == b || equal_values(a, b),
        _ => false,
    }
}

/// The same of a property of an object of that kind: an order that says something counts.
pub fn same_in(kind: &Kind, property: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
    let (a, b) = (prune(a), prune(b));
    match (&a, &b) {
        (None, None) => true,
        (Some(a), Some(b)) => a == b || equal_in(kind, property, a, b),
        _ => false,
    }
}

/// Whether a value holds nothing: absent, null, empty, or made of nothing but such.
pub(super) fn is_empty(value: Option<&Value>) -> bool {
    prune(value).is_none()
}

fn prune(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            Some(Value::Array(items.iter().map(|v| prune(Some(v)).unwrap_or(Value::Null)).collect()))
        }
        Value::Object(map) => {
            let kept: Map<_, _> =
                map.iter().filter_map(|(k, v)| prune(Some(v)).map(|v| (k.clone(), v))).collect();
            says_something(&kept).then_some(Value::Object(kept))
        }
        other => Some(other.clone()),
    }
}

/// The type of sets of custom security attributes: of a set without attributes it says nothing.
const ATTRIBUTE_SET: &str = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue";

/// Whether an object says anything, by a property or by its type: some types have no other property, such as all
/// devices as a target.
fn says_something(object: &Map<String, Value>) -> bool {
    let is_type = |key: &str, value: &Value| key == "@odata.type" && value != ATTRIBUTE_SET;
    object.iter().any(|(key, value)| !key.contains('@') || is_type(key, value))
}

/// What a value that is an object of parts becomes: every part that differs is given, since a part that is
/// not sent is lost (`employeeOrgData`) or left (`onPremisesExtensionAttributes`), by property.
pub(super) fn parts(wanted: &Value, live: Option<&Value>, mode: AttributeMode) -> Value {
    let (wanted, live) = (wanted.as_object(), live.and_then(Value::as_object));
    let mut out: Map<String, Value> = live.cloned().unwrap_or_default();
    if mode == AttributeMode::Overwrite {
        out.values_mut().for_each(|v| *v = Value::Null);
    }
    for (key, value) in wanted.into_iter().flatten() {
        if mode == AttributeMode::Overwrite || !is_empty(Some(value)) {
            out.insert(key.clone(), value.clone());
        }
    }
    Value::Object(out)
}

/// The text of a property, or nothing.
pub(super) fn text<'a>(object: &'a Map<String, Value>, property: &str) -> &'a str {
    object.get(property).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a property is true.
pub(super) fn is_true(object: &Map<String, Value>, property: &str) -> bool {
    object.get(property).and_then(Value::as_bool).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_and_empty_are_alike_and_false_is_something() {
        assert!(same(None, Some(&json!([]))));
        assert!(same(Some(&json!({"a": null, "b": 1})), Some(&json!({"b": 1}))));
        assert!(same(Some(&json!({"extensionAttribute1": null})), None));
        assert!(!same(Some(&json!(false)), None));
        assert!(!same(Some(&json!("x")), None));
        let typed = |of_type: &str| json!({"@odata.type": of_type});
        assert!(!same(Some(&typed("#allDevices")), Some(&typed("#allUsers"))));
        assert!(!same(Some(&typed("#edgeHomeButtonHidden")), None));
        assert!(same(Some(&json!({"Eng": {"@odata.type": ATTRIBUTE_SET, "Level": null}})), None));
    }

    #[test]
    fn parts_are_given_whole() {
        let (wanted, live) = (json!({"division": "Sales"}), json!({"division": null, "costCenter": "7"}));
        let merged = parts(&wanted, Some(&live), AttributeMode::Merge);
        assert_eq!(merged, json!({"division": "Sales", "costCenter": "7"}));
        let over = parts(&wanted, Some(&live), AttributeMode::Overwrite);
        assert_eq!(over, json!({"division": "Sales", "costCenter": null}));
    }
}
