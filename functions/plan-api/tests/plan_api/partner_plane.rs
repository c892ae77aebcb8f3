//! Partners, plans and organisations through the router.

use crate::common;
use crate::common::{Plane, as_role, organisation, plan};
use axum::body::Body;
use domain::rights::Role;
use http::{Request, StatusCode};
use partners::commands::Caller;
use serde_json::json;

#[tokio::test]
async fn the_operator_makes_a_partner_and_its_owner_makes_one_below() {
    let plane = Plane::new();
    let (top, owner) = plane.partner(&Caller::Operator, "Distributor").await;
    let (below, its_owner) = plane.partner(&owner, "Reseller").await;
    assert_eq!(plane.get(&its_owner, "/v1/partner").await.json()["parent"], top.as_str());
    assert_eq!(plane.get(&owner, "/v1/partner").await.json()["id"], top.as_str());
    assert_ne!(top, below);
}

#[tokio::test]
async fn a_token_is_kept_as_its_hash_only() {
    let plane = Plane::new();
    let made = plane
        .post(&Caller::Operator, "/v1/partners", &json!({ "name": "P", "owner": common::owner() }))
        .await
        .json();
    let token = made["ownerToken"].as_str().unwrap();
    let kept = format!("{:?}", plane.kept());
    assert!(!kept.contains(token) && kept.contains(&token[..12]));
}

#[tokio::test]
async fn the_bootstrap_token_makes_partners_and_can_do_nothing_else() {
    let plane = Plane::new();
    for path in ["/v1/partner", "/v1/plans", "/v1/organisations"] {
        assert_eq!(plane.get(&Caller::Operator, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    for role in [Role::Admin, Role::Support, Role::Finance] {
        let member = as_role(&owner, role, None);
        let refused =
            plane.post(&member, "/v1/partners", &json!({ "name": "Q", "owner": common::owner() })).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?}");
    }
}

#[tokio::test]
async fn a_request_without_a_caller_is_not_answered() {
    let plane = Plane::new();
    for path in ["/v1/partner", "/v1/plans", "/v1/organisations"] {
        let answer = plane.send(None, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        answer.problem();
    }
}

#[tokio::test]
async fn an_entra_plan_waits_for_the_sku_and_shows_its_label() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let refused = plane.post(&owner, "/v1/plans", &plan("BackupEntra")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.problem()["detail"].as_str().unwrap().contains("Owner or Super Admin"));
    assert_eq!(plane.post(&owner, "/v1/plans", &plan("Backup")).await.status, StatusCode::CREATED);
    let active = plane.post(&owner, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    assert_eq!(active.json()["entraSkuActive"], true);
    assert_eq!(plane.post(&owner, "/v1/plans", &plan("BackupEntra")).await.status, StatusCode::CREATED);
    let listed = plane.get(&owner, "/v1/plans").await.json();
    let labels: Vec<_> = listed["items"].as_array().unwrap().iter().map(|p| p["label"].clone()).collect();
    assert_eq!(labels, [json!("Entra"), json!(null)]);
}

#[tokio::test]
async fn wrong_input_is_refused_with_the_field_named_and_nothing_changed() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let before = plane.kept();
    let good = plan("Backup");
    let with = |field: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("periodicity");
    for (body, field) in [
        (with("colour", json!("red")), "colour"),
        (with("price", json!({ "amountMinor": 250, "currency": "EUR", "tax": 1 })), "price.tax"),
        (with("price", json!({ "amountMinor": -1, "currency": "EUR" })), "price.amountMinor"),
        (with("price", json!({ "amountMinor": 2.5, "currency": "EUR" })), "price.amountMinor"),
        (with("price", json!({ "amountMinor": 250, "currency": "euro" })), "price.currency"),
        (with("price", json!({ "amountMinor": 250 })), "price.currency"),
        (with("price", json!({ "amountMinor": 100_000_001, "currency": "EUR" })), "price.amountMinor"),
        (with("name", json!("  ")), "name"),
        (with("name", json!("x".repeat(101))), "name"),
        (with("name", json!(7)), "name"),
        (with("product", json!("Everything")), "product"),
        (with("visible", json!("yes")), "visible"),
        (with("partner", json!("org_01jaaaaaaaaaaaaaaaaaaaaaaa")), "partner"),
        (without, "periodicity"),
    ] {
        let answer = plane.post(&owner, "/v1/plans", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer:?}");
        assert_eq!(answer.fields(), [field], "{answer:?}");
    }
    assert_eq!(plane.kept(), before);
}

#[tokio::test]
async fn every_wrong_field_of_an_organisation_is_named_at_once() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let plan = plane.post(&owner, "/v1/plans", &plan("Backup")).await.json()["id"].clone();
    let mut body = organisation("", &plan);
    body["email"] = json!("nobody");
    body["seats"] = json!(0);
    let answer = plane.post(&owner, "/v1/organisations", &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(fields, ["email", "name", "seats"]);
    let foreign = json!("pln_01jaaaaaaaaaaaaaaaaaaaaaaa");
    let answer = plane.post(&owner, "/v1/organisations", &organisation("O", &foreign)).await;
    assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec!["plan".to_owned()]));
}

#[tokio::test]
async fn a_body_that_is_not_json_too_long_or_of_another_type_is_refused() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    for text in ["", "{", "{\"name\":\"P\"} trailing", "\u{0}"] {
        let answer = plane.post_text(&owner, "/v1/partners", text).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{text}");
        answer.problem();
    }
    for text in ["[]", "null", "7"] {
        let answer = plane.post_text(&owner, "/v1/partners", text).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}: {answer:?}");
        answer.problem();
    }
    let long = json!({ "name": "x".repeat(257 * 1024) });
    let answer = plane.post(&owner, "/v1/partners", &long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.problem()["type"], "https://holdfast.example/problems/too-large");
    let form = Request::post("/v1/partners").header("content-type", "text/plain").body(Body::from("{}"));
    let answer = plane.send(Some(&owner), form.unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn another_path_is_not_found_and_another_method_is_not_allowed() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let answer = plane.get(&owner, "/v1/nothing").await;
    assert_eq!((answer.status, answer.problem()["title"].is_string()), (StatusCode::NOT_FOUND, true));
    let answer = plane.get(&owner, "/v1/partner/sku").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "POST");
    answer.problem();
    for id in ["x", "org_", "prt_01jaaaaaaaaaaaaaaaaaaaaaaa", "..%2f..%2fetc"] {
        let answer = plane.get(&owner, &format!("/v1/organisations/{id}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        answer.problem();
    }
}

#[tokio::test]
async fn a_partner_sees_itself_and_what_is_below_and_never_a_sibling() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (left_id, left) = plane.partner(&top, "Left").await;
    let (_, right) = plane.partner(&top, "Right").await;
    let (_, stranger) = plane.partner(&Caller::Operator, "Stranger").await;
    let org = plane.organisation(&left, "Contoso").await;
    let path = format!("/v1/organisations/{org}");
    assert_eq!(plane.get(&left, &path).await.status, StatusCode::OK);
    assert_eq!(plane.get(&top, &path).await.status, StatusCode::OK);
    let link = format!("{path}/consent-link");
    let nothing = plane.get(&left, "/v1/organisations/org_01jaaaaaaaaaaaaaaaaaaaaaaa").await;
    for foreign in [&right, &stranger] {
        let answer = plane.get(foreign, &path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.text, nothing.text, "nothing distinguishes it from what does not exist");
        let answer = plane.post(foreign, &link, &json!({ "app": "reader" })).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(plane.get(foreign, "/v1/organisations").await.json()["items"], json!([]));
        let theirs = plane.get(foreign, &format!("/v1/organisations?partner={left_id}")).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND);
        let mut for_left = plan("Backup");
        for_left["partner"] = json!(left_id);
        assert_eq!(plane.post(foreign, "/v1/plans", &for_left).await.status, StatusCode::NOT_FOUND);
    }
    let below = plane.get(&top, &format!("/v1/organisations?partner={left_id}")).await.json();
    assert_eq!(below["items"][0]["id"], org.as_str());
}

#[tokio::test]
async fn organisations_are_paged_and_found_by_a_part_of_the_name() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let plan = plane.post(&owner, "/v1/plans", &plan("Backup")).await.json()["id"].clone();
    for i in 0..23 {
        let name = format!("Kunde Größe {i}");
        plane.post(&owner, "/v1/organisations", &organisation(&name, &plan)).await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = plane.get(&owner, &format!("/v1/organisations?limit=5{cursor}")).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 5);
        names.extend(items.iter().map(|o| o["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        let escaped: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        cursor = format!("&cursor={escaped}");
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!((count, names.len()), (23, 23));
    let found = plane.get(&owner, "/v1/organisations?search=GR%C3%96SSE%201").await.json();
    assert_eq!(found["items"], json!([]), "ß is not SS");
    let found = plane.get(&owner, "/v1/organisations?search=GR%C3%96%C3%9FE%201").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 11);
    for wrong in ["limit=0", "limit=201", "limit=x", "offset=3", "search="] {
        let answer = plane.get(&owner, &format!("/v1/organisations?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert_eq!(answer.fields(), [wrong.split('=').next().unwrap()]);
    }
}

#[tokio::test]
async fn an_admin_limited_to_an_organisation_sees_no_other() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (mine, other) = (plane.organisation(&owner, "Mine").await, plane.organisation(&owner, "Other").await);
    for role in [Role::Admin, Role::EndCustomer] {
        let limited = as_role(&owner, role, Some(vec![mine.clone()]));
        let listed = plane.get(&limited, "/v1/organisations").await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        assert_eq!(plane.get(&limited, &format!("/v1/organisations/{mine}")).await.status, 200);
        assert_eq!(plane.get(&limited, &format!("/v1/organisations/{other}")).await.status, 404);
    }
    let limited = as_role(&owner, Role::Admin, Some(vec![mine]));
    let new = organisation("New", &json!("pln_01jaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_eq!(plane.post(&limited, "/v1/organisations", &new).await.status, StatusCode::FORBIDDEN);
}
