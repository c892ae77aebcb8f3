//! A restore that is undone over the API leaves Microsoft's tenant as it was before it.

use super::data_plane::Client;
use super::rig::Rig;
use serde_json::{Value, json};

/// What is live in the tenant, and what is in its recycle bin, as far as a restore writes it.
fn held(rig: &Rig) -> Value {
    let dump = rig.dump();
    let bin: Vec<&String> = dump["deletedItems"].as_object().unwrap().keys().collect();
    json!({ "users": dump["users"], "groups": dump["groups"], "roles": dump["roleAssignments"],
        "policies": dump["deviceManagement/deviceConfigurations"], "bin": bin })
}

#[tokio::test]
async fn undoing_a_restore_leaves_the_tenant_as_it_was_before_it() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let uma = admin.create_user("Uma Berg", "Auditor").await;
    let ole = admin.create_user("Ole Dahl", "x").await;
    let watch = admin.create_group("Night watch").await;
    let staff = admin.create_group("Staff").await;
    admin.link(&format!("groups/{watch}/members/$ref"), &uma).await;
    admin.link(&format!("groups/{staff}/members/$ref"), &uma).await;
    let policy =
        json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "Screens" });
    let policy = admin.create("deviceManagement/deviceConfigurations", &policy).await;
    let first = client.done("snapshots", None).await;

    admin.patch(&format!("users/{uma}"), &json!({ "jobTitle": "Changed", "mobilePhone": "+46 1" })).await;
    admin.link(&format!("users/{uma}/manager/$ref"), &ole).await;
    admin.link(&format!("groups/{staff}/members/$ref"), &ole).await;
    admin.delete(&format!("groups/{staff}/members/{uma}/$ref")).await;
    admin.delete(&format!("groups/{watch}")).await;
    admin.delete(&format!("deviceManagement/deviceConfigurations/{policy}")).await;
    let late = admin.create_group("Late").await;
    admin.link(&format!("groups/{late}/members/$ref"), &ole).await;
    let before = held(&rig);

    let since = first.split_once('/').unwrap().1;
    let compared = client.done("comparisons", Some(&json!({ "before": since, "after": "live" }))).await;
    let asked = json!({ "comparison": compared.split_once('/').unwrap().1, "deleteCreated": true });
    let restore = client.done("restores", Some(&asked)).await;
    client.done(&format!("{restore}/run"), None).await;
    let report = client.get(&format!("{restore}/report?limit=200")).await;
    assert_eq!(report["complete"], true, "{report}");
    assert_ne!(held(&rig), before);

    let undo = json!({ "undo": restore.split_once('/').unwrap().1 });
    let undo = client.done("restores", Some(&undo)).await;
    let shown = client.get(&format!("{undo}?limit=200")).await;
    assert_eq!((&shown["state"], &shown["impossible"]), (&json!("previewed"), &json!([])), "{shown}");
    assert_eq!(shown["undoes"], restore.split_once('/').unwrap().1);
    client.done(&format!("{undo}/run"), None).await;
    let report = client.get(&format!("{undo}/report?limit=200")).await;
    assert_eq!(report["complete"], true, "{report}");
    let after = held(&rig);
    for part in ["users", "groups", "roles", "policies", "bin"] {
        assert_eq!(after[part], before[part], "{part}");
    }
}
