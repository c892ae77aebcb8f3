//! The OpenAPI document of both planes: the same as the kept one, complete, and with every part described.
//!
//! `REFRESH=1 cargo test --workspace --test api_document` writes `openapi.json` anew.

#![allow(missing_docs, clippy::unwrap_used)]

use runtime::openapi::document;
use serde_json::Value;
use std::collections::BTreeSet;
use std::{env, fs, path::PathBuf};

fn made() -> Value {
    let operations: Vec<_> = plan_api::operations().into_iter().chain(snapshot_api::operations()).collect();
    document(env!("CARGO_PKG_VERSION"), &operations)
}

fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../functions/plan-api/openapi.json")
}

#[test]
fn the_kept_document_is_the_one_of_the_code() {
    let text = format!("{}\n", serde_json::to_string_pretty(&made()).unwrap());
    if env::var("REFRESH").is_ok() {
        fs::write(kept(), &text).unwrap();
        return;
    }
    assert!(
        text == fs::read_to_string(kept()).unwrap(),
        "openapi.json is not the code's: REFRESH=1 cargo test --workspace --test api_document"
    );
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("$ref", Value::String(to)) => _ = found.insert(to.clone()),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = made();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for to in &found {
        let pointer = to.strip_prefix('#').unwrap_or_else(|| panic!("{to} leads out of the document"));
        assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name} is no JSON Schema");
        assert!(found.contains(&format!("#/components/schemas/{name}")), "{name} is used by nothing");
    }
}

/// Each operation of the document, with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn every_operation_has_an_id_of_its_own_a_heading_and_answers_when_all_is_well() {
    let document = made();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (place, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "{place}: its id is another's");
        assert!(tags.contains(&&operation["tags"][0]), "{place}: it has no heading");
        let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(statuses.iter().any(|s| s.starts_with('2')), "{place}: {statuses:?}");
    }
}

#[test]
fn an_operation_has_the_parameters_of_its_path_and_refuses_what_it_does_not_know() {
    let document = made();
    for (place, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let named: BTreeSet<_> =
            parameters.filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
        let in_path: BTreeSet<_> =
            place.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(named, in_path, "{place}");
        if let Some(body) = operation.get("requestBody") {
            let schema = &body["content"]["application/json"]["schema"];
            assert!(jsonschema::draft202012::meta::is_valid(schema), "{place}");
            assert_eq!(schema["additionalProperties"], false, "{place}: what is not known is refused");
        }
    }
}

/// Looks at a schema and at all schemas in it, with the place of each.
fn walk(place: &str, schema: &Value, look: &mut impl FnMut(&str, &Value)) {
    look(place, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{place}.{name}"), property, look);
    }
    for of in ["oneOf", "anyOf", "allOf"] {
        schema[of].as_array().into_iter().flatten().for_each(|one| walk(place, one, look));
    }
    for of in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(of).filter(|inner| inner.is_object()) {
            walk(&format!("{place}[]"), inner, look);
        }
    }
}

/// Looks at every schema of the document.
fn walk_all(document: &Value, look: &mut impl FnMut(&str, &Value)) {
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        walk(name, schema, look);
    }
    for (place, operation) in operations(document) {
        walk(&place, &operation["requestBody"]["content"]["application/json"]["schema"], look);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            walk(&place, &parameter["schema"], look);
        }
    }
}

#[test]
fn every_operation_parameter_and_property_is_described() {
    let document = made();
    let is_described = |part: &Value| {
        let text = part["description"].as_str().unwrap_or_default();
        part.get("$ref").is_some() || text.split_whitespace().count() > 2
    };
    let mut missing = Vec::new();
    walk_all(&document, &mut |place, schema| {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let bare = properties.filter(|(_, property)| !is_described(property));
        missing.extend(bare.map(|(name, _)| format!("{place}.{name}")));
    });
    for (place, operation) in operations(&document) {
        let own = [operation].into_iter().chain(operation["parameters"].as_array().into_iter().flatten());
        missing
            .extend(own.filter(|part| !is_described(part)).map(|part| format!("{place} {}", part["name"])));
    }
    assert!(missing.is_empty(), "{} without a description: {missing:#?}", missing.len());
}

#[test]
fn texts_to_choose_from_are_one_enum_and_any_value_is_an_empty_schema() {
    walk_all(&made(), &mut |place, schema| {
        let is_text = |one: &Value| one.get("const").is_some() || one.get("enum").is_some();
        let alternatives = schema["oneOf"].as_array();
        assert!(!alternatives.is_some_and(|all| all.iter().all(is_text)), "{place} should be one enum");
        let parts = schema["properties"].as_object().into_iter().flat_map(|properties| properties.values());
        assert!(parts.chain(schema.get("items")).all(Value::is_object), "{place} holds `true`");
    });
}
