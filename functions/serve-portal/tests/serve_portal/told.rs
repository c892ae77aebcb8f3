//! What is told of changes and of what needs somebody.

use super::pages::{change, full};
use serde_json::json;

#[tokio::test]
async fn a_comparison_says_who_made_a_change_when_and_from_where_or_why_that_is_not_known() {
    let stage = full("owner", "maya@fabrikam.example", "done").await;
    let page = "/e/org_1/comparisons/dif_1";
    let seen = stage.get(page).await;
    for said in ["probably by <bdi>maya@fabrikam.example</bdi>", "2026-11-30 08:00 UTC", "may still come"] {
        assert!(seen.text.contains(said), "{said}");
    }
    let mut unknown = change("Maya");
    unknown["who"] = json!({ "answer": "notGranted" });
    stage.lists("/v1/organisations/org_1/comparisons/dif_1/changes", &[unknown]);
    assert!(stage.get(page).await.text.contains("AuditLog.Read.All is missing"));
}

#[tokio::test]
async fn today_leads_from_each_cause_to_the_page_where_it_is_mended() {
    let stage = full("owner", "Fabrikam", "done").await;
    let seen = stage.get("/").await;
    for said in [
        "<title>Today (1)",
        "href=\"/e/org_1/comparisons/dif_1\"",
        "which nobody has looked at",
        "2 customers need nobody, of 3.",
        "href=\"/?cursor=n\"",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
}

#[tokio::test]
async fn a_permission_is_told_by_the_name_by_which_it_is_found_in_entra() {
    let stage = full("owner", "Fabrikam", "done").await;
    let item = json!({ "organisation": "org_1", "partner": "prt_1", "name": "Fabrikam", "cause": "missing-permissions",
        "severity": "warning", "since": "2026-11-30T08:00:00Z", "until": null, "facts": "f", "acknowledged": null,
        "what": { "permissions": ["GroupMember.ReadWrite.All"], "sources": ["DeviceConfiguration"], "ids": {} } });
    let list = json!({ "items": [item], "next": null, "checkedAt": "2026-11-30T09:00:00Z", "complete": true, "counts": {} });
    stage.told("GET /v1/attention", 200, &list);
    let seen = stage.get("/").await;
    assert!(seen.text.contains("GroupMember.ReadWrite.All, Device configuration"), "{}", seen.text);
}

#[tokio::test]
async fn that_the_installation_s_own_secret_ends_is_told_where_today_leads_to() {
    let stage = full("owner", "Fabrikam", "done").await;
    assert!(!stage.get("/partner").await.text.contains("The secret with which tenants are read"));
    let item = json!({ "cause": "own-secret-ends", "until": "2026-12-07T00:00:00Z" });
    stage.told(
        "GET /v1/attention?cause=own-secret-ends&limit=1",
        200,
        &json!({ "items": [item], "next": null }),
    );
    let seen = stage.get("/partner").await;
    assert!(seen.text.contains("The secret with which tenants are read ends on"), "{}", seen.text);
    assert!(seen.text.contains("2026-12-07 00:00 UTC"));
}
