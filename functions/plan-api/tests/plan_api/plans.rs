//! One plan: read, changed, assigned, not for resale.

use crate::common::{Answer, Plane, as_role, organisation, plan};
use domain::rights::Role;
use http::{Method, StatusCode};
use partners::commands::Caller;
use serde_json::{Value, json};
use support::faulty::Mode;

async fn made(plane: &Plane, owner: &Caller, body: &Value) -> String {
    let answer = plane.post(owner, "/v1/plans", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.headers["location"], format!("/v1/plans/{id}").as_str());
    assert_eq!(answer.version(), 1);
    id
}

async fn patch(plane: &Plane, by: &Caller, id: &str, version: u64, body: &Value) -> Answer {
    plane.ask(by, Method::PATCH, &format!("/v1/plans/{id}"), Some(version), Some(body)).await
}

#[tokio::test]
async fn name_price_and_visibility_change_and_nothing_else_can() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let id = made(&plane, &owner, &plan("Backup")).await;
    let edit =
        json!({ "name": " Cheaper ", "price": { "amountMinor": 200, "currency": "EUR" }, "visible": false });
    let answer = patch(&plane, &owner, &id, 1, &edit).await;
    assert_eq!((answer.status, answer.version()), (StatusCode::OK, 2), "{answer:?}");
    let read = plane.get(&owner, &format!("/v1/plans/{id}")).await;
    assert_eq!(read.version(), 2);
    let read = read.json();
    assert_eq!((&read["name"], &read["visible"]), (&json!("Cheaper"), &json!(false)));
    assert_eq!(read["price"], json!({ "amountMinor": 200, "currency": "EUR" }));
    let before = plane.kept();
    let price =
        |amount: u64, currency: &str| json!({ "price": { "amountMinor": amount, "currency": currency } });
    for (body, field) in [
        (price(200, "CHF"), "price.currency"),
        (price(100_000_001, "EUR"), "price.amountMinor"),
        (json!({ "product": "Archive" }), "product"),
        (json!({ "periodicity": "yearly" }), "periodicity"),
        (json!({ "name": " " }), "name"),
    ] {
        let answer = patch(&plane, &owner, &id, 2, &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer:?}");
        assert_eq!(answer.fields(), [field]);
    }
    assert_eq!(patch(&plane, &owner, &id, 2, &json!({})).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(plane.kept(), before);
}

#[tokio::test]
async fn of_two_who_change_a_plan_at_once_one_is_told() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let id = made(&plane, &owner, &plan("Backup")).await;
    let (one, two) = (json!({ "name": "One" }), json!({ "name": "Two" }));
    let (one, two) = tokio::join!(patch(&plane, &owner, &id, 1, &one), patch(&plane, &owner, &id, 1, &two));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let path = format!("/v1/plans/{id}");
    let blind = plane.ask(&owner, Method::PATCH, &path, None, Some(&json!({ "name": "Three" }))).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
}

#[tokio::test]
async fn finance_changes_prices_and_nothing_else_and_support_sees_none() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let id = made(&plane, &owner, &plan("Backup")).await;
    let finance = as_role(&owner, Role::Finance, None);
    let price = json!({ "price": { "amountMinor": 300, "currency": "EUR" } });
    assert_eq!(patch(&plane, &finance, &id, 1, &price).await.status, StatusCode::OK);
    assert_eq!(patch(&plane, &finance, &id, 2, &json!({ "name": "N" })).await.status, StatusCode::FORBIDDEN);
    for role in [Role::Admin, Role::Support, Role::EndCustomer] {
        let member = as_role(&owner, role, None);
        assert_eq!(patch(&plane, &member, &id, 2, &price).await.status, StatusCode::FORBIDDEN, "{role:?}");
    }
    let support = as_role(&owner, Role::Support, None);
    assert_eq!(plane.get(&support, &format!("/v1/plans/{id}")).await.json()["price"], json!(null));
    assert_eq!(plane.get(&support, "/v1/plans").await.json()["items"][0]["price"], json!(null));
    assert_eq!(plane.get(&finance, "/v1/plans").await.json()["items"][0]["price"]["amountMinor"], 300);
}

#[tokio::test]
async fn wherever_the_catalog_fails_an_edit_is_made_or_fails_and_is_not_refused() {
    let edited = async |fails_at: Option<u64>| {
        let plane = Plane::new();
        let (_, owner) = plane.partner(&Caller::Operator, "P").await;
        let id = made(&plane, &owner, &plan("Backup")).await;
        plane.plan.take_log();
        if let Some(call) = fails_at {
            plane.plan.fail_at(call, Mode::Before);
        }
        let answer = patch(&plane, &owner, &id, 1, &json!({ "name": "N" })).await;
        (answer.status.as_u16(), plane.plan.call_count())
    };
    let (status, calls) = edited(None).await;
    assert!(status == 200 && calls > 5, "{calls} calls");
    for call in 0..calls {
        let (status, _) = edited(Some(call)).await;
        assert!(status == 200 || status == 503, "call {call} failed: {status}");
    }
}

#[tokio::test]
async fn a_plan_is_sold_by_whom_it_is_assigned_to_and_by_nobody_else() {
    let plane = Plane::new();
    let (top_id, top) = plane.partner(&Caller::Operator, "Top").await;
    let (left_id, left) = plane.partner(&top, "Left").await;
    let (_, right) = plane.partner(&top, "Right").await;
    let (stranger_id, stranger) = plane.partner(&Caller::Operator, "Stranger").await;
    let id = made(&plane, &top, &plan("Backup")).await;
    let path = format!("/v1/plans/{id}");
    let to = |partner: &domain::PartnerId| format!("{path}/partners/{partner}");
    let new = organisation("Contoso", &json!(id));
    assert_eq!(plane.get(&left, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(plane.post(&left, "/v1/organisations", &new).await.fields(), ["plan"]);
    for _ in 0..2 {
        let assign = async || plane.ask(&top, Method::PUT, &to(&left_id), None, None).await;
        let answer = plane.cut_off(assign).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }
    let (of_left, of_right) = (plane.get(&left, "/v1/plans").await, plane.get(&right, "/v1/plans").await);
    assert_eq!(of_left.json()["items"][0]["id"], json!(id));
    assert_eq!(of_right.json()["items"], json!([]));
    assert_eq!(plane.post(&left, "/v1/organisations", &new).await.status, StatusCode::CREATED);
    assert_eq!(plane.post(&right, "/v1/organisations", &new).await.fields(), ["plan"]);
    for seen_by in [&top, &left] {
        assert_eq!(plane.get(seen_by, &path).await.json()["subscriptions"], 1);
    }
    let edit = json!({ "name": "Mine" });
    assert_eq!(patch(&plane, &left, &id, 1, &edit).await.status, StatusCode::FORBIDDEN);
    for (by, whom, status) in
        [(&stranger, &left_id, 404), (&top, &stranger_id, 404), (&top, &top_id, 422), (&left, &left_id, 403)]
    {
        let answer = plane.ask(by, Method::PUT, &to(whom), None, None).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    }
    let answer = plane.ask(&top, Method::DELETE, &to(&left_id), None, None).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "an organisation is on it");
}

#[tokio::test]
async fn an_assignment_that_nobody_uses_is_taken_back() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (left_id, left) = plane.partner(&top, "Left").await;
    let id = made(&plane, &top, &plan("Archive")).await;
    let to = format!("/v1/plans/{id}/partners/{left_id}");
    plane.ask(&top, Method::PUT, &to, None, None).await;
    assert_eq!(plane.ask(&top, Method::DELETE, &to, None, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(plane.get(&left, "/v1/plans").await.json()["items"], json!([]));
    assert_eq!(plane.ask(&top, Method::DELETE, &to, None, None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_entra_plan_is_assigned_only_to_a_partner_whose_sku_is_active() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (left_id, left) = plane.partner(&top, "Left").await;
    plane.post(&top, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    let id = made(&plane, &top, &plan("BackupEntra")).await;
    let to = format!("/v1/plans/{id}/partners/{left_id}");
    let refused = plane.ask(&top, Method::PUT, &to, None, None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.problem()["detail"].as_str().unwrap().contains("Owner or Super Admin"));
    plane.post(&left, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    assert_eq!(plane.ask(&top, Method::PUT, &to, None, None).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn own_and_assigned_plans_come_in_pages_each_once() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (left_id, left) = plane.partner(&top, "Left").await;
    let mut expected = Vec::new();
    for i in 0..5 {
        expected.push(made(&plane, &left, &plan("Backup")).await);
        let mut assigned = plan("Archive");
        assigned["visible"] = json!(i != 0);
        let id = made(&plane, &top, &assigned).await;
        plane.ask(&top, Method::PUT, &format!("/v1/plans/{id}/partners/{left_id}"), None, None).await;
        if i != 0 {
            expected.push(id);
        }
    }
    for limit in [1, 2, 5, 7, 50] {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = plane.get(&left, &format!("/v1/plans?limit={limit}{cursor}")).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            ids.extend(items.iter().map(|p| p["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            let escaped: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            cursor = format!("&cursor={escaped}");
        }
        ids.sort();
        let mut wanted = expected.clone();
        wanted.sort();
        assert_eq!(ids, wanted, "limit {limit}");
    }
}

#[tokio::test]
async fn a_hidden_plan_is_not_offered_and_keeps_those_who_have_it() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let id = made(&plane, &owner, &plan("Backup")).await;
    let new = organisation("Contoso", &json!(id));
    assert_eq!(plane.post(&owner, "/v1/organisations", &new).await.status, StatusCode::CREATED);
    patch(&plane, &owner, &id, 1, &json!({ "visible": false })).await;
    let refused = plane.post(&owner, "/v1/organisations", &new).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (422, vec!["plan".to_owned()]));
    assert!(refused.problem()["detail"].as_str().unwrap().contains("hidden"));
    assert_eq!(plane.get(&owner, &format!("/v1/plans/{id}")).await.json()["subscriptions"], 1);
}

#[tokio::test]
async fn a_partner_has_one_licence_of_its_own_free_and_with_few_seats() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let body = json!({ "product": "BackupEntra", "currency": "EUR" });
    let path = "/v1/partner/own-licence";
    assert_eq!(plane.post(&owner, path, &body).await.status, StatusCode::CONFLICT, "no SKU yet");
    plane.post(&owner, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    let without = json!({ "product": "Backup", "currency": "EUR" });
    assert_eq!(plane.post(&owner, path, &without).await.fields(), ["product"]);
    let licence = plane.post(&owner, path, &body).await;
    assert_eq!(licence.status, StatusCode::CREATED, "{licence:?}");
    let licence = licence.json();
    assert_eq!((&licence["notForResale"], &licence["price"]["amountMinor"]), (&json!(true), &json!(0)));
    assert_eq!(plane.post(&owner, path, &body).await.status, StatusCode::CONFLICT, "one per partner");
    let id = licence["id"].as_str().unwrap();
    let paid = json!({ "price": { "amountMinor": 1, "currency": "EUR" } });
    assert_eq!(patch(&plane, &owner, id, 1, &paid).await.fields(), ["price.amountMinor"]);
    let mut own = organisation("Our own", &licence["id"]);
    own["seats"] = json!(26);
    assert_eq!(plane.post(&owner, "/v1/organisations", &own).await.fields(), ["seats"]);
    own["seats"] = json!(25);
    let first = plane.post(&owner, "/v1/organisations", &own).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let second = plane.post(&owner, "/v1/organisations", &own).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.problem()["detail"].as_str().unwrap().contains(first.json()["id"].as_str().unwrap()));
    // A deletion can be cancelled: until it is done the licence is not free.
    let ending = format!("/v1/organisations/{}/deletion", first.json()["id"].as_str().unwrap());
    let ended = plane.ask(&owner, Method::POST, &ending, Some(1), Some(&json!({ "holdDays": 30 }))).await;
    assert_eq!(ended.status, StatusCode::OK, "{ended:?}");
    assert_eq!(plane.post(&owner, "/v1/organisations", &own).await.status, StatusCode::CONFLICT);
}
