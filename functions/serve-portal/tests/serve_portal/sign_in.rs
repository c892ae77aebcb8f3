//! Signing in and out: what becomes of sessions, of invitations, and of odd ways back.

use super::api::{ORG, Seen, Stage, me};
use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};

/// Somebody comes back from the issuer, in the browser in which they began.
async fn signed_in(stage: &Stage, cookies: &str, query: &str) -> Seen {
    stage.told("POST /token", 200, &json!({ "id_token": "j.w.t" }));
    stage.told("POST /v1/sessions", 201, &json!({ "token": "hfs_9" }));
    let get =
        |at: String, cookies: &str| Request::get(at).header(COOKIE, cookies).body(Body::empty()).unwrap();
    let began = stage.send(get(format!("/sign-in/begin{query}"), cookies)).await;
    let set = began.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let leads = began.headers[LOCATION].to_str().unwrap().to_owned();
    let state = leads.split("&state=").nth(1).unwrap().split('&').next().unwrap();
    // As a browser has it: what is set anew takes the place of what was there under the same name.
    let name = set.split('=').next().unwrap();
    let cookies = if cookies.starts_with(name) { set.clone() } else { format!("{cookies}; {set}") };
    stage.calls();
    stage.send(get(format!("/sign-in/callback?code=c&state={state}"), &cookies)).await
}

fn lines(stage: &Stage) -> Vec<String> {
    stage.calls().into_iter().map(|call| call.line).collect()
}

#[tokio::test]
async fn a_new_session_ends_the_one_that_it_takes_the_place_of() {
    let stage = Stage::with_issuer("owner", "Fabrikam").await;
    let seen = signed_in(&stage, "holdfast-local=hfs_1", "").await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.text);
    let calls = stage.calls();
    let ended = calls.iter().find(|call| call.line == "DELETE /v1/sessions/ses_1").unwrap();
    assert_eq!(ended.headers["authorization"], "Bearer hfs_1");
    signed_in(&stage, "x=y", "").await;
    assert!(!lines(&stage).contains(&"GET /v1/me".to_owned()), "there was none");
}

#[tokio::test]
async fn a_sign_in_that_was_asked_for_is_told_to_the_api_and_no_other_is() {
    for (query, asked) in [("", "POST /v1/sessions"), ("?fresh=1", "POST /v1/sessions?prompted=true")] {
        let stage = Stage::with_issuer("owner", "Fabrikam").await;
        let made = json!({ "token": "hfs_of_this_one" });
        let other = json!({ "detail": "another was asked for", "status": 500 });
        signed_in(&stage, "x=y", query).await;
        stage.told("POST /v1/sessions", 500, &other);
        stage.told("POST /v1/sessions?prompted=true", 500, &other);
        stage.told(asked, 201, &made);
        // The line without a query is that of both; what was said of one with a query goes first.
        let set = came_back(&stage, query).await;
        assert!(set.contains("hfs_of_this_one"), "{query}: {set}");
    }
}

/// The cookies that are set where somebody comes back from the issuer.
async fn came_back(stage: &Stage, query: &str) -> String {
    let get = |at: &str, cookies: &str| Request::get(at).header(COOKIE, cookies).body(Body::empty()).unwrap();
    let began = stage.send(get(&format!("/sign-in/begin{query}"), "x=y")).await;
    let leads = began.headers[LOCATION].to_str().unwrap();
    assert_eq!(leads.contains("prompt=login") && leads.contains("max_age="), !query.is_empty(), "{leads}");
    let set = began.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let state = leads.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let seen = stage.send(get(&format!("/sign-in/callback?code=c&state={state}"), &set)).await;
    seen.headers.get_all(SET_COOKIE).iter().map(|set| set.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn whoever_is_a_person_already_is_told_that_an_invitation_was_not_accepted() {
    let stage = Stage::with_issuer("owner", "Fabrikam").await;
    let problem =
        json!({ "detail": "whoever asks is a person or a token of a partner already", "status": 409 });
    stage.told("POST /v1/invitations/accept", 409, &problem);
    let entered = stage.posted("/invitation", "token=hfi_1", &[("sec-fetch-site", "same-origin")]).await;
    let set = entered.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let seen = signed_in(&stage, &set, "").await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.text.contains("The invitation was not accepted"), "{}", seen.text);
    assert!(seen.headers.get_all(SET_COOKIE).iter().any(|set| set.to_str().unwrap().contains("hfs_9")));
}

#[tokio::test]
async fn whoever_signs_out_leaves_the_browser_whatever_the_api_answers_and_is_told() {
    let busy = json!({ "detail": "too many requests", "status": 429 });
    for (line, status, is_told) in [
        ("DELETE /v1/sessions/ses_1", 429, true),
        ("DELETE /v1/sessions/ses_1", 404, false),
        ("GET /v1/me", 500, true),
        ("GET /v1/me", 429, true),
    ] {
        let stage = Stage::of("owner", "Fabrikam").await;
        stage.told(line, status, &busy);
        let seen = stage.post("/sign-out", "").await;
        assert!(
            seen.headers[SET_COOKIE].to_str().unwrap().starts_with("holdfast-local=; "),
            "{line} {status}"
        );
        assert_eq!(
            seen.text.contains("did not end your sessions"),
            is_told,
            "{line} {status}: {}",
            seen.text
        );
    }
}

#[tokio::test]
async fn all_sessions_are_ended_from_their_page_one_s_own_last() {
    let stage = Stage::of("owner", "Fabrikam").await;
    let all = [json!({ "id": "ses_1" }), json!({ "id": "ses_2" })];
    stage.lists("/v1/sessions", &all);
    let page = stage.get("/sessions").await;
    assert!(page.text.contains("action=\"/sign-out\"") && page.text.contains("name=\"everywhere\""));
    for id in ["ses_1", "ses_2"] {
        stage.told(&format!("DELETE /v1/sessions/{id}"), 204, &Value::Null);
    }
    stage.calls();
    assert_eq!(stage.post("/sign-out", "everywhere=1").await.status, StatusCode::SEE_OTHER);
    let ends: Vec<_> = lines(&stage).into_iter().filter(|line| line.starts_with("DELETE")).collect();
    assert_eq!(ends, ["DELETE /v1/sessions/ses_2", "DELETE /v1/sessions/ses_1"]);
}

#[tokio::test]
async fn an_odd_address_gets_a_page_of_the_portal() {
    let stage = Stage::with_issuer("owner", "Fabrikam").await;
    for odd in ["/people?cursor=a&cursor=b", "/e/%FF", "/organisations/%FF"] {
        let seen = stage.get(odd).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{odd}");
        assert!(seen.text.contains("<h1>Nothing is here</h1>"), "{odd}: {}", seen.text);
    }
    let seen = signed_in(&stage, "x=y", "?to=%2F%01").await;
    assert_eq!((seen.status, &seen.headers[LOCATION]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
}

#[tokio::test]
async fn a_page_that_is_shown_once_cannot_be_lost_to_another_language() {
    let stage = Stage::of("owner", "Fabrikam").await;
    let made =
        json!({ "url": "https://portal.example/access#access=x", "expiresAt": "2026-11-30T12:05:00Z" });
    stage.told(&format!("POST /v1/organisations/{ORG}/access-link"), 201, &made);
    let seen = stage.post(&format!("/organisations/{ORG}/access"), "key=k&version=1").await;
    assert!(seen.text.contains("#access=x") && !seen.text.contains("action=\"/language\""));
    assert!(stage.get(&format!("/organisations/{ORG}")).await.text.contains("action=\"/language\""));
}

#[tokio::test]
async fn a_session_of_a_link_is_nobody_s_name() {
    let stage = Stage::of("endCustomer", "Fabrikam").await;
    let mut link = me("endCustomer");
    link["shown"] = json!("portal");
    link["name"] = json!("ses_01jaaaaaaaaaaaaaaaaaaaaaaa");
    link["personName"] = Value::Null;
    stage.told("GET /v1/me", 200, &link);
    assert!(!stage.get(&format!("/e/{ORG}/jobs")).await.text.contains("ses_01j"));
}
