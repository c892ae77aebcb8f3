//! Temporary Access Passes over the whole product: asked for, foretold, made at Microsoft, read once by a person.

use super::data_plane::Client;
use super::rig::Rig;
use http::{Method, StatusCode};
use partners::commands::{Proof, SignInTimes};
use serde_json::{Value, json};
use sim::{READER_CLIENT_ID, WRITER_CLIENT_ID, WRITING};
use std::collections::BTreeMap;

const TAP: &str = "UserAuthMethod-TAP.ReadWrite.All";
const SEES_POLICY: &str = "Policy.Read.AuthenticationMethod";

fn with(granted: &[&str], more: &str) -> Vec<String> {
    granted.iter().chain([&more]).map(|permission| (*permission).to_owned()).collect()
}

/// Whoever was deleted for good comes back with a pass; whether the policy may be seen, and how Graph takes a second pass, makes no
/// difference to that.
#[tokio::test]
async fn who_comes_back_signs_in_by_a_pass_that_a_person_reads_once() {
    for (sees_policy, refuses_second) in [(true, false), (false, true)] {
        let rig = Rig::new().await;
        let tenant = rig.tenant().as_str();
        rig.control.set_permissions(tenant, WRITER_CLIENT_ID, with(WRITING, TAP));
        if sees_policy {
            rig.control.set_permissions(tenant, READER_CLIENT_ID, with(sim::READING, SEES_POLICY));
        }
        rig.control.switch(|switches| switches.second_pass_refused = refuses_second);
        let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
        let ann = admin.create_user("Ann Berg", "Auditor").await;
        let first = client.done("snapshots", None).await;
        admin.delete(&format!("users/{ann}")).await;
        admin.delete(&format!("directory/deletedItems/{ann}")).await;
        let (_, snapshot) = first.split_once('/').unwrap();
        let asked = json!({ "snapshot": snapshot, "items": [{ "kind": "users", "key": ann }],
            "accessPass": { "lifetimeInMinutes": 60 } });
        let path = client.done("restores", Some(&asked)).await;
        let shown = client.get(&path).await;
        let issues = |step: &&Value| step["action"]["type"] == "issuePass";
        let step = shown["items"].as_array().unwrap().iter().find(issues).expect("a pass is planned");
        let unknown = step["warnings"].as_array().unwrap().contains(&json!("passPolicyUnknown"));
        assert_eq!(unknown, !sees_policy, "{step}");
        assert_eq!(shown["notPermitted"], json!([]), "{shown}");
        client.done(&format!("{path}/run"), None).await;
        let report = client.get(&format!("{path}/report")).await;
        for step in report["items"].as_array().unwrap() {
            assert_eq!(step["outcome"]["type"], "done", "{step}");
        }

        let place = format!("{path}/passes/{}", step["number"]);
        let token = client.ask_below(Method::POST, &place, None).await;
        assert_eq!(token.0, StatusCode::FORBIDDEN, "a token reads none");
        let person = client.by(|member| {
            let person = "per_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
            member.proof = Proof::SignIn { person, times: SignInTimes::default() };
        });
        let (status, read) = person.ask_below(Method::POST, &place, None).await;
        assert_eq!(status, StatusCode::OK, "{read}");
        let pass = read["temporaryAccessPass"].as_str().unwrap();
        assert!(pass.starts_with("+tap"), "it is Microsoft's");
        assert_eq!(person.ask_below(Method::POST, &place, None).await.0, StatusCode::CONFLICT);
        let rows = rig.world.catalog.rows();
        assert!(rows.iter().all(|(_, row)| !format!("{row:?}").contains(pass)));
        for (path, of) in BTreeMap::from([("completion", "handOverPass"), ("receipt", "issuePass")]) {
            let whole = client.get(&format!("{}/{path}", place.split("/passes").next().unwrap())).await;
            let text = whole.to_string();
            assert!(text.contains(of) && !text.contains(pass), "{path}: {text}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_refuses_passes_is_said_in_the_preview() {
    let rig = Rig::new().await;
    let tenant = rig.tenant().as_str();
    rig.control.set_permissions(tenant, READER_CLIENT_ID, with(sim::READING, SEES_POLICY));
    rig.control.change_access_pass_policy(tenant, &json!({ "state": "disabled" }));
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let ann = admin.create_user("Ann Berg", "Auditor").await;
    let first = client.done("snapshots", None).await;
    admin.delete(&format!("users/{ann}")).await;
    admin.delete(&format!("directory/deletedItems/{ann}")).await;
    let (_, snapshot) = first.split_once('/').unwrap();
    let asked = json!({ "snapshot": snapshot, "items": [{ "kind": "users", "key": ann }], "accessPass": {} });
    let shown = client.get(&client.done("restores", Some(&asked)).await).await;
    let told =
        shown["impossible"].as_array().unwrap().iter().find(|one| one["what"] == "temporaryAccessPass");
    assert_eq!(told.map(|one| &one["cause"]), Some(&json!("refusedByPolicy")), "{shown}");
    let blocked = json!({ "snapshot": snapshot, "items": [{ "kind": "users", "key": ann }], "accessPass": {},
        "comeBackBlocked": true });
    let (status, problem) = client.ask_below(Method::POST, "restores", Some(&blocked)).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("accessPass")),
        "{problem}"
    );
}
