//! From the dialect of Microsoft's OpenAPI 3.0 to JSON Schema 2020-12.
//!
//! A named type becomes two definitions: `only:T`, the flat object with every inherited property and nothing
//! else, and `T`, which picks `only:D` by the object's `@odata.type` where `T` has derived types `D`. Without an
//! annotation an object is of the declared type. Only what a schema reaches is converted.

use super::document::Document;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Open types take any property. Directory objects are open too, but only for names with a prefix and an
/// underscore: `extension_{app id}_{name}`, `{publisher}_{name}`.
const EXTENSION_NAME: &str = "^[A-Za-z0-9]+_[A-Za-z0-9_]+$";
/// Annotations, and the actions that full metadata advertises. Source: OData JSON Format 4.01, sections 4.6 and 16.
const ANNOTATION: &str = "@|^#";
/// Source: OData CSDL 4.01, Edm.Duration; Edm.TimeOfDay; Edm.DateTimeOffset.
const DURATION: &str = "^-?P(\\d+Y)?(\\d+M)?(\\d+W)?(\\d+D)?(T(\\d+H)?(\\d+M)?(\\d+([.]\\d+)?S)?)?$";
const TIME: &str = "^\\d\\d:\\d\\d(:\\d\\d([.]\\d{1,12})?)?$";
const DATE_TIME: &str = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d([.]\\d{1,12})?(Z|[+-]\\d\\d:\\d\\d)$";
const DATE: &str = "^\\d{4}-\\d\\d-\\d\\d$";
const GUID: &str = "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$";

/// The whole JSON Schema of a schema of the document.
pub(super) fn to_json_schema(document: &Document, schema: &Value) -> Value {
    let mut converter = Converter { document, wanted: Vec::new(), seen: BTreeSet::new() };
    let mut root = converter.convert(schema);
    let mut definitions = Map::new();
    while let Some(definition) = converter.wanted.pop() {
        let schema = converter.define(&definition);
        definitions.insert(definition, schema);
    }
    if let Some(root) = root.as_object_mut() {
        root.insert("$defs".to_owned(), definitions.into());
    }
    root
}

struct Converter<'a> {
    document: &'a Document,
    wanted: Vec<String>,
    seen: BTreeSet<String>,
}

impl Converter<'_> {
    fn refer(&mut self, definition: &str) -> Value {
        if self.seen.insert(definition.to_owned()) {
            self.wanted.push(definition.to_owned());
        }
        json!({"$ref": format!("#/$defs/{definition}")})
    }

    fn define(&mut self, definition: &str) -> Value {
        let document = self.document;
        if let Some(name) = definition.strip_prefix("only:") {
            return self.object(document.schema(name), Some(name));
        }
        let derived = document.derived_from(definition);
        if derived.is_empty() {
            return self.convert_named(definition);
        }
        let annotated = |names: &[String]| {
            let names: Vec<_> = names.iter().map(|name| format!("#{name}")).collect();
            json!({"type": "object", "required": ["@odata.type"], "properties": {"@odata.type": {"enum": names}}})
        };
        let mut choices =
            vec![json!({"if": annotated(derived), "else": self.refer(&format!("only:{definition}"))})];
        for name in derived {
            let only = self.refer(&format!("only:{name}"));
            choices.push(json!({"if": annotated(std::slice::from_ref(name)), "then": only}));
        }
        json!({"allOf": choices})
    }

    fn convert_named(&mut self, name: &str) -> Value {
        let schema = self.document.schema(name);
        if schema.get("properties").is_some() || schema.get("allOf").is_some() {
            self.object(schema, Some(name))
        } else {
            self.convert(schema)
        }
    }

    fn convert(&mut self, schema: &Value) -> Value {
        if let Some(name) = Document::name_of_ref(schema) {
            return self.refer(name);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            return self.any_of(choices);
        }
        if schema.get("properties").is_some() || schema.get("allOf").is_some() {
            return self.object(schema, None);
        }
        match schema["type"].as_str() {
            Some("array") => {
                let items = schema.get("items").map_or(json!({}), |items| self.convert(items));
                let mut converted = json!({"type": types(schema, "array"), "items": items});
                copy(schema, &mut converted, &["maxItems", "minItems"]);
                converted
            }
            Some("object") => {
                let more = schema.get("additionalProperties").map_or(json!(true), |more| match more {
                    Value::Bool(_) => more.clone(),
                    _ => self.convert(more),
                });
                json!({"type": types(schema, "object"), "additionalProperties": more})
            }
            Some(scalar) => self::scalar(schema, scalar),
            None => json!({}),
        }
    }

    /// Microsoft writes a nullable complex property as "the type, or a nullable object"; the latter means null.
    fn any_of(&mut self, choices: &[Value]) -> Value {
        let is_null = |choice: &Value| choice["nullable"] == true && choice.get("properties").is_none();
        let mut converted: Vec<_> = choices.iter().filter(|c| !is_null(c)).map(|c| self.convert(c)).collect();
        let nullable = converted.len() < choices.len();
        let one = if converted.len() == 1 { converted.remove(0) } else { json!({"anyOf": converted}) };
        if nullable { json!({"if": {"type": "null"}, "else": one}) } else { one }
    }

    /// The flat object of a type: its own properties and the inherited ones, and nothing else.
    fn object(&mut self, schema: &Value, name: Option<&str>) -> Value {
        let document = self.document;
        let (mut properties, mut required, mut open, mut directory_object) =
            (Map::new(), Vec::new(), false, false);
        for part in document.parts(schema) {
            open |= part.get("x-open-type").is_some_and(|open| open == true);
            directory_object |= part.get("title").is_some_and(|title| title == "directoryObject");
            for pruned in part.get("x-pruned-navs").and_then(Value::as_array).into_iter().flatten() {
                properties.insert(pruned.as_str().unwrap_or_default().to_owned(), json!({}));
            }
            for (name, property) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let converted = self.convert(property);
                properties.insert(name.clone(), converted);
            }
            required.extend(part.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
        }
        if let Some(name) = name {
            properties.insert("@odata.type".to_owned(), json!({"const": format!("#{name}")}));
        }
        let mut patterns = json!({ANNOTATION: {}});
        if directory_object {
            patterns[EXTENSION_NAME] = json!({});
        }
        json!({
            "type": types(schema, "object"),
            "properties": properties,
            "required": required,
            "patternProperties": patterns,
            "additionalProperties": open && !directory_object,
        })
    }
}

fn scalar(schema: &Value, scalar: &str) -> Value {
    let mut converted = json!({"type": types(schema, scalar)});
    copy(schema, &mut converted, &["pattern", "minimum", "maximum", "minLength", "maxLength"]);
    let pattern = match schema["format"].as_str() {
        Some("date-time") => Some(DATE_TIME),
        Some("date") => Some(DATE),
        Some("time") => Some(TIME),
        Some("duration") => Some(DURATION),
        Some("uuid") => Some(GUID),
        _ => None,
    };
    if let Some(pattern) = pattern {
        converted["pattern"] = pattern.into();
    }
    if schema["format"] == "int32" {
        converted["minimum"] = i32::MIN.into();
        converted["maximum"] = i32::MAX.into();
    }
    if schema["type"] == "number" {
        // Why: OData writes the numbers that JSON lacks as text.
        converted = json!({"anyOf": [converted, {"enum": ["INF", "-INF", "NaN"]}]});
    }
    if let Some(members) = schema["x-enum-members"].as_array() {
        let members: Vec<_> = members.iter().filter_map(Value::as_str).collect();
        let one = members.join("|");
        // Why: OData writes several flags as one text with commas.
        converted["pattern"] = format!("^({one})(, ?({one}))*$").into();
    }
    if let Some(values) = schema["enum"].as_array() {
        let mut values = values.clone();
        values.extend((schema["nullable"] == true).then_some(Value::Null));
        converted["enum"] = values.into();
    }
    converted
}

fn types(schema: &Value, of_type: &str) -> Value {
    if schema["nullable"] == true { json!([of_type, "null"]) } else { json!(of_type) }
}

fn copy(from: &Value, to: &mut Value, keywords: &[&str]) {
    for keyword in keywords {
        if let Some(value) = from.get(keyword) {
            to[*keyword] = value.clone();
        }
    }
}
