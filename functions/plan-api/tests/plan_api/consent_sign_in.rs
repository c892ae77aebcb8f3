//! Whoever consents shows by a sign-in that they are of the tenant: the address of the callback alone proves nothing.

use crate::common::{Answer, Plane, TENANT, ToldDirectory};
use async_trait::async_trait;
use axum::body::Body;
use domain::{Error, ErrorKind, OrganisationId, Result, TenantId};
use engine::ports::{Clock, Scope, SignInAsk, SignIns, SignedIn};
use engine::purge_data;
use http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use support::contracts::{self, AccessProbe};
use url::Url;

/// Somebody of the tenant who holds a role that can consent, and somebody who holds none.
pub const ADMINISTRATOR: &str = "0a000000-0000-4000-8000-000000000001";
pub const PLAIN: &str = "0a000000-0000-4000-8000-000000000002";
pub const OTHER: &str = "ffffffff-0000-1111-2222-333344445555";

/// A login at which somebody of one tenant signs in; its codes are good once, and for who asked.
#[derive(Default)]
pub struct Login {
    pub of: Mutex<String>,
    pub user: Mutex<Option<&'static str>>,
    pub wids: Mutex<Vec<&'static str>>,
    /// Why codes cannot be redeemed now, if so. They are spent all the same.
    pub outage: Mutex<Option<ErrorKind>>,
    asked: Mutex<Vec<(String, String)>>,
    /// The codes that were redeemed, each with the nonce of its sign-in.
    spent: Mutex<BTreeSet<(String, String)>>,
    pub redeemed: Mutex<u32>,
}

#[async_trait]
impl SignIns for Login {
    async fn page(&self, ask: &SignInAsk<'_>) -> Result<Url> {
        assert!(ask.state != ask.nonce && ask.nonce != ask.verifier && ask.verifier.len() >= 43);
        self.asked.lock().unwrap().push((ask.nonce.to_owned(), ask.verifier.to_owned()));
        let url = format!("https://login.example.com/{}/authorize?state={}", ask.tenant, ask.state);
        Ok(url.parse().unwrap())
    }
    async fn redeem(&self, ask: &SignInAsk<'_>, code: &str) -> Result<SignedIn> {
        *self.redeemed.lock().unwrap() += 1;
        let asked = (ask.nonce.to_owned(), ask.verifier.to_owned());
        assert!(self.asked.lock().unwrap().contains(&asked), "the secrets of another sign-in");
        let is_new = self.spent.lock().unwrap().insert((ask.nonce.to_owned(), code.to_owned()));
        if code != "good" || !is_new {
            return Err(Error::denied("the login does not take what the sign-in ended with"));
        }
        if let Some(kind) = *self.outage.lock().unwrap() {
            return Err(Error::new(kind, "the login does not answer now"));
        }
        let tenant: TenantId = self.of.lock().unwrap().parse()?;
        let user = self.user.lock().unwrap().unwrap_or(ADMINISTRATOR).to_owned();
        let roles = self.wids.lock().unwrap().iter().map(ToString::to_string).collect();
        Ok(SignedIn { tenant, user: Some(user), roles })
    }
}

pub struct Story {
    pub plane: Plane,
    pub login: Arc<Login>,
    pub owner: Caller,
    pub org: OrganisationId,
    /// What the browser keeps and sends along.
    cookies: Mutex<Vec<String>>,
}

pub async fn story(of: &str) -> Story {
    let login = Arc::new(Login::default());
    of.clone_into(&mut login.of.lock().unwrap());
    let plane = Plane::with(Some(login.clone()));
    {
        let mut says = plane.directory.0.lock().unwrap();
        (says.access, says.holders) = (Ok(vec!["User.Read.All"]), Ok(vec![ADMINISTRATOR]));
        says.people = vec![PLAIN];
    }
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    Story { plane, login, owner, org, cookies: Mutex::default() }
}

fn state_of(url: &str) -> String {
    let url: Url = url.parse().unwrap();
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

/// Where the page before a sign-in leads.
fn sign_in_of(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.headers.get("location")), (StatusCode::OK, None), "{answer:?}");
    let (_, link) = answer.text.split_once("<a id=\"sign-in\"").expect("a link to sign in");
    let address = link.split_once("href=\"").unwrap().1.split('"').next().unwrap();
    address.replace("&amp;", "&")
}

impl Story {
    /// The browser is at the callback, with its cookies, and keeps those that it is given.
    pub async fn callback(&self, query: &str) -> Answer {
        let mut request = Request::get(format!("/v1/consent/callback?{query}"));
        let cookies = self.cookies();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let answer = self.plane.send(None, request.body(Body::empty()).unwrap()).await;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().unwrap().to_owned();
            let name = format!("{}=", pair.split('=').next().unwrap());
            let mut kept = self.cookies.lock().unwrap();
            kept.retain(|cookie| !cookie.starts_with(&name));
            if !set.contains("; Max-Age=0;") {
                kept.push(pair);
            }
        }
        answer
    }

    /// What the browser sends along.
    pub fn cookies(&self) -> Vec<String> {
        self.cookies.lock().unwrap().clone()
    }

    /// Another browser, which sends these.
    pub fn set_cookies(&self, cookies: &[String]) {
        *self.cookies.lock().unwrap() = cookies.to_vec();
    }

    /// The state of a new consent link.
    async fn link(&self) -> String {
        let path = format!("/v1/organisations/{}/consent-link", self.org);
        let link = self.plane.post(&self.owner, &path, &json!({ "app": "reader" })).await.json();
        state_of(link["url"].as_str().unwrap())
    }

    pub async fn consented(&self, tenant: &str) -> Answer {
        let state = self.link().await;
        self.callback(&format!("admin_consent=True&tenant={tenant}&state={state}")).await
    }

    /// The state in the address that a page leads on to.
    pub fn state_in(answer: &Answer) -> String {
        state_of(&sign_in_of(answer))
    }

    /// The state of a link, and that of the sign-in that followed.
    pub async fn link_and_sign_in(&self) -> (String, String) {
        let link = self.link().await;
        let state = self.follow(&link).await;
        (link, state)
    }

    /// The link of that state is followed, again if it was before: the state of the sign-in that begins.
    pub async fn follow(&self, link: &str) -> String {
        Self::state_in(&self.callback(&format!("admin_consent=True&tenant={TENANT}&state={link}")).await)
    }

    /// The organisation was deleted, and all of its tenant with it.
    pub async fn ended_elsewhere(&self) {
        let world = &self.plane.world;
        let path = format!("/v1/organisations/{}", self.org);
        let version = self.plane.get(&self.owner, &path).await.version();
        let hold = json!({ "holdDays": 1 });
        let path = format!("{path}/deletion");
        let asked = self.plane.ask(&self.owner, Method::POST, &path, Some(version), Some(&hold)).await;
        assert_eq!(asked.status, StatusCode::OK);
        let worker = purge_data::Worker::new(purge_data::Ports {
            catalog: world.catalog.clone(),
            vault: world.vault.clone(),
            signer: world.signer.clone(),
            anchors: world.anchors.clone(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        });
        for _ in 0..4 {
            world.clock.advance(SignedDuration::from_hours(12));
            worker.run(world.clock.now() + SignedDuration::from_hours(1)).await.unwrap();
        }
    }

    /// The same browser and login, at a new organisation of the same partner.
    pub async fn in_another_organisation(self) -> Self {
        self.in_organisation("Fabrikam").await
    }

    /// The same, of that name.
    pub async fn in_organisation(self, name: &str) -> Self {
        let org = self.plane.organisation(&self.owner, name).await;
        Self { org, ..self }
    }

    /// The state of the sign-in that the browser is sent to after a consent.
    pub async fn sent_to_sign_in(&self) -> String {
        let answer = self.consented(TENANT).await;
        assert_eq!(
            (&answer.headers["cache-control"], &answer.headers["referrer-policy"]),
            (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
        );
        let to = sign_in_of(&answer);
        assert!(to.starts_with(&format!("https://login.example.com/{TENANT}/authorize?")), "{to}");
        state_of(&to)
    }

    pub async fn tenant(&self) -> Value {
        self.plane.get(&self.owner, &format!("/v1/organisations/{}", self.org)).await.json()["tenant"].clone()
    }
}

#[tokio::test]
async fn a_consent_connects_once_its_administrator_has_signed_in_at_the_tenant_and_once_only() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    assert_eq!(story.tenant().await, Value::Null, "the consent alone connects nothing");
    assert!(!format!("{:?}", story.plane.kept()).contains(&state), "only the state's hash is kept");
    let answer = story.callback(&format!("code=good&state={state}&session_state=x")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(story.tenant().await["id"], TENANT);
    let before = story.plane.kept();
    let again = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((story.plane.kept(), *story.login.redeemed.lock().unwrap()), (before, 1));
}

#[tokio::test]
async fn somebody_of_another_tenant_cannot_connect_one_that_consented_long_ago() {
    let story = story(OTHER).await;
    let state = story.sent_to_sign_in().await;
    let before = story.plane.kept();
    let answer = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("of another tenant"), "{}", answer.text);
    assert_eq!((story.tenant().await, story.plane.kept()), (Value::Null, before));
}

#[tokio::test]
async fn a_code_that_is_not_taken_and_a_state_of_something_else_change_nothing() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    let before = story.plane.kept();
    let unknown = "0".repeat(64);
    for (query, status) in [
        (format!("code=bad&state={state}"), 403),
        (format!("code=good&state={unknown}"), 422),
        ("code=good".to_owned(), 422),
        (format!("error=access_denied&state={state}"), 403),
        // The state of a sign-in is none of a consent.
        (format!("admin_consent=True&tenant={TENANT}&state={state}"), 422),
    ] {
        assert_eq!(story.callback(&query).await.status.as_u16(), status, "{query}");
    }
    assert_eq!(story.plane.kept(), before);
    story.plane.world.clock.advance(SignedDuration::from_mins(15));
    let late = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!((late.status, story.tenant().await), (StatusCode::UNPROCESSABLE_ENTITY, Value::Null));
}

#[tokio::test]
async fn somebody_without_a_role_that_can_consent_connects_nothing_and_the_link_stays_good() {
    let story = story(TENANT).await;
    *story.login.user.lock().unwrap() = Some(PLAIN);
    // Any other role proves nothing.
    *story.login.wids.lock().unwrap() = vec!["fe930be7-5e62-47db-91af-98c3a49a38b1"];
    let (link, state) = story.link_and_sign_in().await;
    let before = story.plane.kept();
    let answer = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("neither Global Administrator nor"), "{}", answer.text);
    assert_eq!((story.tenant().await, story.plane.kept()), (Value::Null, before));
    *story.login.user.lock().unwrap() = None;
    let state = story.follow(&link).await;
    let answer = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!((answer.status, &story.tenant().await["id"]), (StatusCode::OK, &json!(TENANT)));
}

#[tokio::test]
async fn a_role_that_the_id_token_names_is_enough_though_the_directory_does_not_show_it() {
    let story = story(TENANT).await;
    story.plane.directory.0.lock().unwrap().holders = Err(ErrorKind::Denied);
    *story.login.wids.lock().unwrap() = vec!["E8611AB8-c189-46e8-94e1-60213ab1f814"];
    let state = story.sent_to_sign_in().await;
    let answer = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!((answer.status, &story.tenant().await["id"]), (StatusCode::OK, &json!(TENANT)));
}

#[tokio::test]
async fn while_it_cannot_be_seen_who_holds_roles_the_connection_waits_and_holds_nothing() {
    for kind in [ErrorKind::Denied, ErrorKind::Unavailable, ErrorKind::Throttled { retry_after_ms: None }] {
        let story = story(TENANT).await;
        story.plane.directory.0.lock().unwrap().holders = Err(kind);
        let state = story.sent_to_sign_in().await;
        let answer = story.callback(&format!("code=good&state={state}")).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        assert!(answer.text.contains("nothing is read until then"), "{}", answer.text);
        let read = story.plane.get(&story.owner, &format!("/v1/organisations/{}", story.org)).await.json();
        assert_eq!(read["tenant"], Value::Null);
        let waits = &read["connecting"];
        assert_eq!((&waits["tenant"], &waits["credentials"]), (&json!(TENANT), &json!("waiting")));
        assert_eq!((&waits["refused"], &waits["advice"]), (&Value::Null, &Value::Null));
        let rows = story.plane.kept();
        let of_tenant = rows.iter().filter(|(scope, _)| matches!(scope, Scope::Tenant(_))).count();
        assert_eq!(of_tenant, 0, "the tenant is nobody's");
        let again = story.callback(&format!("code=good&state={state}")).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "the sign-in is spent");
        for (wanted, count) in [("waiting", 1), ("connected", 0)] {
            let path = format!("/v1/organisations?credentials={wanted}");
            let found = story.plane.get(&story.owner, &path).await.json();
            assert_eq!(found["items"].as_array().unwrap().len(), count, "{wanted}");
        }
    }
}

#[tokio::test]
async fn the_writing_app_asks_for_the_role_too_and_does_not_wait() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    story.callback(&format!("code=good&state={state}")).await;
    let path = format!("/v1/organisations/{}/consent-link", story.org);
    let link = story.plane.post(&story.owner, &path, &json!({ "app": "writer" })).await.json();
    let consent = state_of(link["url"].as_str().unwrap());
    let signs_in = async || {
        let state = story.follow(&consent).await;
        story.callback(&format!("code=good&state={state}")).await
    };
    *story.login.user.lock().unwrap() = Some(PLAIN);
    let plain = signs_in().await;
    assert_eq!(plain.status, StatusCode::FORBIDDEN);
    assert!(plain.text.contains("neither Global Administrator nor"), "{}", plain.text);
    story.plane.directory.0.lock().unwrap().holders = Err(ErrorKind::Denied);
    let unseen = signs_in().await;
    assert_eq!(unseen.status, StatusCode::FORBIDDEN);
    assert!(unseen.text.contains("who holds roles is not shown"), "{}", unseen.text);
    assert!(story.tenant().await["writerConsentedAt"].is_null());
    *story.login.user.lock().unwrap() = None;
    story.plane.directory.0.lock().unwrap().holders = Ok(vec![ADMINISTRATOR]);
    assert_eq!(signs_in().await.status, StatusCode::OK);
    assert!(story.tenant().await["writerConsentedAt"].is_string());
}

/// The administrator of a tenant whose directory answers what a test sets.
struct Told(Arc<ToldDirectory>);

#[async_trait]
impl AccessProbe for Told {
    async fn administrator(&self) -> String {
        self.0.0.lock().unwrap().holders = Ok(vec![ADMINISTRATOR]);
        ADMINISTRATOR.to_owned()
    }
    async fn employee(&self) -> String {
        self.0.0.lock().unwrap().people = vec![PLAIN];
        PLAIN.to_owned()
    }
    async fn hide_roles(&self) {
        self.0.0.lock().unwrap().holders = Err(ErrorKind::Denied);
    }
    async fn withdraw_consent(&self) {
        self.0.0.lock().unwrap().access = Err("AADSTS65001");
    }
}

#[tokio::test]
async fn a_directory_that_answers_as_told_keeps_the_contract_of_access() {
    let plane = Plane::new();
    let tenant = TENANT.parse().unwrap();
    contracts::directory_access(plane.directory.clone(), &tenant, &Told(plane.directory)).await;
}
