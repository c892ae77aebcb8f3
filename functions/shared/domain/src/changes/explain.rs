//! Why what is at a path of an object is a change, or is none: the rules of a comparison, made readable.

use super::attributes::{compare_objects, is_annotation};
use super::{AttributeChange, Class, is_within, observe_objects, property_of, value_at};
use crate::kinds::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a comparison makes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It differs, and somebody changed it.
    Change,
    /// It differs since another property does.
    Derived,
    /// It differs, and is only observed.
    Observed,
    /// It differs, and the object is Microsoft's own.
    Service,
    /// Both sides are the same.
    Same,
    /// The two sides say the same otherwise: in another order that says nothing, with dates spelled otherwise, nothing as an
    /// empty list, or with other notes of Graph's.
    SaidOtherwise,
    /// It changes by itself, or follows from something else that is compared.
    Volatile,
    /// It is Graph's note, or the id by which the object is known.
    Note,
    /// One of the two sides did not read it.
    NotRead,
    /// Every object of its type has it on one side alone: Graph gives it since then, or no longer.
    Everywhere,
    /// The object is on the later side alone.
    Created,
    /// The object is on the earlier side alone.
    Deleted,
    /// Neither side has anything there.
    Nowhere,
}

impl Verdict {
    /// The verdict in words, for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::Change => "it differs",
            Self::Derived => "it differs since something else does, from which Microsoft makes it",
            Self::Observed => "it differs, and is shown without being counted: it cannot be put back",
            Self::Service => "Microsoft edited what it maintains itself",
            Self::Same => "both sides are the same",
            Self::SaidOtherwise => "both sides say the same, in another order or spelling that means nothing",
            Self::Volatile => "it changes by itself, so a difference is none of the object's",
            Self::Note => "it is a note of Graph's or the object's id, and not compared",
            Self::NotRead => "one of the two sides did not read it, so nothing is known of a difference",
            Self::Everywhere => {
                "Graph gives it of all such objects since then, or no longer: one line, and no change"
            }
            Self::Created => "the object came as a whole",
            Self::Deleted => "the object went as a whole",
            Self::Nowhere => "neither side has anything there",
        }
    }
}

/// What is at a path on both sides, and what a comparison makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// What a comparison makes of it.
    pub verdict: Verdict,
    /// What the earlier side has there.
    pub before: Option<Value>,
    /// What the later side has there.
    pub after: Option<Value>,
}

/// What a comparison of two objects of a kind makes of a path; as far as their properties say, whatever was read of them.
pub fn explain(
    kind: &Kind,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &str,
) -> Explained {
    let property = property_of(path);
    let at = |object: &Map<String, Value>| value_at(property, object.get(property), path).cloned();
    let (was, is) = (at(before), at(after));
    let verdict = judge(kind, (before, after), path, (&was, &is));
    Explained { verdict, before: was, after: is }
}

fn judge(
    kind: &Kind,
    (before, after): (&Map<String, Value>, &Map<String, Value>),
    path: &str,
    (was, is): (&Option<Value>, &Option<Value>),
) -> Verdict {
    let property = property_of(path);
    let changes = compare_objects(kind, before, after);
    let seen = observe_objects(kind, before, after, &changes);
    let is_meant = |a: &&AttributeChange| is_within(&a.path, path) || is_within(path, &a.path);
    let is_services = kind.telling.by_service.is_some_and(|p| after.get(p) == Some(&Value::Bool(true)));
    if let Some(told) = changes.iter().chain(&seen).filter(is_meant).min_by_key(|a| a.class) {
        return match told.class {
            _ if is_services => Verdict::Service,
            Class::Change => Verdict::Change,
            Class::Derived => Verdict::Derived,
            Class::Observed => Verdict::Observed,
            Class::Service => Verdict::Service,
        };
    }
    match (was, is) {
        (None, None) => Verdict::Nowhere,
        (was, is) if was == is => Verdict::Same,
        _ if property == "id" || is_annotation(property) => Verdict::Note,
        _ if !kind.compares(property) => Verdict::Volatile,
        _ => Verdict::SaidOtherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::json;

    #[test]
    fn each_path_has_its_reason() {
        let user = |value: Value| value.as_object().unwrap().clone();
        let before = user(json!({ "id": "u", "jobTitle": "A", "otherMails": ["a", "b"], "city": "Oslo",
            "mail": "a@x", "proxyAddresses": ["SMTP:a@x"], "assignedPlans": [1],
            "lastPasswordChangeDateTime": "2026-01-01T00:00:00Z" }));
        let after = user(json!({ "id": "u", "jobTitle": "B", "otherMails": ["b", "a"], "city": "Oslo",
            "mail": "b@x", "proxyAddresses": ["SMTP:b@x"], "assignedPlans": [2],
            "lastPasswordChangeDateTime": "2026-01-02T00:00:00Z" }));
        for (path, verdict) in [
            ("jobTitle", Verdict::Change),
            ("otherMails", Verdict::SaidOtherwise),
            ("city", Verdict::Same),
            ("proxyAddresses", Verdict::Derived),
            ("assignedPlans", Verdict::Volatile),
            ("lastPasswordChangeDateTime", Verdict::Observed),
            ("department", Verdict::Nowhere),
        ] {
            let explained = explain(kinds::get("users").unwrap(), &before, &after, path);
            assert_eq!(explained.verdict, verdict, "{path}");
            assert!(explained.verdict.words().split(' ').count() > 1);
        }
        let explained = explain(kinds::get("users").unwrap(), &before, &after, "jobTitle");
        assert_eq!((explained.before, explained.after), (Some(json!("A")), Some(json!("B"))));
    }

    #[test]
    fn what_microsoft_edits_of_its_own_is_said_to_be_its_own() {
        let role = |says: &str| json!({ "id": "r", "isBuiltIn": true, "description": says });
        let (before, after) = (role("a"), role("b"));
        let kind = kinds::get("roles").unwrap();
        let explained = explain(kind, before.as_object().unwrap(), after.as_object().unwrap(), "description");
        assert_eq!(explained.verdict, Verdict::Service);
    }
}
