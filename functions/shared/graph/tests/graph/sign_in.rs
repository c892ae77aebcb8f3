//! A sign-in: where the browser is sent, and what is believed of the login's answer.

use crate::common::{World, form, ok, refuse, status, tenant, world};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::ErrorKind;
use engine::ports::{SignInAsk, SignIns, SignedIn};
use graph::GraphSignIns;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0";

/// Redeems a code at a login that answers with these claims over the right ones.
async fn redeemed(other: Value) -> (World, domain::Result<SignedIn>) {
    let world = world(move |s| {
        if !s.path.ends_with("/oauth2/v2.0/token") {
            return None;
        }
        let tid = tenant();
        let mut claims = json!({
            "aud": "app", "tid": tid, "iss": format!("{}/{tid}/v2.0", s.base), "nonce": "n",
            "iat": 1_767_225_600, "exp": 1_767_229_200,
        });
        claims.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        let token = format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));
        Some(ok(json!({"token_type": "Bearer", "id_token": token})))
    })
    .await;
    let result = redeem(&world).await;
    (world, result)
}

async fn redeem(world: &World) -> domain::Result<SignedIn> {
    let (tenant, redirect) = (tenant(), redirect());
    GraphSignIns::new(world.client()).redeem(&ask(&tenant, &redirect), "the-code").await
}

fn redirect() -> Url {
    "https://api.example.com/v1/consent/callback".parse().unwrap()
}

fn ask<'a>(tenant: &'a domain::TenantId, redirect_url: &'a Url) -> SignInAsk<'a> {
    SignInAsk { tenant, redirect_url, state: "s", nonce: "n", verifier: VERIFIER }
}

#[tokio::test]
async fn the_browser_is_sent_to_the_tenants_own_page_with_a_challenge_and_no_secret() {
    let world = world(|_| None).await;
    let (tenant, redirect) = (tenant(), redirect());
    let url = GraphSignIns::new(world.client()).page(&ask(&tenant, &redirect)).await.unwrap();
    assert_eq!(url.path(), format!("/{tenant}/oauth2/v2.0/authorize"));
    let asked: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    for (name, value) in [
        ("client_id", "app"),
        ("response_type", "code"),
        ("redirect_uri", redirect.as_str()),
        ("scope", "openid profile"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert!(!url.as_str().contains("hunter2") && !url.as_str().contains(VERIFIER));
}

#[tokio::test]
async fn a_code_is_redeemed_with_what_was_asked_and_the_tenant_is_the_tokens() {
    let (world, result) = redeemed(json!({})).await;
    assert_eq!(result.unwrap(), SignedIn { tenant: tenant(), user: None, roles: vec![] });
    let sent = form(&world.logins()[0]);
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", "the-code"),
        ("code_verifier", VERIFIER),
        ("redirect_uri", redirect().as_str()),
        ("client_secret", "hunter2"),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_token_for_others_of_another_time_or_of_another_issuer_shows_nothing() {
    for wrong in [
        json!({"aud": "another"}),
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"exp": 1_767_225_000}),
        json!({"iat": 1_767_226_000}),
        json!({"tid": "ffffffff-0000-1111-2222-333344445555"}),
        json!({"iss": "https://login.example.com/v2.0"}),
    ] {
        let (_, result) = redeemed(wrong.clone()).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Denied, "{wrong}");
    }
}

#[tokio::test]
async fn a_code_that_is_refused_is_a_denial_and_a_login_that_is_down_is_not() {
    let used = json!({"error": "invalid_grant", "error_codes": [54005], "error_description": "AADSTS54005"});
    let refused = world(move |_| Some(status(400, used.clone()))).await;
    assert_eq!(redeem(&refused).await.unwrap_err().kind(), ErrorKind::Denied);
    let down = world(|_| Some(refuse(503, "unavailable", "later"))).await;
    assert_eq!(redeem(&down).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let nothing = world(|_| Some(ok(json!({})))).await;
    assert_eq!(redeem(&nothing).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn who_signed_in_and_their_roles_are_what_the_token_says_and_nothing_where_it_does_not() {
    let user = "0a000000-0000-4000-8000-000000000001";
    let role = "62e90394-69f5-4237-9190-012177145e10";
    let (_, result) = redeemed(json!({"oid": user, "wids": [role, 7]})).await;
    let expected = SignedIn { tenant: tenant(), user: Some(user.to_owned()), roles: vec![role.to_owned()] };
    assert_eq!(result.unwrap(), expected);
    let (_, result) = redeemed(json!({"oid": "../users", "wids": "all"})).await;
    assert_eq!(result.unwrap(), SignedIn { tenant: tenant(), user: None, roles: vec![] });
}
