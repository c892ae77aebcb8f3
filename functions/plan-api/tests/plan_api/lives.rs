//! Organisations edited, ended and handed over, through the router.

use crate::common;
use crate::common::{Answer, Plane, as_role, plan};
use axum::body::Body;
use domain::OrganisationId;
use domain::rights::Role;
use http::{Request, StatusCode};
use partners::commands::{Caller, Member, Proof, SignInTimes};
use serde_json::{Value, json};

/// A request with a body and a version, either of which may be left out.
async fn ask(
    plane: &Plane,
    caller: &Caller,
    method: &str,
    path: &str,
    version: Option<&str>,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(version) = version {
        request = request.header("if-match", version);
    }
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
        None => request.body(Body::empty()),
    };
    plane.send(Some(caller), request.unwrap()).await
}

fn version_of(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

struct Scene {
    plane: Plane,
    owner: Caller,
    id: OrganisationId,
}

impl Scene {
    async fn new() -> Self {
        let plane = Plane::new();
        let (_, owner) = plane.partner(&Caller::Operator, "Giver").await;
        let id = plane.organisation(&owner, "Contoso").await;
        Self { plane, owner, id }
    }
    fn path(&self, rest: &str) -> String {
        format!("/v1/organisations/{}{rest}", self.id)
    }
    async fn version(&self) -> String {
        version_of(&self.plane.get(&self.owner, &self.path("")).await)
    }
    async fn act(&self, caller: &Caller, method: &str, rest: &str, body: Option<Value>) -> Answer {
        ask(&self.plane, caller, method, &self.path(rest), Some(&self.version().await), body).await
    }
}

#[tokio::test]
async fn of_two_people_who_edit_at_once_the_second_is_told() {
    let scene = Scene::new().await;
    let read = scene.version().await;
    let edit = |name: &str| {
        let (path, body) = (scene.path(""), json!({ "name": name }));
        let (plane, owner, read) = (&scene.plane, &scene.owner, read.clone());
        async move { ask(plane, owner, "PATCH", &path, Some(&read), Some(body)).await }
    };
    let first = edit("Contoso Ltd").await;
    assert_eq!((first.status, first.json()["name"].as_str()), (StatusCode::OK, Some("Contoso Ltd")));
    let second = edit("Contoso Inc").await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED);
    second.problem();
    let now = scene.plane.get(&scene.owner, &scene.path("")).await;
    assert_eq!(now.json()["name"], "Contoso Ltd");
    assert_eq!(version_of(&now), version_of(&first));
}

#[tokio::test]
async fn an_edit_without_a_version_or_with_a_wrong_one_changes_nothing() {
    let scene = Scene::new().await;
    let before = scene.plane.kept();
    let body = || Some(json!({ "name": "X" }));
    for (version, status) in [
        (None, StatusCode::PRECONDITION_REQUIRED),
        (Some("7"), StatusCode::PRECONDITION_FAILED),
        (Some("\"x\""), StatusCode::PRECONDITION_FAILED),
        (Some("*"), StatusCode::PRECONDITION_FAILED),
        (Some("\"99\""), StatusCode::PRECONDITION_FAILED),
    ] {
        let answer = ask(&scene.plane, &scene.owner, "PATCH", &scene.path(""), version, body()).await;
        assert_eq!(answer.status, status, "{version:?}");
        answer.problem();
    }
    for (bad, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "email": "nobody" }), "email"),
        (json!({ "seats": 5 }), "seats"),
        (json!({ "name": 7 }), "name"),
    ] {
        let answer = scene.act(&scene.owner, "PATCH", "", Some(bad)).await;
        assert_eq!((answer.status, answer.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec![field.into()]));
    }
    assert_eq!(scene.plane.kept(), before);
}

#[tokio::test]
async fn an_organisation_goes_through_its_life_and_each_wrong_step_is_refused_by_name() {
    let scene = Scene::new().await;
    let steps = [
        ("POST", "/reactivate", None, StatusCode::CONFLICT, "active"),
        ("POST", "/suspend", None, StatusCode::OK, "suspended"),
        ("POST", "/suspend", None, StatusCode::CONFLICT, "suspended"),
        ("POST", "/unsubscribe", None, StatusCode::OK, "unsubscribed"),
        ("POST", "/reactivate", None, StatusCode::OK, "active"),
        ("DELETE", "/deletion", None, StatusCode::CONFLICT, "active"),
        ("POST", "/deletion", Some(json!({ "holdDays": 31 })), StatusCode::UNPROCESSABLE_ENTITY, "active"),
        ("POST", "/deletion", Some(json!({ "holdDays": 0 })), StatusCode::UNPROCESSABLE_ENTITY, "active"),
        ("POST", "/deletion", Some(json!({})), StatusCode::OK, "deleting"),
        ("POST", "/reactivate", None, StatusCode::CONFLICT, "deleting"),
        ("DELETE", "/deletion", None, StatusCode::OK, "active"),
        (
            "POST",
            "/deletion",
            Some(json!({ "holdDays": 0, "confirmation": "Contoso" })),
            StatusCode::OK,
            "deleting",
        ),
    ];
    for (number, (method, rest, body, status, state)) in steps.into_iter().enumerate() {
        let answer = scene.act(&scene.owner, method, rest, body).await;
        assert_eq!(answer.status, status, "step {number} {rest}: {answer:?}");
        let now = scene.plane.get(&scene.owner, &scene.path("")).await.json();
        assert_eq!(now["state"], state, "step {number} {rest}");
        assert_eq!(now["ending"].is_null(), matches!(state, "active" | "suspended"), "step {number} {rest}");
    }
    let certificate = scene.plane.get(&scene.owner, &scene.path("/deletion-certificate")).await;
    assert_eq!(certificate.status, StatusCode::NOT_FOUND, "it is not deleted yet");
}

#[tokio::test]
async fn roles_end_organisations_as_the_table_of_rights_says() {
    let scene = Scene::new().await;
    let before = scene.plane.kept();
    for role in [Role::Admin, Role::Support, Role::Finance] {
        let member = as_role(&scene.owner, role, None);
        for (method, rest, body) in [
            ("POST", "/unsubscribe", None),
            ("POST", "/deletion", Some(json!({}))),
            ("DELETE", "/deletion", None),
            ("POST", "/transfer", Some(json!({ "to": "prt_01j00000000000000000000009" }))),
            ("DELETE", "/transfer", None),
        ] {
            let answer = scene.act(&member, method, rest, body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role:?} {method} {rest}");
        }
    }
    let admin = as_role(&scene.owner, Role::SuperAdmin, None);
    let at_once = json!({ "holdDays": 0, "confirmation": "Contoso" });
    let answer = scene.act(&admin, "POST", "/deletion", Some(at_once)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "without a hold only an Owner");
    assert_eq!(scene.plane.kept(), before);
}

#[tokio::test]
async fn features_are_switched_and_written_once_each() {
    let scene = Scene::new().await;
    let on = json!({ "features": ["restore", "search", "search"] });
    let answer = scene.act(&scene.owner, "PUT", "/features", Some(on)).await;
    assert_eq!(answer.json()["features"], json!(["search", "restore"]));
    let off = scene.act(&scene.owner, "PUT", "/features", Some(json!({ "features": [] }))).await;
    assert_eq!(off.json()["features"], json!([]));
    let wrong = scene.act(&scene.owner, "PUT", "/features", Some(json!({ "features": ["fly"] }))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn which_restores_wait_for_an_approval_is_said_by_owners_and_super_admins() {
    let scene = Scene::new().await;
    let Caller::Member(token) = &scene.owner else { panic!("not a member") };
    let proof = Proof::SignIn {
        person: "per_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
        times: SignInTimes::default(),
    };
    let person = Caller::Member(Member { proof, ..token.clone() });
    for (rule, who) in
        [("privileged", &scene.owner), ("always", &scene.owner), ("off", &person), ("always", &person)]
    {
        let answer = scene.act(who, "PUT", "/approvals", Some(json!({ "restores": rule }))).await;
        assert_eq!(answer.json()["approvals"], json!(rule));
    }
    let before = scene.plane.kept();
    for fewer in ["privileged", "off"] {
        let answer = scene.act(&scene.owner, "PUT", "/approvals", Some(json!({ "restores": fewer }))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "a token has no fewer wait");
    }
    let wrong = scene.act(&scene.owner, "PUT", "/approvals", Some(json!({ "restores": "never" }))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let admin = as_role(&scene.owner, Role::Admin, None);
    let refused = scene.act(&admin, "PUT", "/approvals", Some(json!({ "restores": "always" }))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(scene.plane.kept(), before);
}

#[tokio::test]
async fn an_organisation_is_offered_and_accepted_and_the_giver_no_longer_sees_it() {
    let scene = Scene::new().await;
    let (plane, giver) = (&scene.plane, &scene.owner);
    let (taker_id, taker) = plane.partner(&Caller::Operator, "Taker").await;
    let (_, stranger) = plane.partner(&Caller::Operator, "Stranger").await;
    let offer = || Some(json!({ "to": taker_id }));
    let offered = scene.act(giver, "POST", "/transfer", offer()).await;
    assert_eq!(offered.status, StatusCode::CREATED, "{offered:?}");
    assert_eq!(scene.act(giver, "POST", "/transfer", offer()).await.status, StatusCode::CONFLICT);
    let seen = plane.get(&taker, "/v1/transfers").await.json();
    assert_eq!(
        (seen["items"][0]["name"].as_str(), seen["items"][0]["fromName"].as_str()),
        (Some("Contoso"), Some("Giver"))
    );
    assert_eq!(plane.get(&stranger, "/v1/transfers").await.json()["items"], json!([]));
    plane.post(&taker, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    let own = plane.post(&taker, "/v1/plans", &plan("BackupEntra")).await.json()["id"].clone();
    let accept = scene.path("/transfer/accept");
    let theirs = plane.get(giver, &scene.path("")).await.json()["plan"].clone();
    let wrong = plane.post(&taker, &accept, &json!({ "plan": theirs })).await;
    assert_eq!((wrong.status, wrong.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["plan".into()]));
    let hidden = plane.post(&taker, "/v1/plans", &plan("BackupEntra")).await.json()["id"].clone();
    let path = format!("/v1/plans/{}", hidden.as_str().unwrap());
    assert_eq!(
        plane.patch(&taker, &path, "\"1\"", &json!({ "visible": false })).await.status,
        StatusCode::OK
    );
    let refused = plane.post(&taker, &accept, &json!({ "plan": hidden })).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["plan".into()]));
    // Neither is a transfer a way round the moves of a subscription.
    let cheaper = plane.post(&taker, "/v1/plans", &plan("Backup")).await.json()["id"].clone();
    let refused = plane.post(&taker, &accept, &json!({ "plan": cheaper })).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["plan".into()]));
    let before = plane.kept();
    for other in [giver, &stranger] {
        let refused = plane.post(other, &accept, &json!({ "plan": own })).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(plane.kept(), before);
    let token = ask(plane, giver, "POST", &scene.path("/token"), None, None).await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    assert!(plane.find.find(&token).await.unwrap().is_some());
    let taken = plane.late(async || plane.post(&taker, &accept, &json!({ "plan": own })).await).await;
    assert_eq!(plane.find.find(&token).await.unwrap(), None, "the organisation's own token ends");
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!((taken.json()["partner"].as_str(), &taken.json()["plan"]), (Some(taker_id.as_str()), &own));
    assert_eq!(plane.get(giver, &scene.path("")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(plane.get(giver, "/v1/organisations").await.json()["items"], json!([]));
    assert_eq!(plane.get(&taker, "/v1/organisations").await.json()["items"].as_array().unwrap().len(), 1);
    let log = plane.get(giver, "/v1/audit").await.json();
    let last = &log["items"][0];
    assert_eq!(
        last["what"], "POST /v1/organisations/{org}/transfer/accept",
        "the giver's log shows where it went"
    );
    assert_eq!((&last["whoPartner"], &last["status"]), (&json!(taker_id), &json!(200)));
    let again = plane.post(&taker, &accept, &json!({ "plan": own })).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "an offer is accepted once");
}

#[tokio::test]
async fn what_comes_too_late_is_done_again_and_not_for_ever() {
    let scene = Scene::new().await;
    let (plane, owner) = (&scene.plane, &scene.owner);
    assert_eq!(
        ask(plane, owner, "POST", &scene.path("/token"), None, None).await.status,
        StatusCode::CREATED
    );
    for (method, rest) in [("POST", "/token"), ("DELETE", "/token"), ("POST", "/suspend")] {
        let answer = plane.late(async || scene.act(owner, method, rest, None).await).await;
        assert!(answer.status.is_success(), "{method} {rest}: {answer:?}");
    }
}

#[tokio::test]
async fn who_has_opened_the_portal_of_an_organisation_that_is_suspended_has_no_session_any_more() {
    let scene = Scene::new().await;
    let link = ask(&scene.plane, &scene.owner, "POST", &scene.path("/access-link"), None, None).await;
    let url = link.json()["url"].as_str().unwrap().to_owned();
    let opened = scene.plane.open(url.split("access=").nth(1).unwrap()).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{opened:?}");
    let sessions = || scene.plane.kept().iter().filter(|(_, row)| row.key.starts_with("session#")).count();
    assert!(sessions() > 0);
    assert_eq!(scene.act(&scene.owner, "POST", "/suspend", None).await.status, StatusCode::OK);
    assert_eq!(sessions(), 0);
}

#[tokio::test]
async fn an_offer_is_taken_back_or_refused_and_is_then_gone_for_both() {
    for taker_refuses in [false, true] {
        let scene = Scene::new().await;
        let (taker_id, taker) = scene.plane.partner(&Caller::Operator, "Taker").await;
        let before = scene.plane.kept();
        scene.act(&scene.owner, "POST", "/transfer", Some(json!({ "to": taker_id }))).await;
        let who = if taker_refuses { &taker } else { &scene.owner };
        let path = scene.path("/transfer");
        assert_eq!(ask(&scene.plane, who, "DELETE", &path, None, None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(scene.plane.kept(), before);
        assert_eq!(ask(&scene.plane, who, "DELETE", &path, None, None).await.status, StatusCode::NOT_FOUND);
    }
    let scene = Scene::new().await;
    let nobody = json!({ "to": "prt_01j00000000000000000000009" });
    let answer = scene.act(&scene.owner, "POST", "/transfer", Some(nobody)).await;
    assert_eq!((answer.status, answer.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["to".into()]));
}

#[tokio::test]
async fn organisations_are_found_by_what_is_known_of_them_and_written_as_a_table() {
    let scene = Scene::new().await;
    let (plane, owner) = (&scene.plane, &scene.owner);
    let other = plane.organisation(owner, "=cmd()").await;
    scene.act(owner, "POST", "/suspend", None).await;
    let found = |query: &str| {
        let path = format!("/v1/organisations?{query}");
        async move {
            let listed = plane.get(owner, &path).await.json();
            let items = listed["items"].as_array().unwrap_or_else(|| panic!("{path}: {listed}"));
            items.iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    let (first, second) = (scene.id.to_string(), other.to_string());
    assert_eq!(found("state=suspended").await, [first.as_str()]);
    assert_eq!(found("state=active").await, [second.as_str()]);
    assert_eq!(found("productType=BackupEntra").await, [first.as_str(), second.as_str()]);
    assert_eq!(found("productType=Archive").await, Vec::<String>::new());
    assert_eq!(found("credentials=connected").await, Vec::<String>::new());
    assert_eq!(found("search=CONTO&state=suspended").await, [first.as_str()]);
    let wrong = plane.get(owner, "/v1/organisations?state=asleep").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let table = plane.get(owner, "/v1/organisations?format=csv").await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = table.text.lines().collect();
    assert_eq!(lines[0], "id,name,email,state,plan,seats,tenant,createdAt");
    assert!(lines[1].starts_with(&format!("{first},Contoso,it@contoso.example,suspended,")), "{}", lines[1]);
    assert!(lines[2].starts_with(&format!("{second},'=cmd(),")), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
}

#[tokio::test]
async fn a_name_is_no_formula_where_a_spreadsheet_cuts_the_line_at_semicolons_either() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    for name in ["x;=1+cmd", "x; =1+1", "x;\"@sum", " =lead", "x;\u{ff1d}wide", "x;-1;+2", "a;b - c, d=e"] {
        plane.organisation(&owner, name).await;
    }
    let table = plane.get(&owner, "/v1/organisations?format=csv").await;
    let mut reader = csv::Reader::from_reader(table.text.as_bytes());
    let names: Vec<_> = reader.records().map(|row| row.unwrap()[1].to_owned()).collect();
    let expected =
        ["x;'=1+cmd", "x; '=1+1", "x;\"'@sum", "'=lead", "x;'\u{ff1d}wide", "x;'-1;'+2", "a;b - c, d=e"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn an_organisation_on_a_plan_that_a_partner_above_assigned_can_be_connected() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (below_id, below) = plane.partner(&top, "Below").await;
    for owner in [&top, &below] {
        plane.post(owner, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    }
    let sold = plane.post(&top, "/v1/plans", &plan("BackupEntra")).await.json()["id"].clone();
    let at = format!("/v1/plans/{}/partners/{below_id}", sold.as_str().unwrap());
    assert_eq!(ask(&plane, &top, "PUT", &at, None, None).await.status, StatusCode::NO_CONTENT);
    let made = plane.post(&below, "/v1/organisations", &common::organisation("Contoso", &sold)).await;
    let id: OrganisationId = made.id();
    let link = format!("/v1/organisations/{id}/consent-link");
    let answer = plane.post(&below, &link, &json!({ "app": "reader" })).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
}

#[tokio::test]
async fn a_partner_above_can_end_what_it_began_for_a_partner_below() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (_, below) = plane.partner(&top, "Below").await;
    let (other, _) = plane.partner(&Caller::Operator, "Other").await;
    let id = plane.organisation(&below, "Contoso").await;
    let path = format!("/v1/organisations/{id}/transfer");
    let before = plane.kept();
    let offered = ask(&plane, &top, "POST", &path, Some("\"1\""), Some(json!({ "to": other }))).await;
    assert_eq!(offered.status, StatusCode::CREATED, "{offered:?}");
    assert_eq!(ask(&plane, &top, "DELETE", &path, None, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(plane.kept(), before);
}
