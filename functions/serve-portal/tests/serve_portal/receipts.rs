//! What is said of a restore: never more than what is so, and nothing that is left out.

use super::api::{ORG, Stage};
use super::pages::{full, restore};
use http::StatusCode;
use serde_json::{Value, json};

const RESTORE: &str = "/v1/organisations/org_1/restores/rst_1";
const PAGE: &str = "/e/org_1/restores/rst_1";

async fn of(restore: &Value) -> Stage {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(&format!("GET {RESTORE}"), 200, restore);
    stage
}

fn conflict() -> Value {
    json!({ "detail": "the restore has not been run to its end", "status": 409 })
}

/// A preview that has nothing to write, and leaves that.
fn empty_preview(left: &Value, impossible: &Value) -> Value {
    json!({ "id": "rst_1", "state": "previewed", "counts": { "steps": 0 }, "items": [], "leftByMode": left,
        "impossible": impossible, "requestedAt": "2026-11-30T09:00:00Z", "requestedBy": "ada", "next": null })
}

#[tokio::test]
async fn a_restore_that_ended_before_it_ran_has_its_page_with_the_reason_and_the_way_on() {
    for state in ["failed", "cancelled"] {
        let mut ended = restore(state, &Value::Null, "Maya");
        ended["startedAt"] = Value::Null;
        ended["error"] = json!("the snapshot could not be read");
        let stage = of(&ended).await;
        stage.told(&format!("GET {RESTORE}/completion"), 409, &conflict());
        let seen = stage.get(PAGE).await;
        assert_eq!(seen.status, StatusCode::OK, "{state}: {}", seen.text);
        for said in ["the snapshot could not be read", "/restores/rst_1/again", "/restores/rst_1/receipt"] {
            assert!(seen.text.contains(said), "{state}: {said}");
        }
    }
    // What is still being ended is shown as well.
    let stage = of(&restore("cancelled", &Value::Null, "Maya")).await;
    stage.told(&format!("GET {RESTORE}/completion"), 409, &conflict());
    assert_eq!(stage.get(PAGE).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_steps_of_a_restore_are_counted_as_the_api_counts_them() {
    let outcome = json!({ "type": "failed", "cause": "notSeen", "message": "it reads as before" });
    let mut done = restore("done", &outcome, "Maya");
    done["counts"] = json!({ "steps": 3, "done": 1, "unverified": 2, "failed": 0, "skipped": 0 });
    let seen = of(&done).await.get(PAGE).await;
    assert!(
        seen.text.contains("1 verified or so already, 2 written, not verified, 0 failed"),
        "{}",
        seen.text
    );
    assert!(seen.text.contains(">written, not verified</span>"), "a step says what the head says");
    assert!(!seen.text.contains(">failed</span>"));
}

#[tokio::test]
async fn what_a_mode_leaves_is_named_and_nothing_is_run_where_nothing_is_to_be_written() {
    let left = json!([{ "kind": "groups", "key": "g1", "name": "Payroll", "what": "groups.members", "to": ["u9"], "mode": "links" }]);
    let impossible = json!([{ "key": "u2", "kind": "users", "name": "Maya", "what": "manager", "why": "synced", "cause": "synced" }]);
    let is_so = "all of it is as it was";
    for (left, impossible, named) in
        [(left, json!([]), "groups: members"), (json!([]), impossible, "manager")]
    {
        let seen = of(&empty_preview(&left, &impossible)).await.get(PAGE).await;
        assert!(seen.text.contains(named) && !seen.text.contains(is_so), "{}", seen.text);
        assert!(!seen.text.contains("/restores/rst_1/run"), "nothing is there to run");
    }
    let seen = of(&empty_preview(&json!([]), &json!([]))).await.get(PAGE).await;
    assert!(seen.text.contains(is_so) && !seen.text.contains("/restores/rst_1/run"));
}

#[tokio::test]
async fn an_object_of_a_snapshot_can_be_put_back_exactly_as_it_was() {
    let stage = full("owner", "Fabrikam", "done").await;
    assert!(stage.get("/e/org_1/objects/users/u1?snapshot=snp_1").await.text.contains("name=\"exactly\""));
    stage.told("POST /v1/organisations/org_1/restores", 202, &json!({ "id": "rst_1" }));
    let whole = "whole=%7B%22kind%22%3A%22users%22%2C%22key%22%3A%22u1%22%7D";
    stage.post(&format!("/e/{ORG}/restores"), &format!("key=k&snapshot=snp_1&{whole}&exactly=1")).await;
    let body = stage.calls().pop().unwrap().body;
    assert_eq!((&body["attributes"], &body["links"]), (&json!("overwrite"), &json!("rollback")));
}

#[tokio::test]
async fn all_that_is_left_to_people_can_be_reached() {
    let duty = json!({ "key": "u1", "name": "Maya", "toDo": "givePassword", "what": "", "owner": "helpdesk", "state": "open" });
    let stage = of(&restore("done", &Value::Null, "Maya")).await;
    let part = json!({ "items": vec![duty.clone(); 50], "next": "50" });
    stage.told(&format!("GET {RESTORE}/completion"), 200, &part);
    let seen = stage.get(PAGE).await;
    assert!(seen.text.contains("href=\"/e/org_1/restores/rst_1?left=50#left\""), "{}", seen.text);
    let mut last = duty;
    last["name"] = json!("The fifty-first");
    let part = json!({ "items": [last], "next": null });
    stage.told(&format!("GET {RESTORE}/completion?limit=50&cursor=50"), 200, &part);
    assert!(stage.get(&format!("{PAGE}?left=50")).await.text.contains("The fifty-first"));
}

#[tokio::test]
async fn the_receipt_is_a_file_of_all_its_pages_as_the_verifier_takes_it() {
    let stage = of(&restore("done", &Value::Null, "Maya")).await;
    let page =
        |page: i64, next: Value| json!({ "signed": "j.w.s", "page": page, "entries": [page], "next": next });
    stage.told(&format!("GET {RESTORE}/receipt"), 200, &page(0, json!("1")));
    stage.told(&format!("GET {RESTORE}/receipt?cursor=1"), 200, &page(1, Value::Null));
    let seen = stage.get(&format!("{PAGE}/receipt")).await;
    let pages: Vec<Value> =
        serde_json::Deserializer::from_str(&seen.text).into_iter().map(Result::unwrap).collect();
    assert_eq!(pages, [page(0, json!("1")), page(1, Value::Null)]);
    assert_eq!(seen.headers["content-disposition"], "attachment; filename=\"receipt-rst_1.json\"");
}

#[tokio::test]
async fn a_receipt_that_is_larger_than_a_page_may_be_is_refused_and_never_cut() {
    let stage = of(&restore("done", &Value::Null, "Maya")).await;
    let endless = json!({ "signed": "j.w.s", "page": 0, "entries": ["x".repeat(250_000)], "next": "1" });
    stage.told(&format!("GET {RESTORE}/receipt"), 200, &endless);
    let seen = stage.get(&format!("{PAGE}/receipt")).await;
    assert!(seen.status.is_client_error() && seen.text.contains("too large"), "{}", seen.status);
}

#[tokio::test]
async fn somebody_is_said_to_have_approved_only_what_a_second_person_approved() {
    for (by_second, said) in [(true, true), (false, false)] {
        let mut done = restore("done", &Value::Null, "Maya");
        done["approvedBy"] = json!("psn_2");
        done["approvedBySecond"] = json!(by_second);
        let seen = of(&done).await.get(PAGE).await;
        assert_eq!(seen.text.contains("Approved by"), said, "{by_second}");
    }
}

#[tokio::test]
async fn what_did_not_come_out_whole_is_not_marked_as_good() {
    let mut ended = restore("done", &json!({ "type": "failed", "cause": "refused" }), "Maya");
    ended["complete"] = json!(false);
    let stage = of(&ended).await;
    stage.lists("/v1/organisations/org_1/restores", &[ended]);
    for page in [PAGE, "/e/org_1", "/e/org_1/restores", "/e/org_1/jobs"] {
        let seen = stage.get(page).await;
        assert!(!seen.text.contains("badge good\">ended"), "{page}");
        assert!(seen.text.contains("ended, not all of it"), "{page}");
    }
    let lacking = json!([{ "source": "DeviceConfiguration", "cause": "denied", "why": "" }]);
    let snapshot = json!({ "id": "snp_1", "state": "done", "notCovered": lacking, "requestedAt": "2026-11-30T09:00:00Z" });
    let comparison = json!({ "id": "dif_1", "state": "done", "notCompared": lacking, "requestedAt": "2026-11-30T09:00:00Z" });
    stage.lists("/v1/organisations/org_1/snapshots", &[snapshot]);
    stage.lists("/v1/organisations/org_1/comparisons", &[comparison]);
    stage.lists("/v1/organisations/org_1/downloads", &[]);
    let seen = stage.get("/e/org_1/jobs").await;
    assert!(!seen.text.contains("badge good\">done") && !seen.text.contains(">complete<"), "{}", seen.text);
    assert!(seen.text.contains("complete but for Device configuration"));
    assert!(seen.text.contains("done but for Device configuration"));
}
