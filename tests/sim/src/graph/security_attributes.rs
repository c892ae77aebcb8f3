//! Custom security attributes: merged by PATCH, typed by annotations, checked against their definitions.
//!
//! Source: "Examples: Assign, update, list, or remove custom security attribute assignments".

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::{Failure, bad, denied};
use super::write::{self, Changes};
use crate::schema;
use crate::state::{Directory, Kind, Row};

const VALUE_TYPE: &str = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue";

/// Merges the body's attributes into those that the user has, as one of the changes.
pub(super) fn merge(
    call: &Call,
    d: &Directory,
    row: &Row,
    body: &Map<String, Value>,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let Some(value) = body.get("customSecurityAttributes") else { return Ok(()) };
    if !call.may("CustomSecAttributeAssignment.ReadWrite.All") {
        return Err(denied());
    }
    // Why merged and not replaced: a PATCH leaves the sets and attributes that it does not name.
    let number = schema::of(Kind::User).at("customSecurityAttributes");
    let mut all = row.json(number).and_then(|v| v.as_object().cloned()).unwrap_or_default();
    for (set, values) in value.as_object().into_iter().flatten() {
        if set.contains('@') {
            continue;
        }
        let values = values.as_object().ok_or_else(|| bad("A set of attributes must be an object."))?;
        if values.get("@odata.type").and_then(Value::as_str).map(|t| t.trim_start_matches('#'))
            != Some(VALUE_TYPE.trim_start_matches('#'))
        {
            return Err(bad("A value of customSecurityAttributes must carry its @odata.type."));
        }
        let mut merged = all.get(set).and_then(|v| v.as_object().cloned()).unwrap_or_default();
        merged.insert("@odata.type".into(), VALUE_TYPE.into());
        for (name, value) in values.iter().filter(|(name, _)| !name.contains('@')) {
            // Null or an empty list takes the attribute away, and its annotation with it.
            let note = format!("{name}@odata.type");
            if value.is_null() || value.as_array().is_some_and(Vec::is_empty) {
                merged.remove(name);
                merged.remove(&note);
                continue;
            }
            let annotation = check(d, set, name, value, values.get(&note))?;
            match annotation {
                Some(annotation) => merged.insert(note, annotation.into()),
                None => merged.remove(&note),
            };
            merged.insert(name.clone(), value.clone());
        }
        // Why more than one: the type annotation of the set alone is no attribute.
        if merged.len() > 1 {
            all.insert(set.clone(), Value::Object(merged));
        } else {
            all.remove(set);
        }
    }
    changes.retain(|(n, _)| *n != number);
    if all.is_empty() {
        changes.push((number, None));
    } else {
        write::put(changes, number, &Value::Object(all));
    }
    Ok(())
}

/// Checks one value; gives the annotation that it has to have, if any.
fn check(
    d: &Directory,
    set: &str,
    name: &str,
    value: &Value,
    note: Option<&Value>,
) -> Result<Option<&'static str>, Failure> {
    let definition = d.docs("customSecurityAttributeDefinitions").get(&format!("{set}_{name}"));
    let definition =
        definition.ok_or_else(|| bad(format!("Custom security attribute '{set}_{name}' is not defined.")))?;
    if definition["status"] != json!("Available") {
        return Err(bad(format!("Custom security attribute '{set}_{name}' is deprecated.")));
    }
    let collection = definition["isCollection"] == json!(true);
    let kind = definition["type"].as_str().unwrap_or("String");
    let values: Vec<&Value> = match value {
        Value::Array(list) if collection => list.iter().collect(),
        Value::Array(_) => return Err(bad("One value is expected.")),
        one if !collection => vec![one],
        _ => return Err(bad("A collection is expected.")),
    };
    let fits = |one: &Value| match kind {
        "Integer" => one.is_i64(),
        "Boolean" => one.is_boolean(),
        _ => one.is_string(),
    };
    if !values.iter().all(|one| fits(one)) {
        return Err(bad("One or more properties contains invalid values."));
    }
    if definition["usePreDefinedValuesOnly"] == json!(true) {
        let allowed = definition["allowedValues"].as_array();
        let known = |one: &Value| {
            let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            allowed.is_some_and(|list| {
                list.iter().any(|v| v["id"] == json!(text) && v["isActive"] == json!(true))
            })
        };
        if !values.iter().all(|one| known(one)) {
            return Err(bad(format!("A value of '{set}_{name}' is not among the predefined ones.")));
        }
    }
    let annotation = match (kind, collection) {
        ("Integer", false) => Some("#Int32"),
        ("Integer", true) => Some("#Collection(Int32)"),
        ("String", true) => Some("#Collection(String)"),
        _ => None,
    };
    // Why the annotation is needed: the service cannot find out the type of these by itself.
    if let Some(wanted) = annotation
        && note.and_then(Value::as_str) != Some(wanted)
    {
        return Err(bad(format!("'{name}' needs the annotation {name}@odata.type: {wanted}.")));
    }
    Ok(annotation)
}
