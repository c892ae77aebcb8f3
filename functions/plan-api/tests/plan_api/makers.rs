//! Tokens have a maker: they end with whoever made them, and never do more than these may.

use crate::common::{Answer, Plane, as_role};
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PersonId};
use engine::records::Person;
use http::Method;
use jiff::SignedDuration;
use partners::commands::{Caller, Member, Proof};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn made(plane: &Plane, by: &Caller, role: &str) -> Value {
    let answer = plane.post(by, "/v1/tokens", &json!({ "name": role, "role": role })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// Somebody's token, as who asks with it.
async fn holder(plane: &Plane, made: &Value) -> Caller {
    plane.held(made).await.expect("it is good")
}

fn path(made: &Value) -> String {
    format!("/v1/tokens/{}", made["id"].as_str().unwrap())
}

fn ids(tokens: &Value) -> BTreeSet<String> {
    let tokens = tokens.as_array().cloned().unwrap_or_default();
    tokens.iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

async fn remove(plane: &Plane, by: &Caller, person: &PersonId) -> Answer {
    plane.bare(by, Method::DELETE, &format!("/v1/people/{person}")).await
}

async fn change(plane: &Plane, by: &Caller, person: &PersonId, change: &Value) -> Answer {
    let path = format!("/v1/people/{person}");
    let version = plane.get(by, &path).await.version();
    plane.ask(by, Method::PATCH, &path, Some(version), Some(change)).await
}

#[tokio::test]
async fn whoever_leaves_takes_along_the_tokens_that_they_made_and_those_that_these_made() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (id, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    let first = made(&plane, &eve, "superAdmin").await;
    let second = made(&plane, &holder(&plane, &first).await, "admin").await;
    let kept = made(&plane, &owner, "superAdmin").await;
    let shown = plane.get(&owner, &path(&first)).await.json();
    assert_eq!((&shown["madeBy"]["kind"], &shown["madeBy"]["id"]), (&json!("person"), &json!(id)));
    let removed = remove(&plane, &owner, &id).await;
    assert_eq!(removed.status, 200, "{removed:?}");
    let told = ids(&removed.json()["revokedTokens"]);
    assert_eq!(told, ids(&json!([first, second])), "the answer names them");
    for ended in [&first, &second] {
        assert_eq!(plane.held(ended).await, None);
        assert!(plane.get(&owner, &path(ended)).await.json()["revokedAt"].is_string());
    }
    assert!(plane.held(&kept).await.is_some());
}

/// As when the process ends in between, or another makes a token at that moment: what counts is who may now.
#[tokio::test]
async fn a_token_of_somebody_who_is_gone_is_good_for_nobody_whatever_its_row_says() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (id, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    let first = made(&plane, &eve, "superAdmin").await;
    let second = made(&plane, &holder(&plane, &first).await, "admin").await;
    let partner = owner.member().unwrap().partner.clone();
    let records = &plane.records();
    let found = records.get(&Person::at(&partner, &id)).await.unwrap();
    let lowered = Person { role: Role::Support, ..found.value.clone() };
    records.replace(&lowered, found.version).await.unwrap();
    assert_eq!((plane.held(&first).await, plane.held(&second).await), (None, None), "she may give neither");
    assert_eq!(plane.get(&owner, &path(&first)).await.json()["revokedAt"], Value::Null);
    records.write(vec![engine::records::delete(&lowered, found.version + 1)]).await.unwrap();
    assert_eq!((plane.held(&first).await, plane.held(&second).await), (None, None));
}

#[tokio::test]
async fn whoever_may_do_less_loses_what_their_tokens_may_do_more_and_does_not_get_it_back() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let (id, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    let (wide, admin) = (made(&plane, &eve, "superAdmin").await, made(&plane, &eve, "admin").await);
    let renamed = change(&plane, &owner, &id, &json!({ "name": "Eve Ek" })).await.json();
    assert_eq!(renamed["changedTokens"], Value::Null, "a name changes nothing of it");
    let down = json!({ "role": "admin", "organisations": [org] });
    let lowered = change(&plane, &owner, &id, &down).await;
    assert_eq!(lowered.status, 200, "{lowered:?}");
    assert_eq!(ids(&lowered.json()["changedTokens"]), ids(&json!([wide, admin])));
    assert_eq!(plane.held(&wide).await, None);
    let narrowed = |caller: Caller| caller.member().unwrap().organisations.clone();
    assert_eq!(narrowed(holder(&plane, &admin).await), Some(vec![org.clone()]));
    assert_eq!(plane.get(&owner, &path(&admin)).await.json()["organisations"], json!([org]));
    let up = json!({ "role": "superAdmin", "organisations": null });
    assert_eq!(change(&plane, &owner, &id, &up).await.json()["changedTokens"], Value::Null);
    assert_eq!(plane.held(&wide).await, None);
    assert_eq!(narrowed(holder(&plane, &admin).await), Some(vec![org]));
}

#[tokio::test]
async fn more_tokens_than_one_write_holds_end_with_their_maker() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (id, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    let mut all = Vec::new();
    for _ in 0..45 {
        all.push(made(&plane, &eve, "support").await);
    }
    let removed = remove(&plane, &owner, &id).await.json();
    assert_eq!(ids(&removed["revokedTokens"]).len(), 45);
    for token in &all {
        assert_eq!(plane.held(token).await, None);
    }
}

#[tokio::test]
async fn a_revoked_token_takes_along_what_it_made_and_a_rotated_one_is_whose_who_saw_it() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (id, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    let stolen = made(&plane, &owner, "superAdmin").await;
    let by_thief = made(&plane, &holder(&plane, &stolen).await, "superAdmin").await;
    assert_eq!(plane.bare(&owner, Method::DELETE, &path(&stolen)).await.status, 204);
    assert_eq!((plane.held(&stolen).await, plane.held(&by_thief).await), (None, None));
    assert!(plane.get(&owner, &path(&by_thief)).await.json()["revokedAt"].is_string());

    let eves = made(&plane, &eve, "admin").await;
    let rotated = plane.bare(&owner, Method::POST, &format!("{}/rotate", path(&eves))).await.json();
    assert_eq!(rotated["madeBy"]["kind"], "token", "it is the Owner's now, who asks with one");
    assert_eq!(ids(&remove(&plane, &owner, &id).await.json()["revokedTokens"]), BTreeSet::new());
    assert!(plane.held(&rotated).await.is_some());
}

#[tokio::test]
async fn tokens_make_one_another_four_times_at_most_and_are_good_no_longer_than_their_makers() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (_, eve) = plane.person(&owner, Role::SuperAdmin, None, "eve").await;
    let end = "2026-01-31T00:00:00Z";
    plane.world.clock.advance_to("2026-01-01T00:00:00Z".parse().unwrap());
    let short = json!({ "name": "x", "role": "superAdmin", "expiresAt": end });
    let mut last = plane.post(&eve, "/v1/tokens", &short).await.json();
    for _ in 0..3 {
        last = made(&plane, &holder(&plane, &last).await, "superAdmin").await;
        assert_eq!(last["expiresAt"], end);
    }
    let fourth = holder(&plane, &last).await;
    let longer = json!({ "name": "x", "role": "admin" });
    assert_eq!(plane.post(&fourth, "/v1/tokens", &longer).await.status, 409);
    let third = holder(&plane, &made(&plane, &eve, "superAdmin").await).await;
    let beyond = json!({ "name": "x", "role": "admin", "expiresAt": "2999-01-01T00:00:00Z" });
    assert_eq!(plane.post(&third, "/v1/tokens", &beyond).await.fields(), ["expiresAt"]);
    plane.world.clock.advance(SignedDuration::from_hours(30 * 24));
    assert_eq!(plane.held(&last).await, None);
}

#[tokio::test]
async fn a_token_without_an_id_makes_none() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let listed = made(&plane, &owner, "admin").await;
    let member = Member { proof: Proof::Token(None), ..owner.member().unwrap().clone() };
    let nameless = Caller::Member(member);
    let before = plane.kept();
    let token = json!({ "name": "x", "role": "admin" });
    let person = json!({ "name": "Bo Ek", "email": "bo@msp.example", "role": "support" });
    let below = json!({ "name": "Below", "owner": crate::common::owner() });
    for (at, body) in [
        ("/v1/tokens".to_owned(), token),
        (format!("{}/rotate", path(&listed)), Value::Null),
        (format!("/v1/organisations/{org}/token"), Value::Null),
        (format!("/v1/organisations/{org}/access-link"), Value::Null),
        ("/v1/invitations".to_owned(), person),
        ("/v1/partners".to_owned(), below),
    ] {
        let answer = match body {
            Value::Null => plane.bare(&nameless, Method::POST, &at).await,
            body => plane.post(&nameless, &at, &body).await,
        };
        assert_eq!(answer.status, 403, "{at}: {answer:?}");
        assert!(answer.text.contains("before tokens were listed"), "{at}: {}", answer.text);
    }
    assert_eq!(plane.kept(), before);
    assert_eq!(plane.get(&nameless, "/v1/tokens").await.status, 200, "it goes on with all else");
}

async fn switch(plane: &Plane, by: &Caller, org: &OrganisationId, features: &[&str]) -> Answer {
    let path = format!("/v1/organisations/{org}");
    let version = plane.get(by, &path).await.version();
    let body = json!({ "features": features });
    plane.ask(by, Method::PUT, &format!("{path}/features"), Some(version), Some(&body)).await
}

#[tokio::test]
async fn who_may_not_download_gives_nobody_the_download() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let own = format!("/v1/organisations/{org}/token");
    let admin = as_role(&owner, Role::Admin, Some(vec![org.clone()]));
    assert_eq!(switch(&plane, &admin, &org, &["search"]).await.status, 200);
    assert_eq!(switch(&plane, &admin, &org, &["search", "download"]).await.status, 403);
    let before = plane.bare(&admin, Method::POST, &own).await.json();
    assert_eq!(before["scopes"], json!(["search"]));
    assert_eq!(switch(&plane, &owner, &org, &["search", "download"]).await.status, 200);
    let gained = holder(&plane, &before).await.member().unwrap().features.clone().unwrap();
    assert_eq!(gained, [Feature::Search, Feature::Compare, Feature::Restore], "what its maker may give");
    assert_eq!(plane.get(&owner, &own).await.json()["scopes"], json!(["search"]));
    assert_eq!(plane.bare(&admin, Method::POST, &own).await.status, 403, "it would open the download");
    assert_eq!(switch(&plane, &admin, &org, &["download", "compare"]).await.status, 200, "it was on before");
    let by_owner = plane.bare(&owner, Method::POST, &own).await.json();
    assert_eq!(by_owner["scopes"], json!(["compare", "download"]));
    assert_eq!(holder(&plane, &by_owner).await.member().unwrap().features, None);
}

#[tokio::test]
async fn a_super_admin_gets_no_owners_token_of_the_partner_that_they_make() {
    for has_sign_in in [true, false] {
        let plane = if has_sign_in { Plane::new() } else { Plane::without_sign_in() };
        let (_, owner) = plane.partner(&Caller::Operator, "P").await;
        let second = as_role(&owner, Role::SuperAdmin, None);
        let body = json!({ "name": "Below", "owner": crate::common::owner() });
        let made = plane.post(&second, "/v1/partners", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let rows = plane.kept();
        let of = |family: &str| {
            let partner = made.json()["id"].as_str().unwrap().to_owned();
            rows.iter().filter(|(s, r)| s.text().ends_with(&partner) && r.key.starts_with(family)).count()
        };
        if has_sign_in {
            assert_eq!((&made.json()["ownerToken"], of("token#"), of("invitation#")), (&Value::Null, 0, 1));
        } else {
            let token = json!({ "token": made.json()["ownerToken"] });
            assert_eq!(holder(&plane, &token).await.member().unwrap().role, Role::SuperAdmin);
            assert_eq!((of("token#"), of("invitation#")), (1, 0));
        }
    }
}

#[tokio::test]
async fn the_first_token_of_a_partner_ends_with_the_person_who_saw_it_until_it_is_made_anew() {
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "Top").await;
    let (id, ann) = plane.person(&top, Role::Owner, None, "ann").await;
    let (_, left) = plane.partner(&ann, "Left").await;
    let (_, right) = plane.partner(&ann, "Right").await;
    let tokens = plane.get(&right, "/v1/tokens").await.json();
    let rotate = format!("/v1/tokens/{}/rotate", tokens["items"][0]["id"].as_str().unwrap());
    let (_, bo) = plane.person(&right, Role::Owner, None, "bo").await;
    let anew = plane.bare(&bo, Method::POST, &rotate).await.json();
    let lefts = plane.get(&left, "/v1/tokens").await.json()["items"][0].clone();
    assert_eq!(lefts["madeBy"]["id"], json!(id));
    assert_eq!(remove(&plane, &top, &id).await.status, 200);
    assert!(plane.held(&anew).await.is_some());
    let below = left.member().unwrap().partner.clone();
    let row = plane.records().list_all(&engine::records::TokenEntry::of_partner(&below)).await.unwrap();
    let row = &row[0].value.token;
    assert!(row.is_good("2026-01-01T00:00:00Z".parse().unwrap()), "its row is the other partner's");
}
