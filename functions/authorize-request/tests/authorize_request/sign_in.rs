//! Signed-in people: which tokens of an issuer let whom in, and which forged ones let nobody.

use async_trait::async_trait;
use authorize_request::{HttpKeySets, SignIn, SignInSettings, Strangers, authorize};
use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::rights::Role;
use domain::{Error, PartnerId, PersonId, Result};
use engine::ports::{Clock, KeySets};
use engine::records::{Identity, IdentityLink, Person, Records, put_new};
use jiff::SignedDuration;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use partners::commands::sign_in::FindCaller;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use support::memory::World;

const EVENT: &str = include_str!("../../../../events/authorize-request/bearer.json");
const ISSUER: &str = "https://login.example.com/t/v2.0";
const AUDIENCE: &str = "holdfast-client";

/// A key pair: how it signs, what is published of it, and its public half as PEM.
struct Key {
    signs: EncodingKey,
    algorithm: Algorithm,
    public_pem: String,
}

fn rsa() -> Key {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let signs = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    Key { signs, algorithm: Algorithm::RS256, public_pem: pair.public_key_pem() }
}

fn elliptic() -> Key {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let signs = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    Key { signs, algorithm: Algorithm::ES256, public_pem: pair.public_key_pem() }
}

impl Key {
    fn published(&self, kid: &str) -> Value {
        let mut key = Jwk::from_encoding_key(&self.signs, self.algorithm).unwrap();
        key.common.key_id = Some(kid.to_owned());
        serde_json::to_value(key).unwrap()
    }
    fn sign(&self, kid: &str, claims: &Value) -> String {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.signs).unwrap()
    }
}

/// An issuer whose keys can be changed, and that can be out of reach.
#[derive(Default)]
struct Issuer {
    keys: Mutex<Vec<Value>>,
    silent: Mutex<bool>,
    asked: AtomicUsize,
}

#[async_trait]
impl KeySets for Issuer {
    async fn fetch(&self, issuer: &str) -> Result<Value> {
        assert_eq!(issuer, ISSUER);
        self.asked.fetch_add(1, Ordering::Relaxed);
        if *self.silent.lock().unwrap() {
            return Err(Error::unavailable("the issuer does not answer"));
        }
        Ok(json!({ "keys": *self.keys.lock().unwrap() }))
    }
}

struct Door {
    world: World,
    issuer: Arc<Issuer>,
    sign_in: SignIn,
    find: FindCaller,
}

impl Door {
    fn new(keys: Vec<Value>) -> Self {
        let world = World::new(1);
        let issuer = Arc::new(Issuer { keys: Mutex::new(keys), ..Issuer::default() });
        let settings = SignInSettings { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned() };
        Self {
            sign_in: SignIn::new(settings, issuer.clone(), world.clock.clone()),
            find: FindCaller {
                records: Records::new(world.catalog.clone(), world.clock.clone()),
                clock: world.clock.clone(),
                bootstrap_sha256: None,
            },
            issuer,
            world,
        }
    }

    fn claims(&self) -> Value {
        let now = self.world.clock.now().as_second();
        json!({ "iss": ISSUER, "sub": "ann", "aud": AUDIENCE, "nbf": now, "exp": now + 3600,
                "email": "owner@msp.example", "roles": ["owner"] })
    }

    async fn ask(&self, token: &str) -> Result<Option<Value>> {
        let mut request: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_str(EVENT).unwrap();
        request.headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        let answer = authorize(&request, &self.find, Some(&self.sign_in), &Strangers::default()).await?;
        Ok(answer.is_authorized.then_some(Value::Object(answer.context)))
    }

    async fn refuses(&self, what: &str, token: &str) {
        assert_eq!(self.ask(token).await.unwrap(), None, "{what}");
    }

    fn asked(&self) -> usize {
        self.issuer.asked.load(Ordering::Relaxed)
    }
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_bound_identity_is_its_person_and_an_unbound_one_nobodys_whatever_its_token_claims() {
    for (key, kid) in [(rsa(), "r"), (elliptic(), "e")] {
        let door = Door::new(vec![key.published(kid)]);
        let token = key.sign(kid, &door.claims());
        let found = door.ask(&token).await.unwrap().unwrap();
        assert_eq!((&found["caller"], &found["subject"]), (&json!("signedIn"), &json!("ann")));
        let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
        let (id, partner) = (PersonId::from_ulid(ulid), PartnerId::from_ulid(ulid));
        let identity = Identity { issuer: ISSUER.to_owned(), subject: "ann".to_owned() };
        let now = door.world.clock.now();
        let (name, email) = ("Ann", "other@msp.example");
        let mut person =
            Person::new(id.clone(), partner.clone(), Role::Support, name, email, "UTC", now).unwrap();
        person.identity = Some(identity.clone());
        let link = IdentityLink { identity, partner, person: id };
        let writes = vec![put_new(&person).unwrap(), put_new(&link).unwrap()];
        door.find.records.write(writes).await.unwrap();
        let found = door.ask(&token).await.unwrap().unwrap();
        assert_eq!((&found["caller"], &found["role"]), (&json!("member"), &json!("support")));
        assert_eq!(found.get("signedInAt"), None, "the token does not say");
        let made = with(&door.claims(), "iat", json!(now.as_second() - 120));
        let found = door.ask(&key.sign(kid, &made)).await.unwrap().unwrap();
        assert_eq!(found.get("signedInAt"), None, "that a token was made is no sign-in");
        for (claim, said, seconds) in
            [("iat", "tokenMadeAt", 120), ("auth_time", "signedInAt", 60), ("auth_time", "signedInAt", -60)]
        {
            let at = now.as_second() - seconds;
            let found = door.ask(&key.sign(kid, &with(&made, claim, json!(at)))).await.unwrap().unwrap();
            let told: domain::Timestamp = found[said].as_str().unwrap().parse().unwrap();
            assert_eq!(told.as_second(), at.min(now.as_second()), "{claim}, and never later than now");
        }
        let other = key.sign(kid, &with(&door.claims(), "sub", json!("eve")));
        assert_eq!(door.ask(&other).await.unwrap().unwrap()["caller"], "signedIn");
    }
}

#[tokio::test]
async fn every_forged_token_lets_nobody_in() {
    let (key, curve, foreign) = (rsa(), elliptic(), rsa());
    let door = Door::new(vec![key.published("r"), curve.published("e")]);
    let claims = door.claims();
    let now = door.world.clock.now().as_second();
    assert!(door.ask(&key.sign("r", &claims)).await.unwrap().is_some());
    door.refuses("a wrong key under a known id", &foreign.sign("r", &claims)).await;
    door.refuses("the id of a key of another kind", &key.sign("e", &claims)).await;
    for (name, value) in [
        ("aud", json!("another-client")),
        ("aud", json!([AUDIENCE, "another-client"])),
        ("aud", json!([])),
        ("aud", json!(7)),
        ("iss", json!("https://login.example.com/other/v2.0")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("nbf", json!(now + 61)),
        ("sub", json!("")),
    ] {
        door.refuses(&format!("{name}: {value}"), &key.sign("r", &with(&claims, name, value.clone()))).await;
    }
    for name in ["iss", "sub", "aud", "exp"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(name);
        door.refuses(&format!("without {name}"), &key.sign("r", &without)).await;
    }
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    for algorithm in ["none", "None", "NONE"] {
        let head = part(&json!({ "alg": algorithm, "typ": "JWT", "kid": "r" }));
        door.refuses("no algorithm", &format!("{head}.{}.", part(&claims))).await;
    }
    let public = [key.public_pem.clone(), key.published("r")["n"].as_str().unwrap().to_owned()];
    for secret in public {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some("r".to_owned()), ..Header::new(algorithm) };
            let signed = encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap();
            door.refuses("the public key as a secret", &signed).await;
        }
    }
    for algorithm in [Algorithm::RS512, Algorithm::PS256] {
        let header = Header { kid: Some("r".to_owned()), ..Header::new(algorithm) };
        door.refuses("another algorithm", &encode(&header, &claims, &key.signs).unwrap()).await;
    }
    let header = Header::new(Algorithm::RS256);
    door.refuses("no key id", &encode(&header, &claims, &key.signs).unwrap()).await;
    let good = key.sign("r", &claims);
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = part(&with(&claims, "sub", json!("owner")));
    door.refuses("claims under another's signature", &format!("{head}.{other}.{signature}")).await;
    door.refuses("no signature", &format!("{head}.{other}.")).await;
    door.refuses("not a token", "a.b.c").await;
}

#[tokio::test]
async fn a_storm_of_unknown_keys_asks_the_issuer_once_a_minute() {
    let (old, new) = (rsa(), elliptic());
    let door = Door::new(vec![old.published("old")]);
    let claims = door.claims();
    assert!(door.ask(&old.sign("old", &claims)).await.unwrap().is_some());
    for n in 0..50 {
        door.refuses("an unknown key", &new.sign(&format!("k{n}"), &claims)).await;
    }
    assert_eq!(door.asked(), 1);
    assert!(door.ask(&old.sign("old", &claims)).await.unwrap().is_some(), "known keys stay good in a storm");
    *door.issuer.keys.lock().unwrap() = vec![new.published("new")];
    door.world.clock.advance(SignedDuration::from_secs(60));
    assert!(door.ask(&new.sign("new", &claims)).await.unwrap().is_some(), "a new key is found");
    door.refuses("a key that was withdrawn", &old.sign("old", &claims)).await;
    assert_eq!(door.asked(), 2);
}

#[tokio::test]
async fn keys_that_are_kept_outlive_a_silent_issuer_and_without_any_nothing_is_said() {
    let key = rsa();
    let door = Door::new(vec![key.published("r")]);
    *door.issuer.silent.lock().unwrap() = true;
    for _ in 0..20 {
        let failed = door.ask(&key.sign("r", &door.claims())).await.unwrap_err();
        assert_eq!(failed.kind(), domain::ErrorKind::Unavailable);
    }
    assert_eq!(door.asked(), 1);
    *door.issuer.silent.lock().unwrap() = false;
    door.world.clock.advance(SignedDuration::from_mins(1));
    assert!(door.ask(&key.sign("r", &door.claims())).await.unwrap().is_some());
    *door.issuer.silent.lock().unwrap() = true;
    door.world.clock.advance(SignedDuration::from_hours(5));
    assert!(door.ask(&key.sign("r", &door.claims())).await.unwrap().is_some());
}

#[tokio::test]
async fn the_simulated_microsoft_is_an_issuer() {
    let server =
        sim::Sim::new(sim::SimConfig::company(7, 20)).serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let tenant = sim::COMPANY_TENANT_ID.to_owned();
    let issuer = format!("{}/{tenant}/v2.0", server.login_url());
    let world = World::new(1);
    let who = sim::SignedIn {
        signed_in_at: None,
        nonce: None,
        user: "11111111-2222-3333-4444-555555555555".to_owned(),
        audience: AUDIENCE.to_owned(),
        wids: Vec::new(),
        issued_at: world.clock.now().as_second(),
    };
    let token = server.control().id_token(&server.login_url(), &tenant, &who);
    let check = |issuer: &str| {
        let settings = SignInSettings { issuer: issuer.to_owned(), audience: AUDIENCE.to_owned() };
        SignIn::new(settings, Arc::new(HttpKeySets::new().unwrap()), world.clock.clone())
    };
    let found = check(&issuer).check(&token).await.unwrap().unwrap();
    assert_eq!(found.identity.issuer, issuer);
    let common = format!("{}/common/v2.0", server.login_url());
    assert!(check(&common).check(&token).await.is_err(), "an issuer that answers as another is not believed");
    server.stop().await;
}
