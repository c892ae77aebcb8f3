//! What every function behind API Gateway does, whatever its routes.

#![allow(missing_docs, clippy::unwrap_used)]

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use domain::Error;
use http::Request;
use http_body_util::BodyExt;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body as LambdaBody, RequestExt};
use runtime::http::{Asked, gateway_context, service};
use runtime::problem::{Problem, Reply};
use serde_json::{Value, json};
use tower::ServiceExt;

fn router() -> Router {
    service(
        Router::new()
            .route("/panics", get(panics))
            .route("/broken", get(|| async { broken() }))
            .route("/asked", get(asked)),
    )
}

async fn panics() {
    panic!("with a secret in it")
}

fn broken() -> Reply<()> {
    Err(Problem::from(Error::throttled("slower, please", Some(7_000)).caused_by("bucket holdfast-prod")))
}

async fn asked(Asked(caller): Asked) -> String {
    format!("{caller:?}")
}

async fn get_json(path: &str) -> (http::response::Parts, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let request = request.with_request_context(gateway_context("r-1", "$default", None));
    let (parts, body) = router().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_panic_is_a_problem_that_says_nothing_of_it() {
    let (parts, problem) = get_json("/panics").await;
    assert_eq!(
        (parts.status.as_u16(), &problem["type"]),
        (500, &json!("https://holdfast.example/problems/internal"))
    );
    assert!(!problem.to_string().contains("secret"));
    assert_eq!(
        (&problem["instance"], parts.headers["x-request-id"].to_str().unwrap()),
        (&json!("r-1"), "r-1")
    );
}

#[tokio::test]
async fn a_failure_says_when_to_come_back_and_not_why() {
    let (parts, problem) = get_json("/broken").await;
    assert_eq!((parts.status.as_u16(), parts.headers["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(parts.headers["content-type"], "application/problem+json");
    assert!(!problem.to_string().contains("holdfast-prod"));
}

#[tokio::test]
async fn an_event_of_api_gateway_carries_the_caller_that_the_authorizer_named() {
    let event = include_str!("../../../../events/plan-api/get-partner.json");
    let request: LambdaRequest = serde_json::from_str(event).unwrap();
    let mut request: Request<LambdaBody> = request.into();
    *request.uri_mut() = "/asked".parse().unwrap();
    let reply = router().oneshot(request).await.unwrap();
    let text = String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(text.contains("SuperAdmin") && text.contains("prt_01jaaaaaaaaaaaaaaaaaaaaaaa"), "{text}");
}
