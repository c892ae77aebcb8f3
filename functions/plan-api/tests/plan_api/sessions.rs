//! Sessions: begun after a sign-in, ended by time, by rest, by hand and by what made them possible; and who one is.

use crate::common::{Answer, Plane, as_role, identity};
use domain::rights::{Feature, Role};
use domain::{OrganisationId, Timestamp};
use engine::ports::Clock as _;
use engine::records::{Record, Session, SessionUse};
use http::Method;
use jiff::SignedDuration;
use partners::commands::{Caller, Proof, SignInTimes};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// For how long API Gateway keeps what the authorizer said, as the template has it (a test of the template says so).
const KEPT_FOR: SignedDuration = SignedDuration::from_secs(60);

/// API Gateway in front of the authorizer: what it said of a token is taken for true until it is too old.
#[derive(Default)]
struct Gateway(BTreeMap<String, (Timestamp, Option<Caller>)>);

impl Gateway {
    async fn let_in(&mut self, plane: &Plane, token: &str) -> Option<Caller> {
        let now = plane.world.clock.now();
        if let Some((until, caller)) = self.0.get(token)
            && now < *until
        {
            return caller.clone();
        }
        let caller = plane.find.find(token).await.unwrap();
        self.0.insert(token.to_owned(), (now + KEPT_FOR, caller.clone()));
        caller
    }
}

pub async fn begun(plane: &Plane, by: &Caller) -> Value {
    let answer = plane.bare(by, Method::POST, "/v1/sessions").await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.json()
}

fn text(made: &Value) -> &str {
    made["token"].as_str().unwrap()
}

fn pass(plane: &Plane, minutes: i64) {
    plane.world.clock.advance(SignedDuration::from_mins(minutes));
}

pub async fn started() -> (Plane, Caller, Caller) {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (_, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    (plane, owner, eve)
}

fn count(answer: &Answer) -> usize {
    answer.json()["items"].as_array().unwrap_or_else(|| panic!("{answer:?}")).len()
}

#[tokio::test]
async fn a_session_is_256_bits_kept_as_a_hash_and_acts_as_its_person_may_now() {
    let (plane, owner, eve) = started().await;
    let made = begun(&plane, &eve).await;
    let secret = text(&made).strip_prefix("hfs_").unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "{secret}");
    assert!(!format!("{:?}", plane.kept()).contains(secret));
    let held = plane.held(&made).await.unwrap();
    let member = held.member().unwrap();
    assert_eq!((member.role, &member.token), (Role::SuperAdmin, &eve.member().unwrap().token));
    let person = made["person"].as_str().unwrap();
    let path = format!("/v1/people/{person}");
    let version = plane.get(&owner, &path).await.version();
    let lowered = json!({ "role": "support" });
    plane.ask(&owner, Method::PATCH, &path, Some(version), Some(&lowered)).await;
    assert_eq!(plane.held(&made).await.unwrap().member().unwrap().role, Role::Support);
    assert_eq!(plane.bare(&owner, Method::DELETE, &path).await.status, 200);
    assert_eq!(plane.held(&made).await, None);
    let left = plane.kept().into_iter().filter(|(_, row)| row.key.starts_with(Session::PREFIX));
    assert_eq!(left.count(), 0, "nothing of it is left");
}

#[tokio::test]
async fn a_session_ends_when_it_rests_for_half_an_hour_and_after_twelve_hours_whatever_is_done() {
    let (plane, _, eve) = started().await;
    let (rests, works) = (begun(&plane, &eve).await, begun(&plane, &eve).await);
    plane.world.clock.advance(SignedDuration::from_secs(30 * 60 - 1));
    assert!(plane.held(&rests).await.is_some(), "and is used now");
    assert!(plane.held(&works).await.is_some());
    pass(&plane, 30);
    assert_eq!(plane.held(&rests).await, None);
    let works = begun(&plane, &eve).await;
    for _ in 0..35 {
        pass(&plane, 20);
        assert!(plane.held(&works).await.is_some());
    }
    plane.world.clock.advance(SignedDuration::from_mins(20) - SignedDuration::from_secs(1));
    assert!(plane.held(&works).await.is_some());
    plane.world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(plane.held(&works).await, None, "twelve hours");
}

#[tokio::test]
async fn idle_time_costs_one_write_in_five_minutes() {
    let (plane, _, eve) = started().await;
    let made = begun(&plane, &eve).await;
    for _ in 0..360 {
        plane.world.clock.advance(SignedDuration::from_secs(10));
        assert!(plane.held(&made).await.is_some());
    }
    let rows = plane.kept().into_iter().map(|(_, row)| row);
    let writes: u64 = rows.filter(|row| row.key.starts_with(SessionUse::PREFIX)).map(|row| row.version).sum();
    assert_eq!(writes, 12, "in an hour");
}

#[tokio::test]
async fn what_was_revoked_is_refused_within_a_minute() {
    let (plane, owner, eve) = started().await;
    let (session, token) = (begun(&plane, &eve).await, {
        let new = json!({ "name": "x", "role": "admin" });
        plane.post(&eve, "/v1/tokens", &new).await.json()
    });
    let mut gateway = Gateway::default();
    for made in [&session, &token] {
        assert!(gateway.let_in(&plane, text(made)).await.is_some());
    }
    plane.world.clock.advance(SignedDuration::from_secs(59));
    let own = plane.held(&session).await.unwrap();
    let id = session["id"].as_str().unwrap();
    assert_eq!(plane.bare(&own, Method::DELETE, &format!("/v1/sessions/{id}")).await.status, 204);
    let path = format!("/v1/tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(plane.bare(&owner, Method::DELETE, &path).await.status, 204);
    plane.world.clock.advance(SignedDuration::from_secs(60));
    for made in [&session, &token] {
        assert_eq!(gateway.let_in(&plane, text(made)).await, None);
        assert_eq!(plane.held(made).await, None, "the authorizer keeps nothing");
    }
}

#[tokio::test]
async fn no_session_begins_another_and_no_token_does() {
    let (plane, owner, eve) = started().await;
    let session = plane.held(&begun(&plane, &eve).await).await.unwrap();
    let before = plane.kept();
    for caller in
        [&session, &owner, &Caller::Operator, &Caller::SignedIn(identity("nobody"), SignInTimes::default())]
    {
        assert_eq!(plane.bare(caller, Method::POST, "/v1/sessions").await.status, 403, "{caller:?}");
    }
    assert_eq!(plane.kept(), before);
    let by_session = plane.post(&session, "/v1/tokens", &json!({ "name": "x", "role": "admin" })).await;
    assert_eq!(by_session.json()["madeBy"]["kind"], "person", "whoever works in a session is the person");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_person_and_by_who_manages_people() {
    let (plane, owner, eve) = started().await;
    let (first, second) = (begun(&plane, &eve).await, begun(&plane, &eve).await);
    let (_, bo) = plane.person(&owner, Role::Owner, None, "bo").await;
    let bos = begun(&plane, &bo).await;
    assert_eq!(count(&plane.get(&eve, "/v1/sessions").await), 2);
    assert_eq!(count(&plane.get(&owner, "/v1/sessions").await), 0, "a token has none");
    let listed = plane.get(&eve, "/v1/sessions").await;
    assert!(!listed.text.contains("hfs_") && listed.json()["items"][0]["idleMinutes"] == 30);
    let end = async |by: &Caller, path: String| plane.bare(by, Method::DELETE, &path).await.status.as_u16();
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    assert_eq!(end(&eve, format!("/v1/sessions/{}", id(&bos))).await, 404, "of somebody else");
    let (eves, of_bo) = (
        format!("/v1/people/{}/sessions", first["person"].as_str().unwrap()),
        format!("/v1/people/{}/sessions", bos["person"].as_str().unwrap()),
    );
    assert_eq!(count(&plane.get(&eve, &of_bo).await), 1);
    assert_eq!(end(&eve, format!("{of_bo}/{}", id(&bos))).await, 403, "an Owner's");
    assert_eq!(end(&owner, format!("{eves}/{}", id(&first))).await, 204);
    assert_eq!(end(&owner, format!("{eves}/{}", id(&first))).await, 404);
    assert_eq!((plane.held(&first).await, plane.held(&second).await.is_some()), (None, true));
    pass(&plane, 30);
    assert_eq!(count(&plane.get(&owner, &eves).await), 0, "what rests too long is not listed");
}

#[tokio::test]
async fn one_person_has_sixteen_sessions_and_one_more_ends_the_oldest() {
    let (plane, _, eve) = started().await;
    let mut all = Vec::new();
    for _ in 0..18 {
        all.push(begun(&plane, &eve).await);
        plane.world.clock.advance_ms(1);
    }
    let mut good = Vec::new();
    for made in &all {
        good.push(plane.held(made).await.is_some());
    }
    assert_eq!(good, [vec![false; 2], vec![true; 16]].concat());
    assert_eq!(count(&plane.get(&eve, "/v1/sessions").await), 16);
}

async fn opened(plane: &Plane, by: &Caller, org: &OrganisationId) -> Value {
    let link = plane.bare(by, Method::POST, &format!("/v1/organisations/{org}/access-link")).await.json();
    let (_, secret) = link["url"].as_str().unwrap().split_once("#access=").unwrap();
    let session = plane.open(secret).await;
    assert_eq!(session.status, 201, "{session:?}");
    session.json()
}

async fn act(plane: &Plane, by: &Caller, org: &OrganisationId, what: &str, body: Option<&Value>) -> Answer {
    let path = format!("/v1/organisations/{org}");
    let version = plane.get(by, &path).await.version();
    let method = if what == "features" { Method::PUT } else { Method::POST };
    plane.ask(by, method, &format!("{path}/{what}"), Some(version), body).await
}

#[tokio::test]
async fn the_sessions_of_a_portal_are_listed_and_ended_and_none_sees_another() {
    let (plane, owner, _) = started().await;
    let org = plane.organisation(&owner, "Contoso").await;
    let (first, second) = (opened(&plane, &owner, &org).await, opened(&plane, &owner, &org).await);
    let sessions = format!("/v1/organisations/{org}/sessions");
    let support = as_role(&owner, Role::Support, None);
    let listed = plane.get(&support, &sessions).await;
    assert_eq!((count(&listed), &listed.json()["items"][0]["openedBy"]), (2, &json!(owner.name())));
    let own = plane.held(&second).await.unwrap();
    let seen = plane.get(&own, "/v1/sessions").await.json();
    assert_eq!((seen["items"].as_array().unwrap().len(), &seen["items"][0]["id"]), (1, &second["id"]));
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let end = async |by: &Caller, path: String| plane.bare(by, Method::DELETE, &path).await.status.as_u16();
    assert_eq!(end(&own, format!("/v1/sessions/{}", id(&first))).await, 404);
    assert_eq!(end(&own, format!("/v1/sessions/{}", id(&second))).await, 204, "it signs out");
    assert_eq!(end(&support, format!("{sessions}/{}", id(&first))).await, 204);
    assert_eq!((plane.held(&first).await, plane.held(&second).await), (None, None));
}

/// The catalog removes rows that have ended days later: until then they stand in front of those that are good.
#[tokio::test]
async fn expired_sessions_hide_none_and_the_cap_and_the_end_still_hold() {
    let (plane, owner, eve) = started().await;
    for _ in 0..40 {
        begun(&plane, &eve).await;
        plane.world.clock.advance_ms(1);
    }
    pass(&plane, 12 * 60);
    let mut good = Vec::new();
    for _ in 0..17 {
        good.push(begun(&plane, &eve).await);
        plane.world.clock.advance_ms(1);
    }
    let (mut held, mut listed) = (0, Vec::new());
    for made in &good {
        held += usize::from(plane.held(made).await.is_some());
    }
    for item in plane.get(&eve, "/v1/sessions").await.json()["items"].as_array().unwrap() {
        listed.push(item["id"].clone());
    }
    let newest: Vec<_> = good[1..].iter().map(|made| made["id"].clone()).collect();
    assert_eq!((held, listed), (16, newest));

    let org = plane.organisation(&owner, "Contoso").await;
    let switch = |features: Value| json!({ "features": features });
    act(&plane, &owner, &org, "features", Some(&switch(json!(["search"])))).await;
    for _ in 0..16 {
        opened(&plane, &owner, &org).await;
    }
    pass(&plane, 61);
    let session = opened(&plane, &owner, &org).await;
    act(&plane, &owner, &org, "features", Some(&switch(json!([])))).await;
    act(&plane, &owner, &org, "features", Some(&switch(json!(["search"])))).await;
    assert_eq!(plane.held(&session).await, None, "what ended with the feature does not come back with it");
}

/// Who begins sessions at one moment may have more than sixteen, and more than one write can end.
#[tokio::test]
async fn more_sessions_than_one_write_ends_are_ended_all_the_same_and_made_sixteen_again() {
    let (plane, owner, eve) = started().await;
    let first = begun(&plane, &eve).await;
    let person = first["person"].as_str().unwrap().to_owned();
    let records = plane.records();
    let hash = engine::records::ApiToken::hash(text(&first));
    let of = records.get(&Session::at(&hash)).await.unwrap().value;
    for n in 0..59 {
        let id = domain::SessionId::from_ulid(&format!("00{n:024}"));
        let session = Session { id, hash: format!("{n:064}"), ..of.clone() };
        records.put_new(&session).await.unwrap();
        records.put_new(&engine::records::SessionEntry { session }).await.unwrap();
    }
    let rows =
        |plane: &Plane| plane.kept().iter().filter(|(_, row)| row.key.starts_with(Session::PREFIX)).count();
    assert_eq!(rows(&plane), 2 * 60);
    let mut left = Vec::new();
    for _ in 0..4 {
        begun(&plane, &eve).await;
        left.push(rows(&plane) / 2);
    }
    assert_eq!(left, [45, 30, 16, 16]);
    for n in 0..40 {
        let id = domain::SessionId::from_ulid(&format!("01{n:024}"));
        let session = Session { id, hash: format!("{:064}", 100 + n), ..of.clone() };
        records.put_new(&session).await.unwrap();
        records.put_new(&engine::records::SessionEntry { session }).await.unwrap();
    }
    assert_eq!(plane.bare(&owner, Method::DELETE, &format!("/v1/people/{person}")).await.status, 200);
    assert_eq!(rows(&plane), 0);
}

#[tokio::test]
async fn a_portals_session_gains_no_feature_and_ends_with_the_features_that_it_was_opened_for() {
    let (plane, owner, _) = started().await;
    let org = plane.organisation(&owner, "Contoso").await;
    let switch = |features: Value| json!({ "features": features });
    act(&plane, &owner, &org, "features", Some(&switch(json!(["search"])))).await;
    let session = opened(&plane, &owner, &org).await;
    act(&plane, &owner, &org, "features", Some(&switch(json!(["search", "download"])))).await;
    let features = plane.held(&session).await.unwrap().member().unwrap().features.clone();
    assert_eq!(features, Some(vec![Feature::Search]), "what was switched on later is not its");
    act(&plane, &owner, &org, "features", Some(&switch(json!(["search"])))).await;
    assert_eq!(plane.held(&session).await, None);
    act(&plane, &owner, &org, "features", Some(&switch(json!(["search", "download"])))).await;
    assert_eq!(plane.held(&session).await, None, "and does not come back");
    let session = opened(&plane, &owner, &org).await;
    act(&plane, &owner, &org, "suspend", None).await;
    act(&plane, &owner, &org, "reactivate", None).await;
    assert_eq!(plane.held(&session).await, None);
}

#[tokio::test]
async fn a_portals_session_ends_with_whoever_made_its_link() {
    let (plane, owner, eve) = started().await;
    let org = plane.organisation(&owner, "Contoso").await;
    let person = eve.member().unwrap().token.clone();
    let link = async || {
        let path = format!("/v1/organisations/{org}/access-link");
        let made = plane.bare(&eve, Method::POST, &path).await.json();
        made["url"].as_str().unwrap().split_once("#access=").unwrap().1.to_owned()
    };
    let (used, unused) = (link().await, link().await);
    let session = plane.open(&used).await.json();
    assert!(plane.held(&session).await.is_some());
    assert_eq!(plane.bare(&owner, Method::DELETE, &format!("/v1/people/{person}")).await.status, 200);
    assert_eq!(plane.held(&session).await, None);
    assert_eq!(plane.open(&unused).await.status, 404, "nor is their link good any more");
}

#[tokio::test]
async fn everybody_can_read_who_they_are_and_what_they_may_do() {
    let (plane, owner, eve) = started().await;
    let org = plane.organisation(&owner, "Contoso").await;
    let made = begun(&plane, &eve).await;
    pass(&plane, 3);
    let session = plane.held(&made).await.unwrap();
    let Proof::Session { signed_in_at, .. } = &session.member().unwrap().proof else { panic!("a session") };
    let me = plane.get(&session, "/v1/me").await.json();
    assert_eq!(
        (&me["shown"], &me["role"], &me["email"]),
        (&json!("session"), &json!("superAdmin"), &json!("eve@msp.example"))
    );
    assert_eq!((&me["session"], &me["signInAgeSeconds"]), (&made["id"], &json!(180)));
    assert_eq!(me["signedInAt"], json!(signed_in_at));
    let people = json!({ "action": "managePeople", "condition": "notOfOwners", "feature": null });
    let may = me["may"].as_array().unwrap();
    assert!(may.contains(&people) && !may.iter().any(|right| right["action"] == "approveDowngrade"));

    let customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    let me = plane.get(&customer, "/v1/me").await.json();
    assert_eq!(
        (&me["organisations"], &me["person"], &me["session"]),
        (&json!([org]), &Value::Null, &Value::Null)
    );
    let search = json!({ "action": "useSnapshots", "condition": "featureOn", "feature": "search" });
    assert!(me["may"].as_array().unwrap().contains(&search));
    let portal = opened(&plane, &owner, &org).await;
    let me = plane.get(&plane.held(&portal).await.unwrap(), "/v1/me").await.json();
    assert_eq!(
        (&me["shown"], &me["session"], &me["features"]),
        (&json!("portal"), &portal["id"], &json!([]))
    );
    let rights = plane.get(&customer, "/v1/rights").await.json();
    let rows = rights["actions"].as_array().unwrap();
    let people = rows.iter().find(|row| row["action"] == "managePeople").unwrap()["roles"].clone();
    let told =
        |role: &str| people.as_array().unwrap().iter().find(|cell| cell["role"] == role).unwrap().clone();
    assert_eq!(told("owner"), json!({ "role": "owner", "may": true, "condition": null, "feature": null }));
    assert_eq!(told("superAdmin")["condition"], json!("notOfOwners"));
    assert_eq!((&told("support")["may"], rows.len()), (&json!(false), domain::rights::TABLE.len()));
    for (caller, shown) in
        [(Caller::Operator, "bootstrap"), (Caller::SignedIn(identity("x"), SignInTimes::default()), "signIn")]
    {
        let me = plane.get(&caller, "/v1/me").await.json();
        assert_eq!((&me["shown"], &me["may"], &me["partner"]), (&json!(shown), &json!([]), &Value::Null));
    }
}
