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

/// Restores everything that a comparison with now finds, over the API; gives the restore.
async fn restored(client: &Client<'_>, since: &str) -> String {
    let since = since.split_once('/').unwrap().1;
    let compared = client.done("comparisons", Some(&json!({ "before": since, "after": "live" }))).await;
    let asked = json!({ "comparison": compared.split_once('/').unwrap().1, "deleteCreated": true });
    let restore = client.done("restores", Some(&asked)).await;
    client.done(&format!("{restore}/run"), None).await;
    let report = client.get(&format!("{restore}/report?limit=200")).await;
    assert_eq!(report["complete"], true, "{report}");
    restore
}

/// What a preview leaves since somebody changed it: keys and parts.
fn since_changed(shown: &Value) -> Vec<(String, String)> {
    let all = shown["impossible"].as_array().unwrap().iter().filter(|one| one["cause"] == "changedSince");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = all.map(|one| (text(&one["key"]), text(&one["what"]))).collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_others_did_since_to_managers_assignments_licences_and_returned_objects_is_kept_and_named() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let mut people = Vec::new();
    for name in ["Uma Berg", "Ole Dahl", "Ida Lund", "Per Moen"] {
        people.push(admin.create_user(name, "Auditor").await);
    }
    let [uma, ole, ida, per] = &people[..] else { panic!() };
    let (near, far) = (admin.create_group("Near").await, admin.create_group("Far").await);
    admin.link(&format!("users/{uma}/manager/$ref"), ole).await;
    let policy =
        json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "Screens" });
    let policy = format!(
        "deviceManagement/deviceConfigurations/{}",
        admin.create("deviceManagement/deviceConfigurations", &policy).await
    );
    let filter = json!({ "displayName": "Corporate", "platform": "windows10AndLater", "rule": "x" });
    let filter = admin.create("deviceManagement/assignmentFilters", &filter).await;
    let target = |group: &str, filter: Option<&str>| {
        json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group,
            "deviceAndAppManagementAssignmentFilterId": filter,
            "deviceAndAppManagementAssignmentFilterType": if filter.is_some() { "include" } else { "none" } } })
    };
    let assign = async |targets: &[Value]| {
        let body = json!({ "assignments": targets });
        admin.write(reqwest::Method::POST, &format!("{policy}/assign"), &body).await;
    };
    assign(&[target(&near, Some(&filter)), target(&far, None)]).await;
    let first = client.done("snapshots", None).await;

    admin.link(&format!("users/{uma}/manager/$ref"), ida).await;
    assign(&[target(&near, None), target(&far, None)]).await;
    admin.patch(&format!("users/{per}"), &json!({ "city": "Bergen" })).await;
    admin.delete(&format!("users/{per}")).await;
    let restore = restored(&client, &first).await;

    admin.link(&format!("users/{uma}/manager/$ref"), per).await;
    assign(&[]).await;
    admin.patch(&format!("users/{per}"), &json!({ "mobilePhone": "+47 1" })).await;
    let undo = json!({ "undo": restore.split_once('/').unwrap().1 });
    let undo = client.done("restores", Some(&undo)).await;
    let shown = client.get(&format!("{undo}?limit=200")).await;
    let id = policy.rsplit('/').next().unwrap();
    let mut expected = vec![
        (uma.clone(), format!("users.manager/{per}")),
        (per.clone(), "object".to_owned()),
        (id.to_owned(), format!("DeviceConfiguration.assignments/{near}")),
    ];
    expected.sort();
    assert_eq!((since_changed(&shown), &shown["items"]), (expected, &json!([])), "{shown}");
}

#[tokio::test]
async fn a_part_of_a_restore_is_undone_over_the_api_by_steps_or_objects() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let uma = admin.create_user("Uma Berg", "Auditor").await;
    let ole = admin.create_user("Ole Dahl", "Auditor").await;
    let first = client.done("snapshots", None).await;
    for person in [&uma, &ole] {
        admin.patch(&format!("users/{person}"), &json!({ "jobTitle": "Changed" })).await;
    }
    let restore = restored(&client, &first).await;
    let titles = || [&uma, &ole].map(|person| rig.dump()["users"][person]["jobTitle"].clone());
    let id = restore.split_once('/').unwrap().1;

    let refused = [
        (json!({ "undo": id, "steps": [1, 77] }), "steps[1]"),
        (json!({ "undo": id, "only": [{ "kind": "users", "key": "nobody" }] }), "only[0].key"),
    ];
    for (asked, field) in refused {
        let (status, problem) = client.ask_below(http::Method::POST, "restores", Some(&asked)).await;
        assert_eq!(status, http::StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(problem.to_string().contains(field), "{problem}");
    }

    let only = json!({ "undo": id, "only": [{ "kind": "users", "key": ole }] });
    let undo = client.done("restores", Some(&only)).await;
    let shown = client.get(&undo).await;
    assert_eq!((&shown["undoes"], &shown["counts"]["steps"]), (&json!(id), &json!(1)), "{shown}");
    assert_eq!(shown["undoesOnly"]["objects"], json!([{ "kind": "users", "key": ole }]));
    client.done(&format!("{undo}/run"), None).await;
    assert_eq!(titles(), [json!("Auditor"), json!("Changed")]);

    let report = client.get(&format!("{restore}/report?limit=200")).await;
    let of_uma = report["items"].as_array().unwrap().iter().find(|step| step["id"] == uma.as_str()).unwrap();
    let undo = client.done("restores", Some(&json!({ "undo": id, "steps": [of_uma["number"]] }))).await;
    client.done(&format!("{undo}/run"), None).await;
    assert_eq!(titles(), [json!("Changed"), json!("Changed")]);
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
