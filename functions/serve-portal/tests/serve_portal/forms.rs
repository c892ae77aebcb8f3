//! What forms do, once, and who may send them.

use super::api::{ORG, Stage, me};
use http::StatusCode;
use http::header::{LOCATION, SET_COOKIE};
use serde_json::json;

const RESTORE: &str = "/v1/organisations/org_1/restores/rst_1";

async fn with_a_preview(privileged: bool) -> Stage {
    let stage = Stage::of("owner", "Fabrikam").await;
    let restore = json!({ "id": "rst_1", "state": "previewed", "privileged": privileged, "counts": { "steps": 1 }, "items": [] });
    stage.told(&format!("GET {RESTORE}"), 200, &restore);
    stage.told(&format!("POST {RESTORE}/run"), 202, &json!({ "id": "rst_1" }));
    stage
}

#[tokio::test]
async fn a_form_from_another_site_does_nothing() {
    let stage = with_a_preview(false).await;
    let path = format!("/e/{ORG}/restores/rst_1/run");
    let foreign: [&[(&str, &str)]; 5] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for headers in foreign {
        let seen = stage.posted(&path, "key=k1", headers).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(seen.text.contains("This form came from elsewhere"), "{headers:?}");
        assert!(stage.calls().is_empty(), "{headers:?}");
    }
}

#[tokio::test]
async fn a_form_does_what_it_says_under_its_own_key_and_as_whoever_is_signed_in() {
    let stage = with_a_preview(false).await;
    let seen = stage.post(&format!("/e/{ORG}/restores/rst_1/run"), "key=k1").await;
    assert_eq!(
        (seen.status, &seen.headers[LOCATION]),
        (StatusCode::SEE_OTHER, &format!("/e/{ORG}/restores/rst_1").parse().unwrap())
    );
    let run = stage.calls().pop().unwrap();
    assert_eq!(run.line, format!("POST {RESTORE}/run"));
    assert_eq!(
        (&run.headers["idempotency-key"], &run.headers["authorization"]),
        (&"k1".parse().unwrap(), &"Bearer hfs_1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_form_without_a_key_does_nothing() {
    let stage = with_a_preview(false).await;
    let seen = stage.post(&format!("/e/{ORG}/restores/rst_1/run"), "").await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stage.calls().is_empty());
}

#[tokio::test]
async fn what_takes_rights_is_run_only_by_whoever_writes_the_customers_name() {
    let stage = with_a_preview(true).await;
    let path = format!("/e/{ORG}/restores/rst_1/run");
    for wrong in ["key=k1", "key=k1&confirm=Fabrika"] {
        assert_eq!(stage.post(&path, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")), "{wrong}");
    }
    assert_eq!(stage.post(&path, "key=k1&confirm=Fabrikam").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whoever_signed_in_long_ago_signs_in_again_before_a_restore_runs() {
    let stage = with_a_preview(false).await;
    let mut long_ago = me("owner");
    long_ago["signInAgeSeconds"] = json!(901);
    stage.told("GET /v1/me", 200, &long_ago);
    let seen = stage.post(&format!("/e/{ORG}/restores/rst_1/run"), "key=k1").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(seen.text.contains("/sign-in?to=%2Fe%2Forg_1%2Frestores%2Frst_1&amp;fresh=1"), "{}", seen.text);
    assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")));
}

#[tokio::test]
async fn a_refusal_of_the_api_is_told_with_its_fields_and_the_id_of_the_request() {
    let stage = with_a_preview(false).await;
    let problem = json!({ "detail": "the form is <b>wrong</b>", "errors": [{ "field": "only[0].key", "message": "is none" }] });
    stage.told("POST /v1/organisations/org_1/restores", 422, &problem);
    let object = "object=%7B%22kind%22%3A%22users%22%2C%22key%22%3A%221%22%7D";
    let seen = stage.post(&format!("/e/{ORG}/restores"), &format!("key=k&comparison=dif_1&{object}")).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(seen.text.contains("the form is &lt;b&gt;wrong&lt;/b&gt;") && seen.text.contains("only[0].key"));
    assert!(seen.text.contains("What the form asked for was not done."));
}

#[tokio::test]
async fn an_access_link_becomes_a_session_of_an_hour_that_no_script_can_read() {
    let stage = Stage::of("endCustomer", "Fabrikam").await;
    stage.told("POST /v1/access", 201, &json!({ "token": "hfs_9", "organisation": ORG }));
    let page = stage.get("/access").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(stage.calls().is_empty(), "to look at a link uses nothing up");
    let seen = stage.post("/access", "token=abc").await;
    assert_eq!(seen.headers[LOCATION], format!("/e/{ORG}"));
    assert_eq!(
        seen.headers[SET_COOKIE],
        "holdfast-local=hfs_9; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600"
    );
    let calls = stage.calls();
    let call = calls.iter().find(|call| call.line == "POST /v1/access").unwrap();
    assert_eq!((&call.body, call.headers.get("authorization")), (&json!({ "token": "abc" }), None));
    assert_eq!(
        calls.last().unwrap().line,
        "DELETE /v1/sessions/ses_1",
        "the session that it takes the place of"
    );
}

#[tokio::test]
async fn whoever_signs_out_ends_the_session_at_the_api() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told("DELETE /v1/sessions/ses_1", 204, &json!(null));
    let seen = stage.post("/sign-out", "").await;
    assert_eq!((seen.status, &seen.headers[LOCATION]), (StatusCode::SEE_OTHER, &"/sign-in".parse().unwrap()));
    assert!(seen.headers[SET_COOKIE].to_str().unwrap().starts_with("holdfast-local=; "));
    assert_eq!(stage.calls().pop().unwrap().line, "DELETE /v1/sessions/ses_1");
}

#[tokio::test]
async fn a_token_is_made_after_a_fresh_sign_in_alone_and_shown_once() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told("POST /v1/tokens", 201, &json!({ "id": "tok_1", "token": "hft_secret" }));
    let seen = stage.post("/tokens", "key=k1&name=Nightly&role=support").await;
    assert!(seen.text.contains("value=\"hft_secret\"") && seen.headers["cache-control"] == "no-store");
    let call = stage.calls().pop().unwrap();
    assert_eq!(
        (call.line.as_str(), call.body),
        ("POST /v1/tokens", json!({ "name": "Nightly", "role": "support" }))
    );
    let mut long_ago = me("owner");
    long_ago["signInAgeSeconds"] = json!(901);
    stage.told("GET /v1/me", 200, &long_ago);
    assert_eq!(stage.post("/tokens", "key=k2&name=Nightly&role=support").await.status, StatusCode::FORBIDDEN);
    assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")));
}

#[tokio::test]
async fn a_partner_below_is_made_with_its_owner() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told("POST /v1/partners", 201, &json!({ "id": "prt_2", "ownerToken": null }));
    let seen =
        stage.post("/partners", "key=k1&name=Below&owner.name=Bo&owner.email=bo%40below.example").await;
    assert_eq!(
        (seen.status, &seen.headers[LOCATION]),
        (StatusCode::SEE_OTHER, &"/partners".parse().unwrap())
    );
    let owner = json!({ "name": "Bo", "email": "bo@below.example" });
    assert_eq!(stage.calls().pop().unwrap().body, json!({ "name": "Below", "owner": owner }));
}

#[tokio::test]
async fn a_downgrade_is_refused_with_a_reason() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told("POST /v1/downgrade-requests/dwn_1/refuse", 200, &json!({ "id": "dwn_1" }));
    let at = "/downgrade-requests/dwn_1/refuse";
    assert_eq!(stage.post(at, "key=k1&reason-dwn_1=").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stage.post(at, "key=k1&reason-dwn_1=Too+late").await.status, StatusCode::SEE_OTHER);
    assert_eq!(stage.calls().pop().unwrap().body, json!({ "reason": "Too late" }));
    assert_eq!(stage.post("/audit/x/erase", "key=k1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_removes_a_person_is_told_which_tokens_ended_with_them() {
    let stage = Stage::of("owner", "Fabrikam").await;
    let token = json!({ "id": "tok_1", "name": "Nightly", "prefix": "hft_12345678" });
    for (complete, more) in [(true, false), (false, true)] {
        let ended = json!({ "revokedTokens": [token], "complete": complete });
        stage.told("DELETE /v1/people/psn_1", 200, &ended);
        let seen = stage.post("/people/psn_1/remove", "key=k1").await;
        assert!(seen.text.contains("Nightly") && seen.text.contains("hft_12345678"), "{}", seen.text);
        assert_eq!(seen.text.contains("Not all are listed"), more);
    }
    stage.told("DELETE /v1/people/psn_1", 200, &json!({ "revokedTokens": [], "complete": true }));
    assert_eq!(stage.post("/people/psn_1/remove", "key=k1").await.status, StatusCode::SEE_OTHER);
}
