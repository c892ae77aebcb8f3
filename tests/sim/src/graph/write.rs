//! Checks that every write of a directory object passes, by the tables of the types.

use serde_json::{Map, Value};

use super::call::Call;
use super::error::{Failure, bad, denied, malformed};
use crate::schema::{Prop, Schema, Type, flag};
use crate::state::Row;

/// Properties to write; `None` takes the value away.
pub(crate) type Changes = Vec<(u8, Option<String>)>;

fn fits(prop: &Prop, value: &Value) -> bool {
    match (prop.ty, value) {
        (Type::Texts | Type::Objects, Value::Array(list)) => {
            list.iter().all(|one| if prop.ty == Type::Texts { one.is_string() } else { one.is_object() })
        }
        (Type::Texts | Type::Objects, _) => false,
        (_, Value::Null) | (Type::Text, Value::String(_)) | (Type::Bool, Value::Bool(_)) => true,
        (Type::Int, number) => number.is_i64(),
        (Type::Date, Value::String(text)) => text.parse::<jiff::Timestamp>().is_ok(),
        (Type::Object, value) => value.is_object(),
        _ => false,
    }
}

fn read_only(name: &str) -> Failure {
    bad(format!("Property '{name}' is read-only and cannot be set."))
}

/// The changes that a body asks for, or why it is refused. Members with `@` are left to the caller.
pub(crate) fn check(schema: &Schema, body: &Map<String, Value>, creating: bool) -> Result<Changes, Failure> {
    let mut changes = Changes::new();
    // Each member is checked for its name before its value: that a property is computed matters more than what is in
    // it.
    let mut own = None;
    for (name, value) in body {
        if name.contains('@') {
            continue;
        }
        let Some(number) = schema.property(name) else {
            if name == "id" {
                return Err(read_only(name));
            }
            return Err(malformed(format!(
                "The property '{name}' does not exist on type 'microsoft.graph.{}'.",
                schema.entity
            )));
        };
        // Properties that are kept elsewhere (a mailbox, a profile) are written there, one request for each.
        let prop = &schema.props[usize::from(number)];
        if prop.has(flag::OWN) {
            if creating {
                return Err(bad(format!("Property '{name}' cannot be set when the object is created.")));
            }
            own = Some(prop.name);
        }
        let settable = prop.has(flag::PATCH) || (creating && prop.has(flag::CREATE));
        if !settable {
            return Err(read_only(name));
        }
        if prop.has(flag::DELEGATED) && !creating {
            return Err(denied());
        }
        if !fits(prop, value) {
            return Err(bad("One or more properties contains invalid values."));
        }
        // Why a secret is checked and not stored: nothing ever answers it.
        if prop.has(flag::SECRET) {
            continue;
        }
        // Why an empty list is stored as nothing: it is what is answered by default, and a row holds only what differs.
        let stored = match value {
            Value::Null => None,
            Value::Array(list) if list.is_empty() => None,
            value => Some(value.to_string()),
        };
        changes.push((number, stored));
    }
    if let Some(own) = own
        && body.keys().filter(|name| !name.contains('@')).count() > 1
    {
        return Err(bad(format!("Property '{own}' must be updated in its own request.")));
    }
    // Why last: a body with a wrong property and a missing one is refused for the wrong one.
    if creating {
        for prop in schema.props.iter().filter(|prop| prop.has(flag::REQUIRED)) {
            if body.get(prop.name).is_none_or(Value::is_null) {
                return Err(bad(format!(
                    "A value is required for property '{}' of resource '{}'.",
                    prop.name, schema.entity
                )));
            }
        }
    }
    Ok(changes)
}

/// What the cloud writes of a synced user whatever else it may write.
const CLOUDS_IN_ANY_CASE: [&str; 2] = ["customSecurityAttributes", "usageLocation"];

/// Refuses a write to an object that is synchronised from on-premises, and so has to be written there.
pub(crate) fn refuse_synced(
    call: &Call,
    schema: &Schema,
    row: &Row,
    changes: &Changes,
) -> Result<(), Failure> {
    if !row.is_true(schema.at("onPremisesSyncEnabled")) {
        return Ok(());
    }
    let is_clouds = |prop: &Prop| {
        prop.has(flag::CLOUD) && (!call.switches.synced_users_keep || CLOUDS_IN_ANY_CASE.contains(&prop.name))
    };
    let refused = changes.iter().find(|(number, _)| !is_clouds(&schema.props[usize::from(*number)]));
    match refused {
        None => Ok(()),
        Some((number, _)) => Err(bad(format!(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration: '{}'.",
            schema.props[usize::from(*number)].name
        ))),
    }
}

/// The text of a property after the changes.
pub(crate) fn after(row: &Row, changes: &Changes, number: u8) -> Option<String> {
    match changes.iter().rev().find(|(n, _)| *n == number) {
        Some((_, json)) => json.as_ref().and_then(|json| serde_json::from_str(json).ok()),
        None => row.text(number),
    }
}

/// Sets one value among the changes, whatever the body has for it.
pub(crate) fn put(changes: &mut Changes, number: u8, value: &Value) {
    changes.retain(|(n, _)| *n != number);
    changes.push((number, Some(value.to_string())));
}
