//! Query parameters: declared names, plausible values, and properties that exist in `$select` and `$expand`.

use super::Findings;
use super::document::Document;
use serde_json::Value;
use std::collections::BTreeSet;

/// Graph's own paging: opaque, never declared, only ever sent as it was received. Source: "Paging Microsoft
/// Graph data in your app" and "Use delta query".
const TOKENS: [&str; 3] = ["$skiptoken", "$deltatoken", "$skipToken"];

pub(super) fn check(document: &Document, query: &str, found: &mut Findings) {
    let declared: Vec<_> = document.query_parameters(found.operation).collect();
    let sent: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (name, value) in &sent {
        if found.operation.method == "GET" && TOKENS.contains(&name.as_str()) {
            continue;
        }
        let Some((_, of_type, _)) = declared.iter().find(|(declared, ..)| declared == name) else {
            found.add("query", format!("the parameter {name} is not declared"));
            continue;
        };
        let plausible = match *of_type {
            "integer" => value.parse::<u32>().is_ok(),
            "boolean" => matches!(value.as_str(), "true" | "false"),
            _ => !value.is_empty(),
        };
        if !plausible {
            found.add("query", format!("{name}={value} is not of the type {of_type}"));
        }
        if matches!(name.as_str(), "$select" | "$expand") {
            check_properties(document, name, value, found);
        }
    }
    for (name, _, required) in declared {
        if required && !sent.iter().any(|(sent, _)| sent == name) {
            found.add("query", format!("the parameter {name} is missing"));
        }
    }
}

fn check_properties(document: &Document, name: &str, value: &str, found: &mut Findings) {
    let Some(schema) = document.response(found.operation, 200).and_then(Document::content_schema) else {
        return;
    };
    let collection =
        document.parts(schema).iter().find_map(|p| p.get("properties")?.get("value")?.get("items"));
    let item = collection.unwrap_or(schema);
    let mut known = BTreeSet::new();
    add_properties(document, item, &mut known);
    for derived in Document::name_of_ref(item).map_or(&[][..], |name| document.derived_from(name)) {
        add_properties(document, document.schema(derived), &mut known);
    }
    for asked in outermost(value) {
        if !known.contains(asked) && !asked.contains('_') && asked != "*" {
            found.add("query", format!("{name} names {asked:?}, which the type does not have"));
        }
    }
}

fn add_properties<'a>(document: &'a Document, schema: &'a Value, known: &mut BTreeSet<&'a str>) {
    for part in document.parts(schema) {
        known.extend(
            part.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(n, _)| &n[..]),
        );
        let pruned = part.get("x-pruned-navs").and_then(Value::as_array).into_iter().flatten();
        known.extend(pruned.filter_map(Value::as_str));
    }
}

/// The names before any parenthesis, cast or path: `members` of `members($select=id),owners/$ref`.
fn outermost(value: &str) -> Vec<&str> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in value.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                names.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(&value[start..]);
    names.into_iter().map(|name| name.split(['(', '/']).next().unwrap_or_default().trim()).collect()
}
