//! What every function behind API Gateway does, whatever its routes.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use domain::Error;
use engine::audit::AuditLog;
use engine::records::Records;
use http::Request;
use http_body_util::BodyExt;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body as LambdaBody, RequestExt};
use runtime::http::{
    Asked, Audited, PostRights, RateLimit, Weights, audited, gateway_context, idempotent, rate_limited,
    service,
};
use runtime::problem::{Problem, Reply};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::memory::World;
use tokio::sync::Notify;
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
    let event = include_str!("../../../../../events/plan-api/get-partner.json");
    let request: LambdaRequest = serde_json::from_str(event).unwrap();
    let mut request: Request<LambdaBody> = request.into();
    *request.uri_mut() = "/asked".parse().unwrap();
    let reply = router().oneshot(request).await.unwrap();
    let text = String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(text.contains("SuperAdmin") && text.contains("prt_01jaaaaaaaaaaaaaaaaaaaaaaa"), "{text}");
}

fn gateway_request(path: &str) -> Request<LambdaBody> {
    let event = include_str!("../../../../../events/plan-api/get-partner.json");
    let request: LambdaRequest = serde_json::from_str(event).unwrap();
    let mut request: Request<LambdaBody> = request.into();
    *request.uri_mut() = path.parse().unwrap();
    request
}

#[tokio::test]
async fn a_caller_who_asks_too_fast_is_told_when_to_come_back_and_others_are_not_held_up() {
    let world = World::new(1);
    let routes = Router::new().route("/asked", get(asked));
    let limit = RateLimit { per_minute: 30, burst: 2 };
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let router = service(rate_limited(routes, limit, records, Weights::default()));
    let ask = || async { router.clone().oneshot(gateway_request("/asked")).await.unwrap() };
    let first = ask().await;
    assert_eq!(first.headers()["ratelimit"], "\"caller\";r=1;t=2");
    assert_eq!(first.headers()["ratelimit-policy"], "\"caller\";q=2;w=4");
    assert_eq!(ask().await.status(), 200);
    let refused = ask().await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    assert_eq!(refused.headers()["ratelimit"], "\"caller\";r=0;t=4");
    let nobody = Request::get("/asked").body(Body::empty()).unwrap();
    assert_eq!(router.clone().oneshot(nobody).await.unwrap().status(), 401);
    world.clock.advance_ms(2_000);
    assert_eq!(ask().await.status(), 200);
}

#[tokio::test]
async fn the_log_says_from_where_it_was_asked_and_that_it_failed() {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let routes = Router::new().route("/panics", get(panics));
    let router = service(audited(routes, AuditLog::new(records, &*world.ids), Audited::Everything));
    let reply = router.oneshot(gateway_request("/panics")).await.unwrap();
    assert_eq!(reply.status(), 500);
    let rows: Vec<_> = world.catalog.rows().into_iter().map(|(_, row)| row).collect();
    let entries: Vec<_> = rows.iter().filter(|r| r.key.starts_with("entry#")).map(|r| &r.body).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!((&entries[0]["from"], &entries[0]["outcome"]), (&json!("192.0.2.1"), &json!("asked")));
    assert_eq!(entries[1]["outcome"], json!({ "answered": 500 }));
}

#[tokio::test]
async fn while_one_runs_another_under_its_key_is_told_to_wait_and_a_failure_is_not_kept() {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let (go, runs) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (gate, count) = (go.clone(), runs.clone());
    let works = move || async move {
        let run = count.fetch_add(1, Ordering::SeqCst);
        gate.notified().await;
        if run == 0 { Err(Problem::internal("the first one fails")) } else { Ok("done") }
    };
    let router =
        service(idempotent(Router::new().route("/works", post(works)), records, PostRights::default()));
    let send = || {
        let mut request = gateway_request("/works");
        *request.method_mut() = http::Method::POST;
        request.headers_mut().insert("idempotency-key", "k".parse().unwrap());
        tokio::spawn(router.clone().oneshot(request))
    };
    for expected in [500, 200] {
        let before = runs.load(Ordering::SeqCst);
        let first = send();
        while runs.load(Ordering::SeqCst) == before {
            tokio::task::yield_now().await;
        }
        let second = send().await.unwrap().unwrap();
        assert_eq!(
            (second.status().as_u16(), &second.headers()["retry-after"]),
            (409, &"2".parse().unwrap())
        );
        go.notify_one();
        assert_eq!(first.await.unwrap().unwrap().status(), expected);
    }
    let replayed = send().await.unwrap().unwrap();
    assert_eq!(
        (replayed.status().as_u16(), &replayed.headers()["idempotency-replayed"]),
        (200, &"true".parse().unwrap())
    );
    assert_eq!(runs.load(Ordering::SeqCst), 2, "once for the failure, once for what was kept");
}
