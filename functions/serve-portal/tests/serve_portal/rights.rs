//! What is shown to whom: a link or a form that the API would refuse is absent.

use super::api::{ORG, me};
use super::pages::full;
use serde_json::{Value, json};

/// Somebody who may do these, each under its condition where it has one.
fn may(role: &str, actions: &[(&str, &str)]) -> Value {
    let right = |(action, condition): &(&str, &str)| {
        let condition = Some(*condition).filter(|condition| !condition.is_empty());
        json!({ "action": action, "condition": condition, "feature": null })
    };
    let mut me = me(role);
    me["may"] = actions.iter().map(right).collect();
    me
}

#[tokio::test]
async fn what_somebody_may_do_for_single_organisations_alone_is_no_page_of_the_partner() {
    let stage = full("admin", "Fabrikam", "done").await;
    let admin =
        may("admin", &[("readPartner", ""), ("manageTokens", "ownOrganisation"), ("manageOrganisation", "")]);
    stage.told("GET /v1/me", 200, &admin);
    let seen = stage.get("/organisations").await;
    assert!(!seen.text.contains("href=\"/tokens\"") && seen.text.contains("href=\"/plans\""));
    stage.told("GET /v1/me", 200, &may("owner", &[("readPartner", ""), ("manageTokens", "")]));
    assert!(stage.get("/organisations").await.text.contains("href=\"/tokens\""));
}

#[tokio::test]
async fn transfers_are_shown_to_whoever_may_end_organisations() {
    let stage = full("support", "Fabrikam", "done").await;
    stage.told("GET /v1/me", 200, &may("support", &[("readPartner", "")]));
    assert!(!stage.get("/partner").await.text.contains("href=\"/transfers\""));
    stage.told("GET /v1/me", 200, &may("owner", &[("readPartner", ""), ("endOrganisation", "")]));
    assert!(stage.get("/partner").await.text.contains("href=\"/transfers\""));
}

#[tokio::test]
async fn features_are_switched_by_whoever_may_manage_organisations() {
    let stage = full("support", "Fabrikam", "done").await;
    let page = format!("/organisations/{ORG}");
    stage.told("GET /v1/me", 200, &may("support", &[("readPartner", ""), ("editOrganisation", "")]));
    let seen = stage.get(&page).await;
    assert!(!seen.text.contains("/features\"") && seen.text.contains("/access\""), "{}", seen.text);
    stage.told("GET /v1/me", 200, &may("admin", &[("readPartner", ""), ("manageOrganisation", "")]));
    assert!(stage.get(&page).await.text.contains("/features\""));
}

#[tokio::test]
async fn downgrades_are_decided_at_the_top_alone() {
    let stage = full("owner", "Fabrikam", "done").await;
    let owner = may("owner", &[("readPartner", ""), ("approveDowngrade", "topPartner")]);
    stage.told("GET /v1/me", 200, &owner);
    for (parent, shown) in [(Value::Null, true), (json!("prt_0"), false)] {
        stage.told("GET /v1/partner", 200, &json!({ "id": "prt_1", "name": "Northwind", "parent": parent }));
        let seen = stage.get("/downgrade-requests").await;
        assert_eq!(seen.text.contains("/downgrade-requests/x_1/approve"), shown, "{parent}");
    }
}

#[tokio::test]
async fn a_connection_that_waits_or_failed_is_told_with_its_advice() {
    let stage = full("owner", "Fabrikam", "done").await;
    let at = format!("/v1/organisations/{ORG}");
    for (refused, said) in
        [(Value::Null, "has not arrived everywhere"), (json!("tooLate"), "came to nothing")]
    {
        let mut of = super::api::organisation_of("Fabrikam");
        of["tenant"] = Value::Null;
        of["connecting"] = json!({ "tenant": "t-1", "until": "2026-11-30T13:00:00Z", "refused": refused, "advice": "Consent once more." });
        stage.told(&format!("GET {at}"), 200, &of);
        let seen = stage.get(&format!("/organisations/{ORG}")).await;
        assert!(seen.text.contains(said) && seen.text.contains("Consent once more."), "{}", seen.text);
    }
}

#[tokio::test]
async fn the_log_of_microsoft_is_no_object_of_a_snapshot() {
    let stage = full("owner", "Fabrikam", "done").await;
    let snapshot = json!({ "id": "snp_1", "state": "done", "reason": "schedule", "requestedAt": "2026-11-30T09:00:00Z", "notCovered": [],
        "counts": { "users": { "records": 300 }, "groups.members": { "records": 50 }, "audit": { "records": 20_000 } } });
    stage.lists(&format!("/v1/organisations/{ORG}/snapshots"), &[snapshot]);
    let seen = stage.get(&format!("/e/{ORG}/snapshots")).await;
    assert!(seen.text.contains("<span class=\"number\">300</span>"), "{}", seen.text);
}

#[tokio::test]
async fn an_organisation_with_snapshots_is_not_said_to_have_none() {
    let stage = full("owner", "Fabrikam", "done").await;
    let failed = json!({ "id": "snp_9", "state": "failed", "requestedAt": "2026-11-30T09:00:00Z" });
    stage.lists(&format!("/v1/organisations/{ORG}/snapshots"), &vec![failed; 10]);
    let seen = stage.get(&format!("/e/{ORG}")).await;
    assert!(
        seen.text.contains("/snapshots/snp_1") && seen.text.contains("Compare with live"),
        "{}",
        seen.text
    );
    assert!(!seen.text.contains("There is no snapshot yet"));
    for list in ["snapshots", "comparisons", "restores"] {
        let denied = json!({ "detail": "Finance may not", "status": 403 });
        stage.told(&format!("GET /v1/organisations/{ORG}/{list}"), 403, &denied);
    }
    stage.told("GET /v1/me", 200, &may("finance", &[("readPartner", "")]));
    let seen = stage.get(&format!("/e/{ORG}")).await;
    assert!(
        !seen.text.contains("There is no snapshot yet") && !seen.text.contains("Nothing was compared yet")
    );
    assert!(seen.text.contains("This takes a right that you do not have."), "{}", seen.text);
}

#[tokio::test]
async fn nothing_is_said_where_more_follows_or_nothing_is_known_yet() {
    let stage = full("owner", "Fabrikam", "done").await;
    let (none, more) = (json!({ "items": [], "next": null }), json!({ "items": [], "next": "n" }));
    let restores = format!("GET /v1/organisations/{ORG}/restores");
    for (answer, page, said) in [
        (&none, "/restores", "Nothing was put back yet."),
        (&none, "/restores?waiting=1", "No restore waits for an approval."),
        (&more, "/restores?waiting=1", "Nothing in this part"),
    ] {
        stage.told(&restores, 200, answer);
        assert!(stage.get(&format!("/e/{ORG}{page}")).await.text.contains(said), "{page}: {said}");
    }
    stage.told("GET /v1/people", 200, &more);
    assert!(stage.get("/people").await.text.contains("Nothing in this part"));
    let counts = json!({ "observed": 3, "byService": 2 });
    for (state, counts, said) in [
        ("failed", json!({}), "<dd>–</dd>"),
        ("running", json!({}), "<dd>–</dd>"),
        ("done", counts, "3 observed only, 2 by Microsoft"),
    ] {
        let comparison =
            json!({ "id": "dif_1", "state": state, "before": "snp_1", "after": "live", "counts": counts });
        stage.told(&format!("GET /v1/organisations/{ORG}/comparisons/dif_1"), 200, &comparison);
        let seen = stage.get(&format!("/e/{ORG}/comparisons/dif_1")).await;
        assert!(seen.text.contains(said) && !seen.text.contains("<dd>none</dd>"), "{state}: {}", seen.text);
    }
}

#[tokio::test]
async fn older_snapshots_can_be_compared_too() {
    let stage = full("owner", "Fabrikam", "done").await;
    let failed = json!({ "id": "snp_9", "state": "failed", "requestedAt": "2026-11-30T09:00:00Z" });
    let part = json!({ "items": vec![failed; 100], "next": "n" });
    stage.told(&format!("GET /v1/organisations/{ORG}/snapshots"), 200, &part);
    let seen = stage.get(&format!("/e/{ORG}/compare")).await;
    assert!(
        seen.text.contains("value=\"snp_1\"") && seen.text.contains("/compare?cursor=n"),
        "{}",
        seen.text
    );
}

#[tokio::test]
async fn a_plan_that_is_assigned_from_above_is_edited_by_its_maker() {
    let stage = full("owner", "Fabrikam", "done").await;
    let mut owner = may("owner", &[("readPartner", ""), ("managePlans", "")]);
    owner["partner"] = json!("prt_1");
    stage.told("GET /v1/me", 200, &owner);
    for (maker, shown) in [("prt_1", true), ("prt_0", false)] {
        let plan = json!({ "id": "pln_1", "partner": maker, "name": "Entra", "product": "BackupEntra", "periodicity": "monthly",
            "price": { "amountMinor": 290, "currency": "EUR" }, "visible": true });
        stage.told("GET /v1/plans/pln_1", 200, &plan);
        let seen = stage.get("/plans/pln_1").await;
        assert_eq!(seen.text.contains("action=\"/plans/pln_1\""), shown, "{maker}: {}", seen.text);
    }
}
