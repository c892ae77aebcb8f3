//! Microsoft's own examples, through the checker: what does not pass falls into a few classes, all named here.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use support::openapi::{Checker, Exchange, Violation, shared_folder};

/// The exchanges of an example file, in order: each request with the reply that follows it.
fn exchanges(file: &Path) -> Vec<Exchange> {
    let text = std::fs::read(file).unwrap();
    let examples: Value = serde_json::from_slice(&text).unwrap();
    let mut exchanges = Vec::new();
    let mut request: Option<(String, String, String, Option<Value>)> = None;
    for example in examples["examples"].as_array().into_iter().flatten() {
        let line = example["http"].as_str().unwrap_or_default();
        let body = example.get("body").filter(|body| body.is_object()).cloned();
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

fn class(violation: &Violation) -> &'static str {
    let (place, message) = (&violation.place, &violation.message);
    if place == "path" {
        "operation outside the slices"
    } else if place == "query" {
        "query parameter"
    } else if message.contains("unexpected") {
        "property that the type lacks"
    } else if message.contains("does not match") || message.contains("is not one of") {
        "text that is a placeholder or of another form"
    } else if message.contains("was expected") {
        "type annotation"
    } else if message.contains("is not of type") {
        "value of another type"
    } else {
        "other"
    }
}

#[test]
fn most_documented_bodies_are_of_their_declared_types_and_the_rest_fall_into_known_classes() {
    let folder = shared_folder().join("graph/examples");
    let Some(checker) = Checker::load().filter(|_| folder.exists()) else {
        eprintln!("NOT CHECKED: the OpenAPI slices or the examples are absent (HOLDFAST_SHARED)");
        return;
    };
    let (mut count, mut clean, mut classes) = (0, 0, BTreeMap::<_, (usize, Vec<String>)>::new());
    for version in ["v1.0", "beta", "learn-newer"] {
        for file in std::fs::read_dir(folder.join(version)).unwrap() {
            for exchange in exchanges(&file.unwrap().path()) {
                if exchange.request_body.is_none() && exchange.reply_body.is_none() {
                    continue;
                }
                let violations = checker.check(&exchange);
                count += 1;
                clean += usize::from(violations.is_empty());
                for violation in violations {
                    let (n, some) = classes.entry(class(&violation)).or_default();
                    *n += 1;
                    let Violation { operation, place, message } = violation;
                    let message: String = message.chars().take(160).collect();
                    some.push(format!("{} {operation} | {place} | {message}", exchange.version));
                }
            }
        }
    }
    println!("{clean} of {count} documented exchanges have no violation");
    for (class, (n, some)) in &classes {
        println!("{n:5} {class}");
        if std::env::var_os("HOLDFAST_VERBOSE").is_some() {
            for one in some {
                println!("      {one}");
            }
        }
    }
}
