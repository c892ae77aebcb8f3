//! How we prove who we are, and what the login may answer.

use crate::common;
use crate::common::{form, ok, refuse, source, status, tenant, world};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use domain::ErrorKind;
use engine::ports::{Clock, Cursor, DirectoryAccess, DirectoryPages};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn empty(s: &common::Seen) -> Option<common::Answer> {
    (!s.path.ends_with("/token")).then(|| ok(json!({"value": []})))
}

async fn read_roles(directory: &impl DirectoryPages) -> domain::Result<()> {
    directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.map(|_| ())
}

#[tokio::test]
async fn a_certificate_proves_who_we_are_by_an_assertion_that_its_public_key_verifies() {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    let mut world = world(empty).await;
    world.secret = json!({"clientId": "app", "clientSecret": "hunter2",
        "certificatePem": certificate.pem(), "privateKeyPem": key.serialize_pem()});
    read_roles(&world.directory()).await.unwrap();

    let login = &world.logins()[0];
    assert_eq!(login.path, format!("/{}/oauth2/v2.0/token", tenant()));
    let form = form(login);
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_id"], "app");
    assert_eq!(form["scope"], "https://graph.microsoft.com/.default");
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert!(!form.contains_key("client_secret"), "the certificate is preferred");

    let public_pem = {
        use std::fmt::Write as _;
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in
            BASE64_STANDARD.encode(rcgen::PublicKeyData::subject_public_key_info(&key)).as_bytes().chunks(64)
        {
            writeln!(pem, "{}", std::str::from_utf8(line).unwrap()).unwrap();
        }
        pem + "-----END PUBLIC KEY-----\n"
    };
    let mut rules = Validation::new(Algorithm::PS256);
    rules.set_audience(&[format!("{}{}", world.url, login.path)]);
    (rules.validate_exp, rules.validate_nbf) = (false, false); // the test's clock is not the wall's
    let public = DecodingKey::from_rsa_pem(public_pem.as_bytes()).unwrap();
    let token = jsonwebtoken::decode::<Value>(form["client_assertion"].as_str(), &public, &rules).unwrap();
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()));
    assert_eq!(token.header.x5t_s256.as_deref(), Some(thumbprint.as_str()));
    assert_eq!(token.header.typ.as_deref(), Some("JWT"));
    let now = world.clock.now().as_second();
    let claims = token.claims;
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
    assert_eq!(
        (&claims["nbf"], &claims["iat"], &claims["exp"]),
        (&json!(now), &json!(now), &json!(now + 600))
    );
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn a_token_serves_until_five_minutes_before_its_end() {
    let world = world(empty).await;
    let directory = world.directory();
    read_roles(&directory).await.unwrap();
    world.clock.advance_ms(3_298_000);
    read_roles(&directory).await.unwrap();
    assert_eq!(world.logins().len(), 1);
    world.clock.advance_ms(2_000);
    read_roles(&directory).await.unwrap();
    assert_eq!(world.logins().len(), 2);
    assert_eq!(world.seen()[2].header("authorization"), "Bearer token-1");
}

#[tokio::test]
async fn many_calls_at_once_ask_for_one_token() {
    let world = world(empty).await;
    let directory = world.directory();
    let calls = (0..8).map(|_| {
        let directory = directory.clone();
        tokio::spawn(
            async move { directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await },
        )
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!((world.seen().len(), world.logins().len()), (8, 1));
}

#[tokio::test]
async fn a_token_that_graph_refuses_in_mid_run_is_renewed_once_for_the_call() {
    let world = world(|s| {
        if s.path.ends_with("/token") {
            return None;
        }
        let fine = s.header("authorization") == "Bearer token-1";
        Some(if fine {
            ok(json!({"value": []}))
        } else {
            refuse(401, "InvalidAuthenticationToken", "expired")
        })
    })
    .await;
    let directory = world.directory();
    read_roles(&directory).await.unwrap();
    assert_eq!((world.seen().len(), world.logins().len()), (2, 2));
}

#[tokio::test]
async fn a_token_that_graph_never_accepts_is_denied() {
    let world =
        world(|s| (!s.path.ends_with("/token")).then(|| refuse(401, "InvalidAuthenticationToken", ""))).await;
    let error = read_roles(&world.directory()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!((world.seen().len(), world.logins().len()), (2, 2));
}

#[tokio::test]
async fn what_we_may_do_is_read_from_a_new_token_and_asks_for_nothing_else() {
    let world = world(|s| {
        s.path.ends_with("/token").then(|| {
            let roles = if s.before == 0 { json!(["User.Read.All", "Group.Read.All"]) } else { json!([]) };
            let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"tid": "t", "roles": roles}).to_string());
            ok(json!({"expires_in": 3599, "access_token": format!("e30.{claims}.sig")}))
        })
    })
    .await;
    let directory = world.directory();
    let access = directory.access(&tenant()).await.unwrap();
    assert_eq!(access.permissions, ["Group.Read.All", "User.Read.All"]);
    assert!(directory.access(&tenant()).await.unwrap().permissions.is_empty(), "taken away since");
    assert!(world.seen().is_empty());
}

#[tokio::test]
async fn a_withdrawn_consent_is_denied_at_once_and_our_own_bad_credential_is_not_the_customers_fault() {
    for (name, code, kind) in [
        ("unauthorized_client", 700_016, ErrorKind::Denied),
        ("invalid_request", 90_002, ErrorKind::Denied),
        ("invalid_client", 7_000_222, ErrorKind::Unavailable),
    ] {
        let world = world(move |s| {
            let body = json!({"error": name, "error_description": "hunter2", "error_codes": [code]});
            s.path.ends_with("/token").then(|| status(if code == 90_002 { 400 } else { 401 }, body))
        })
        .await;
        let error = world.directory().access(&tenant()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(world.logins().len(), 1, "asked once");
    }
}

#[tokio::test]
async fn a_secret_that_the_login_refuses_is_read_again_at_once() {
    let world = world(|s| {
        let is_old = form(s).get("client_secret").is_some_and(|secret| secret == "hunter2");
        let body = json!({"error": "invalid_client", "error_codes": [7_000_222]});
        (s.path.ends_with("/token") && is_old).then(|| status(401, body))
    })
    .await;
    let directory = world.directory();
    let refused = directory.access(&tenant()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    let new = json!({"clientId": "app", "clientSecret": "hunter3"});
    *world.exchanged.lock().unwrap() = Some(new.to_string());
    directory.access(&tenant()).await.unwrap();
}

#[tokio::test]
async fn a_login_that_throttles_or_fails_for_a_moment_is_asked_again() {
    let world = world(|s| match (s.path.ends_with("/token"), s.before) {
        (true, 0) => Some(status(429, json!({})).with("retry-after", "7")),
        (true, 1) => Some(status(503, json!({"error": "temporarily_unavailable"}))),
        _ => None,
    })
    .await;
    world.directory().access(&tenant()).await.unwrap();
    let waits = world.waits_ms();
    assert_eq!(waits[0], 7_000);
    assert!((1_000..=2_000).contains(&waits[1]), "a wait that nobody names is ours: {waits:?}");
    assert_eq!(world.logins().len(), 3);
}

#[tokio::test]
async fn a_login_that_asks_to_wait_until_the_deadline_is_waited_for_and_beyond_it_is_not() {
    for (seconds, waits) in [(7, vec![7_000]), (6, vec![])] {
        let world = world(|s| {
            let is_first = s.path.ends_with("/token") && s.before == 0;
            is_first.then(|| status(429, json!({})).with("retry-after", "7")).or_else(|| empty(s))
        })
        .await;
        let deadline = world.clock.now() + std::time::Duration::from_secs(seconds);
        let read = read_roles(&world.directory().with_deadline(deadline)).await.map_err(|e| e.kind());
        let wanted =
            if waits.is_empty() { Err(ErrorKind::Throttled { retry_after_ms: Some(7_000) }) } else { Ok(()) };
        assert_eq!((read, world.waits_ms()), (wanted, waits), "{seconds} s");
    }
}

#[tokio::test]
async fn a_token_serves_for_a_week_at_the_most_whatever_the_login_says() {
    let world = world(|s| {
        let lives = json!({"expires_in": 100 * 86_400, "access_token": "t"});
        if s.path.ends_with("/token") { Some(ok(lives)) } else { empty(s) }
    })
    .await;
    let directory = world.directory();
    for (later_hours, logins) in [(0, 1), (7 * 24 - 1, 1), (1, 2)] {
        world.clock.advance_ms(later_hours * 3_600_000);
        read_roles(&directory).await.unwrap();
        assert_eq!(world.logins().len(), logins, "{later_hours}");
    }
}

#[tokio::test]
async fn a_login_that_goes_on_failing_is_asked_five_times() {
    let world =
        world(|s| s.path.ends_with("/token").then(|| status(503, json!({"error": "unavailable"})))).await;
    let error = world.directory().access(&tenant()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!((world.logins().len(), world.waits_ms().len()), (5, 4));
}

#[tokio::test]
async fn a_token_of_a_short_life_serves_for_half_of_it() {
    let world = world(|s| {
        if s.path.ends_with("/token") {
            let token = format!("token-{}", s.before);
            return Some(ok(json!({"expires_in": 100, "access_token": token})));
        }
        empty(s)
    })
    .await;
    let directory = world.directory();
    for (later_ms, logins) in [(0, 1), (49_000, 1), (2_000, 2)] {
        world.clock.advance_ms(later_ms);
        read_roles(&directory).await.unwrap();
        assert_eq!(world.logins().len(), logins);
    }
}
