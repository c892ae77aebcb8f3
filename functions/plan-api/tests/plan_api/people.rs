//! People, invitations and partners below, through the router.

use crate::common;
use crate::common::{Plane, as_role};
use domain::PersonId;
use domain::rights::Role;
use engine::records::{Identity, Records};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use partners::commands::{Caller, SignInTimes};
use partners::send_digests::{Ports, Worker};
use serde_json::{Value, json};

pub fn invitation(role: &str) -> Value {
    json!({ "name": "Bo Ek", "email": "bo@msp.example", "role": role, "timeZone": "Europe/Oslo" })
}

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://login.example.com/v2.0".to_owned(), subject: subject.to_owned() }
}

fn signed_in(subject: &str) -> Caller {
    Caller::SignedIn(identity(subject), SignInTimes::default())
}

/// Lets the mail leave; the codes in it, but for those of the first Owners.
pub async fn mailed(plane: &Plane) -> Vec<String> {
    let mails = mails(plane).await.into_iter();
    mails.filter(|(to, _)| *to != common::owner()["email"]).map(|(_, code)| code).collect()
}

/// Lets the mail leave; to whom, and the code in it.
async fn mails(plane: &Plane) -> Vec<(String, String)> {
    let world = &plane.world;
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let worker = Worker::new(Ports {
        records,
        mailer: world.mailer.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    })
    .unwrap();
    let deadline = engine::ports::Clock::now(&*world.clock) + SignedDuration::from_mins(1);
    worker.send_due(deadline).await.unwrap();
    let mails = world.mailer.take_sent();
    let code = |text: &str| text.lines().find(|l| l.starts_with("hfi_")).map(str::to_owned);
    mails.iter().filter_map(|m| Some((m.to.clone(), code(&m.text)?))).collect()
}

pub async fn accept(plane: &Plane, caller: &Caller, code: &str) -> common::Answer {
    plane.post(caller, "/v1/invitations/accept", &json!({ "token": code })).await
}

/// A person of that role, invited and accepted: their id and the caller that they sign in as.
async fn join(plane: &Plane, by: &Caller, role: &str, subject: &str) -> (PersonId, Caller) {
    let made = plane.post(by, "/v1/invitations", &invitation(role)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let codes = mailed(plane).await;
    let accepted = accept(plane, &signed_in(subject), &codes[0]).await;
    assert_eq!(accepted.status, StatusCode::CREATED, "{accepted:?}");
    (accepted.id(), plane.find.find_signed_in(identity(subject)).await.unwrap())
}

async fn first_owner(plane: &Plane, owner: &Caller) -> String {
    let people = plane.get(owner, "/v1/people").await.json();
    people["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_is_mailed_and_accepted_once_by_whoever_is_signed_in() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "Northwind").await;
    let made = plane.post(&owner, "/v1/invitations", &invitation("admin")).await;
    assert_eq!(made.json()["mailedAt"], Value::Null);
    let codes = mailed(&plane).await;
    assert_eq!(codes.len(), 1);
    assert!(mailed(&plane).await.is_empty(), "it is mailed once");
    assert!(!format!("{:?}", plane.kept()).contains(&codes[0]), "kept as its hash");
    assert_eq!(accept(&plane, &owner, &codes[0]).await.status, StatusCode::CONFLICT);
    assert_eq!(accept(&plane, &Caller::Operator, &codes[0]).await.status, StatusCode::FORBIDDEN);
    let (bo, eve) = (signed_in("bo"), signed_in("eve"));
    let (one, other) = tokio::join!(accept(&plane, &bo, &codes[0]), accept(&plane, &eve, &codes[0]));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert!(both == [201, 404] || both == [201, 409], "{both:?}");
    assert_eq!(accept(&plane, &signed_in("late"), &codes[0]).await.status, StatusCode::NOT_FOUND);
    let subject = if one.status == StatusCode::CREATED { "bo" } else { "eve" };
    let Caller::Member(member) = plane.find.find_signed_in(identity(subject)).await.unwrap() else {
        panic!("who accepted is a person now")
    };
    assert_eq!(member.role, Role::Admin);
    let elsewhere = Identity { issuer: "https://other.example".to_owned(), ..identity(subject) };
    let same_name = plane.find.find_signed_in(elsewhere.clone()).await.unwrap();
    assert_eq!(
        same_name,
        Caller::SignedIn(elsewhere, SignInTimes::default()),
        "the same subject of another issuer is another"
    );
}

#[tokio::test]
async fn an_invitation_that_was_withdrawn_or_is_a_week_old_opens_nothing() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let made = plane.post(&owner, "/v1/invitations", &invitation("support")).await.json();
    let code = mailed(&plane).await.remove(0);
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(plane.bare(&owner, Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(accept(&plane, &signed_in("a"), &code).await.status, StatusCode::NOT_FOUND);
    plane.post(&owner, "/v1/invitations", &invitation("support")).await;
    let code = mailed(&plane).await.remove(0);
    plane.world.clock.advance(SignedDuration::from_hours(7 * 24));
    assert_eq!(accept(&plane, &signed_in("a"), &code).await.status, StatusCode::NOT_FOUND);
    assert_eq!(accept(&plane, &signed_in("a"), "hfi_0").await.status, StatusCode::NOT_FOUND);
    assert_eq!(plane.get(&owner, "/v1/people").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_invitation_of_somebody_who_has_left_opens_nothing() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (id, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    plane.post(&eve, "/v1/invitations", &invitation("superAdmin")).await;
    let codes = mailed(&plane).await;
    assert_eq!(plane.bare(&owner, Method::DELETE, &format!("/v1/people/{id}")).await.status, 200);
    let accepted = accept(&plane, &signed_in("accomplice"), &codes[0]).await;
    assert_eq!(accepted.status, StatusCode::NOT_FOUND, "{accepted:?}");
    plane.post(&owner, "/v1/invitations", &invitation("superAdmin")).await;
    let code = mailed(&plane).await.remove(0);
    assert_eq!(accept(&plane, &signed_in("bo"), &code).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_super_admin_neither_makes_nor_changes_nor_removes_an_owner() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (id, second) = join(&plane, &owner, "superAdmin", "s").await;
    let theirs = format!("/v1/people/{id}");
    let owners = format!("/v1/people/{}", first_owner(&plane, &owner).await);
    let before = plane.kept();
    assert_eq!(plane.post(&second, "/v1/invitations", &invitation("owner")).await.status, 403);
    assert_eq!(plane.bare(&second, Method::DELETE, &owners).await.status, 403);
    let version = plane.get(&second, &owners).await.headers["etag"].to_str().unwrap().to_owned();
    let named = json!({ "name": "X" });
    assert_eq!(plane.patch(&second, &owners, &version, &named).await.status, 403);
    let version = plane.get(&second, &theirs).await.headers["etag"].to_str().unwrap().to_owned();
    let up = json!({ "role": "owner" });
    assert_eq!(plane.patch(&second, &theirs, &version, &up).await.status, 403);
    assert_eq!(plane.kept(), before);
    let limited = as_role(&owner, Role::Owner, Some(Vec::new()));
    assert_eq!(plane.post(&limited, "/v1/invitations", &invitation("admin")).await.status, 403);
    assert_eq!(plane.patch(&owner, &theirs, &version, &up).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_last_owner_stays_and_of_two_who_leave_at_once_one_stays() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let first = format!("/v1/people/{}", first_owner(&plane, &owner).await);
    assert_eq!(plane.bare(&owner, Method::DELETE, &first).await.status, StatusCode::CONFLICT);
    let down = json!({ "role": "support" });
    let version = plane.get(&owner, &first).await.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(plane.patch(&owner, &first, &version, &down).await.status, StatusCode::CONFLICT);
    let (id, other) = join(&plane, &owner, "owner", "o").await;
    let second = format!("/v1/people/{id}");
    let (one, two) = tokio::join!(
        plane.bare(&owner, Method::DELETE, &first),
        plane.patch(&other, &second, "\"1\"", &down)
    );
    let gone = [one.status.is_success(), two.status.is_success()];
    assert_eq!(gone.iter().filter(|g| **g).count(), 1, "{one:?} {two:?}");
    let people = plane.get(&owner, "/v1/people").await.json();
    let owners = people["items"].as_array().unwrap().iter().filter(|p| p["role"] == "owner").count();
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn whoever_comes_too_late_tries_again_and_not_for_ever() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let invited = plane.post(&owner, "/v1/invitations", &invitation("admin")).await;
    let withdrawn = format!("/v1/invitations/{}", invited.json()["id"].as_str().unwrap());
    let (id, _) = plane.person(&owner, Role::Admin, None, "bo").await;
    let person = format!("/v1/people/{id}");
    let (again, up) = (invitation("support"), json!({ "role": "owner" }));
    for (method, path, version, body) in [
        (Method::POST, "/v1/invitations", None, Some(&again)),
        (Method::DELETE, withdrawn.as_str(), None, None),
        (Method::PATCH, person.as_str(), Some(1), Some(&up)),
        (Method::DELETE, person.as_str(), None, None),
    ] {
        let answer = plane.late(async || plane.ask(&owner, method.clone(), path, version, body).await).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn an_edit_names_the_version_that_it_was_made_from() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let (id, caller) = join(&plane, &owner, "admin", "a").await;
    let path = format!("/v1/people/{id}");
    let version = plane.get(&owner, &path).await.headers["etag"].to_str().unwrap().to_owned();
    let change = json!({ "name": " Bo B. Ek ", "timeZone": "Asia/Tokyo", "organisations": [org] });
    let changed = plane.patch(&owner, &path, &version, &change).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["name"]), (200, &json!("Bo B. Ek")), "{changed:?}");
    assert_eq!(plane.patch(&owner, &path, &version, &change).await.status, 412);
    let Caller::Member(member) = plane.find.find_signed_in(identity("a")).await.unwrap() else { panic!() };
    assert_eq!(member.organisations, Some(vec![org]), "{caller:?}");
    let version = changed.headers["etag"].to_str().unwrap();
    for (body, field) in [
        (json!({ "timeZone": "Mars/Base" }), "timeZone"),
        (json!({ "name": "" }), "name"),
        (json!({ "email": "x@y.example" }), "email"),
        (json!({ "role": "finance" }), "organisations"),
    ] {
        let answer = plane.patch(&owner, &path, version, &body).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]), "{body}");
    }
    let lifted = json!({ "role": "finance", "organisations": null });
    assert_eq!(plane.patch(&owner, &path, version, &lifted).await.json()["organisations"], Value::Null);
    assert_eq!(plane.bare(&owner, Method::PATCH, &path).await.status, 428);
    assert_eq!(
        plane.bare(&owner, Method::DELETE, &path).await.json(),
        json!({ "revokedTokens": [], "complete": true })
    );
    let nobody = plane.find.find_signed_in(identity("a")).await.unwrap();
    assert_eq!(nobody, signed_in("a"), "who was removed is nobody");
}

#[tokio::test]
async fn partners_below_are_listed_however_deep_and_siblings_never() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (left_id, left) = plane.partner(&top, "Left").await;
    let (right_id, right) = plane.partner(&top, "Right").await;
    let (deep_id, _) = plane.partner(&left, "Deep").await;
    let listed = |answer: Value| -> Vec<String> {
        answer["items"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = [left_id.to_string(), right_id.to_string(), deep_id.to_string()];
    assert_eq!(listed(plane.get(&top, "/v1/partners").await.json()), all);
    assert_eq!(listed(plane.get(&left, "/v1/partners").await.json()), [deep_id.to_string()]);
    assert!(listed(plane.get(&right, "/v1/partners").await.json()).is_empty());
    let person = first_owner(&plane, &left).await;
    for foreign in [&right, &top] {
        assert_eq!(plane.get(foreign, &format!("/v1/people/{person}")).await.status, 404);
    }
}

#[tokio::test]
async fn the_owner_of_a_new_partner_is_invited_to_sign_in_as_the_person_that_there_is() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "Northwind").await;
    let person = first_owner(&plane, &owner).await;
    let sent = mails(&plane).await;
    let [(to, code)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(*to, common::owner()["email"]);
    let accepted = accept(&plane, &signed_in("ann"), code).await;
    assert_eq!((accepted.status, accepted.json()["id"].as_str()), (StatusCode::CREATED, Some(&*person)));
    let caller = plane.find.find_signed_in(identity("ann")).await.unwrap();
    assert_eq!((caller.member().unwrap().role, &*caller.member().unwrap().token), (Role::Owner, &*person));
    assert_eq!(plane.get(&caller, "/v1/people").await.json()["items"].as_array().unwrap().len(), 1);
    let log = plane.get(&caller, "/v1/audit").await.json();
    let (what, subject) = (&log["items"][0]["what"], &log["items"][0]["subjects"]["per"]);
    assert_eq!((what, subject), (&json!("POST /v1/invitations/accept"), &json!(person)));
    let change = json!({ "role": "support" });
    let path = format!("/v1/people/{person}");
    let left = plane.ask(&caller, Method::PATCH, &path, Some(2), Some(&change)).await;
    assert_eq!(left.status, StatusCode::CONFLICT, "the last Owner is still the last: {left:?}");
}

#[tokio::test]
async fn where_nobody_can_sign_in_nobody_is_invited() {
    let plane = Plane::without_sign_in();
    let (_, owner) = plane.partner(&Caller::Operator, "Northwind").await;
    let before = plane.kept();
    let refused = plane.post(&owner, "/v1/invitations", &invitation("admin")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.problem()["detail"].as_str().unwrap().contains("API token"));
    assert_eq!((plane.kept(), mails(&plane).await), (before, vec![]));
}
