//! What came between the snapshot and a deletion is undone together with the deletion, whatever Microsoft's recycle bin
//! shows; and what the cloud may write of people of the customer's own directory.

use super::data_plane::Client;
use super::rig::Rig;
use reqwest::Method;
use serde_json::{Value, json};
use sim::BinShows;

async fn previewed(client: &Client<'_>, asked: &Value) -> (String, Value) {
    let path = client.done("restores", Some(asked)).await;
    let shown = client.get(&format!("{path}?limit=200")).await;
    assert_eq!(shown["state"], "previewed", "{shown}");
    (path, shown)
}

async fn changes_since(client: &Client<'_>, snapshot: &str) -> Value {
    let (_, before) = snapshot.split_once('/').unwrap();
    let path = client.done("comparisons", Some(&json!({ "before": before, "after": "live" }))).await;
    json!({ "comparison": path.split_once('/').unwrap().1 })
}

/// Of a person and a group of the simulator's dump, what a restore can bring back.
fn state(rig: &Rig, user: &str, group: &str) -> [Value; 8] {
    let dump = rig.dump();
    let (user, group) = (&dump["users"][user], &dump["groups"][group]);
    let of_user =
        ["jobTitle", "city", "mobilePhone", "userPrincipalName", "manager"].map(|p| user[p].clone());
    let [title, city, phone, name, manager] = of_user;
    let [description, members, owners] = ["description", "members", "owners"].map(|p| group[p].clone());
    [title, city, phone, name, manager, description, members, owners]
}

#[tokio::test]
async fn what_came_before_a_deletion_is_undone_with_it_whatever_the_recycle_bin_shows() {
    let ways = [
        (BinShows::Selected, false),
        (BinShows::Selected, true),
        (BinShows::Defaults, true),
        (BinShows::Refused, false),
    ];
    for (shows, renames) in ways {
        let rig = Rig::new().await;
        rig.control.switch(|s| (s.bin_shows, s.bin_renames_users) = (shows, renames));
        let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
        let uma = admin.create_user("Uma Berg", "Auditor").await;
        let ole = admin.create_user("Ole Dahl", "x").await;
        let group = admin.create_group("Night watch").await;
        admin.link(&format!("groups/{group}/members/$ref"), &uma).await;
        let first = client.done("snapshots", None).await;
        let before = state(&rig, &uma, &group);

        let changed = json!({ "jobTitle": "Intruder", "city": "Elsewhere", "mobilePhone": "+46 1" });
        admin.patch(&format!("users/{uma}"), &changed).await;
        admin.link(&format!("users/{uma}/manager/$ref"), &ole).await;
        admin.patch(&format!("groups/{group}"), &json!({ "description": "Ours" })).await;
        admin.link(&format!("groups/{group}/members/$ref"), &ole).await;
        assert_ne!(state(&rig, &uma, &group), before);
        admin.delete(&format!("users/{uma}")).await;
        admin.delete(&format!("groups/{group}")).await;

        let (path, shown) = previewed(&client, &changes_since(&client, &first).await).await;
        let items = shown["items"].as_array().unwrap();
        let seen = items.iter().find(|step| step["before"]["jobTitle"] == "Intruder");
        assert_eq!(seen.is_some(), shows != BinShows::Refused, "{shows:?}");
        let later =
            |step: &&Value| step["warnings"].as_array().is_some_and(|w| w.contains(&json!("comparedLater")));
        assert!(items.iter().any(|step| later(&step)), "the preview says so");
        client.done(&format!("{path}/run"), None).await;
        let report = client.get(&format!("{path}/report?limit=200")).await;
        assert_eq!(report["complete"], true, "{report}");
        assert_eq!(state(&rig, &uma, &group), before, "{shows:?}, renamed: {renames}");

        // Once more there is nothing to do.
        let (_, shown) = previewed(&client, &changes_since(&client, &first).await).await;
        assert_eq!(shown["items"], json!([]));
    }
}

/// Somebody of the customer's own directory.
async fn synced(admin: &super::rig::Admin) -> String {
    let all = admin.inner().list("users?$select=id,onPremisesSyncEnabled&$top=999").await.unwrap();
    let mut synced = all.iter().filter(|user| user["onPremisesSyncEnabled"] == true);
    synced.next().expect("somebody is").get("id").unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn of_a_synced_user_is_written_what_graph_takes_and_the_rest_is_named() {
    for keeps in [false, true] {
        let rig = Rig::new().await;
        let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
        let user = synced(&admin).await;
        let first = client.done("snapshots", None).await;
        let changed = json!({ "usageLocation": "IS", "otherMails": ["x@y.example"], "passwordPolicies": "DisablePasswordExpiration" });
        admin.patch(&format!("users/{user}"), &changed).await;
        rig.control.switch(|s| s.synced_users_keep = keeps);
        let (path, shown) = previewed(&client, &changes_since(&client, &first).await).await;
        assert_eq!(shown["impossible"], json!([]), "{shown}");
        client.done(&format!("{path}/run"), None).await;
        let report = client.get(&format!("{path}/report?limit=200")).await;
        let (done, failed) = (&report["counts"]["done"], &report["counts"]["failed"]);
        assert_eq!((failed == &json!(0), done == &report["counts"]["steps"]), (!keeps, !keeps), "{report}");
        let now = &rig.dump()["users"][&user];
        assert_ne!(now["usageLocation"], "IS", "that is the cloud's in any case");
        let is_kept = |property: &str| now[property] == changed[property];
        assert_eq!((is_kept("otherMails"), is_kept("passwordPolicies")), (keeps, keeps));
    }
}

#[tokio::test]
async fn a_usage_location_stays_while_there_is_a_licence() {
    for clears in [false, true] {
        let rig = Rig::new().await;
        rig.control.switch(|s| s.licensed_location_clears = clears);
        let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
        let user = json!({ "displayName": "Uma Berg", "accountEnabled": true, "mailNickname": "uma",
            "userPrincipalName": format!("uma@{}", admin.inner().domain()),
            "passwordProfile": { "password": "Aa1!aaaaaaaaaaaaaaaa" } });
        let user = admin.create("users", &user).await;
        let first = client.done("snapshots", None).await;
        let sku = admin.inner().list("subscribedSkus").await.unwrap()[0]["skuId"].clone();
        admin.patch(&format!("users/{user}"), &json!({ "usageLocation": "NO" })).await;
        let licence = json!({ "addLicenses": [{ "skuId": sku, "disabledPlans": [] }], "removeLicenses": [] });
        admin.write(Method::POST, &format!("users/{user}/assignLicense"), &licence).await;
        let (path, shown) = previewed(&client, &changes_since(&client, &first).await).await;
        let impossible = &shown["impossible"];
        assert_eq!((&impossible[0]["what"], &impossible[1]), (&json!("usageLocation"), &Value::Null));
        client.done(&format!("{path}/run"), None).await;
        let report = client.get(&format!("{path}/report?limit=200")).await;
        assert_eq!(report["complete"], true, "{report}");
        // The licence is gone, so nothing keeps the location.
        let (path, shown) = previewed(&client, &changes_since(&client, &first).await).await;
        assert_eq!(shown["impossible"], json!([]));
        client.done(&format!("{path}/run"), None).await;
        assert_eq!(rig.dump()["users"][&user]["usageLocation"], Value::Null);
    }
}
