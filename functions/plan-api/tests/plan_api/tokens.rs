//! API tokens through the router: never wider than their maker, gone when they are taken back.

use crate::common::{Plane, as_role};
use domain::rights::Role;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::{Value, json};

fn wanted(role: &str) -> Value {
    json!({ "name": "CI", "role": role })
}

async fn held(plane: &Plane, made: &Value) -> Option<Caller> {
    plane.find.find(made["token"].as_str().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_as_its_hash() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let made = plane.post(&owner, "/v1/tokens", &wanted("support")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let text = made.json()["token"].as_str().unwrap().to_owned();
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let read = plane.get(&owner, &path).await;
    assert_eq!((read.json()["prefix"].as_str(), read.json()["token"].as_str()), (Some(&text[..12]), None));
    assert!(!format!("{:?}", plane.kept()).contains(&text));
    let Some(Caller::Member(member)) = held(&plane, &made.json()).await else { panic!("it is good") };
    assert_eq!(member.role, Role::Support);
    let listed = plane.get(&owner, "/v1/tokens").await.json();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
    assert_eq!(names, [json!("CI"), json!("Owner")]);
}

#[tokio::test]
async fn no_token_is_wider_than_its_maker() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let (_, stranger) = plane.partner(&Caller::Operator, "Q").await;
    let foreign = plane.organisation(&stranger, "Fabrikam").await;
    let by_owner = plane.post(&owner, "/v1/tokens", &wanted("owner")).await.json();
    let path = format!("/v1/tokens/{}", by_owner["id"].as_str().unwrap());
    let before = plane.kept();
    let second = as_role(&owner, Role::SuperAdmin, None);
    assert_eq!(plane.post(&second, "/v1/tokens", &wanted("owner")).await.status, 403);
    assert_eq!(plane.bare(&second, Method::POST, &format!("{path}/rotate")).await.status, 403);
    assert_eq!(plane.bare(&second, Method::DELETE, &path).await.status, 403);
    for role in [Role::Admin, Role::Support, Role::Finance, Role::EndCustomer] {
        let member = as_role(&owner, role, Some(vec![org.clone()]));
        let answer = plane.post(&member, "/v1/tokens", &json!({ "name": "x", "role": role })).await;
        assert_eq!(answer.status, 403, "{role:?}");
    }
    for (body, field) in [
        (json!({ "name": "x", "role": "admin", "organisations": [foreign] }), "organisations[0]"),
        (json!({ "name": "x", "role": "admin", "organisations": [] }), "organisations"),
        (json!({ "name": "x", "role": "superAdmin", "organisations": [org] }), "organisations"),
        (json!({ "name": "x", "role": "endCustomer" }), "organisations"),
        (json!({ "name": "x", "role": "admin", "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt"),
        (json!({ "name": "x", "role": "admin", "expiresAt": "2999-01-01T00:00:00Z" }), "expiresAt"),
        (json!({ "name": "x", "role": "king" }), "role"),
        (json!({ "name": " ", "role": "admin" }), "name"),
    ] {
        let answer = plane.post(&owner, "/v1/tokens", &body).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]), "{body}");
    }
    assert_eq!(plane.kept(), before);
    let limited = json!({ "name": "x", "role": "admin", "organisations": [org] });
    let made = plane.post(&owner, "/v1/tokens", &limited).await.json();
    let Some(Caller::Member(member)) = held(&plane, &made).await else { panic!("it is good") };
    assert_eq!(member.organisations, Some(vec![org]));
}

#[tokio::test]
async fn a_rotated_token_keeps_its_id_and_its_old_text_ends_and_a_revoked_one_stays_ended() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let first = plane.post(&owner, "/v1/tokens", &wanted("admin")).await.json();
    let path = format!("/v1/tokens/{}", first["id"].as_str().unwrap());
    let second = plane.bare(&owner, Method::POST, &format!("{path}/rotate")).await;
    assert_eq!(second.status, StatusCode::CREATED, "{second:?}");
    let second = second.json();
    assert_eq!((&second["id"], &second["expiresAt"]), (&first["id"], &first["expiresAt"]));
    assert_eq!(held(&plane, &first).await, None);
    assert!(held(&plane, &second).await.is_some());
    for _ in 0..2 {
        assert_eq!(plane.bare(&owner, Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(held(&plane, &second).await, None);
    }
    assert!(plane.get(&owner, &path).await.json()["revokedAt"].is_string());
    assert_eq!(plane.bare(&owner, Method::POST, &format!("{path}/rotate")).await.status, 409);
    assert_eq!(held(&plane, &second).await, None);
}

#[tokio::test]
async fn two_who_rotate_at_once_leave_one_good_token() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let first = plane.post(&owner, "/v1/tokens", &wanted("admin")).await.json();
    let path = format!("/v1/tokens/{}/rotate", first["id"].as_str().unwrap());
    let rotate = || plane.bare(&owner, Method::POST, &path);
    let (one, other) = tokio::join!(rotate(), rotate());
    let mut good = 0;
    for answer in [&one, &other] {
        if answer.status == StatusCode::CREATED {
            good += usize::from(held(&plane, &answer.json()).await.is_some());
        } else {
            assert_eq!(answer.status, StatusCode::CONFLICT);
        }
    }
    assert_eq!((good, held(&plane, &first).await), (1, None));
}

#[tokio::test]
async fn a_busy_token_writes_its_use_once_a_minute() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let made = plane.post(&owner, "/v1/tokens", &wanted("admin")).await.json();
    let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(plane.get(&owner, &path).await.json()["lastUsedAt"], Value::Null);
    held(&plane, &made).await.unwrap();
    let first = plane.get(&owner, &path).await.json()["lastUsedAt"].clone();
    let kept = plane.kept();
    plane.world.clock.advance(SignedDuration::from_secs(59));
    held(&plane, &made).await.unwrap();
    assert_eq!(plane.kept(), kept);
    plane.world.clock.advance(SignedDuration::from_secs(1));
    let many = (0..8).map(|_| held(&plane, &made));
    assert!(futures::future::join_all(many).await.iter().all(Option::is_some), "a conflict refuses nobody");
    assert_ne!(plane.get(&owner, &path).await.json()["lastUsedAt"], first);
}

#[tokio::test]
async fn an_organisation_has_one_token_of_its_own_which_opens_nothing_else() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (org, other) =
        (plane.organisation(&owner, "Contoso").await, plane.organisation(&owner, "Other").await);
    let path = format!("/v1/organisations/{org}/token");
    assert_eq!(plane.get(&owner, &path).await.status, 404);
    let admin = as_role(&owner, Role::Admin, Some(vec![org.clone()]));
    let first = plane.bare(&admin, Method::POST, &path).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    assert_eq!(first.headers["location"], path.as_str());
    let second = plane.bare(&owner, Method::POST, &path).await.json();
    assert_eq!(first.json()["id"], second["id"]);
    assert_eq!(held(&plane, &first.json()).await, None);
    let own = held(&plane, &second).await.unwrap();
    assert_eq!(plane.get(&own, &format!("/v1/organisations/{org}")).await.status, 200);
    assert_eq!(plane.get(&own, &format!("/v1/organisations/{other}")).await.status, 404);
    assert_eq!(plane.bare(&own, Method::POST, &path).await.status, 403);
    let read = plane.get(&owner, &path).await.json();
    assert_eq!((&read["scopes"], read["lastUsedAt"].is_string()), (&json!([]), true));
    let elsewhere = as_role(&owner, Role::Admin, Some(vec![other]));
    assert_eq!(plane.get(&elsewhere, &path).await.status, 404);
    assert_eq!(plane.bare(&owner, Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(held(&plane, &second).await, None);
    assert!(plane.get(&owner, &path).await.json()["revokedAt"].is_string());
    let third = plane.bare(&owner, Method::POST, &path).await.json();
    assert!(held(&plane, &third).await.is_some());
    assert_eq!(plane.get(&owner, "/v1/tokens").await.json()["items"].as_array().unwrap().len(), 1);
}
