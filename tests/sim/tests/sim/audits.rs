//! The log of changes, as the simulator plays it.

use crate::common::*;
use serde_json::{Value, json};
use sim::*;
use std::time::Duration;

const LOG: &str = "/v1.0/auditLogs/directoryAudits";

fn activities(seen: &Seen) -> Vec<&str> {
    seen.list().iter().map(|record| record["activityDisplayName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_write_is_logged_with_who_made_it_the_newest_first() {
    let sim = company(5);
    let admin = Client::administrator(&sim).await;
    let user = admin.new_user("uma").await;
    let ann = json!({ "user": { "id": "a1", "userPrincipalName": "ann@fabrikam.example" }, "app": null });
    sim.control().act_for(COMPANY_TENANT_ID, Some(ann.clone()));
    assert_eq!(
        admin.patch(&format!("/v1.0/users/{user}"), json!({ "mobilePhone": "+1 555" })).await.status,
        204
    );
    let seen = admin.get(LOG).await;
    assert_eq!(activities(&seen), ["Update user", "Add user"]);
    let record = &seen.list()[0];
    assert_eq!(record["initiatedBy"], ann);
    assert_eq!(record["targetResources"][0]["id"], user.as_str());
    let modified = &record["targetResources"][0]["modifiedProperties"][0];
    assert_eq!((&modified["displayName"], &modified["newValue"]), (&json!("Mobile"), &json!("[\"+1 555\"]")));
    assert!(record.get("performedBy").is_none());
    let app = &seen.list()[1]["initiatedBy"]["app"];
    assert_eq!((&app["appId"], &app["displayName"]), (&Value::Null, &json!("Administrator")));
    let beta = admin.get(&LOG.replace("v1.0", "beta")).await;
    assert_eq!(beta.list()[0]["performedBy"]["appId"], ADMINISTRATOR_CLIENT_ID);
}

#[tokio::test]
async fn the_log_is_filtered_by_time_given_in_pages_and_kept_as_long_as_the_licence_says() {
    let sim = company(5);
    let admin = Client::administrator(&sim).await;
    for name in ["uma", "ben", "eve"] {
        admin.new_user(name).await;
        sim.control().advance(Duration::from_mins(10));
    }
    let (all, _, pages) = admin.all(&format!("{LOG}?$top=2")).await;
    assert_eq!((all.len(), pages), (3, 2));
    let at = all[1]["activityDateTime"].as_str().unwrap();
    let only = admin
        .get(
            &format!("{LOG}?$filter=activityDateTime ge {at} and activityDateTime le {at}")
                .replace(' ', "%20"),
        )
        .await;
    assert_eq!(only.list(), &all[1..2]);
    assert_eq!(admin.get(&format!("{LOG}?$filter=category%20eq%20'x'")).await.status, 400);
    sim.control().advance(Duration::from_hours(8 * 24));
    let admin = Client::administrator(&sim).await;
    assert_eq!(admin.get(LOG).await.list().len(), 3);
    sim.control().set_licence(COMPANY_TENANT_ID, Licence::PremiumP1, false);
    assert_eq!(admin.get(LOG).await.list().len(), 0);
}

#[tokio::test]
async fn it_takes_its_permission_and_five_requests_in_ten_seconds() {
    let sim = company(5);
    sim.control().consent(COMPANY_TENANT_ID, READER_CLIENT_ID);
    let reader = Client::of(&sim, READER_CLIENT_ID, READER_SECRET).await;
    assert_eq!(reader.get(LOG).await.status, 403);
    let admin = Client::administrator(&sim).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(admin.get(LOG).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn an_activation_is_logged_by_whoever_made_it_and_by_the_application_that_carries_it_out() {
    const ROLE: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
    let sim = company(5);
    let admin = Client::administrator(&sim).await;
    let user = admin.new_user("uma").await;
    let active = sim.control().activate_role(COMPANY_TENANT_ID, &user, ROLE);
    let seen = admin.get(LOG).await;
    assert_eq!(
        activities(&seen)[..2],
        ["Add member to role", "Add member to role completed (PIM activation)"]
    );
    let [carried, activated, ..] = seen.list() else { panic!("two records") };
    assert_eq!(carried["initiatedBy"]["app"]["displayName"], "MS-PIM");
    assert_eq!(
        (&activated["initiatedBy"]["user"]["id"], &activated["loggedByService"]),
        (&json!(user), &json!("PIM"))
    );
    let targets = activated["targetResources"].as_array().unwrap();
    assert_eq!((&targets[0]["id"], &targets[2]["id"]), (&json!(ROLE), &json!(user)));
    sim.control().end_activation(COMPANY_TENANT_ID, &active);
    let seen = admin.get(LOG).await;
    assert_eq!(
        activities(&seen)[..2],
        ["Remove member from role", "Remove member from role (PIM activation expired)"]
    );
    assert_eq!(seen.list()[1]["initiatedBy"]["user"]["displayName"], "Azure AD PIM");
}
