//! What people hear of by mail, through the router: chosen by themselves or for them, about topics, organisations and
//! partners.

use crate::common;
use crate::common::{Plane, as_role};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, PersonId};
use engine::records::{MailState, MailTrouble, Person};
use http::{Method, StatusCode};
use partners::commands::Caller;
use serde_json::{Value, json};

struct Stage {
    plane: Plane,
    partner: PartnerId,
    owner: Caller,
    admin: Caller,
    admin_id: PersonId,
    org: OrganisationId,
}

async fn stage() -> Stage {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "Northwind").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let (admin_id, admin) = plane.person(&owner, Role::Admin, None, "ada").await;
    Stage { plane, partner, owner, admin, admin_id, org }
}

impl Stage {
    async fn put(&self, caller: &Caller, path: &str, body: &Value) -> common::Answer {
        let version = self.plane.get(caller, path).await.version();
        self.plane.ask(caller, Method::PUT, path, Some(version), Some(body)).await
    }

    fn path(&self) -> String {
        format!("/v1/people/{}/notifications", self.admin_id)
    }
}

fn body(subscriptions: &Value) -> Value {
    json!({ "hour": 17, "timeZone": "Asia/Tokyo", "subscriptions": subscriptions })
}

/// How often the answer says that a topic is heard of, about everything.
fn how_often<'a>(answer: &'a Value, topic: &str) -> (&'a str, bool) {
    let items = answer["subscriptions"].as_array().unwrap().iter();
    let found =
        items.clone().find(|s| s["topic"] == topic && s["organisation"].is_null() && s["partner"].is_null());
    let found = found.unwrap_or_else(|| panic!("no {topic} in {answer}"));
    (found["frequency"].as_str().unwrap(), found["chosen"].as_bool().unwrap())
}

#[tokio::test]
async fn a_person_hears_what_their_role_does_until_they_choose_otherwise() {
    let stage = stage().await;
    let own = "/v1/me/notifications";
    let before = stage.plane.get(&stage.admin, own).await.json();
    assert_eq!(before["person"], stage.admin_id.to_string());
    assert_eq!((&before["hour"], &before["mailState"]), (&json!(8), &Value::Null));
    assert_eq!(how_often(&before, "errors"), ("immediate", false));
    assert_eq!(how_often(&before, "seats"), ("weekly", false));
    let topics: Vec<_> = before["subscriptions"].as_array().unwrap().iter().map(|s| &s["topic"]).collect();
    assert_eq!(topics.len(), 8, "{topics:?}");
    let below = stage.plane.partner(&stage.owner, "Below").await.0;
    let wanted = body(&json!([
        { "topic": "errors", "frequency": "weekly" },
        { "topic": "changes", "frequency": "never" },
        { "topic": "errors", "organisation": stage.org, "frequency": "immediate" },
        { "topic": "credentials", "partner": below, "frequency": "daily" },
    ]));
    let chosen = stage.put(&stage.admin, own, &wanted).await;
    assert_eq!(chosen.status, StatusCode::OK, "{chosen:?}");
    let chosen = chosen.json();
    assert_eq!(how_often(&chosen, "errors"), ("weekly", true));
    assert_eq!(how_often(&chosen, "changes"), ("never", true));
    assert_eq!(how_often(&chosen, "seats"), ("weekly", false));
    assert_eq!((&chosen["hour"], &chosen["timeZone"]), (&json!(17), &json!("Asia/Tokyo")));
    let narrower = &chosen["subscriptions"].as_array().unwrap()[8..];
    assert_eq!(narrower.len(), 2);
    assert_eq!(
        (&narrower[0]["organisation"], &narrower[0]["frequency"]),
        (&json!(stage.org), &json!("immediate"))
    );
    assert_eq!((&narrower[1]["partner"], &narrower[1]["frequency"]), (&json!(below), &json!("daily")));
    assert_eq!(
        stage.plane.get(&stage.owner, &stage.path()).await.json(),
        chosen,
        "as who manages them sees it"
    );
    // What is not named follows the role again, and what is withdrawn is gone.
    let back = stage.put(&stage.admin, own, &body(&json!([]))).await.json();
    assert_eq!(how_often(&back, "errors"), ("immediate", false));
    assert_eq!(how_often(&back, "changes"), ("daily", false));
    assert_eq!(back["subscriptions"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn who_manages_people_chooses_for_them_and_an_owner_alone_for_an_owner() {
    let stage = stage().await;
    let wanted = body(&json!([{ "topic": "restores", "frequency": "immediate" }]));
    let chosen = stage.put(&stage.owner, &stage.path(), &wanted).await;
    assert_eq!((chosen.status, how_often(&chosen.json(), "restores")), (StatusCode::OK, ("immediate", true)));
    let people = stage.plane.get(&stage.owner, "/v1/people").await.json();
    let of_owner = format!("/v1/people/{}/notifications", people["items"][0]["id"].as_str().unwrap());
    let second = as_role(&stage.owner, Role::SuperAdmin, None);
    assert_eq!(stage.put(&second, &of_owner, &wanted).await.status, StatusCode::FORBIDDEN);
    assert_eq!(stage.put(&stage.owner, &of_owner, &wanted).await.status, StatusCode::OK);
    assert_eq!(
        stage.plane.get(&stage.owner, "/v1/me/notifications").await.status,
        404,
        "a token gets no mail"
    );
}

#[tokio::test]
async fn a_change_names_the_version_and_each_fault_its_field() {
    let stage = stage().await;
    let path = stage.path();
    let first = stage.plane.get(&stage.owner, &path).await.version();
    let wanted = body(&json!([]));
    let ask = async |version, body: &Value| {
        stage.plane.ask(&stage.owner, Method::PUT, &path, version, Some(body)).await
    };
    assert_eq!(ask(None, &wanted).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(ask(Some(first), &wanted).await.status, StatusCode::OK);
    assert_eq!(ask(Some(first), &wanted).await.status, StatusCode::PRECONDITION_FAILED);
    let (_, sibling) = stage.plane.partner(&Caller::Operator, "Right").await;
    let foreign = stage.plane.organisation(&sibling, "Foreign").await;
    let (foreign_partner, _) = stage.plane.partner(&sibling, "Below right").await;
    let before = stage.plane.get(&stage.owner, &path).await.json();
    let one = |more: Value| {
        let mut choice = json!({ "topic": "errors", "frequency": "daily" });
        choice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body(&json!([{ "topic": "seats", "frequency": "weekly" }, choice]))
    };
    for (wanted, field) in [
        (json!({ "hour": 24, "timeZone": "UTC", "subscriptions": [] }), "hour"),
        (json!({ "hour": 8, "timeZone": "Mars/Base", "subscriptions": [] }), "timeZone"),
        (one(json!({ "topic": "weather" })), "subscriptions[1].topic"),
        (one(json!({ "frequency": "hourly" })), "subscriptions[1].frequency"),
        (one(json!({ "organisation": foreign })), "subscriptions[1].organisation"),
        (one(json!({ "partner": foreign_partner })), "subscriptions[1].partner"),
        (one(json!({ "organisation": stage.org, "partner": stage.partner })), "subscriptions[1].partner"),
        (one(json!({ "topic": "seats" })), "subscriptions[1]"),
        (one(json!({ "language": "de" })), "subscriptions[1].language"),
    ] {
        let version = stage.plane.get(&stage.owner, &path).await.version();
        let answer = ask(Some(version), &wanted).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]), "{wanted}");
    }
    assert_eq!(stage.plane.get(&stage.owner, &path).await.json(), before);
}

#[tokio::test]
async fn nobody_is_subscribed_to_what_their_role_or_their_limit_does_not_show() {
    let stage = stage().await;
    let other = stage.plane.organisation(&stage.owner, "Fabrikam").await;
    let (id, _) = stage.plane.person(&stage.owner, Role::Support, Some(&[&stage.org]), "bo").await;
    let path = format!("/v1/people/{id}/notifications");
    let of = |topic: &str, org: &OrganisationId| {
        body(&json!([{ "topic": topic, "organisation": org, "frequency": "daily" }]))
    };
    let outside = stage.put(&stage.owner, &path, &of("errors", &other)).await;
    assert_eq!(outside.fields(), ["subscriptions[0].organisation"]);
    let not_open = stage.put(&stage.owner, &path, &of("invoices", &stage.org)).await;
    assert_eq!(not_open.fields(), ["subscriptions[0].topic"]);
    assert_eq!(stage.put(&stage.owner, &path, &of("errors", &stage.org)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_subscriptions_of_all_people_are_a_list_and_a_table() {
    let stage = stage().await;
    let wanted = body(&json!([{ "topic": "errors", "organisation": stage.org, "frequency": "monthly" }]));
    stage.put(&stage.owner, &stage.path(), &wanted).await;
    let listed = stage.plane.get(&stage.owner, "/v1/notifications").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let csv = stage.plane.get(&stage.owner, "/v1/notifications?format=csv").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<_> = csv.text.lines().collect();
    assert!(lines[0].starts_with("person,name,email,role,topic,organisation,partner,frequency,chosen,hour"));
    // Eight topics of an Owner, eight of an Admin, and one choice.
    assert_eq!(lines.len(), 1 + 8 + 8 + 1, "{}", csv.text);
    let narrower = lines.iter().find(|line| line.contains(stage.org.as_str())).unwrap();
    assert!(narrower.contains(",monthly,yes,17,Asia/Tokyo,"), "{narrower}");
    let part = stage.plane.get(&stage.owner, "/v1/notifications?format=csv&limit=1").await;
    let link = part.headers["link"].to_str().unwrap();
    assert!(link.starts_with("</v1/notifications?format=csv&limit=1&cursor="), "{link}");
    let next = link.split(['<', '>']).nth(1).unwrap();
    assert_eq!(stage.plane.get(&stage.owner, next).await.text.lines().count(), 1 + 9);
}

#[tokio::test]
async fn that_no_mail_reaches_somebody_is_shown_and_taken_back() {
    let stage = stage().await;
    let found = stage.plane.records().get(&Person::at(&stage.partner, &stage.admin_id)).await.unwrap();
    let (since, trouble) = (engine::ports::Clock::now(&*stage.plane.world.clock), MailTrouble::Bounced);
    let state = MailState { trouble, since, told: None };
    let unreached = Person { mail_state: Some(state), ..found.value };
    stage.plane.records().replace(&unreached, found.version).await.unwrap();
    let person = format!("/v1/people/{}", stage.admin_id);
    for path in [person.clone(), stage.path()] {
        let answer = stage.plane.get(&stage.owner, &path).await.json();
        assert_eq!(
            answer["mailState"],
            json!({ "trouble": "bounced", "since": since, "told": null }),
            "{path}"
        );
    }
    let again = format!("{person}/mail-state");
    assert_eq!(stage.plane.bare(&stage.owner, Method::DELETE, &again).await.status, StatusCode::NO_CONTENT);
    assert_eq!(stage.plane.get(&stage.owner, &person).await.json()["mailState"], Value::Null);
    assert_eq!(
        stage.plane.bare(&stage.owner, Method::DELETE, &again).await.status,
        StatusCode::NO_CONTENT,
        "twice"
    );
}

#[tokio::test]
async fn whoever_is_promoted_hears_what_the_new_role_does() {
    let stage = stage().await;
    let (id, _) = stage.plane.person(&stage.owner, Role::Support, None, "cy").await;
    let path = format!("/v1/people/{id}");
    let version = stage.plane.get(&stage.owner, &path).await.version();
    let up = json!({ "role": "admin" });
    stage.plane.ask(&stage.owner, Method::PATCH, &path, Some(version), Some(&up)).await;
    let now = stage.plane.get(&stage.owner, &format!("{path}/notifications")).await.json();
    assert_eq!(how_often(&now, "changes"), ("daily", false));
    assert_eq!(how_often(&now, "privileged-changes"), ("immediate", false));
}
