//! What the control plane answers is as the OpenAPI document says. That the document is that of the code is checked where
//! both planes are seen: `infra/local/tests/api_document.rs`.

use crate::common::Plane;
use axum::body::Body;
use engine::records::InvitedToday;
use http::{Request, StatusCode};
use partners::commands::Caller;
use plan_api::OPENAPI;
use serde_json::{Value, json};

#[tokio::test]
async fn whoever_is_not_known_is_refused_by_every_route_that_the_document_does_not_call_open() {
    let plane = Plane::new();
    for operation in plan_api::operations() {
        let path = operation.path().replace("{org}", "org_01jaaaaaaaaaaaaaaaaaaaaaaa");
        let request = Request::builder().method(operation.method().to_uppercase().as_str()).uri(&path);
        let answer = plane.send(None, request.body(Body::empty()).unwrap()).await;
        let is_refused = answer.status == StatusCode::UNAUTHORIZED;
        assert_eq!(is_refused, !operation.is_open(), "{}: {answer:?}", operation.key());
    }
}

#[tokio::test]
async fn a_method_that_the_document_does_not_have_is_not_answered() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let operations = plan_api::operations();
    let has =
        |path: &str, method: &str| operations.iter().any(|of| of.path() == path && of.method() == method);
    for operation in &operations {
        let path = operation.path().replace("{org}", "org_01jaaaaaaaaaaaaaaaaaaaaaaa");
        for method in ["get", "post", "put", "patch", "delete"] {
            if has(operation.path(), method) {
                continue;
            }
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(&path);
            let answer = plane.send(Some(&owner), request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
}

#[test]
fn every_operation_says_what_it_is_for_and_what_it_does() {
    for operation in plan_api::operations() {
        let (summary, description) = (operation.summary(), operation.description());
        assert!(summary.ends_with('.') && description.ends_with('.'), "{}", operation.key());
    }
}

#[test]
fn the_document_names_every_budget_that_replies_tell_of() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let policy = &document["paths"]["/v1/me"]["get"]["responses"]["200"]["headers"]["RateLimit-Policy"];
    let says = policy["description"].as_str().unwrap();
    for name in ["caller", "signed-in", "organisation", "partners"] {
        assert!(says.contains(&format!("`{name}` counts ")), "{name}: {says}");
    }
}

#[test]
fn what_the_api_says_of_how_many_are_invited_in_a_day_is_what_holds() {
    let operations = plan_api::operations();
    let says = operations.iter().find(|operation| operation.id() == "invite").unwrap().description();
    let limit = format!("at most {} in a day", InvitedToday::MOST);
    assert!(says.contains(&limit), "{limit:?}: {says}");
}

#[test]
fn every_operation_of_the_document_says_what_it_takes_of_its_callers_budget() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations: Vec<_> = paths.flat_map(|path| path.as_object().unwrap().values()).collect();
    for operation in &operations {
        let is_open = operation["security"] == json!([]);
        assert_eq!(operation["x-units"].as_u64().is_some(), !is_open, "{}", operation["operationId"]);
    }
    assert!(operations.iter().any(|operation| operation["x-units"].as_u64() > Some(1)));
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

#[tokio::test]
async fn whoever_has_the_document_is_told_so_and_not_sent_it_again() {
    let plane = Plane::new();
    let ask = async |version: Option<&str>| {
        let mut request = Request::get("/v1/openapi.json");
        if let Some(version) = version {
            request = request.header("if-none-match", version);
        }
        plane.send(None, request.body(Body::empty()).unwrap()).await
    };
    let first = ask(None).await;
    let version = first.headers["etag"].to_str().unwrap();
    assert!(
        first.text.len() > 50_000 && first.headers["cache-control"].to_str().unwrap().contains("max-age")
    );
    for known in [version.to_owned(), format!("\"other\", W/{version}")] {
        let again = ask(Some(&known)).await;
        assert_eq!((again.status, again.text.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!(again.headers["etag"], first.headers["etag"]);
    }
    assert_eq!(ask(Some("\"other\"")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_document_is_compressed_for_whoever_takes_that_and_each_form_has_a_version_of_its_own() {
    let plane = Plane::new();
    let ask = async |takes: Option<&str>, version: &str| {
        let mut request = Request::get("/v1/openapi.json").header("if-none-match", version);
        if let Some(takes) = takes {
            request = request.header("accept-encoding", takes);
        }
        plane.send(None, request.body(Body::empty()).unwrap()).await
    };
    let plain = ask(None, "\"other\"").await;
    let compressed = ask(Some("br;q=1.0, GZIP;q=0.5"), "\"other\"").await;
    assert_eq!(compressed.headers["content-encoding"], "gzip");
    assert_eq!((compressed.text.as_str(), plain.text.as_str()), (OPENAPI, OPENAPI));
    assert!(compressed.sent_bytes * 4 < plain.sent_bytes, "{} bytes", compressed.sent_bytes);
    assert_ne!(compressed.headers["etag"], plain.headers["etag"]);
    for takes in [None, Some("identity"), Some("gzip;q=0"), Some("br")] {
        let answer = ask(takes, "\"other\"").await;
        assert!(!answer.headers.contains_key("content-encoding"), "{takes:?}");
        assert_eq!(answer.headers["vary"], "accept-encoding");
    }
    for known in [&plain, &compressed] {
        let known = known.headers["etag"].to_str().unwrap();
        for takes in [None, Some("gzip")] {
            assert_eq!(ask(takes, known).await.status, StatusCode::NOT_MODIFIED, "{takes:?} {known}");
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_as_the_document_says() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
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
