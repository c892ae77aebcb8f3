//! A form of which nobody knows whether it was done, and one that was not.

use super::api::{ORG, Stage};
use serde_json::json;

const RUN: &str = "POST /v1/organisations/org_1/restores/rst_1/run";
const NOT_DONE: &str = "What the form asked for was not done.";
const UNKNOWN: &str = "Whether what the form asked for was done is not known.";

async fn previewed() -> Stage {
    let stage = Stage::of("owner", "Fabrikam").await;
    let restore = json!({ "id": "rst_1", "state": "previewed", "counts": { "steps": 1 }, "items": [] });
    stage.told("GET /v1/organisations/org_1/restores/rst_1", 200, &restore);
    stage
}

#[tokio::test]
async fn what_may_have_been_done_is_not_said_to_have_been_left_and_is_sent_again_under_its_own_key() {
    let stage = previewed().await;
    let at = format!("/e/{ORG}/restores/rst_1/run");
    for (status, answer) in [
        (500, json!({ "detail": "this is our fault", "status": 500 })),
        (503, json!({ "message": "Service Unavailable" })),
        (504, json!({ "message": "Endpoint request timed out" })),
    ] {
        stage.told(RUN, status, &answer);
        let seen = stage.post(&at, "key=k1&confirm=%3Cb%3E").await;
        assert!(!seen.text.contains(NOT_DONE) && seen.text.contains(UNKNOWN), "{status}: {}", seen.text);
        assert!(seen.text.contains(&format!("action=\"{at}\"")), "{status}");
        for field in ["name=\"key\" value=\"k1\"", "name=\"confirm\" value=\"&lt;b&gt;\""] {
            assert!(seen.text.contains(field), "{status}: {field}");
        }
    }
}

#[tokio::test]
async fn what_was_refused_is_said_not_to_have_been_done() {
    let stage = previewed().await;
    let at = format!("/e/{ORG}/restores/rst_1/run");
    for status in [400, 403, 404, 409, 412, 422, 429] {
        stage.told(RUN, status, &json!({ "detail": "no", "status": status }));
        let seen = stage.post(&at, "key=k1").await;
        assert!(seen.text.contains(NOT_DONE) && !seen.text.contains(UNKNOWN), "{status}");
        assert!(!seen.text.contains("value=\"k1\""), "{status}: another form has another key");
    }
}

#[tokio::test]
async fn what_was_done_is_not_said_to_have_been_left_for_want_of_the_page_after_it() {
    let stage = previewed().await;
    stage.told(
        &format!("POST /v1/organisations/{ORG}/access-link"),
        201,
        &json!({ "url": "/access#access=x" }),
    );
    stage.told(
        &format!("GET /v1/organisations/{ORG}"),
        404,
        &json!({ "detail": "there is nothing", "status": 404 }),
    );
    let seen = stage.post(&format!("/organisations/{ORG}/access"), "key=k1&version=1").await;
    assert!(seen.text.contains(NOT_DONE));
    assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")), "no link was made");
}

#[tokio::test]
async fn whoever_signs_in_again_comes_back_to_the_page_with_the_form() {
    let stage = super::pages::full("owner", "Fabrikam", "done").await;
    let mut long_ago = super::api::me("owner");
    long_ago["signInAgeSeconds"] = json!(901);
    stage.told("GET /v1/me", 200, &long_ago);
    for (form, back) in [
        ("/tokens", "/tokens"),
        ("/tokens/tok_1/rotate", "/tokens"),
        ("/tokens/tok_1/revoke", "/tokens"),
        ("/people/psn_1/remove", "/people"),
        ("/partners", "/partners"),
        ("/organisations/org_1/delete", "/organisations/org_1"),
        ("/e/org_1/restores/rst_1/run", "/e/org_1/restores/rst_1"),
        ("/e/org_1/restores/rst_1/approve", "/e/org_1/restores/rst_1"),
    ] {
        let seen =
            stage.post(form, "key=k1&version=1&name=a&role=support&confirmation=Fabrikam&holdDays=7").await;
        let link = format!("href=\"/sign-in?to={}&amp;fresh=1\"", back.replace('/', "%2F"));
        assert!(seen.text.contains(&link), "{form}: {}", seen.text);
        assert!(stage.get(back).await.status.is_success(), "{back}");
    }
}
