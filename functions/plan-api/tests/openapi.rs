//! The OpenAPI document: of the routes that there are, of no others, and as it is kept.
//!
//! `REFRESH=1 cargo test -p plan-api --test openapi` writes `openapi.json` anew.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use axum::body::Body;
use common::Plane;
use http::{Request, StatusCode};
use partners::commands::Caller;
use runtime::openapi::{Route, document};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs, path::PathBuf};

fn all() -> Vec<Route> {
    plan_api::openapi::routes().into_iter().chain(snapshot_api::openapi::routes()).collect()
}

fn made() -> Value {
    document("Holdfast", env!("CARGO_PKG_VERSION"), &all())
}

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The routes that a router's source names.
fn in_code(source: &str, below: &str) -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(here(source)).unwrap();
    let mut keys = BTreeSet::new();
    for route in text.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').unwrap();
        let handlers = rest.split_once('\n').unwrap().0;
        for method in ["get", "post", "put", "patch", "delete"] {
            if handlers.contains(&format!("{method}(")) {
                keys.insert((method.to_uppercase(), format!("{below}{path}").replace("{*", "{")));
            }
        }
    }
    keys
}

#[test]
fn the_table_and_the_routers_name_the_same_routes() {
    let of = |routes: Vec<Route>| -> BTreeSet<_> {
        routes.iter().map(Route::key).map(|(method, path)| (method, path.to_owned())).collect()
    };
    assert_eq!(of(plan_api::openapi::routes()), in_code("src/lib.rs", ""));
    let snapshots = in_code("../snapshot-api/src/lib.rs", "/v1/organisations/{org}");
    assert_eq!(of(snapshot_api::openapi::routes()), snapshots);
}

#[tokio::test]
async fn the_router_answers_each_row_and_no_other_method_of_its_path() {
    let plane = Plane::new();
    let mut methods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let rows = plan_api::openapi::routes();
    for row in &rows {
        let (method, path) = row.key();
        methods.entry(path).or_default().insert(method.clone());
        let path = path.replace("{org}", "org_01jaaaaaaaaaaaaaaaaaaaaaaa");
        let request = Request::builder().method(method.as_str()).uri(&path).body(Body::empty()).unwrap();
        let answer = plane.send(None, request).await;
        assert_eq!(answer.status == StatusCode::UNAUTHORIZED, !row.is_open(), "{method} {path}: {answer:?}");
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    for (path, taken) in methods {
        let path = path.replace("{org}", "org_01jaaaaaaaaaaaaaaaaaaaaaaa");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(|m| !taken.contains(*m)) {
            let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
            let answer = plane.send(Some(&Caller::Operator), request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how the file is refreshed is no setting")]
fn the_kept_document_is_the_one_of_the_code() {
    let text = format!("{}\n", serde_json::to_string_pretty(&made()).unwrap());
    if env::var("REFRESH").is_ok() {
        fs::write(here("openapi.json"), &text).unwrap();
        return;
    }
    assert!(
        text == fs::read_to_string(here("openapi.json")).unwrap(),
        "openapi.json is not the code's: REFRESH=1 cargo test -p plan-api --test openapi"
    );
}

#[tokio::test]
async fn anybody_can_read_the_document() {
    let plane = Plane::new();
    let request = Request::get("/v1/openapi.json").body(Body::empty()).unwrap();
    let answer = plane.send(None, request).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].to_str().unwrap()),
        (StatusCode::OK, "application/json")
    );
    assert_eq!(answer.json()["openapi"], "3.1.0");
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
fn the_document_holds_together() {
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
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{place}: its id is another's"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place}");
            let named: BTreeSet<_> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|p| p["in"] == "path")
                .map(|p| p["name"].as_str().unwrap())
                .collect();
            let in_path: BTreeSet<_> =
                path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(named, in_path, "{place}");
            let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
            assert!(statuses.iter().any(|s| s.starts_with('2')), "{place}: {statuses:?}");
            if let Some(body) = operation.get("requestBody") {
                let schema = &body["content"]["application/json"]["schema"];
                assert!(jsonschema::draft202012::meta::is_valid(schema), "{place}");
                assert_eq!(schema["additionalProperties"], false, "{place}: what is not known is refused");
            }
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_as_the_document_says() {
    let document = made();
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let one = format!("/v1/organisations/{org}");
    let asked = [
        ("/v1/partner", "/v1/partner"),
        ("/v1/plans", "/v1/plans"),
        ("/v1/organisations", "/v1/organisations"),
        ("/v1/organisations/{org}", one.as_str()),
        ("/v1/audit", "/v1/audit"),
        ("/v1/audit/verify", "/v1/audit/verify"),
    ];
    for (route, path) in asked {
        let answer = plane.get(&owner, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let mut schema =
            document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
                .clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&answer.json()).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
    }
    let refused = plane.get(&owner, "/v1/plans?limit=0").await.problem();
    let mut schema = document["components"]["schemas"]["Problem"].clone();
    schema["components"] = json!({});
    assert!(jsonschema::draft202012::is_valid(&schema, &refused), "{refused}");
}
