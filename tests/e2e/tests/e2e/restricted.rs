//! Restricted management administrative units: what Graph refuses of their members is said before anything is written.

use super::data_plane::Client;
use super::rig::Rig;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_refused_of_members_of_a_restricted_unit_is_said_in_the_preview_and_the_rest_is_done() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let (uma, ole) =
        (admin.create_user("Uma Berg", "Auditor").await, admin.create_user("Ole Dahl", "Clerk").await);
    let group = admin.create_group("Staff").await;
    for member in [&uma, &ole] {
        admin.link(&format!("groups/{group}/members/$ref"), member).await;
    }
    let first = client.done("snapshots", None).await;
    for user in [&uma, &ole] {
        admin.patch(&format!("users/{user}"), &json!({ "city": "Elsewhere" })).await;
        admin.delete(&format!("groups/{group}/members/{user}/$ref")).await;
    }
    let unit = json!({ "displayName": "Board", "isMemberManagementRestricted": true });
    let unit = admin.create("directory/administrativeUnits", &unit).await;
    admin.link(&format!("directory/administrativeUnits/{unit}/members/$ref"), &uma).await;

    let (_, before) = first.split_once('/').unwrap();
    let chosen = json!([{ "kind": "users", "key": uma }, { "kind": "users", "key": ole }, { "kind": "groups", "key": group }]);
    let asked = json!({ "snapshot": before, "items": chosen, "attributes": "overwrite" });
    let path = client.done("restores", Some(&asked)).await;
    let shown = client.get(&path).await;
    let warned =
        |step: &&Value| step["warnings"].as_array().is_some_and(|w| w.contains(&json!("restricted")));
    let steps = shown["items"].as_array().unwrap();
    let of: Vec<&Value> = steps.iter().filter(warned).map(|step| &step["key"]).collect();
    assert_eq!(of, [&json!(uma)], "{shown}");
    client.done(&format!("{path}/run"), None).await;
    let report = client.get(&format!("{path}/report")).await;
    for step in report["items"].as_array().unwrap() {
        let expected = if warned(&step) { "failed" } else { "done" };
        assert_eq!(step["outcome"]["type"], expected, "{step}");
    }
    let dump = rig.dump();
    assert_eq!(
        (&dump["users"][&ole]["city"], &dump["users"][&uma]["city"]),
        (&Value::Null, &json!("Elsewhere"))
    );
    let members = dump["groups"][&group]["members"].as_array().unwrap().len();
    assert_eq!(members, 2, "who is in such a unit may become a member elsewhere");
}
