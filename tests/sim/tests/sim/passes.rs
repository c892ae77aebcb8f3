//! Temporary Access Passes, as documented.

use crate::common::*;
use serde_json::{Value, json};
use sim::*;
use std::time::Duration;

const TAP: &str = "UserAuthMethod-TAP.ReadWrite.All";

/// A company, its administrator with the permission for passes, and the address of the passes of somebody there.
async fn with_ada() -> (Sim, Client, String) {
    let sim = company(0);
    let id = Client::administrator(&sim).await.new_user("ada").await;
    let all = ["User.ReadWrite.All", "Policy.Read.All", TAP].map(str::to_owned).to_vec();
    sim.control().set_permissions(COMPANY_TENANT_ID, ADMINISTRATOR_CLIENT_ID, all);
    let client = Client::administrator(&sim).await;
    (sim, client, format!("/v1.0/users/{id}/authentication/temporaryAccessPassMethods"))
}

#[tokio::test]
async fn a_pass_is_shown_once() {
    let (sim, client, url) = with_ada().await;
    let made = client.post(&url, json!({"lifetimeInMinutes": 120, "isUsableOnce": true})).await;
    assert_eq!(made.status, 201);
    let text = made.body["temporaryAccessPass"].as_str().unwrap();
    assert!(text.len() >= 8);
    let listed = client.get(&url).await;
    let [one] = listed.list() else { panic!("{:?}", listed.body) };
    assert_eq!(one["temporaryAccessPass"], Value::Null);
    assert_eq!(
        (&one["lifetimeInMinutes"], &one["isUsableOnce"], &one["methodUsabilityReason"]),
        (&json!(120), &json!(true), &json!("EnabledByPolicy"))
    );
    sim.control().advance(Duration::from_mins(121));
    // The token is over by then, too.
    let client = Client::administrator(&sim).await;
    assert_eq!(client.get(&url).await.list()[0]["methodUsabilityReason"], "Expired");
}

#[tokio::test]
async fn a_second_pass_takes_the_place_of_the_first_or_is_refused_until_that_is_deleted() {
    let (sim, client, url) = with_ada().await;
    let first = client.post(&url, json!({})).await.body["id"].clone();
    assert_eq!(client.post(&url, json!({})).await.status, 201);
    let listed = client.get(&url).await;
    let [second] = listed.list() else { panic!("{:?}", listed.body) };
    assert_ne!(second["id"], first);
    sim.control().switch(|switches| switches.second_pass_refused = true);
    assert_eq!(client.post(&url, json!({})).await.status, 400);
    let one = format!("{url}/{}", second["id"].as_str().unwrap());
    assert_eq!(client.delete(&one).await.status, 204);
    assert_eq!(client.delete(&one).await.status, 404);
    assert_eq!(client.post(&url, json!({})).await.status, 201);
}

#[tokio::test]
async fn what_the_policy_or_the_permission_does_not_allow_is_refused() {
    let (sim, client, url) = with_ada().await;
    let control = sim.control();
    for minutes in [9, 59, 481, 43_201] {
        let refused = client.post(&url, json!({"lifetimeInMinutes": minutes})).await;
        assert_eq!(refused.status, 400, "{minutes}");
    }
    control.change_access_pass_policy(COMPANY_TENANT_ID, &json!({"isUsableOnce": true}));
    assert_eq!(client.post(&url, json!({"isUsableOnce": false})).await.body["isUsableOnce"], json!(true));
    control.change_access_pass_policy(COMPANY_TENANT_ID, &json!({"state": "disabled"}));
    assert_eq!(client.post(&url, json!({})).await.status, 400);
    let policy =
        "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass";
    assert_eq!(client.get(policy).await.body["state"], "disabled");
    let without = vec!["User.ReadWrite.All".to_owned()];
    control.set_permissions(COMPANY_TENANT_ID, ADMINISTRATOR_CLIENT_ID, without);
    let client = Client::administrator(&sim).await;
    assert_eq!((client.get(&url).await.status, client.post(&url, json!({})).await.status), (403, 403));
    assert_eq!(client.get(policy).await.status, 403);
}
