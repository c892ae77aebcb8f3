//! Device policies: what of them is content, and what Graph never gave.

use super::draft::Planner;
use super::{Cause, Item};
use crate::kinds::Kind;
use serde_json::{Map, Value};

/// Set by the service; sending them is refused or pointless.
const STRIPPED: &[&str] = &["id", "settingDefinitions", "assignments", "settings@odata.count"];

/// The content of an object. Of policies: without what the service numbers and adds by itself, so that two
/// policies of the same content are equal. Other objects are their own content, but for what of them may be said or left
/// unsaid.
pub fn clean(kind: &Kind, object: &Map<String, Value>) -> Map<String, Value> {
    if !kind.writing.typed {
        let mut object = object.clone();
        kind.say_what_is_silent(&mut object);
        return object;
    }
    let fits = |p: &str| !STRIPPED.contains(&p) && !kind.volatile.contains(&p) && is_content(p);
    object.iter().filter(|(p, _)| fits(p)).map(|(p, v)| (p.clone(), inner(p, v))).collect()
}

/// The type of an object is content: it says which policy it is. The types of plain properties are not,
/// nor are addresses.
fn is_content(property: &str) -> bool {
    property == "@odata.type" || !property.contains('@')
}

/// Items of settings and scheduled actions have numbers of their own, which the service gives.
fn inner(property: &str, value: &Value) -> Value {
    let numbered =
        matches!(property, "settings" | "scheduledActionsForRule" | "scheduledActionConfigurations");
    match value {
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| match item {
                    Value::Object(map) => Value::Object(
                        map.iter()
                            .filter(|(k, _)| is_content(k) && !(numbered && *k == "id"))
                            .filter(|(k, _)| !(numbered && *k == "settingDefinitions"))
                            .map(|(k, v)| (k.clone(), inner(k, v)))
                            .collect(),
                    ),
                    other => inner("", other),
                })
                .collect(),
        ),
        Value::Object(map) => Value::Object(
            map.iter().filter(|(k, _)| is_content(k)).map(|(k, v)| (k.clone(), inner(k, v))).collect(),
        ),
        other => other.clone(),
    }
}

/// Whether a value has a part that Graph gave only as a reference or a token.
fn is_secret(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.get("isEncrypted").is_some_and(|v| v == true)
                || map.get("secretReferenceValueId").is_some_and(|v| !v.is_null())
                || map.get("valueState").is_some_and(|v| v == "encryptedValueToken")
                || map.values().any(is_secret)
        }
        Value::Array(items) => items.iter().any(is_secret),
        _ => false,
    }
}

const SECRET: &str = "Graph never gives its secret value; it must be entered again by hand";

/// Why a property of a policy cannot be written over the live one.
///
/// Why: a token that is sent back in place of another secret is refused or destroys it; where the secret
/// parts are the same on both sides, they stay what they are.
pub(super) fn refusal(
    property: &str,
    then: &Map<String, Value>,
    now: &Map<String, Value>,
) -> Option<(Cause, &'static str)> {
    let secrets = |side: &Map<String, Value>| -> Vec<Value> {
        let items = side.get(property).and_then(Value::as_array).into_iter().flatten();
        items.filter(|i| is_secret(i)).cloned().collect()
    };
    let (then_secrets, now_secrets) = (secrets(then), secrets(now));
    let whole = then.get(property).is_some_and(|v| v.is_object() && is_secret(v));
    let oma = property == "omaSettings" && !(then_secrets.is_empty() && now_secrets.is_empty());
    (whole || oma || then_secrets != now_secrets).then_some((Cause::SecretValue, SECRET))
}

/// Takes out of the body of a new policy what Graph never gave, and names it as impossible.
pub(super) fn complete(planner: &mut Planner<'_>, item: &Item, body: &mut Map<String, Value>) {
    let mut lost = Vec::new();
    body.retain(|property, value| match value {
        Value::Array(items) => {
            items.retain(|i| {
                let secret = is_secret(i);
                if secret {
                    lost.push(format!("{property}[{}]", name_of(i)));
                }
                !secret
            });
            true
        }
        other if is_secret(other) => {
            lost.push(property.clone());
            false
        }
        _ => true,
    });
    for what in lost {
        planner.impossible(item, &what, Cause::SecretValue, SECRET);
    }
}

/// The name by which a person knows a setting.
fn name_of(item: &Value) -> &str {
    let names = ["/displayName", "/settingInstance/settingDefinitionId", "/omaUri"];
    names.iter().find_map(|n| item.pointer(n)?.as_str()).unwrap_or("…")
}
