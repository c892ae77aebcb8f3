//! The link by which a partner opens an organisation's portal.

use crate::common::{Answer, Plane, as_role};
use axum::body::Body;
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PartnerId};
use engine::records::{Organisation, OrganisationState, Records};
use http::{Request, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::json;

async fn link(plane: &Plane, by: &Caller, org: &OrganisationId) -> Answer {
    plane.ask(by, http::Method::POST, &format!("/v1/organisations/{org}/access-link"), None, None).await
}

fn token(link: &Answer) -> String {
    assert_eq!(link.status, StatusCode::CREATED, "{link:?}");
    assert_eq!(link.headers["cache-control"], "no-store");
    let url = link.json()["url"].as_str().unwrap().to_owned();
    url.strip_prefix("https://api.example.com/access#access=").unwrap_or_else(|| panic!("{url}")).to_owned()
}

async fn open(plane: &Plane, token: &str) -> Answer {
    let body = Body::from(json!({ "token": token }).to_string());
    let request = Request::post("/v1/access").header("content-type", "application/json").body(body);
    plane.send(None, request.unwrap()).await
}

async fn edit(
    plane: &Plane,
    partner: &PartnerId,
    org: &OrganisationId,
    edit: impl FnOnce(&mut Organisation),
) {
    let records = Records::new(plane.world.catalog.clone(), plane.world.clock.clone());
    let mut found = records.get(&Organisation::at(partner, org)).await.unwrap();
    edit(&mut found.value);
    records.replace(&found.value, found.version).await.unwrap();
}

#[tokio::test]
async fn a_link_opens_the_portal_of_one_organisation_once() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let (org, other) =
        (plane.organisation(&owner, "Contoso").await, plane.organisation(&owner, "Other").await);
    let token = token(&link(&plane, &owner, &org).await);
    assert!(!format!("{:?}", plane.kept()).contains(&token), "only its hash is kept");
    let session = plane.cut_off(async || open(&plane, &token).await).await;
    assert_eq!((session.status, &session.json()["organisation"]), (StatusCode::CREATED, &json!(org)));
    let log = plane.get(&owner, "/v1/audit").await.json();
    let opened = &log["items"][0];
    assert_eq!((&opened["what"], &opened["subjects"]["org"]), (&json!("POST /v1/access"), &json!(org)));
    assert_eq!(opened["who"], json!(owner.name()), "whoever made the link opened it, as far as is known");
    let caller = plane.find.find(session.json()["token"].as_str().unwrap()).await.unwrap().unwrap();
    let member = caller.member().unwrap();
    assert_eq!((member.role, member.organisations.as_deref()), (Role::EndCustomer, Some(&[org.clone()][..])));
    assert_eq!(plane.get(&caller, &format!("/v1/organisations/{org}")).await.status, StatusCode::OK);
    assert_eq!(plane.get(&caller, &format!("/v1/organisations/{other}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(link(&plane, &caller, &org).await.status, StatusCode::FORBIDDEN, "it makes no further links");
    let again = open(&plane, &token).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_eq!(again.text, open(&plane, "never made").await.text, "used and unknown are one answer");
}

#[tokio::test]
async fn opened_twice_at_once_it_opens_once() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let token = token(&link(&plane, &owner, &org).await);
    let (one, two) = tokio::join!(open(&plane, &token), open(&plane, &token));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 404]);
}

#[tokio::test]
async fn a_link_is_good_for_five_minutes_and_its_session_for_an_hour() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let (late, in_time) =
        (token(&link(&plane, &owner, &org).await), token(&link(&plane, &owner, &org).await));
    plane.world.clock.advance(SignedDuration::from_secs(299));
    let session = open(&plane, &in_time).await.json()["token"].as_str().unwrap().to_owned();
    plane.world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(open(&plane, &late).await.status, StatusCode::NOT_FOUND);
    assert!(plane.find.find(&session).await.unwrap().is_some());
    plane.world.clock.advance(SignedDuration::from_mins(60));
    assert!(plane.find.find(&session).await.unwrap().is_none());
}

#[tokio::test]
async fn a_link_gives_nobody_more_than_they_have() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let support = as_role(&owner, Role::Support, None);
    assert_eq!(link(&plane, &support, &org).await.status, StatusCode::CREATED);
    edit(&plane, &partner, &org, |o| o.features = vec![Feature::Search, Feature::Download]).await;
    for (role, status) in [(Role::Support, 403), (Role::Admin, 403), (Role::Finance, 403), (Role::Owner, 201)]
    {
        let by = as_role(&owner, role, None);
        assert_eq!(link(&plane, &by, &org).await.status.as_u16(), status, "{role:?}");
    }
    let (_, stranger) = plane.partner(&Caller::Operator, "Stranger").await;
    assert_eq!(link(&plane, &stranger, &org).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_signs_in_to_a_suspended_organisation() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let token = token(&link(&plane, &owner, &org).await);
    edit(&plane, &partner, &org, |o| o.state = OrganisationState::Suspended).await;
    assert_eq!(link(&plane, &owner, &org).await.status, StatusCode::CONFLICT);
    let session = open(&plane, &token).await.json()["token"].as_str().unwrap().to_owned();
    let caller = plane.find.find(&session).await.unwrap().unwrap();
    let answer = plane.get(&caller, &format!("/v1/organisations/{org}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "the door asks again");
}
