//! What partners below may sell, the own licence, and an organisation that is offered to another partner.

use super::api::{ORG, Stage};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

async fn with_partners(label: &Value) -> Stage {
    let stage = Stage::of("owner", "Fabrikam").await;
    let plan = json!({ "id": "pln_1", "name": "Nights", "product": "BackupEntra", "label": label, "periodicity": "monthly",
        "price": { "amountMinor": 290, "currency": "EUR" }, "visible": true, "notForResale": false });
    stage.told("GET /v1/plans/pln_1", 200, &plan);
    let below = |id: &str, active: bool| json!({ "id": id, "name": format!("Partner {id}"), "entraSkuActive": active });
    stage.lists("/v1/partners", &[below("prt_2", true), below("prt_3", false)]);
    stage
}

#[tokio::test]
async fn a_plan_is_given_to_partners_below_once_they_may_sell_it() {
    let stage = with_partners(&json!("Entra")).await;
    let seen = stage.get("/plans/pln_1").await;
    let row = |id: &str| {
        seen.text.split(&format!("Partner {id}")).nth(1).unwrap().split("</tr>").next().unwrap().to_owned()
    };
    assert!(
        row("prt_2").contains("/plans/pln_1/sell") && !row("prt_2").contains("activate-below"),
        "{}",
        seen.text
    );
    assert!(
        row("prt_3").contains("/plans/pln_1/activate-below") && !row("prt_3").contains("/sell"),
        "{}",
        seen.text
    );
    let forms = [
        ("sell", "PUT /v1/plans/pln_1/partners/prt_2", Value::Null),
        ("stop-selling", "DELETE /v1/plans/pln_1/partners/prt_2", Value::Null),
        ("activate-below", "POST /v1/partner/sku", json!({ "sku": "Entra", "partner": "prt_2" })),
    ];
    for (act, line, body) in forms {
        stage.told(line, 200, &json!({}));
        stage.calls();
        let done = stage.post(&format!("/plans/pln_1/{act}"), "key=k1&partner=prt_2").await;
        assert_eq!(
            (done.status, &done.headers[LOCATION]),
            (StatusCode::SEE_OTHER, &"/plans/pln_1".parse().unwrap())
        );
        let call = stage.calls().pop().unwrap();
        assert_eq!((call.line.as_str(), &call.body), (line, &body));
    }
    assert_eq!(stage.post("/plans/pln_1/other", "key=k1&partner=prt_2").await.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.post("/plans/pln_1/sell", "key=k1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stage.calls().is_empty());
}

#[tokio::test]
async fn a_plan_without_the_label_needs_no_entra() {
    let stage = with_partners(&Value::Null).await;
    assert!(!stage.get("/plans/pln_1").await.text.contains("activate-below"));
}

#[tokio::test]
async fn the_own_licence_is_made_where_entra_is_active_and_otherwise_its_page_says_why_not() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told(
        "GET /v1/partner",
        200,
        &json!({ "id": "prt_1", "name": "Northwind IT", "entraSkuActive": false }),
    );
    let seen = stage.get("/partner").await;
    assert!(!seen.text.contains("/partner/own-licence") && seen.text.contains("/plans/sku"), "{}", seen.text);
    stage.told(
        "GET /v1/partner",
        200,
        &json!({ "id": "prt_1", "name": "Northwind IT", "entraSkuActive": true }),
    );
    assert!(stage.get("/partner").await.text.contains("action=\"/partner/own-licence\""));
    stage.told("POST /v1/partner/own-licence", 201, &json!({ "id": "pln_9" }));
    stage.calls();
    let done = stage.post("/partner/own-licence", "key=k1&product=BackupEntra").await;
    assert_eq!(done.headers[LOCATION], "/plans/pln_9");
    assert_eq!(stage.calls().pop().unwrap().body, json!({ "product": "BackupEntra", "currency": "EUR" }));
}

#[tokio::test]
async fn an_organisation_is_offered_as_it_was_read_and_the_offer_taken_back() {
    let stage = Stage::of("owner", "Fabrikam").await;
    let at = format!("/v1/organisations/{ORG}/transfer");
    stage.told(&format!("POST {at}"), 201, &json!({ "to": "prt_2", "expiresAt": "2026-12-14T12:00:00Z" }));
    stage.told(&format!("DELETE {at}"), 204, &Value::Null);
    let path = format!("/organisations/{ORG}");
    let paid = json!({ "plan": "pln_1", "planName": "Nights", "seats": 10 });
    stage.told(&format!("GET /v1/organisations/{ORG}/subscription"), 200, &paid);
    stage.lists("/v1/plans", &[]);
    assert!(stage.get(&path).await.text.contains(&format!("action=\"{path}/offer\"")));
    let seen = stage.post(&format!("{path}/offer"), "key=k1&version=%223%22&to=prt_2").await;
    assert!(
        seen.text.contains("2026-12-14") && seen.text.contains(&format!("action=\"{path}/take-back\"")),
        "{}",
        seen.text
    );
    let call = stage.calls().pop().unwrap();
    assert_eq!(
        (&call.headers["if-match"], &call.body),
        (&"\"3\"".parse().unwrap(), &json!({ "to": "prt_2" }))
    );
    assert_eq!(stage.post(&format!("{path}/take-back"), "key=k2").await.headers[LOCATION], path.as_str());
    assert_eq!(stage.calls().pop().unwrap().line, format!("DELETE {at}"));
}
