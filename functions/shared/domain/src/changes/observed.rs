//! What is shown and is no difference: properties that change by themselves, of which the table of kinds says that they are
//! observed.

use super::attributes::compare_property;
use super::{AttributeChange, Class, is_within};
use crate::kinds::{Kind, Observed};
use serde_json::{Map, Value};

/// What is observed of an object that is on both sides; `changes` are its differences, of which none is told twice.
pub fn observe_objects(
    kind: &Kind,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &[AttributeChange],
) -> Vec<AttributeChange> {
    let mut all = Vec::new();
    for observed in kind.telling.observed {
        let side = |object: &Map<String, Value>| object.get(observed.property).map(|v| cleaned(observed, v));
        let (was, is) = (side(before), side(after));
        all.extend(compare_property(kind, observed.property, was.as_ref(), is.as_ref()));
    }
    all.retain(|seen| !is_told(kind, seen, changes));
    for seen in &mut all {
        seen.class = Class::Observed;
    }
    all
}

/// A value without what the service notes in it of its own doings.
fn cleaned(observed: &Observed, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| cleaned(observed, item)).collect(),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| !observed.without.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), cleaned(observed, value)))
            .collect(),
        other => other.clone(),
    }
}

/// Whether a difference of the property that it follows tells the same.
fn is_told(kind: &Kind, seen: &AttributeChange, changes: &[AttributeChange]) -> bool {
    let Some(follows) = kind.observes(&seen.property).and_then(|observed| observed.follows) else {
        return false;
    };
    let there = seen.path.replacen(&seen.property, follows, 1);
    changes.iter().any(|change| is_within(&there, &change.path) || is_within(&change.path, &there))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::compare_objects;
    use crate::kinds;
    use serde_json::json;

    fn seen(before: &Value, after: &Value) -> Vec<String> {
        let kind = kinds::get("users").unwrap();
        let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
        let changes = compare_objects(kind, before, after);
        let seen = observe_objects(kind, before, after, &changes);
        assert!(seen.iter().all(|seen| seen.class == Class::Observed));
        seen.into_iter().map(|seen| seen.path).collect()
    }

    fn state(group: Option<&str>, looked: &str) -> Value {
        json!({ "skuId": "s", "assignedByGroup": group, "state": "Active", "lastUpdatedDateTime": looked })
    }

    #[test]
    fn a_licence_that_comes_by_a_group_is_observed_and_when_the_service_looked_is_nothing() {
        let of =
            |group: Option<&str>, looked: &str| json!({ "licenseAssignmentStates": [state(group, looked)] });
        assert_eq!(seen(&of(None, "1"), &of(None, "2")), [""; 0]);
        let path = "licenseAssignmentStates[s]/assignedByGroup";
        assert_eq!(seen(&of(None, "1"), &of(Some("g"), "2")), [path]);
    }

    #[test]
    fn what_the_licences_themselves_tell_is_not_told_twice() {
        let with =
            json!({ "licenseAssignmentStates": [state(None, "1")], "assignedLicenses": [{ "skuId": "s" }] });
        let without = json!({ "licenseAssignmentStates": [], "assignedLicenses": [] });
        assert_eq!(seen(&without, &with), [""; 0]);
    }

    #[test]
    fn a_new_password_and_revoked_sessions_are_observed() {
        let at = |n: u8| {
            json!({ "lastPasswordChangeDateTime": format!("2026-01-0{n}T00:00:00Z"), "onPremisesLastSyncDateTime": n,
                "signInSessionsValidFromDateTime": format!("2026-01-0{n}T00:00:00Z") })
        };
        let expected = ["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"];
        assert_eq!(seen(&at(1), &at(2)), expected);
    }
}
