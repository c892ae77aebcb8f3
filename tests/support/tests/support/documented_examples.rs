//! Microsoft's own examples, through the checker: what does not pass falls into a few classes, all named here.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use support::openapi::{Checker, Exchange, Violation, shared_folder};

/// Two habits of the documentation that Graph does not have: type annotations without `#`, and (in the pages of
/// Intune) a single object within `value`.
fn as_graph_writes_it(mut body: Value) -> Value {
    if let Some(inner) = body.get("value").filter(|inner| inner.is_object()) {
        body = inner.clone();
    }
    sharpen(&mut body);
    body
}

fn sharpen(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "@odata.type" && text.starts_with("microsoft.") => {
                        text.insert(0, '#');
                    }
                    _ => sharpen(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(sharpen),
        _ => {}
    }
}

/// The exchanges of an example file, in order: each request with the reply that follows it.
fn exchanges(file: &Path) -> Vec<Exchange> {
    let text = std::fs::read(file).unwrap();
    let examples: Value = serde_json::from_slice(&text).unwrap();
    let mut exchanges = Vec::new();
    let mut request: Option<(String, String, String, Option<Value>)> = None;
    for example in examples["examples"].as_array().into_iter().flatten() {
        let line = example["http"].as_str().unwrap_or_default();
        let body = example.get("body").filter(|body| body.is_object()).cloned().map(as_graph_writes_it);
        if example["kind"] == "request" {
            let mut words = line.split_whitespace();
            let (method, url) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>().join("%20"));
            let address = url.split_once("graph.microsoft.com/").map(|(_, rest)| rest.split_once('/'));
            request = address
                .flatten()
                .map(|(version, path)| (method.to_owned(), version.to_owned(), format!("/{path}"), body));
        } else if let Some((method, version, path_and_query, request_body)) = request.clone() {
            let status = line.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
            exchanges.push(Exchange {
                version,
                method,
                path_and_query,
                request_body,
                status,
                reply_body: body,
            });
        }
    }
    exchanges
}

/// What the documentation gets wrong, class by class. A new class is either a fault of the checker or news.
const CLASSES: [(&str, &str); 5] = [
    (
        "property",
        "members without their annotation, properties that newer metadata dropped, extension properties",
    ),
    ("type", "`Boolean` instead of a value, nested settings cut off with null"),
    ("form", "placeholders such as `datetime-value`"),
    ("annotation", "an assignment filter annotated as the type that it derives from"),
    ("body", "a body that is broken JSON as documented"),
];

fn class(violation: &Violation) -> &'static str {
    let message = &violation.message;
    let is = |part| message.contains(part);
    match violation.place.as_str() {
        "query" => "query",
        _ if is("unexpected") => "property",
        _ if is("does not match") || is("is not one of") => "form",
        _ if is("was expected") => "annotation",
        _ if is("is not of type") => "type",
        _ if is("the body is missing") => "body",
        _ => "unknown",
    }
}

#[test]
fn most_documented_bodies_are_of_their_declared_types_and_the_rest_fall_into_known_classes() {
    let folder = shared_folder().join("graph/examples");
    let Some(checker) = Checker::load().filter(|_| folder.exists()) else {
        eprintln!("NOT CHECKED: the OpenAPI slices or the examples are absent (HOLDFAST_SHARED)");
        return;
    };
    let (mut count, mut clean, mut outside) = (0, 0, 0);
    let mut classes = BTreeMap::<_, Vec<String>>::new();
    for exchange in
        ["v1.0", "beta", "learn-newer"].iter().flat_map(|version| of_folder(&folder.join(version)))
    {
        if exchange.request_body.is_none() && exchange.reply_body.is_none() {
            continue;
        }
        let violations = checker.check(&exchange);
        if violations.iter().any(|violation| violation.place == "path") {
            outside += 1;
            continue;
        }
        count += 1;
        clean += usize::from(violations.is_empty());
        for violation in violations {
            let Violation { operation, place, message } = &violation;
            let text = format!("{} {operation} | {place} | {message}", exchange.version);
            classes.entry(class(&violation)).or_default().push(text.chars().take(300).collect());
        }
    }
    println!("{clean} of {count} documented exchanges have no violation; {outside} are outside the slices");
    for (class, of_class) in &classes {
        let reason = CLASSES.iter().find(|(known, _)| known == class).map(|(_, reason)| *reason);
        println!("{:5} {class}: {}", of_class.len(), reason.unwrap_or("UNKNOWN"));
        assert!(reason.is_some(), "violations of no known class: {of_class:#?}");
    }
    assert!(count > 300 && clean * 100 >= count * 85, "{clean} of {count}: {classes:#?}");
}

fn of_folder(folder: &Path) -> Vec<Exchange> {
    let files = std::fs::read_dir(folder).unwrap();
    files.flat_map(|file| exchanges(&file.unwrap().path())).collect()
}
