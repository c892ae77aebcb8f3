//! The interactive sign-in, as documented: a code is good once, for a while, and for whoever asked for it.

use std::time::Duration;

use crate::common::*;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sim::*;

const BACK: &str = "https://app.example/back";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-of-forty-three";

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Signs in; the query that the browser is sent back with.
async fn signed_in(sim: &Sim, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut pairs = vec![
        ("client_id", ADMINISTRATOR_CLIENT_ID),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "s1"),
        ("nonce", "n1"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    let url = format!("/{COMPANY_TENANT_ID}/oauth2/v2.0/authorize?{}", encoded(&pairs));
    let seen = send(sim, "GET", &url, &[], Vec::new()).await;
    assert_eq!(seen.status, 302, "{seen:?}");
    let back = url::Url::parse(seen.headers["location"].to_str().unwrap()).unwrap();
    assert_eq!(back.origin().ascii_serialization(), "https://app.example");
    back.query_pairs().into_owned().collect()
}

fn code(query: &[(String, String)]) -> String {
    assert!(query.contains(&("state".to_owned(), "s1".to_owned())), "{query:?}");
    query.iter().find(|(name, _)| name == "code").unwrap().1.clone()
}

async fn redeem(sim: &Sim, code: &str, more: &[(&str, &str)]) -> Seen {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("client_id", ADMINISTRATOR_CLIENT_ID),
        ("client_secret", ADMINISTRATOR_SECRET),
        ("redirect_uri", BACK),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    let url = format!("/{COMPANY_TENANT_ID}/oauth2/v2.0/token");
    send(sim, "POST", &url, &[], encoded(&pairs).into_bytes()).await
}

fn claims(seen: &Seen) -> Value {
    assert_eq!(seen.status, 200, "{seen:?}");
    let token = seen.body["id_token"].as_str().unwrap();
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_code_is_redeemed_once_for_a_token_that_says_the_tenant_and_the_nonce() {
    let sim = company(0);
    let code = code(&signed_in(&sim, &[]).await);
    let claims = claims(&redeem(&sim, &code, &[]).await);
    assert_eq!((&claims["tid"], &claims["nonce"]), (&COMPANY_TENANT_ID.into(), &"n1".into()));
    assert_eq!(claims["aud"], ADMINISTRATOR_CLIENT_ID);
    let again = redeem(&sim, &code, &[]).await;
    assert_eq!((again.status, &again.body["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test]
async fn a_code_is_good_for_its_verifier_its_address_and_ten_minutes_only() {
    let sim = company(0);
    for wrong in
        [("code_verifier", "another"), ("code_verifier", ""), ("redirect_uri", "https://app.example/x")]
    {
        let code = code(&signed_in(&sim, &[]).await);
        let refused = redeem(&sim, &code, &[wrong]).await;
        assert_eq!((refused.status, &refused.body["error"]), (400, &"invalid_grant".into()), "{wrong:?}");
        assert_eq!(redeem(&sim, &code, &[]).await.status, 400, "a code that was tried is used up");
    }
    let code = code(&signed_in(&sim, &[]).await);
    sim.control().advance(Duration::from_secs(601));
    assert_eq!(redeem(&sim, &code, &[]).await.body["error"], "invalid_grant");
    assert_eq!(redeem(&sim, "none", &[]).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn what_is_asked_wrong_is_told_to_the_application_or_to_the_person() {
    let sim = company(0);
    for (wrong, error) in
        [(("response_type", "token"), "unsupported_response_type"), (("scope", "email"), "invalid_scope")]
    {
        let query = signed_in(&sim, &[wrong]).await;
        assert!(query.contains(&("error".to_owned(), error.to_owned())), "{query:?}");
        assert!(query.iter().all(|(name, _)| name != "code"));
    }
    // An application that is not known, or an address that is none: nobody is sent anywhere.
    for query in
        ["client_id=none&redirect_uri=https://app.example/back", &format!("client_id={READER_CLIENT_ID}")]
    {
        let url = format!("/{COMPANY_TENANT_ID}/oauth2/v2.0/authorize?{query}");
        assert_eq!(send(&sim, "GET", &url, &[], Vec::new()).await.status, 400);
    }
}
