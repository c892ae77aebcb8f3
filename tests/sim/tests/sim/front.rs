//! Login, throttling, batches and faults, as documented.

use std::time::Duration;

use crate::common::*;
use serde_json::{Value, json};
use sim::*;

#[tokio::test]
async fn login_errors_carry_their_codes() {
    let sim = company(0);
    let code = |seen: &Seen| seen.body["error_codes"][0].as_u64().unwrap();
    let seen = log_in(&sim, COMPANY_TENANT_ID, ADMINISTRATOR_CLIENT_ID, "wrong").await;
    assert_eq!((seen.status, code(&seen)), (401, 7_000_215));
    let seen = log_in(&sim, COMPANY_TENANT_ID, READER_CLIENT_ID, READER_SECRET).await;
    assert_eq!((seen.status, code(&seen)), (400, 700_016));
    let seen = log_in(&sim, "00000000-0000-0000-0000-000000000009", READER_CLIENT_ID, READER_SECRET).await;
    assert_eq!((seen.status, code(&seen)), (400, 90_002));
    sim.control().set_secret_expired(ADMINISTRATOR_CLIENT_ID, true);
    let seen = log_in(&sim, COMPANY_TENANT_ID, ADMINISTRATOR_CLIENT_ID, ADMINISTRATOR_SECRET).await;
    assert_eq!(code(&seen), 7_000_222);
}

fn assertion(
    pem: &str,
    certificate: &rcgen::Certificate,
    algorithm: jsonwebtoken::Algorithm,
    jti: &str,
) -> String {
    use base64::Engine;
    use sha2::Digest;
    let mut header = jsonwebtoken::Header::new(algorithm);
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    header.x5t_s256 = Some(engine.encode(sha2::Sha256::digest(certificate.der())));
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({"aud": format!("http://sim.test/{COMPANY_TENANT_ID}/oauth2/v2.0/token"),
        "iss": READER_CLIENT_ID, "sub": READER_CLIENT_ID, "jti": jti, "nbf": now, "exp": now + 600});
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

#[tokio::test]
async fn a_certificate_signs_in_once_for_each_assertion() {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["reader".into()]).unwrap().self_signed(&key).unwrap();
    let mut config = SimConfig::company(1, 0);
    config.apps[0].certificate_pem = Some(certificate.pem());
    config.apps[0].consented = true;
    let sim = Sim::new(config);
    let ask = async |jwt: String| {
        let form = format!(
            "grant_type=client_credentials&client_id={READER_CLIENT_ID}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={jwt}"
        );
        send(&sim, "POST", &format!("/{COMPANY_TENANT_ID}/oauth2/v2.0/token"), &[], form.into_bytes()).await
    };
    for algorithm in [jsonwebtoken::Algorithm::PS256, jsonwebtoken::Algorithm::RS256] {
        let jwt = assertion(&key.serialize_pem(), &certificate, algorithm, &format!("{algorithm:?}"));
        let seen = ask(jwt.clone()).await;
        assert_eq!(seen.status, 200, "{seen:?}");
        assert_eq!(seen.body["expires_in"], 3599);
        assert_eq!(ask(jwt).await.body["error_codes"][0], 700_027);
    }
    let other = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let jwt = assertion(&other.serialize_pem(), &certificate, jsonwebtoken::Algorithm::PS256, "forged");
    assert_eq!(ask(jwt).await.body["error_codes"][0], 700_027);
}

#[tokio::test]
async fn consent_is_given_or_declined_and_the_callback_says_which() {
    let sim = company(0);
    let url = format!(
        "/organizations/v2.0/adminconsent?client_id={READER_CLIENT_ID}&scope=https://graph.microsoft.com/.default&redirect_uri=https://app.example/back&state=s1"
    );
    sim.control().switch(|switches| switches.refuse_consent = true);
    let seen = send(&sim, "GET", &url, &[], Vec::new()).await;
    let location = seen.headers["location"].to_str().unwrap();
    assert!(location.contains("error=access_denied") && location.contains("admin_consent=True"));
    sim.control().switch(|switches| switches.refuse_consent = false);
    let seen = send(&sim, "GET", &url, &[], Vec::new()).await;
    assert_eq!(seen.status, 302);
    let location = seen.headers["location"].to_str().unwrap();
    assert!(location.contains(&format!("tenant={COMPANY_TENANT_ID}")) && location.ends_with("state=s1"));
    let reader = Client::of(&sim, READER_CLIENT_ID, READER_SECRET).await;
    assert_eq!(reader.get("/v1.0/users").await.status, 200);
    assert_eq!(reader.post("/v1.0/users", user("ada")).await.status, 403);
    sim.control().withdraw_consent(COMPANY_TENANT_ID, READER_CLIENT_ID);
    assert_eq!(log_in(&sim, COMPANY_TENANT_ID, READER_CLIENT_ID, READER_SECRET).await.status, 400);
}

#[tokio::test]
async fn tokens_expire_and_permissions_are_frozen_in_them() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    sim.control().set_permissions(COMPANY_TENANT_ID, ADMINISTRATOR_CLIENT_ID, vec!["Group.Read.All".into()]);
    assert_eq!(client.get("/v1.0/users").await.status, 200);
    assert_eq!(Client::administrator(&sim).await.get("/v1.0/users").await.status, 403);
    sim.control().advance(Duration::from_hours(1));
    let seen = client.get("/v1.0/users").await;
    assert_eq!((seen.status, seen.code()), (401, "InvalidAuthenticationToken"));
}

#[tokio::test]
async fn writes_beyond_three_thousand_in_a_window_are_refused_and_counted() {
    let sim = company(0);
    sim.control().run_with_real_time(false);
    let client = Client::administrator(&sim).await;
    let id = client.new_user("ada").await;
    let url = format!("/v1.0/users/{id}");
    for number in 1..3000 {
        assert_eq!(client.patch(&url, json!({"city": number.to_string()})).await.status, 204);
    }
    let seen = client.patch(&url, json!({"city": "x"})).await;
    assert_eq!((seen.status, seen.code()), (429, "TooManyRequests"));
    assert_eq!(seen.headers["retry-after"], "150");
    assert!(seen.headers["x-ms-throttle-scope"].to_str().unwrap().starts_with("Tenant_Application/Write/"));
    assert_eq!(sim.control().throttled(COMPANY_TENANT_ID), 1);
    sim.control().advance(Duration::from_secs(150));
    assert_eq!(client.patch(&url, json!({"city": "x"})).await.status, 204);
}

#[tokio::test]
async fn the_writes_of_an_application_are_counted_over_all_tenants_or_in_each_by_itself() {
    for (apart, status) in [(false, 429), (true, 204)] {
        let mut config = SimConfig::company(7, 0);
        let mut other = config.tenants[0].clone();
        other.id = "7e000000-0000-4000-8000-000000000002".into();
        other.domain = "contoso.example".into();
        config.tenants.push(other.clone());
        config.limits.0.retain(|limit| limit.scope == Scope::Application && limit.metric == Metric::Writes);
        config.limits = config.limits.scaled(3.0 / 35_000.0);
        let sim = Sim::new(config);
        sim.control().switch(|switches| switches.application_writes_apart = apart);
        let here = Client::administrator(&sim).await;
        let seen = log_in(&sim, &other.id, ADMINISTRATOR_CLIENT_ID, ADMINISTRATOR_SECRET).await;
        let token = seen.body["access_token"].as_str().unwrap().to_owned();
        let there = Client { sim: sim.clone(), token };
        let (one, two) =
            (here.new_user("ada").await, there.post("/v1.0/users", user_of(&other.domain)).await);
        assert_eq!(two.status, 201, "{two:?}");
        assert_eq!(here.patch(&format!("/v1.0/users/{one}"), json!({"city": "x"})).await.status, 204);
        let two = two.body["id"].as_str().unwrap();
        let seen = there.patch(&format!("/v1.0/users/{two}"), json!({"city": "x"})).await;
        assert_eq!(seen.status, status, "{seen:?}");
    }
}

/// Somebody new of a tenant of that domain.
fn user_of(domain: &str) -> serde_json::Value {
    let mut ada = user("ada");
    ada["userPrincipalName"] = json!(format!("ada@{domain}"));
    ada
}

#[tokio::test]
async fn a_request_costs_its_resource_units() {
    let client = Client::administrator(&company(0)).await;
    for (url, units) in [
        ("/v1.0/users", "2"),
        ("/v1.0/users?$select=id", "1"),
        ("/v1.0/users?$select=id&$expand=manager", "2"),
        ("/v1.0/groups", "1"),
        ("/v1.0/subscribedSkus", "3"),
        ("/v1.0/users?$top=5", "1"),
    ] {
        assert_eq!(client.get(url).await.headers["x-ms-resource-unit"], units, "{url}");
    }
}

#[tokio::test]
async fn a_batch_answers_each_request_alone_and_fails_what_depends_on_a_failure() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    let json_type = json!({"Content-Type": "application/json"});
    let body = json!({"requests": [
        {"id": "a", "method": "POST", "url": "/users", "headers": json_type, "body": user("ada")},
        {"id": "b", "method": "GET", "url": "/users/00000000-0000-4000-8000-000000000000"},
        {"id": "c", "method": "GET", "url": "/users?$select=id", "dependsOn": ["b"]},
    ]});
    let seen = client.post("/v1.0/$batch", body).await;
    assert_eq!(seen.status, 200);
    let responses = seen.body["responses"].as_array().unwrap();
    let status =
        |id: &str| responses.iter().find(|r| r["id"] == json!(id)).unwrap()["status"].as_u64().unwrap();
    assert_eq!((status("a"), status("b"), status("c")), (201, 404, 424));
    let inner = sim.control().requests(COMPANY_TENANT_ID).iter().filter(|r| r.inner_of_batch).count();
    assert_eq!(inner, 2);
    let request = |n: usize| json!({"id": n.to_string(), "method": "GET", "url": "/users"});
    let many: Vec<Value> = (0..21).map(request).collect();
    assert_eq!(client.post("/v1.0/$batch", json!({"requests": many})).await.status, 400);
    let bare = json!({"requests": [{"id": "1", "method": "POST", "url": "/users", "body": {}}]});
    assert_eq!(client.post("/v1.0/$batch", bare).await.status, 400);
}

#[tokio::test]
async fn a_fault_can_come_before_or_after_the_effect() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    let rule = |after| FaultRule {
        method: Some("POST".into()),
        path_contains: "/users".into(),
        status: 503,
        retry_after: Some("2.5".into()),
        times: 1,
        after,
        ..FaultRule::default()
    };
    sim.control().fail_next(rule(false));
    let seen = client.post("/v1.0/users", user("ada")).await;
    assert_eq!((seen.status, seen.headers["retry-after"].to_str().unwrap()), (503, "2.5"));
    sim.control().fail_next(rule(true));
    assert_eq!(client.post("/v1.0/users", user("ada")).await.status, 503);
    assert_eq!(client.post("/v1.0/users", user("ada")).await.status, 400, "the one before took effect");
}

#[tokio::test]
async fn the_server_listens_and_the_control_plane_answers() {
    let server = company(0).serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert!(server.graph_url().starts_with("http://127.0.0.1:"));
    server.stop().await;
    let sim = company(0);
    let seen = send(&sim, "GET", "/_sim/counters", &[], Vec::new()).await;
    assert_eq!(seen.body[COMPANY_TENANT_ID]["requests"], 0);
    let seen = send(&sim, "POST", "/_sim/advance", &[], b"{\"seconds\": 60}".to_vec()).await;
    assert_eq!(seen.status, 200);
}
