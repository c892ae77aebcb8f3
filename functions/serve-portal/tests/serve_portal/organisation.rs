//! The page of an organisation: forms that send what was changed and no more, and what is said before each button.

use super::api::{ORG, Stage};
use super::pages::full;
use http::StatusCode;
use serde_json::{Value, json};
use serve_portal::{ENGLISH, GERMAN};

async fn with_plan(paid: &str, sold: &[&str]) -> Stage {
    let stage = full("owner", "Fabrikam", "done").await;
    let subscription = json!({ "plan": paid, "planName": "From above", "label": null, "seats": 10 });
    stage.told(&format!("GET /v1/organisations/{ORG}/subscription"), 200, &subscription);
    let plans: Vec<Value> = sold.iter().map(|id| json!({ "id": id, "name": id })).collect();
    stage.lists("/v1/plans", &plans);
    stage.told(&format!("PATCH /v1/organisations/{ORG}/subscription"), 200, &json!({}));
    stage
}

#[tokio::test]
async fn a_plan_that_is_not_among_those_that_can_be_sold_stays_chosen() {
    let stage = with_plan("pln_9", &["pln_1"]).await;
    let seen = stage.get("/organisations/org_1").await;
    assert!(seen.text.contains("<option value=\"pln_9\" selected>From above</option>"), "{}", seen.text);
    let stage = with_plan("pln_1", &["pln_1"]).await;
    assert_eq!(stage.get("/organisations/org_1").await.text.matches("value=\"pln_1\" selected").count(), 1);
}

#[tokio::test]
async fn a_subscription_is_changed_by_what_was_changed_in_the_form_alone() {
    let stage = with_plan("pln_9", &["pln_1"]).await;
    let was = "key=k&version=3&wasPlan=pln_9&wasSeats=10";
    let at = "/organisations/org_1/subscription";
    for (chosen, sent) in [
        ("plan=pln_9&seats=12", json!({ "seats": 12 })),
        ("plan=pln_1&seats=10", json!({ "plan": "pln_1" })),
        ("plan=pln_1&seats=11", json!({ "plan": "pln_1", "seats": 11 })),
    ] {
        assert_eq!(
            stage.post(at, &format!("{was}&{chosen}")).await.status,
            StatusCode::SEE_OTHER,
            "{chosen}"
        );
        assert_eq!(stage.calls().pop().unwrap().body, sent, "{chosen}");
    }
    assert_eq!(stage.post(at, &format!("{was}&plan=pln_9&seats=10")).await.status, StatusCode::SEE_OTHER);
    assert!(stage.calls().is_empty(), "what was not changed is not sent");
}

#[tokio::test]
async fn an_organisation_is_deleted_only_by_whoever_writes_its_name() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(&format!("POST /v1/organisations/{ORG}/deletion"), 202, &json!({}));
    let at = "/organisations/org_1/delete";
    for wrong in ["", "Fabrika", "x"] {
        let seen = stage.post(at, &format!("key=k&version=1&holdDays=7&confirmation={wrong}")).await;
        assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")), "{wrong}");
    }
    let seen = stage.post(at, "key=k&version=1&holdDays=7&confirmation=Fabrikam").await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER);
    let body = json!({ "holdDays": 7, "confirmation": "Fabrikam" });
    assert_eq!(stage.calls().pop().unwrap().body, body);
    assert!(
        stage
            .get("/organisations/org_1")
            .await
            .text
            .contains("name=\"holdDays\" type=\"number\" value=\"7\"")
    );
}

/// What suspending, reactivating and unsubscribing mean is the product's table: of sign-ins and backups, which end.
#[test]
fn what_is_said_before_a_button_is_what_it_means() {
    let said = |text: &'static str, act: &str| {
        let start = format!("organisation-{act}-means = ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap()
    };
    for (text, ends, goes_on, sign_ins, backups) in [
        (ENGLISH, "Suspending ends", "go on", "sign-ins", "backups"),
        (GERMAN, "Aussetzen beendet", "gehen weiter", "Anmeldungen", "Sicherungen"),
    ] {
        let (ending, going) = said(text, "suspend").split_once(';').unwrap();
        assert!(
            ending.starts_with(ends)
                && ending.contains(sign_ins)
                && !ending.to_lowercase().contains(&backups.to_lowercase()),
            "{ending}"
        );
        assert!(going.to_lowercase().contains(&backups.to_lowercase()) && going.contains(goes_on), "{going}");
        let again = said(text, "reactivate");
        assert!(again.contains(sign_ins), "{again}");
        let over = said(text, "unsubscribe");
        assert!(over.contains(sign_ins) && over.contains(backups) && over.contains("45"), "{over}");
    }
}
