//! Directory extensions: which there are, and their values in what is written.
//!
//! Source: "directoryObject: getAvailableExtensionProperties", "extensionProperty resource type", "Add custom data to
//! resources by using extensions".

use serde_json::{Map, Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, malformed};
use crate::state::{Definition, Directory, Index, Kind};

const PREFIX: &str = "extension_";

/// Every extension of the tenant, or those that are synchronised, or those that are not.
pub(super) fn available(call: &Call, d: &Directory) -> Outcome {
    let body = call.object_or_empty()?;
    let synced = body.get("isSyncedFromOnPremises").and_then(Value::as_bool);
    let wanted =
        d.extended.definitions.iter().filter(|(_, one)| synced.is_none_or(|synced| one.synced == synced));
    let all: Vec<Value> = wanted.map(|(name, one)| one.json(name)).collect();
    let context = call.context("Collection(microsoft.graph.extensionProperty)");
    Ok(Reply::json(200, &json!({ "@odata.context": context, "value": all })))
}

/// Refuses a `$select` of an extension that the tenant does not have, where Graph does.
pub(super) fn check_selected(call: &Call, d: &Directory) -> Result<(), Failure> {
    if !call.switches.unknown_extensions_refused {
        return Ok(());
    }
    let select = call.query.get("$select").unwrap_or_default();
    let unknown = select
        .split(',')
        .find(|name| name.starts_with(PREFIX) && !d.extended.definitions.contains_key(*name));
    match unknown {
        Some(name) => Err(malformed(format!(
            "Could not find a property named '{name}' on type 'microsoft.graph.directoryObject'."
        ))),
        None => Ok(()),
    }
}

fn fits(definition: &Definition, value: &Value) -> bool {
    let one = |value: &Value| match definition.data_type.as_str() {
        "Boolean" => value.is_boolean(),
        "Integer" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "LargeInteger" => value.is_i64(),
        "DateTime" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        _ => value.as_str().is_some_and(|text| text.len() <= 256),
    };
    match value {
        Value::Null => true,
        Value::Array(all) => definition.multi_valued && all.iter().all(one),
        value => !definition.multi_valued && one(value),
    }
}

/// Takes the extensions out of a body that is to be written, each checked.
pub(super) fn take(
    d: &Directory,
    kind: Kind,
    body: &mut Map<String, Value>,
) -> Result<Vec<(String, Value)>, Failure> {
    let names: Vec<String> = body.keys().filter(|name| name.starts_with(PREFIX)).cloned().collect();
    let mut taken = Vec::new();
    for name in names {
        let value = body.remove(&name).unwrap_or_default();
        let definition = d.extended.definitions.get(&name).filter(|one| one.is_for(kind));
        let Some(definition) = definition else {
            return Err(bad(format!("The following extension properties are not available: {name}.")));
        };
        if definition.synced {
            return Err(bad(format!(
                "Unable to update the specified properties for on-premises mastered Directory Sync objects: '{name}'."
            )));
        }
        if !fits(definition, &value) {
            return Err(bad("One or more properties contains invalid values."));
        }
        taken.push((name, value));
    }
    Ok(taken)
}

/// Defines an extension as Graph describes one; gives its name.
pub(crate) fn define(d: &mut Directory, described: &Value) -> String {
    let text = |name: &str| described[name].as_str().unwrap_or_default().to_owned();
    let name = format!("{PREFIX}0123456789abcdef0123456789abcdef_{}", text("name"));
    let targets = described["targetObjects"].as_array().into_iter().flatten();
    let definition = Definition {
        id: d.new_id().to_string(),
        data_type: described["dataType"].as_str().unwrap_or("String").to_owned(),
        multi_valued: described["isMultiValued"] == true,
        synced: described["isSyncedFromOnPremises"] == true,
        targets: targets.filter_map(Value::as_str).map(str::to_owned).collect(),
    };
    d.extended.definitions.insert(name.clone(), definition);
    name
}

/// The names of the extensions that objects of a kind can have.
pub(super) fn names(d: &Directory, index: Index) -> Vec<String> {
    let kind = d.object(index).kind;
    let of_kind = d.extended.definitions.iter().filter(|(_, one)| one.is_for(kind));
    of_kind.map(|(name, _)| name.clone()).collect()
}
