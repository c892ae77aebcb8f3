//! A POST that is sent again under its key.

use crate::common::{Answer, Plane, as_role, owner, plan};
use axum::body::Body;
use domain::rights::Role;
use engine::records::{KeptReply, Records};
use http::{Request, StatusCode};
use jiff::SignedDuration;
use lambda_http::RequestExt as _;
use partners::commands::Caller;
use partners::commands::idempotency::{Begun, Idempotency};
use runtime::http::{authorizer_context, gateway_context};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::ServiceExt as _;

async fn send(plane: &Plane, caller: &Caller, path: &str, key: &str, body: &Value) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.header("idempotency-key", key).body(Body::from(body.to_string()));
    plane.send(Some(caller), request.unwrap()).await
}

async fn started() -> (Plane, Caller) {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    (plane, owner)
}

async fn plans(plane: &Plane, owner: &Caller) -> usize {
    plane.get(owner, "/v1/plans").await.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_done_once_and_answered_the_same() {
    let (plane, owner) = started().await;
    let first = send(&plane, &owner, "/v1/plans", "k-1", &plan("Backup")).await;
    let again = send(&plane, &owner, "/v1/plans", "\"k-1\"", &plan("Backup")).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.text, again.text);
    assert_eq!(first.headers.get("idempotency-replayed"), None);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["content-type"], first.headers["content-type"]);
    assert_eq!(plans(&plane, &owner).await, 1);

    let other = send(&plane, &owner, "/v1/plans", "k-2", &plan("Backup")).await;
    assert_ne!(other.text, first.text);
    assert_eq!(plans(&plane, &owner).await, 2);
}

#[tokio::test]
async fn a_reply_is_not_given_again_to_who_lost_the_right() {
    let (plane, owner) = started().await;
    let first = send(&plane, &owner, "/v1/plans", "k", &plan("Backup")).await;
    let lowered = as_role(&owner, Role::Support, None);
    let refused = send(&plane, &lowered, "/v1/plans", "k", &plan("Backup")).await;
    assert_eq!((first.status, refused.status), (StatusCode::CREATED, StatusCode::FORBIDDEN));
    assert!(!refused.text.contains(first.json()["id"].as_str().unwrap()));
    let org = plane.organisation(&owner, "Contoso").await;
    let path = format!("/v1/organisations/{org}/consent-link");
    let link = json!({ "app": "reader" });
    assert_eq!(send(&plane, &owner, &path, "l", &link).await.status, StatusCode::CREATED);
    let elsewhere = as_role(&owner, Role::Admin, Some(Vec::new()));
    let unseen = send(&plane, &elsewhere, &path, "l", &link).await;
    assert_eq!(unseen.status, StatusCode::NOT_FOUND, "nor that there was one: {unseen:?}");
}

#[tokio::test]
async fn a_refusal_of_what_was_sent_is_given_again_as_it_was() {
    let (plane, owner) = started().await;
    let wrong = json!({ "product": "Backup" });
    let first = send(&plane, &owner, "/v1/plans", "k", &wrong).await;
    let again = send(&plane, &owner, "/v1/plans", "k", &wrong).await;
    assert_eq!((first.status, again.status), (StatusCode::UNPROCESSABLE_ENTITY, first.status));
    assert_eq!(first.problem(), again.problem());
    assert_eq!(again.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn a_state_that_did_not_allow_it_is_looked_at_again_under_the_same_key() {
    let (plane, owner) = started().await;
    let entra = plan("BackupEntra");
    assert_eq!(send(&plane, &owner, "/v1/plans", "k", &entra).await.status, StatusCode::CONFLICT);
    plane.post(&owner, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    let taken = send(&plane, &owner, "/v1/plans", "k", &entra).await;
    assert_eq!((taken.status, taken.headers.get("idempotency-replayed")), (StatusCode::CREATED, None));
    assert_eq!(send(&plane, &owner, "/v1/plans", "k", &entra).await.text, taken.text);
    assert_eq!(plans(&plane, &owner).await, 1);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused_and_another_callers_key_is_another_key() {
    let (plane, owner) = started().await;
    send(&plane, &owner, "/v1/plans", "k", &plan("Backup")).await;
    let other = send(&plane, &owner, "/v1/plans", "k", &plan("Archive")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.problem()["type"].as_str().unwrap().ends_with("/idempotency-key-reused"));
    assert_eq!(plans(&plane, &owner).await, 1);
    let (_, stranger) = plane.partner(&Caller::Operator, "Q").await;
    let theirs = send(&plane, &stranger, "/v1/plans", "k", &plan("Archive")).await;
    assert_eq!(theirs.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_before_anything_is_done() {
    let (plane, owner) = started().await;
    // Two headers come joined by a comma, as API Gateway gives them.
    for key in
        ["", "\"\"", "two words", &"k".repeat(256), "one,two", "\"one\",\"two\"", "\"one\"two", "one,\"two\""]
    {
        let refused = send(&plane, &owner, "/v1/plans", key, &plan("Backup")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{key:?}");
        refused.problem();
    }
    assert_eq!(plans(&plane, &owner).await, 0);
    for key in [&"k".repeat(255), "\"one,two\""] {
        let taken = send(&plane, &owner, "/v1/plans", key, &plan("Backup")).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{key}");
    }
}

#[tokio::test]
async fn a_secret_is_not_kept_and_sending_again_names_what_was_made() {
    let (plane, _) = started().await;
    let body = json!({ "name": "Q", "owner": owner() });
    let first = send(&plane, &Caller::Operator, "/v1/partners", "k", &body).await;
    let token = first.json()["ownerToken"].as_str().unwrap().to_owned();
    let again = send(&plane, &Caller::Operator, "/v1/partners", "k", &body).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let problem = again.problem();
    assert!(problem["detail"].as_str().unwrap().contains(first.json()["id"].as_str().unwrap()), "{problem}");
    assert!(!format!("{:?}", plane.world.catalog.rows()).contains(&token));
}

#[tokio::test]
async fn a_reply_is_kept_for_a_day() {
    let (plane, owner) = started().await;
    let first = send(&plane, &owner, "/v1/plans", "k", &plan("Backup")).await;
    plane.world.clock.advance(SignedDuration::from_hours(23));
    assert_eq!(send(&plane, &owner, "/v1/plans", "k", &plan("Backup")).await.text, first.text);
    plane.world.clock.advance(SignedDuration::from_hours(2));
    assert_ne!(send(&plane, &owner, "/v1/plans", "k", &plan("Backup")).await.text, first.text);
}

fn keys(plane: &Plane) -> Idempotency {
    Idempotency { records: Records::new(plane.world.catalog.clone(), plane.world.clock.clone()) }
}

#[tokio::test]
async fn of_many_at_once_under_one_key_exactly_one_is_done() {
    let (plane, owner) = started().await;
    let body = plan("Backup");
    let sent = (0..8).map(|_| send(&plane, &owner, "/v1/plans", "k", &body));
    let answers = futures::future::join_all(sent).await;
    let done = answers
        .iter()
        .filter(|a| a.status == StatusCode::CREATED && a.headers.get("idempotency-replayed").is_none());
    assert_eq!(done.count(), 1);
    assert_eq!(plans(&plane, &owner).await, 1);

    let keys = keys(&plane);
    let begun = futures::future::join_all((0..8).map(|_| keys.begin(None, "n", "h"))).await;
    let runs = begun.iter().filter(|b| matches!(b, Ok(Begun::Run(_)))).count();
    let waits = begun.iter().filter(|b| matches!(b, Ok(Begun::Running))).count();
    assert_eq!((runs, waits), (1, 7));
}

#[tokio::test]
async fn a_request_that_fails_or_never_ends_lets_its_key_go() {
    let (plane, _) = started().await;
    let keys = keys(&plane);
    let Begun::Run(begun) = keys.begin(None, "n", "h").await.unwrap() else { panic!("it is new") };
    assert!(matches!(keys.begin(None, "n", "h").await.unwrap(), Begun::Running));
    keys.forget(&begun).await.unwrap();
    let Begun::Run(_) = keys.begin(None, "n", "h").await.unwrap() else { panic!("it was let go") };
    plane.world.clock.advance(SignedDuration::from_secs(61));
    let Begun::Run(begun) = keys.begin(None, "n", "h").await.unwrap() else { panic!("it never ended") };
    let reply = KeptReply { status: 201, headers: BTreeMap::new(), body: "{}".to_owned() };
    keys.end(*begun, reply.clone()).await.unwrap();
    let Begun::Replay(kept) = keys.begin(None, "n", "h").await.unwrap() else { panic!("it was done") };
    assert_eq!(kept, reply);
}

#[tokio::test]
async fn a_request_that_was_refused_for_its_version_can_be_sent_with_the_right_one() {
    let (plane, owner) = started().await;
    let id = plane.organisation(&owner, "Contoso").await;
    let suspend = async |version: Option<&str>| {
        let mut request =
            Request::post(format!("/v1/organisations/{id}/suspend")).header("idempotency-key", "k");
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        plane.send(Some(&owner), request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    let answers = [suspend(None).await, suspend(Some("\"9\"")).await, suspend(Some("\"1\"")).await];
    assert_eq!(answers, [428, 412, 200]);
    assert_eq!(suspend(Some("\"2\"")).await, 200, "what was done is answered as it was");
}

#[tokio::test]
async fn the_same_key_of_a_colleague_or_for_another_organisation_is_another_key() {
    let (plane, owner) = started().await;
    let Caller::Member(member) = &owner else { panic!("an owner is a member") };
    let mut colleague = member.clone();
    "another".clone_into(&mut colleague.token);
    send(&plane, &owner, "/v1/plans", "k", &plan("Backup")).await;
    let theirs = send(&plane, &Caller::Member(colleague), "/v1/plans", "k", &plan("Backup")).await;
    assert_eq!(theirs.headers.get("idempotency-replayed"), None);
    assert_eq!(plans(&plane, &owner).await, 2);

    for name in ["Contoso", "Fabrikam"] {
        let id = plane.organisation(&owner, name).await;
        let path = format!("/v1/organisations/{id}/suspend");
        let request = Request::post(&path).header("idempotency-key", "k").header("if-match", "\"1\"");
        let answer = plane.send(Some(&owner), request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.headers.get("idempotency-replayed"), None, "{name}");
    }
}

#[tokio::test]
async fn a_failure_of_ours_is_not_kept_and_the_request_can_be_sent_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let plane = Plane::new();
    let records = Records::new(plane.world.catalog.clone(), plane.world.clock.clone());
    let answer = move || {
        let broken = broken.clone();
        async move {
            if broken.swap(false, Ordering::Relaxed) {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::CREATED
            }
        }
    };
    let router = axum::Router::new().route("/things", axum::routing::post(answer));
    let router = runtime::http::idempotent(router, records, runtime::http::PostRights::default());
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let context = gateway_context("r", "$default", Some(authorizer_context(&Caller::Operator)));
        let request = Request::post("/things").header("idempotency-key", "k").body(Body::empty()).unwrap();
        let reply = router.clone().oneshot(request.with_request_context(context)).await.unwrap();
        statuses.push(reply.status().as_u16());
    }
    assert_eq!(statuses, [503, 201]);
}
