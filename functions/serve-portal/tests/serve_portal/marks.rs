//! What people know: that a snapshot is good, and that a change was expected.

use super::pages::{change, full, sound};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::json;

/// The place of the organisation in the API.
const AT: &str = "/v1/organisations/org_1";

#[tokio::test]
async fn a_snapshot_is_said_to_be_good_and_that_is_taken_back() {
    let stage = full("owner", "Contoso", "done").await;
    let seen = stage.get("/e/org_1/snapshots/snp_1").await;
    assert!(seen.text.contains("action=\"/e/org_1/snapshots/snp_1/good\""), "{}", seen.text);
    stage.told(&format!("POST {AT}/marks"), 201, &json!({ "id": "known-good.snp_1" }));
    let seen = stage.post("/e/org_1/snapshots/snp_1/good", "key=k1&note=after+the+audit").await;
    assert_eq!(seen.headers[LOCATION], "/e/org_1/snapshots/snp_1");
    let asked = stage.calls().pop().unwrap().body;
    assert_eq!(asked, json!({ "type": "knownGood", "snapshot": "snp_1", "note": "after the audit" }));

    let known = json!({ "id": "snp_1", "state": "done", "reason": "schedule", "requestedAt": "2026-11-30T09:00:00Z",
        "sealedAt": "2026-11-30T09:05:00Z", "notCovered": [], "counts": {}, "spent": { "requests": 9 },
        "knownGood": { "note": "<b>audit", "ticket": null } });
    stage.told(&format!("GET {AT}/snapshots/snp_1"), 200, &known);
    stage.lists(&format!("{AT}/snapshots"), &[known]);
    for page in ["/e/org_1/snapshots", "/e/org_1/snapshots/snp_1"] {
        let seen = stage.get(page).await;
        sound(&seen, page);
        assert!(seen.text.contains("known to be good") && seen.text.contains("&lt;b&gt;audit"), "{page}");
    }
    stage.told(&format!("DELETE {AT}/marks/known-good.snp_1"), 204, &json!(null));
    let seen = stage.post("/e/org_1/snapshots/snp_1/not-good", "key=k2").await;
    assert_eq!(
        (seen.status, &seen.headers[LOCATION]),
        (StatusCode::SEE_OTHER, &"/e/org_1/snapshots/snp_1".parse().unwrap())
    );
    // Whoever may not mark is not asked to.
    let seen = full("finance", "Contoso", "done").await.get("/e/org_1/snapshots/snp_1").await;
    assert!(!seen.text.contains("/good\""), "{}", seen.text);
}

#[tokio::test]
async fn a_change_that_was_expected_says_so_with_its_ticket() {
    let stage = full("owner", "Contoso", "done").await;
    let mut expected = change("Maya");
    expected["expected"] = json!({ "ticket": "4711", "note": null });
    stage.lists(&format!("{AT}/comparisons/dif_1/changes"), &[expected, change("Noor")]);
    let seen = stage.get("/e/org_1/comparisons/dif_1").await;
    sound(&seen, "a comparison");
    assert_eq!(seen.text.matches("expected:").count(), 1);
    assert!(seen.text.contains("4711"), "{}", seen.text);
}
