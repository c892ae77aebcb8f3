//! Connecting a tenant through the router: the link, the callback, and every way in which it fails.

use crate::common;
use crate::common::{Answer, Plane, TENANT, as_role};
use axum::body::Body;
use domain::rights::Role;
use domain::{OrganisationId, Timestamp};
use engine::records::{Records, StoredKey, Tenant};
use http::{Request, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

const WORLD: &[&str] = &[
    "User.Read.All",
    "Group.Read.All",
    "RoleManagement.Read.Directory",
    "AdministrativeUnit.Read.All",
    "CustomSecAttributeAssignment.Read.All",
    "User-LifeCycleInfo.Read.All",
    "Member.Read.Hidden",
    "DeviceManagementConfiguration.Read.All",
];

/// What the link asks Microsoft for.
async fn link(plane: &Plane, owner: &Caller, org: &OrganisationId, app: &str) -> BTreeMap<String, String> {
    let made =
        plane.post(owner, &format!("/v1/organisations/{org}/consent-link"), &json!({ "app": app })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let url: Url = made.json()["url"].as_str().unwrap().parse().unwrap();
    assert_eq!(url.origin().ascii_serialization(), "https://login.example.com");
    assert_eq!(url.path(), "/organizations/v2.0/adminconsent");
    url.query_pairs().into_owned().collect()
}

/// A browser comes from Microsoft, with no token.
async fn callback(plane: &Plane, query: &str) -> Answer {
    let request = Request::get(format!("/v1/consent/callback?{query}")).body(Body::empty()).unwrap();
    let answer = plane.send(None, request).await;
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let told: Value = serde_json::from_str(plan_api::OPENAPI).unwrap();
    let told = &told["paths"]["/v1/consent/callback"]["get"]["responses"][answer.status.as_str()];
    assert!(told["content"]["text/html"].is_object(), "{} is not in the document", answer.status);
    answer
}

fn granted(state: &str) -> String {
    format!(
        "admin_consent=True&tenant={TENANT}&state={state}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    )
}

async fn setting() -> (Plane, Caller, OrganisationId) {
    let plane = Plane::new();
    plane.directory.0.lock().unwrap().access = Ok(WORLD.to_vec());
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    (plane, owner, org)
}

async fn tenant_of(plane: &Plane, owner: &Caller, org: &OrganisationId) -> Value {
    plane.get(owner, &format!("/v1/organisations/{org}")).await.json()["tenant"].clone()
}

#[tokio::test]
async fn consent_connects_the_tenant_makes_its_key_and_its_first_snapshot_is_due() {
    let (plane, owner, org) = setting().await;
    let asked = link(&plane, &owner, &org, "reader").await;
    assert_eq!(asked["client_id"], "reader-id");
    assert_eq!(asked["scope"], "https://graph.microsoft.com/.default");
    assert_eq!(asked["redirect_uri"], "https://api.example.com/v1/consent/callback");
    assert!(!format!("{:?}", plane.kept()).contains(&asked["state"]), "only the state's hash is kept");

    let answer = callback(&plane, &granted(&asked["state"])).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(answer.text.contains("Contoso &lt;Ltd&gt; is connected"), "{}", answer.text);
    let tenant = tenant_of(&plane, &owner, &org).await;
    assert_eq!((&tenant["id"], &tenant["credentials"]), (&json!(TENANT), &json!("connected")));
    assert_eq!(tenant["notProtected"], json!([]));

    let records = Records::new(plane.world.catalog.clone(), plane.world.clock.clone());
    records.get(&StoredKey::at(&TENANT.parse().unwrap(), &org)).await.unwrap();
    let row = records.get(&Tenant::at(&TENANT.parse().unwrap())).await.unwrap().value;
    let now: Timestamp = engine::ports::Clock::now(plane.world.clock.as_ref());
    assert_eq!(row.next_snapshot_at, Some(now));
}

#[tokio::test]
async fn missing_permissions_are_named_with_what_is_not_protected() {
    let (plane, owner, org) = setting().await;
    plane.directory.0.lock().unwrap().access = Ok(WORLD[..WORLD.len() - 1].to_vec());
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    let answer = callback(&plane, &granted(&state)).await;
    assert!(answer.text.contains("ConfigurationPolicies: DeviceManagementConfiguration.Read.All"));
    let tenant = tenant_of(&plane, &owner, &org).await;
    assert_eq!(tenant["credentials"], "missing-permissions");
    assert_eq!(tenant["notProtected"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_refusal_is_a_refusal_although_it_says_that_consent_is_true() {
    let (plane, owner, org) = setting().await;
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    let before = plane.kept();
    let refused = format!("{}&error=consent_required&error_description=AADSTS65004", granted(&state));
    let answer = callback(&plane, &refused).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("consent_required"));
    let script = format!("{}&error=%3Cscript%3E", granted(&state));
    assert!(!callback(&plane, &script).await.text.contains("script"));
    assert_eq!(plane.kept(), before);
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::OK, "the link is still good");
}

#[tokio::test]
async fn a_forged_missing_doubled_or_ended_state_changes_nothing() {
    let (plane, owner, org) = setting().await;
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    let before = plane.kept();
    let forged = "0".repeat(64);
    for query in [
        granted(&forged),
        granted(""),
        granted("%00"),
        format!("admin_consent=True&tenant={TENANT}"),
        format!("{}&state={forged}", granted(&state)),
        String::new(),
    ] {
        let answer = callback(&plane, &query).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
    plane.world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(plane.kept(), before);
}

#[tokio::test]
async fn a_state_is_good_once() {
    let (plane, owner, org) = setting().await;
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::OK);
    let before = plane.kept();
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(plane.kept(), before);
}

#[tokio::test]
async fn what_microsoft_does_not_confirm_is_not_connected() {
    let (plane, owner, org) = setting().await;
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    let before = plane.kept();
    for (query, status) in [
        (format!("admin_consent=True&tenant=common&state={state}"), 422),
        (format!("admin_consent=True&state={state}"), 422),
        (format!("tenant={TENANT}&state={state}"), 422),
        (format!("admin_consent=False&tenant={TENANT}&state={state}"), 422),
    ] {
        assert_eq!(callback(&plane, &query).await.status.as_u16(), status, "{query}");
    }
    plane.directory.0.lock().unwrap().access = Err("AADSTS65001");
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::FORBIDDEN);
    {
        let mut says = plane.directory.0.lock().unwrap();
        says.access = Ok(WORLD.to_vec());
        says.id = Some("ffffffff-0000-1111-2222-333344445555".to_owned());
    }
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(plane.kept(), before);
}

#[tokio::test]
async fn a_tenant_belongs_to_one_organisation_and_an_organisation_has_one_tenant() {
    let (plane, owner, org) = setting().await;
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::OK);
    let (_, rival) = plane.partner(&Caller::Operator, "Rival").await;
    let theirs = plane.organisation(&rival, "Contoso too").await;
    let state = link(&plane, &rival, &theirs, "reader").await["state"].clone();
    let before = plane.kept();
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::CONFLICT);
    assert_eq!(plane.kept(), before);
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    let other = format!("admin_consent=True&tenant=ffffffff-0000-1111-2222-333344445555&state={state}");
    assert_eq!(callback(&plane, &other).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn consent_given_again_repairs_and_keeps_the_key() {
    let (plane, owner, org) = setting().await;
    plane.directory.0.lock().unwrap().access = Ok(WORLD[..WORLD.len() - 1].to_vec());
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    callback(&plane, &granted(&state)).await;
    plane.directory.0.lock().unwrap().access = Ok(WORLD.to_vec());
    let (records, at) = (plane.records(), Tenant::at(&TENANT.parse().unwrap()));
    let mut found = records.get(&at).await.unwrap();
    found.value.name = "As it was called then".to_owned();
    records.replace(&found.value, found.version).await.unwrap();
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    assert_eq!(callback(&plane, &granted(&state)).await.status, StatusCode::OK);
    assert_eq!(tenant_of(&plane, &owner, &org).await["credentials"], "connected");
    assert_eq!(records.get(&at).await.unwrap().value.name, "Contoso <Ltd>", "as the directory says now");
    assert_eq!(plane.world.key_ring.generated_count(), 1);
}

#[tokio::test]
async fn what_was_mended_at_microsoft_is_seen_at_once_and_backed_up_at_once() {
    let (plane, owner, org) = setting().await;
    let check = format!("/v1/organisations/{org}/credentials/check");
    assert_eq!(
        plane.post(&owner, &check, &json!({})).await.status,
        StatusCode::CONFLICT,
        "no tenant is connected"
    );
    plane.directory.0.lock().unwrap().access = Ok(WORLD[..WORLD.len() - 1].to_vec());
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    callback(&plane, &granted(&state)).await;
    let (records, at) = (plane.records(), Tenant::at(&TENANT.parse().unwrap()));
    let mut found = records.get(&at).await.unwrap();
    let (now, later) =
        (engine::ports::Clock::now(plane.world.clock.as_ref()), "2099-01-01T00:00:00Z".parse().unwrap());
    found.value.next_snapshot_at = Some(later);
    records.replace(&found.value, found.version).await.unwrap();

    let told = plane.post(&owner, &check, &json!({})).await;
    assert_eq!(
        (told.status, &told.json()["tenant"]["credentials"]),
        (StatusCode::OK, &json!("missing-permissions"))
    );
    assert_eq!(records.get(&at).await.unwrap().value.next_snapshot_at, Some(later), "nothing is mended yet");
    plane.directory.0.lock().unwrap().access = Ok(WORLD.to_vec());
    let told = plane.post(&owner, &check, &json!({})).await.json();
    assert_eq!(
        (&told["tenant"]["credentials"], &told["tenant"]["notProtected"]),
        (&json!("connected"), &json!([]))
    );
    assert_eq!(records.get(&at).await.unwrap().value.next_snapshot_at, Some(now));

    let before = plane.kept();
    plane.directory.0.lock().unwrap().access = Ok(Vec::new());
    let told = plane.post(&owner, &check, &json!({})).await;
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE, "what is not said is not taken for anything");
    assert_eq!(plane.kept(), before);
    plane.directory.0.lock().unwrap().access = Err("AADSTS65001");
    let told = plane.post(&owner, &check, &json!({})).await.json();
    assert_eq!(told["tenant"]["credentials"], "consent-withdrawn");
}

#[tokio::test]
async fn how_often_a_tenant_is_backed_up_is_set_between_once_and_every_hour() {
    let (plane, owner, org) = setting().await;
    let at = format!("/v1/organisations/{org}");
    let version = async || {
        let told = plane.get(&owner, &at).await;
        told.headers["etag"].to_str().unwrap().trim_matches('"').parse::<u64>().unwrap()
    };
    let schedule = format!("{at}/schedule");
    let set = async |per_day: u32, version: u64| {
        let body = json!({ "snapshotsPerDay": per_day });
        plane.ask(&owner, http::Method::PUT, &schedule, Some(version), Some(&body)).await
    };
    assert_eq!(set(4, version().await).await.status, StatusCode::CONFLICT, "no tenant is connected");
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    callback(&plane, &granted(&state)).await;
    let (records, row) = (plane.records(), Tenant::at(&TENANT.parse().unwrap()));
    let mut found = records.get(&row).await.unwrap();
    found.value.next_snapshot_at = Some("2099-01-01T00:00:00Z".parse().unwrap());
    records.replace(&found.value, found.version).await.unwrap();
    let first = version().await;
    let told = set(24, first).await;
    assert_eq!(
        (told.status, &told.json()["tenant"]["snapshotsPerDay"]),
        (StatusCode::OK, &json!(24)),
        "{told:?}"
    );
    let now = engine::ports::Clock::now(plane.world.clock.as_ref());
    let next = records.get(&row).await.unwrap().value.next_snapshot_at.unwrap();
    assert!(next > now && next <= now + jiff::SignedDuration::from_hours(1), "{next} is within the hour");
    assert_eq!(set(2, first).await.status, StatusCode::PRECONDITION_FAILED, "somebody else was ahead");
    for wrong in [0, 25] {
        let refused = set(wrong, version().await).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert_eq!(refused.json()["errors"][0]["field"], "snapshotsPerDay");
    }
}

#[tokio::test]
async fn the_writing_app_comes_after_the_reading_one_and_for_the_same_tenant() {
    let (plane, owner, org) = setting().await;
    let path = format!("/v1/organisations/{org}/consent-link");
    let early = plane.post(&owner, &path, &json!({ "app": "writer" })).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let state = link(&plane, &owner, &org, "reader").await["state"].clone();
    callback(&plane, &granted(&state)).await;
    let asked = link(&plane, &owner, &org, "writer").await;
    assert_eq!(asked["client_id"], "writer-id");
    let state = &asked["state"];
    let other = format!("admin_consent=True&tenant=ffffffff-0000-1111-2222-333344445555&state={state}");
    assert_eq!(callback(&plane, &other).await.status, StatusCode::CONFLICT);
    assert!(tenant_of(&plane, &owner, &org).await["writerConsentedAt"].is_null());
    assert_eq!(callback(&plane, &granted(state)).await.status, StatusCode::OK);
    assert!(tenant_of(&plane, &owner, &org).await["writerConsentedAt"].is_string());
}

#[tokio::test]
async fn a_link_is_for_those_who_may_connect_and_for_plans_with_entra() {
    let (plane, owner, org) = setting().await;
    let path = format!("/v1/organisations/{org}/consent-link");
    let reader = json!({ "app": "reader" });
    let finance = as_role(&owner, Role::Finance, None);
    assert_eq!(plane.post(&finance, &path, &reader).await.status, StatusCode::FORBIDDEN);
    let support = as_role(&owner, Role::Support, None);
    assert_eq!(plane.post(&support, &path, &reader).await.status, StatusCode::CREATED);
    let wrong = plane.post(&owner, &path, &json!({ "app": "both" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.fields()), (422, vec!["app".to_owned()]));

    let plain = plane.post(&owner, "/v1/plans", &common::plan("Archive")).await.json()["id"].clone();
    let made = plane.post(&owner, "/v1/organisations", &common::organisation("Plain", &plain)).await;
    let path = format!("/v1/organisations/{}/consent-link", made.id::<OrganisationId>());
    assert_eq!(plane.post(&owner, &path, &reader).await.status, StatusCode::CONFLICT);
}
