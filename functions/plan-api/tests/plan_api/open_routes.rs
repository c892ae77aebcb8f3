//! What nobody known asks stands in an audit log before it takes effect: a link is opened, a consent comes back, an
//! invitation is accepted. What shows nothing that is good leaves a trace too, and not without end.

use crate::common::{Answer, Plane, as_role};
use axum::body::Body;
use domain::rights::Role;
use engine::ports::Scope;
use engine::records::Identity;
use http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use partners::commands::{Caller, SignInTimes};
use serde_json::{Value, json};
use support::faulty::Mode;

/// Routes without a caller that do nothing: they answer what anybody may read, and it is the same for everybody.
const ONLY_TELL: [&str; 2] = ["GET /v1/openapi.json", "GET /v1/signing-keys"];

#[test]
fn every_open_route_that_does_something_says_whose_log_it_is() {
    let operations = plan_api::operations();
    let open: Vec<_> = operations.iter().filter(|operation| operation.is_open()).collect();
    for operation in &open {
        let tells_only = ONLY_TELL.contains(&operation.key().as_str());
        assert_eq!(operation.has_trail(), !tells_only, "{} takes no AuditTrail", operation.key());
    }
    assert!(ONLY_TELL.iter().all(|key| open.iter().any(|operation| operation.key() == *key)));
    // It has a caller, whom nobody knows yet: whoever has merely signed in.
    let accept = operations.iter().find(|operation| operation.id() == "acceptInvitation").unwrap();
    assert!(accept.has_trail() && !accept.is_open());
}

/// A plane, a partner's Owner, and the token of a link to an organisation of it.
async fn linked() -> (Plane, Caller, String) {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let path = format!("/v1/organisations/{org}/access-link");
    let link = plane.bare(&owner, Method::POST, &path).await.json();
    let token = link["url"].as_str().unwrap().split_once("access=").unwrap().1.to_owned();
    (plane, owner, token)
}

async fn open(plane: &Plane, token: &str) -> Answer {
    let body = Body::from(json!({ "token": token }).to_string());
    let request = Request::post("/v1/access").header("content-type", "application/json").body(body);
    plane.send(None, request.unwrap()).await
}

fn sessions(plane: &Plane) -> usize {
    let rows = plane.world.catalog.rows();
    rows.iter().filter(|(s, r)| *s == Scope::Auth && r.key.starts_with("session#")).count()
}

/// What the partner's log says of that route, oldest first: what became of each entry.
fn outcomes(plane: &Plane, of: &Caller, what: &str) -> Vec<Value> {
    let rows = plane.logged(Some(&of.member().unwrap().partner));
    let of_it = rows.into_iter().map(|r| r.body).filter(|b| b["what"] == what);
    of_it.map(|b| b["outcome"].clone()).collect()
}

fn strangers(plane: &Plane) -> Vec<Value> {
    let rows = plane.logged(None).into_iter().map(|r| r.body);
    rows.filter(|b| b["who"]["id"] != "operator").collect()
}

#[tokio::test]
async fn a_link_is_opened_only_when_that_could_be_written_down() {
    let (plane, owner, token) = linked().await;
    plane.plan.take_log();
    assert_eq!(open(&plane, &token).await.status, StatusCode::CREATED);
    let calls = plane.plan.take_log();
    let writes =
        |key: &str| calls.calls().iter().position(|c| c.method == "write" && c.subject.contains(key));
    let (asked, session) = (writes("entry#").unwrap(), writes("session#").unwrap());
    assert!(asked < session, "{}", calls.print());
    assert_eq!(outcomes(&plane, &owner, "POST /v1/access"), [json!("asked"), json!({ "answered": 201 })]);

    let (plane, owner, token) = linked().await;
    let before = sessions(&plane);
    plane.plan.take_log();
    plane.plan.fail_at(asked as u64, Mode::Before);
    let refused = open(&plane, &token).await;
    assert_eq!((refused.status, sessions(&plane)), (StatusCode::SERVICE_UNAVAILABLE, before));
    assert!(outcomes(&plane, &owner, "POST /v1/access").is_empty());
    plane.plan.heal();
    assert_eq!(open(&plane, &token).await.status, StatusCode::CREATED, "the link is not spent");
}

#[tokio::test]
async fn whatever_fails_no_session_is_made_that_the_log_does_not_know_of() {
    let (mut reached, mut opened) = (0, 0);
    for call in 0..20 {
        for mode in [Mode::Before, Mode::After] {
            let (plane, owner, token) = linked().await;
            let before = sessions(&plane);
            plane.plan.take_log();
            plane.plan.fail_at(call, mode);
            open(&plane, &token).await;
            reached += u64::from(plane.plan.call_count() > call);
            if sessions(&plane) > before {
                opened += 1;
                assert_eq!(outcomes(&plane, &owner, "POST /v1/access")[0], "asked", "{mode:?} {call}");
            }
        }
    }
    assert!(reached > 10 && opened > 10, "{reached} {opened}");
}

#[tokio::test]
async fn an_opening_that_fails_leaves_an_entry() {
    let (plane, owner, token) = linked().await;
    open(&plane, &token).await;
    assert_eq!(open(&plane, &token).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        outcomes(&plane, &owner, "POST /v1/access").len(),
        2,
        "a link that was used names nobody any more"
    );
    let [entry] = &strangers(&plane)[..] else { panic!("one entry of a stranger") };
    assert_eq!((&entry["what"], &entry["outcome"]), (&json!("POST /v1/access"), &json!({ "answered": 404 })));
    assert_eq!(entry["who"]["id"], "nobody known");
    assert!(!entry.to_string().contains(&token));
}

#[tokio::test]
async fn strangers_have_a_few_entries_written_in_a_minute_and_the_next_says_how_many_were_not() {
    let (plane, _, _) = linked().await;
    plane.plan.take_log();
    for _ in 0..50 {
        open(&plane, "forged").await;
        let forged = Request::get("/v1/consent/callback?state=forged&tenant=x").body(Body::empty());
        assert_eq!(plane.send(None, forged.unwrap()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(strangers(&plane).len(), 5);
    assert_eq!(plane.plan.take_log().calls().iter().filter(|c| c.method == "write").count(), 5);
    plane.world.clock.advance(SignedDuration::from_mins(1));
    open(&plane, "forged").await;
    let all = strangers(&plane);
    assert_eq!((all.len(), &all[5]["subjects"]["unwritten"]), (6, &json!("95")));
}

#[tokio::test]
async fn who_has_merely_signed_in_writes_nothing_but_by_accepting() {
    let (plane, _, _) = linked().await;
    let identity = Identity { issuer: "https://i".to_owned(), subject: "s".to_owned() };
    let somebody = Caller::SignedIn(identity, SignInTimes::default());
    let before = (plane.kept(), plane.logged(None).len());
    for path in ["/v1/plans", "/v1/partners", "/v1/tokens"] {
        let refused = plane.post(&somebody, path, &json!({})).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
    }
    assert_eq!((plane.kept(), plane.logged(None).len()), before);
    let refused = plane.post(&somebody, "/v1/invitations/accept", &json!({ "token": "forged" })).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let [entry] = &strangers(&plane)[..] else { panic!("one entry") };
    assert_eq!(entry["what"], "POST /v1/invitations/accept");
    assert_eq!(entry["who"]["id"], json!(somebody.name()));
}

#[tokio::test]
async fn a_consent_that_is_refused_is_in_the_partners_log_and_so_is_that_it_was_asked() {
    let (plane, owner, _) = linked().await;
    let org = plane.get(&owner, "/v1/organisations").await.json()["items"][0]["id"].clone();
    let path = format!("/v1/organisations/{}/consent-link", org.as_str().unwrap());
    let link = plane.post(&owner, &path, &json!({ "app": "reader" })).await.json();
    let link: url::Url = link["url"].as_str().unwrap().parse().unwrap();
    let state = link.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let callback = format!("/v1/consent/callback?error=access_denied&state={state}");
    let refused = plane.send(None, Request::get(callback).body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let found = outcomes(&plane, &owner, "GET /v1/consent/callback");
    assert_eq!(found, [json!("asked"), json!({ "answered": 403 })]);
    let support = as_role(&owner, Role::Support, None);
    assert!(plane.get(&support, "/v1/audit").await.text.contains(org.as_str().unwrap()));
    assert!(strangers(&plane).is_empty());
}
