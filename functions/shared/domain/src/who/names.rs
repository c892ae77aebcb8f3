//! What the log calls a property, and how it writes a value.

use crate::Timestamp;
use crate::changes::equal_values;
use serde_json::Value;

/// The log's names that are not Graph's, each with Graph's. The others are the same but for their case.
/// Source: learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities, and the directory's schema.
const NAMES: [(&str, &str); 22] = [
    ("TelephoneNumber", "businessPhones"),
    ("Mobile", "mobilePhone"),
    ("PhysicalDeliveryOfficeName", "officeLocation"),
    ("OtherMail", "otherMails"),
    ("FacsimileTelephoneNumber", "faxNumber"),
    ("PostalCode", "postalCode"),
    ("Company", "companyName"),
    ("StateOrProvince", "state"),
    ("StsRefreshTokensValidFrom", "signInSessionsValidFromDateTime"),
    ("LastPasswordChangeTimestamp", "lastPasswordChangeDateTime"),
    ("AppAddress", "redirectUris"),
    ("AppIdentifierUri", "identifierUris"),
    ("AppPrincipalId", "appId"),
    ("ServicePrincipalName", "servicePrincipalNames"),
    ("AssignedLicense", "assignedLicenses"),
    ("AssignedPlan", "assignedPlans"),
    ("SourceAnchor", "onPremisesImmutableId"),
    ("DirSyncEnabled", "onPremisesSyncEnabled"),
    ("PerUserMfaState", "perUserMfaState"),
    ("StrongAuthenticationRequirement", "perUserMfaState"),
    ("GroupType", "groupTypes"),
    ("Scope", "scope"),
];

/// Words of a record that are about it, and not about a property: `TargetId.` and what follows, and these.
const CONTEXT: [&str; 3] = ["Included Updated Properties", "Action Client Name", "MethodExecutionResult."];

/// Whether a name in a record stands for what the record is about, and for no property.
pub(super) fn is_context(name: &str) -> bool {
    let begins = |start: &str| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    name.is_empty() || begins("TargetId.") || CONTEXT.iter().any(|word| begins(word))
}

/// Graph's name of the property that the log calls so, as far as the table knows.
pub(super) fn property_of(name: &str) -> &str {
    // `DelegatedPermissionGrant.Scope` is the scope of the grant.
    let own = name.strip_prefix("DelegatedPermissionGrant.").unwrap_or(name);
    NAMES.iter().find(|(log, _)| log.eq_ignore_ascii_case(own)).map_or(own, |(_, graph)| graph)
}

/// Whether the log's name is that of Graph's property.
pub(super) fn is_property(name: &str, property: &str) -> bool {
    property_of(name).eq_ignore_ascii_case(property) || name.eq_ignore_ascii_case(property)
}

/// Whether the table knows the log's name by another one.
pub(super) fn is_renamed(name: &str) -> bool {
    NAMES.iter().any(|(log, _)| log.eq_ignore_ascii_case(name))
}

/// A value as it was before the log wrote it as text: JSON is taken apart once, and the only item of a list stands for it.
/// What is no JSON stays the text that it is.
pub(super) fn decoded(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    match serde_json::from_str(text) {
        Ok(Value::Array(mut items)) if items.len() == 1 => document(items.remove(0)),
        Ok(Value::Array(items)) if items.is_empty() => Value::Null,
        Ok(value) => document(value),
        Err(_) => Value::String(text.to_owned()),
    }
}

/// A text that is a JSON object is that object: whole policies are written so.
fn document(value: Value) -> Value {
    match value.as_str().filter(|text| text.trim_start().starts_with('{')) {
        Some(text) => serde_json::from_str(text).unwrap_or(value),
        None => value,
    }
}

/// Whether what the log says and what Graph says are the same value.
pub(super) fn is_same(ours: &Value, log: &Value) -> bool {
    if equal_values(ours, log) || is_nothing(ours) && is_nothing(log) {
        return true;
    }
    match (ours, log) {
        (Value::Array(items), one) if !one.is_array() => matches!(&items[..], [only] if is_same(only, one)),
        (Value::Array(ours), Value::Array(log)) => {
            ours.len() == log.len() && ours.iter().all(|one| log.iter().any(|other| is_same(one, other)))
        }
        _ => scalar(ours).zip(scalar(log)).is_some_and(|(a, b)| a.trim().eq_ignore_ascii_case(b.trim())),
    }
}

/// Whether the two can be told apart: both say something in one form. Of what the log writes in a form of its own, and of what
/// was taken out, nothing follows from a difference.
pub(super) fn are_comparable(ours: &Value, log: &Value) -> bool {
    match (ours, log) {
        (Value::String(a), Value::String(b)) => {
            a.parse::<Timestamp>().is_ok() == b.parse::<Timestamp>().is_ok()
        }
        (Value::Bool(_), Value::String(text)) => {
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
        }
        (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) => true,
        (Value::Array(items), one) if !one.is_array() => items.iter().all(|item| are_comparable(item, one)),
        (Value::Array(ours), Value::Array(log)) => {
            ours.iter().all(|one| log.iter().all(|other| are_comparable(one, other)))
        }
        // One side says nothing: what the other says, it does not.
        (ours, log) => {
            is_nothing(ours) != is_nothing(log) && (scalar(ours).is_some() || scalar(log).is_some())
        }
    }
}

pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The member of a document at a path of a comparison (`conditions/users`), whatever the case of its names.
pub(super) fn member<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    let mut at = document;
    for name in path.split('/') {
        at = at.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_decoded_once_and_the_only_item_of_a_list_stands_for_it() {
        for (log, value) in [
            (json!("[\"Finance\"]"), json!("Finance")),
            (json!("\"Finance\""), json!("Finance")),
            (json!("[true]"), json!(true)),
            (json!("[]"), json!(null)),
            (json!(null), json!(null)),
            (json!("[\"a\",\"b\"]"), json!(["a", "b"])),
            (json!("plain text"), json!("plain text")),
            (json!("{\"state\":\"enabled\"}"), json!({ "state": "enabled" })),
            (json!("[\"{\\\"State\\\":\\\"Enabled\\\"}\"]"), json!({ "State": "Enabled" })),
        ] {
            assert_eq!(decoded(&log), value, "{log}");
        }
    }

    #[test]
    fn each_name_of_the_table_is_that_of_graphs_property_whatever_its_case() {
        for (log, graph) in NAMES {
            assert!(is_property(log, graph) && is_property(&log.to_uppercase(), graph), "{log}");
        }
        assert!(is_property("JobTitle", "jobTitle"));
        assert!(is_property("DelegatedPermissionGrant.Scope", "scope"));
        assert!(!is_property("JobTitle", "department"));
        assert!(
            is_context("Included Updated Properties")
                && is_context("TargetId.UserType")
                && !is_context("JobTitle")
        );
    }

    #[test]
    fn values_are_the_same_whatever_form_the_log_gives_them() {
        for (ours, log) in [
            (json!("Finance"), json!("finance")),
            (json!(true), json!("True")),
            (json!(["+1 555"]), json!("+1 555")),
            (json!(["a", "b"]), json!(["b", "a"])),
            (json!(null), json!("")),
            (json!([]), json!(null)),
        ] {
            assert!(is_same(&ours, &log), "{ours} {log}");
        }
        assert!(!is_same(&json!("Finance"), &json!("Sales")));
        assert!(!is_same(&json!(["a"]), &json!(["a", "b"])));
    }

    #[test]
    fn what_the_log_writes_in_a_form_of_its_own_contradicts_nothing() {
        assert!(are_comparable(&json!("Finance"), &json!("Sales")));
        assert!(are_comparable(&json!("Finance"), &json!(null)));
        assert!(!are_comparable(&json!("2026-11-02T09:15:04Z"), &json!("11/2/2026 9:15:04 AM")));
        assert!(!are_comparable(&json!("enabled"), &json!(2)));
        assert!(!are_comparable(&json!([{ "skuId": "x" }]), &json!("SkuName x")));
        assert!(!are_comparable(&json!({ "a": 1 }), &json!("text")));
    }
}
