//! The rights table through HTTP: every route of the router, asked by every role, and by a sibling partner.
//!
//! A cell says whether the role gets past the door: what is then answered (created, a conflict) is for other tests.

use crate::common;
use crate::common::{Plane, as_role, organisation, owner, plan};
use axum::body::Body;
use domain::rights::Role;
use http::{Method, Request, StatusCode};
use partners::commands::Caller;
use runtime::openapi::Operation;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Roles: Owner, Super Admin, Admin, Support, Finance, end customer (of the organisation, without features).
/// `y` gets in, `-` is refused (403).
///
/// After the roles: whether the route names something of the partner, so that a sibling must get a 404.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, bool)] = &[
    ("POST",   "/v1/partners",                            "yy----", false),
    ("GET",    "/v1/partners",                            "yyyyy-", false),
    ("GET",    "/v1/partner",                             "yyyyy-", false),
    ("POST",   "/v1/partner/sku",                         "yy----", true),
    ("POST",   "/v1/plans",                               "yy----", true),
    ("GET",    "/v1/plans",                               "yyyyy-", false),
    ("POST",   "/v1/organisations",                       "yyy---", false),
    ("GET",    "/v1/organisations",                       "yyyyyy", false),
    ("GET",    "/v1/organisations/{org}",                 "yyyyyy", true),
    ("PATCH",  "/v1/organisations/{org}",                 "yyyy--", true),
    ("PUT",    "/v1/organisations/{org}/features",        "yyy---", true),
    ("PUT",    "/v1/organisations/{org}/approvals",       "yy----", true),
    ("PUT",    "/v1/organisations/{org}/schedule",        "yyy---", true),
    ("POST",   "/v1/organisations/{org}/suspend",         "yyy---", true),
    ("POST",   "/v1/organisations/{org}/reactivate",      "yyy---", true),
    ("POST",   "/v1/organisations/{org}/unsubscribe",     "yy----", true),
    ("POST",   "/v1/organisations/{org}/deletion",        "yy----", true),
    ("DELETE", "/v1/organisations/{org}/deletion",        "yy----", true),
    ("GET",    "/v1/organisations/{org}/deletion-certificate", "yy----", true),
    ("POST",   "/v1/organisations/{org}/transfer",        "yy----", true),
    ("DELETE", "/v1/organisations/{org}/transfer",        "yy----", true),
    ("POST",   "/v1/organisations/{org}/transfer/accept", "yy----", true),
    ("GET",    "/v1/transfers",                           "yy----", false),
    ("GET",    "/v1/plans/{pln}",                         "yyyyy-", true),
    ("PATCH",  "/v1/plans/{pln}",                         "yy----", true),
    ("PUT",    "/v1/plans/{pln}/partners/{prt}",          "yy----", true),
    ("DELETE", "/v1/plans/{pln}/partners/{prt}",          "yy----", true),
    ("POST",   "/v1/partner/own-licence",                 "yy----", false),
    ("GET",    "/v1/organisations/{org}/subscription",    "yyyyyy", true),
    ("PATCH",  "/v1/organisations/{org}/subscription",    "yyy---", true),
    ("POST",   "/v1/organisations/{org}/access-link",     "yyyy--", true),
    ("GET",    "/v1/downgrade-requests",                  "yyyyy-", false),
    // Only the top partner decides, and this one is not.
    ("POST",   "/v1/downgrade-requests/{dwn}/approve",    "------", false),
    ("POST",   "/v1/downgrade-requests/{dwn}/refuse",     "------", false),
    ("GET",    "/v1/usage",                               "yyy-y-", false),
    ("GET",    "/v1/invoices/{month}",                    "yyy-y-", false),
    ("GET",    "/v1/audit",                               "yyyy-y", false),
    ("GET",    "/v1/audit/export",                        "yy----", false),
    ("GET",    "/v1/audit/verify",                        "yy----", false),
    ("GET",    "/v1/audit/heads",                         "yy----", false),
    ("POST",   "/v1/organisations/{org}/consent-link",    "yyyy--", true),
    ("POST",   "/v1/organisations/{org}/credentials/check", "yyyy--", true),
    ("GET",    "/v1/organisations/{org}/token",           "yy----", true),
    ("POST",   "/v1/organisations/{org}/token",           "yy----", true),
    ("DELETE", "/v1/organisations/{org}/token",           "yy----", true),
    ("GET",    "/v1/people",                              "yy----", false),
    ("GET",    "/v1/people/{per}",                        "yy----", true),
    ("PATCH",  "/v1/people/{per}",                        "y-----", true),
    ("DELETE", "/v1/people/{per}",                        "y-----", true),
    ("GET",    "/v1/notifications",                       "yy----", false),
    ("GET",    "/v1/attention",                           "yyyyy-", false),
    ("POST",   "/v1/attention/{org}/{cause}/acknowledge", "yyyy--", true),
    ("DELETE", "/v1/attention/{org}/{cause}/acknowledge", "yyyy--", true),
    ("GET",    "/v1/notices",                             "yyyyy-", false),
    ("GET",    "/v1/people/{per}/notifications",          "yy----", true),
    ("PUT",    "/v1/people/{per}/notifications",          "y-----", true),
    ("DELETE", "/v1/people/{per}/mail-state",             "y-----", true),
    // A person's own; here tokens ask, which are no person.
    ("GET",    "/v1/me/notifications",                    "yyyyyy", true),
    ("PUT",    "/v1/me/notifications",                    "yyyyyy", true),
    ("POST",   "/v1/invitations",                         "yy----", false),
    ("GET",    "/v1/invitations",                         "yy----", false),
    ("DELETE", "/v1/invitations/{inv}",                   "yy----", true),
    ("POST",   "/v1/invitations/accept",                  "yyyyyy", false),
    ("DELETE", "/v1/people/{per}/sessions/{ses}",         "y-----", true),
    ("GET",    "/v1/people/{per}/sessions",               "yy----", true),
    ("GET",    "/v1/organisations/{org}/sessions",        "yyyy--", true),
    ("DELETE", "/v1/organisations/{org}/sessions/{ses}",  "yyyy--", true),
    ("GET",    "/v1/me",                                  "yyyyyy", false),
    ("GET",    "/v1/rights",                              "yyyyyy", false),
    ("GET",    "/v1/sessions",                            "yyyyyy", false),
    // A person who shows a sign-in begins one; here tokens ask.
    ("POST",   "/v1/sessions",                            "------", false),
    ("DELETE", "/v1/sessions/{ses}",                      "yyyyyy", true),
    ("POST",   "/v1/tokens",                              "yy----", false),
    ("GET",    "/v1/tokens",                              "yy----", false),
    ("GET",    "/v1/tokens/{tok}",                        "yy----", true),
    ("DELETE", "/v1/tokens/{tok}",                        "y-----", true),
    ("POST",   "/v1/tokens/{tok}/rotate",                 "y-----", true),
];

/// Without a caller: a browser comes from Microsoft, a link's token is the proof, anybody may read what there is.
const OPEN: &[&str] =
    &["GET /v1/consent/callback", "POST /v1/access", "GET /v1/signing-keys", "GET /v1/openapi.json"];

fn routes_of_the_router() -> BTreeSet<String> {
    plan_api::operations().iter().map(Operation::key).collect()
}

/// A partner with one of everything that a route can name.
struct Stage {
    plane: Plane,
    partner: String,
    owner: Caller,
    sibling: Caller,
    ids: Vec<(&'static str, String)>,
    end_customer: Caller,
}

async fn stage() -> Stage {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (partner, owner) = plane.partner(&top, "Left").await;
    let (_, sibling) = plane.partner(&top, "Right").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let person = text(&plane.get(&owner, "/v1/people").await.json()["items"][0]);
    // Their Owner's token: a Super Admin may see it and not touch it.
    let token = text(&plane.get(&owner, "/v1/tokens").await.json()["items"][0]);
    let invited = plane.post(&owner, "/v1/invitations", &invitation()).await.json();
    plane.bare(&owner, Method::POST, &format!("/v1/organisations/{org}/token")).await;
    let end_customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    let plan = text(&plane.get(&owner, "/v1/plans").await.json()["items"][0]);
    let (below, _) = plane.partner(&owner, "Below").await;
    let link = plane.bare(&owner, Method::POST, &format!("/v1/organisations/{org}/access-link")).await.json();
    let (_, secret) = link["url"].as_str().unwrap().split_once("#access=").unwrap();
    let session = plane.open(secret).await;
    let ids = vec![
        ("{org}", org.to_string()),
        ("{per}", person),
        ("{tok}", token),
        ("{inv}", text(&invited)),
        ("{pln}", plan),
        ("{prt}", below.to_string()),
        ("{ses}", text(&session.json())),
        ("{cause}", "not-connected".to_owned()),
        ("{dwn}", "dwn_01jaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
    ];
    Stage { plane, partner: partner.to_string(), owner, sibling, ids, end_customer }
}

fn invitation() -> Value {
    json!({ "name": "Bo", "email": "bo@msp.example", "role": "admin" })
}

/// A body that is right, so that only the door can refuse.
fn body_of(method: &str, path: &str, partner: Option<&str>) -> Value {
    let mut body = match (method, path) {
        ("POST", "/v1/partners") => json!({ "name": "Below", "owner": owner() }),
        ("POST", "/v1/partner/sku") => json!({ "sku": "Entra" }),
        ("POST", "/v1/plans") => plan("Backup"),
        ("POST", "/v1/organisations") => organisation("New", &json!("pln_01jaaaaaaaaaaaaaaaaaaaaaaa")),
        ("POST", "/v1/organisations/{org}/consent-link") => json!({ "app": "reader" }),
        ("POST", "/v1/invitations") => invitation(),
        ("POST", "/v1/invitations/accept") => json!({ "token": "hfi_none" }),
        ("PATCH", "/v1/people/{per}" | "/v1/organisations/{org}" | "/v1/plans/{pln}") => {
            json!({ "name": "Renamed" })
        }
        ("PUT", "/v1/organisations/{org}/features") => json!({ "features": ["search"] }),
        ("PUT", "/v1/organisations/{org}/approvals") => json!({ "restores": "always" }),
        ("PUT", "/v1/organisations/{org}/schedule") => json!({ "snapshotsPerDay": 4 }),
        ("POST", "/v1/organisations/{org}/deletion") => json!({}),
        ("POST", "/v1/organisations/{org}/transfer") => json!({ "to": "prt_01jaaaaaaaaaaaaaaaaaaaaaaa" }),
        ("POST", "/v1/organisations/{org}/transfer/accept") => {
            json!({ "plan": "pln_01jaaaaaaaaaaaaaaaaaaaaaaa" })
        }
        ("POST", "/v1/partner/own-licence") => json!({ "product": "BackupEntra", "currency": "EUR" }),
        ("PATCH", "/v1/organisations/{org}/subscription") => json!({ "seats": 20 }),
        ("POST", "/v1/downgrade-requests/{dwn}/refuse") => json!({ "reason": "No." }),
        ("PUT", "/v1/people/{per}/notifications" | "/v1/me/notifications") => {
            json!({ "hour": 8, "timeZone": "UTC", "subscriptions": [] })
        }
        ("POST", "/v1/attention/{org}/{cause}/acknowledge") => {
            json!({ "facts": "0".repeat(32), "until": "2026-02-01T00:00:00Z" })
        }
        ("POST", "/v1/tokens") => json!({ "name": "CI", "role": "admin" }),
        _ => Value::Null,
    };
    if let (Some(partner), "/v1/partner/sku" | "/v1/plans") = (partner, path) {
        body["partner"] = json!(partner);
    }
    body
}

impl Stage {
    async fn ask(&self, caller: &Caller, method: &str, path: &str) -> common::Answer {
        let foreign = (*caller == self.sibling).then_some(self.partner.as_str());
        let body = body_of(method, path, foreign);
        let mut at = path.to_owned();
        for (name, id) in &self.ids {
            at = at.replace(name, id);
        }
        at = at.replace("{month}", "2025-12");
        if path == "/v1/usage" {
            at += "?month=2025-12";
        }
        let mut request = Request::builder().method(method).uri(at).header("if-match", "\"1\"");
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.plane.send(Some(caller), request.body(body).unwrap()).await
    }
}

#[test]
fn every_route_of_the_router_stands_in_the_table_and_nothing_else() {
    let mut listed: BTreeSet<String> = TABLE.iter().map(|(m, p, ..)| format!("{m} {p}")).collect();
    listed.extend(OPEN.iter().map(|key| (*key).to_owned()));
    assert_eq!(listed, routes_of_the_router());
}

#[tokio::test]
async fn every_role_gets_into_the_routes_of_its_rights_and_a_refusal_changes_nothing() {
    for (method, path, cells, _) in TABLE {
        for (role, cell) in Role::ALL.into_iter().zip(cells.chars()) {
            let stage = stage().await;
            let caller = match role {
                Role::EndCustomer => stage.end_customer.clone(),
                role => as_role(&stage.owner, role, None),
            };
            let before = stage.plane.kept();
            let answer = stage.ask(&caller, method, path).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, cell == '-', "{role:?} {method} {path}: {answer:?}");
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{role:?} {method} {path}");
            assert!(answer.status.as_u16() < 500, "{role:?} {method} {path}: {answer:?}");
            if refused {
                assert_eq!(stage.plane.kept(), before, "{role:?} {method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_sibling_partner_finds_nothing_of_the_other_and_changes_nothing() {
    let stage = stage().await;
    let before = stage.plane.kept();
    // Why first: what the sibling asks for by a foreign id stands in its own audit log.
    for (method, path, ..) in TABLE.iter().filter(|(method, _, _, names)| *method == "GET" && !names) {
        let answer = stage.ask(&stage.sibling, method, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{method} {path}");
        for (name, id) in &stage.ids {
            assert!(!answer.text.contains(id), "{method} {path} shows a foreign {name}");
        }
    }
    for (method, path, ..) in TABLE.iter().filter(|(.., names)| *names) {
        let answer = stage.ask(&stage.sibling, method, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {answer:?}");
    }
    assert_eq!(stage.plane.kept(), before);
}

#[tokio::test]
async fn without_a_caller_no_route_of_the_table_answers() {
    let stage = stage().await;
    for (method, path, ..) in TABLE {
        let mut at = (*path).to_owned();
        for (name, id) in &stage.ids {
            at = at.replace(name, id);
        }
        let request = Request::builder().method(*method).uri(at).body(Body::empty()).unwrap();
        let answer = stage.plane.send(None, request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}
