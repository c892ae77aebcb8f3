//! What a preview says of a restore, and what is then put back, over the API and against the simulated Graph.

use super::data_plane::Client;
use super::rig::{Admin, Rig};
use serde_json::{Value, json};

/// Previews over the API: the path of the restore, and its first part.
pub(super) async fn preview(client: &Client<'_>, asked: &Value) -> (String, Value) {
    let path = client.done("restores", Some(asked)).await;
    let shown = client.get(&format!("{path}?limit=200")).await;
    assert_eq!(shown["state"], "previewed", "{shown}");
    (path, shown)
}

/// Runs a preview and gives its report.
pub(super) async fn run(client: &Client<'_>, path: &str) -> Value {
    client.done(&format!("{path}/run"), None).await;
    let report = client.get(&format!("{path}/report?limit=200")).await;
    assert_eq!(report["state"], "done", "{report}");
    report
}

pub(super) async fn snapshot(client: &Client<'_>) -> String {
    let path = client.done("snapshots", None).await;
    path.split_once('/').unwrap().1.to_owned()
}

pub(super) async fn comparison(client: &Client<'_>, since: &str) -> String {
    let path = client.done("comparisons", Some(&json!({ "before": since, "after": "live" }))).await;
    path.split_once('/').unwrap().1.to_owned()
}

/// Of a list of the preview, what it says of an object, by part.
fn said<'a>(shown: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    let all = shown[list].as_array().unwrap().iter().filter(|one| one["key"] == key);
    all.map(|one| one["what"].as_str().unwrap()).collect()
}

async fn members(admin: &Admin, path: &str) -> Vec<String> {
    let found = admin.inner().list(&format!("{path}/members?$select=id")).await.unwrap();
    let mut ids: Vec<String> = found.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_somebody_made_dynamic_gets_its_members_back_in_every_mode() {
    for merges in [true, false] {
        let rig = Rig::new().await;
        let client = Client::new(&rig).await;
        let admin = rig.admin(rig.tenant()).await;
        let mut people =
            vec![admin.create_user("Uma Berg", "x").await, admin.create_user("Ole Dahl", "x").await];
        people.sort();
        let group = format!("groups/{}", admin.create_group("Night watch").await);
        let unit = json!({ "displayName": "North" });
        let unit = format!(
            "directory/administrativeUnits/{}",
            admin.create("directory/administrativeUnits", &unit).await
        );
        for (path, person) in
            [&group, &unit].into_iter().flat_map(|path| people.iter().map(move |p| (path, p)))
        {
            admin.link(&format!("{path}/members/$ref"), person).await;
        }
        let first = snapshot(&client).await;
        let rule = json!("user.department -eq \"Nowhere\"");
        let dynamic = json!({ "groupTypes": ["DynamicMembership"], "membershipRule": rule });
        admin.patch(&group, &dynamic).await;
        admin.patch(&unit, &json!({ "membershipType": "Dynamic", "membershipRule": rule })).await;
        assert_eq!((members(&admin, &group).await.len(), members(&admin, &unit).await.len()), (0, 0));
        let mut asked = json!({ "comparison": comparison(&client, &first).await });
        if merges {
            asked["attributes"] = json!("merge");
            asked["links"] = json!("merge");
        }
        let (path, shown) = preview(&client, &asked).await;
        assert_eq!(shown["impossible"], json!([]));
        let report = run(&client, &path).await;
        assert_eq!(
            (&report["counts"]["failed"], &report["counts"]["skipped"]),
            (&json!(0), &json!(0)),
            "{report}"
        );
        assert_eq!(members(&admin, &group).await, people, "merges: {merges}");
        assert_eq!(members(&admin, &unit).await, people, "merges: {merges}");
    }
}

#[tokio::test]
async fn changes_are_undone_unless_asked_otherwise_and_a_merge_says_what_it_leaves() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let admin = rig.admin(rig.tenant()).await;
    let (uma, ole) = (admin.create_user("Uma Berg", "x").await, admin.create_user("Ole Dahl", "x").await);
    let group = admin.create_group("Night watch").await;
    let first = snapshot(&client).await;
    admin
        .patch(&format!("users/{uma}"), &json!({ "mobilePhone": "+46 1", "otherMails": ["x@y.example"] }))
        .await;
    admin.patch(&format!("users/{ole}"), &json!({ "city": "Oslo" })).await;
    admin.link(&format!("groups/{group}/members/$ref"), &ole).await;
    let comparison = comparison(&client, &first).await;
    let only = json!([{ "kind": "users", "key": uma }, { "kind": "groups", "key": group }]);

    let merged = json!({ "comparison": comparison, "only": only, "attributes": "merge", "links": "merge" });
    let (_, shown) = preview(&client, &merged).await;
    assert_eq!((&shown["items"], &shown["impossible"]), (&json!([]), &json!([])));
    assert_eq!(said(&shown, "leftByMode", &uma), ["mobilePhone", "otherMails"]);
    let of_group = shown["leftByMode"].as_array().unwrap().iter().find(|left| left["key"] == group);
    assert_eq!(of_group.unwrap()["to"], json!([ole]));

    let (path, shown) = preview(&client, &json!({ "comparison": comparison, "only": only })).await;
    assert_eq!((&shown["attributes"], &shown["links"]), (&json!("overwrite"), &json!("rollback")));
    assert_eq!(shown["leftByMode"], json!([]));
    run(&client, &path).await;
    let people = rig.dump()["users"].clone();
    assert_eq!((&people[&uma]["mobilePhone"], &people[&uma]["otherMails"]), (&Value::Null, &Value::Null));
    assert_eq!(people[&ole]["city"], "Oslo", "nobody chose that");
    assert_eq!(members(&admin, &format!("groups/{group}")).await, [""; 0]);

    // Whoever wants objects of a snapshot back adds to what there is.
    let items = json!({ "snapshot": first, "items": [{ "kind": "users", "key": ole }] });
    let (_, shown) = preview(&client, &items).await;
    assert_eq!((&shown["attributes"], &shown["links"]), (&json!("merge"), &json!("merge")));
    assert_eq!(said(&shown, "leftByMode", &ole), ["city"]);
}

/// The assignments of the only device configuration of that name: group and filter.
async fn assignments(admin: &Admin, name: &str) -> Vec<(String, Value)> {
    let all = admin.inner().list("deviceManagement/deviceConfigurations?$expand=assignments").await.unwrap();
    let mut of_name = all.iter().filter(|policy| policy["displayName"] == name);
    let policy = of_name.next().expect("it is there");
    assert!(of_name.next().is_none(), "it is there once");
    let target = |one: &Value| one["target"].clone();
    let targets = policy["assignments"].as_array().unwrap().iter().map(target);
    targets
        .map(|t| {
            (t["groupId"].as_str().unwrap().to_owned(), t["deviceAndAppManagementAssignmentFilterId"].clone())
        })
        .collect()
}

#[tokio::test]
async fn a_policy_whose_filter_and_scope_tag_are_gone_comes_back_with_what_is_left_of_it() {
    for tags_are_refused in [true, false] {
        let rig = Rig::new().await;
        rig.control.switch(|switches| switches.missing_scope_tag_refused = tags_are_refused);
        let client = Client::new(&rig).await;
        let admin = rig.admin(rig.tenant()).await;
        let (near, far) = (admin.create_group("Near").await, admin.create_group("Far").await);
        let filter = json!({ "displayName": "Corporate", "platform": "windows10AndLater", "rule": "x" });
        let filter = admin.create("deviceManagement/assignmentFilters", &filter).await;
        let tag = admin.create("deviceManagement/roleScopeTags", &json!({ "displayName": "North" })).await;
        let policy = json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
            "displayName": "Screens", "roleScopeTagIds": ["0", tag] });
        let policy = admin.create("deviceManagement/deviceConfigurations", &policy).await;
        let path = format!("deviceManagement/deviceConfigurations/{policy}");
        let target = |group: &str, filter: Option<&str>| {
            json!({ "target": {
            "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group,
            "deviceAndAppManagementAssignmentFilterId": filter,
            "deviceAndAppManagementAssignmentFilterType": if filter.is_some() { "include" } else { "none" } } })
        };
        let targets = json!({ "assignments": [target(&near, Some(&filter)), target(&far, None)] });
        admin.write(reqwest::Method::POST, &format!("{path}/assign"), &targets).await;
        let first = snapshot(&client).await;
        for gone in [
            path,
            format!("deviceManagement/assignmentFilters/{filter}"),
            format!("deviceManagement/roleScopeTags/{tag}"),
        ] {
            admin.delete(&gone).await;
        }
        let (path, shown) =
            preview(&client, &json!({ "comparison": comparison(&client, &first).await })).await;
        let causes: Vec<&Value> =
            shown["impossible"].as_array().unwrap().iter().map(|i| &i["cause"]).collect();
        assert_eq!(causes, ["targetMissing", "targetMissing"], "{}", shown["impossible"]);
        assert!(said(&shown, "impossible", &policy).contains(&format!("roleScopeTagIds/{tag}").as_str()));
        let report = run(&client, &path).await;
        assert_eq!(report["counts"]["failed"], 0, "{report}");
        assert_eq!(assignments(&admin, "Screens").await, [(far, Value::Null)]);
    }
}

/// Leaves so many units of a SKU beside those that are given.
async fn leave_units(rig: &Rig, admin: &Admin, sku: &str, free: u64) {
    let all = admin.inner().list("subscribedSkus").await.unwrap();
    let mut one = all.into_iter().find(|one| one["skuId"] == sku).unwrap();
    let given = one["consumedUnits"].as_u64().unwrap();
    one["prepaidUnits"]["enabled"] = json!(given + free);
    rig.control.put_raw(rig.tenant().as_str(), "subscribedSkus", one);
}

async fn licences_of(admin: &Admin, user: &str) -> Vec<String> {
    let user = admin.inner().get(&format!("users/{user}?$select=assignedLicenses")).await.unwrap();
    let all = user["assignedLicenses"].as_array().unwrap().iter();
    all.map(|one| one["skuId"].as_str().unwrap().to_owned()).collect()
}

async fn license(admin: &Admin, user: &str, add: &[&str], remove: &[&str]) {
    let add: Vec<Value> = add.iter().map(|sku| json!({ "skuId": sku, "disabledPlans": [] })).collect();
    let body = json!({ "addLicenses": add, "removeLicenses": remove });
    admin.write(reqwest::Method::POST, &format!("users/{user}/assignLicense"), &body).await;
}

#[tokio::test]
async fn of_licences_that_are_sold_out_the_others_are_given_and_what_is_freed_is_given_again() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let admin = rig.admin(rig.tenant()).await;
    let skus: Vec<String> = admin
        .inner()
        .list("subscribedSkus")
        .await
        .unwrap()
        .iter()
        .map(|one| one["skuId"].as_str().unwrap().to_owned())
        .collect();
    let [first_sku, second_sku, ..] = &skus[..] else { panic!("two SKUs") };
    let (uma, ole) = (admin.create_user("Uma Berg", "x").await, admin.create_user("Ole Dahl", "x").await);
    license(&admin, &uma, &[first_sku, second_sku], &[]).await;
    let first = snapshot(&client).await;
    // Uma loses both; one of them goes to Ole, the other to somebody who is not restored.
    license(&admin, &uma, &[], &[first_sku, second_sku]).await;
    license(&admin, &ole, &[first_sku], &[]).await;
    leave_units(&rig, &admin, first_sku, 0).await;
    leave_units(&rig, &admin, second_sku, 0).await;
    let (path, shown) = preview(&client, &json!({ "comparison": comparison(&client, &first).await })).await;
    assert_eq!(said(&shown, "impossible", &uma), [format!("assignedLicenses/{second_sku}")]);
    let report = run(&client, &path).await;
    assert_eq!(report["counts"]["failed"], 0, "{report}");
    assert_eq!(licences_of(&admin, &uma).await, std::slice::from_ref(first_sku));
    assert_eq!(licences_of(&admin, &ole).await, [""; 0]);
    let asked: Vec<&str> = report["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["outcome"]["asked"].as_str().unwrap())
        .collect();
    assert_eq!(asked, [format!("licences -{first_sku}"), format!("licences +{first_sku}")]);
}

/// A snapshot with a user in a group, both of whom are then deleted for good, and made again by hand without each other.
async fn made_again_by_hand(client: &Client<'_>, admin: &Admin) -> (String, [String; 2], [String; 2]) {
    let olds = [admin.create_user("Uma Berg", "Auditor").await, admin.create_group("Night watch").await];
    admin.link(&format!("groups/{}/members/$ref", olds[1]), &olds[0]).await;
    let first = snapshot(client).await;
    for (collection, id) in ["users", "groups"].iter().zip(&olds) {
        admin.delete(&format!("{collection}/{id}")).await;
        admin.delete(&format!("directory/deletedItems/{id}")).await;
    }
    let news = [admin.create_user("Uma Berg", "New").await, admin.create_group("Night watch").await];
    (first, olds, news)
}

#[tokio::test]
async fn what_somebody_made_again_by_hand_is_told_and_left_until_it_is_adopted() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let admin = rig.admin(rig.tenant()).await;
    let (first, [uma, group], [new_uma, new_group]) = made_again_by_hand(&client, &admin).await;
    let compared = comparison(&client, &first).await;
    let only = json!([{ "kind": "users", "key": uma }, { "kind": "groups", "key": group }]);
    let mut asked = json!({ "comparison": compared, "only": only });
    let (_, shown) = preview(&client, &asked).await;
    assert_eq!(shown["items"], json!([]));
    let told = shown["conflicts"].as_array().unwrap();
    let of = |key: &str| told.iter().find(|one| one["key"] == key).unwrap();
    assert_eq!(
        (&of(&uma)["property"], &of(&uma)["with"]["id"]),
        (&json!("userPrincipalName"), &json!(new_uma))
    );
    assert_eq!(
        (&of(&group)["property"], &of(&group)["with"]["id"]),
        (&json!("displayName"), &json!(new_group))
    );
    assert_eq!(of(&uma)["choices"], json!(["leave", "adopt", "rename"]));

    let adopt = |kind: &str, key: &str, id: &str| json!({ "kind": kind, "key": key, "choice": { "type": "adopt", "id": id } });
    asked["conflicts"] = json!([adopt("users", &uma, &new_uma), adopt("groups", &group, &new_group)]);
    let (path, shown) = preview(&client, &asked).await;
    assert_eq!((&shown["conflicts"], &shown["impossible"]), (&json!([]), &json!([])));
    let report = run(&client, &path).await;
    assert_eq!(
        (&report["counts"]["failed"], &report["counts"]["skipped"]),
        (&json!(0), &json!(0)),
        "{report}"
    );
    assert_eq!(members(&admin, &format!("groups/{new_group}")).await, std::slice::from_ref(&new_uma));
    assert_eq!(rig.dump()["users"][&new_uma]["jobTitle"], "Auditor");
    let named = |collection: &str, name: &str| {
        rig.dump()[collection].as_object().unwrap().values().filter(|one| one["displayName"] == name).count()
    };
    assert_eq!((named("users", "Uma Berg"), named("groups", "Night watch")), (1, 1));
    // From then on each is the one that it was taken for.
    let left = comparison(&client, &first).await;
    let changes = client.get(&format!("comparisons/{left}/changes?limit=200")).await;
    let all = changes["items"].as_array().unwrap().iter();
    let came_or_went: Vec<&Value> =
        all.filter(|one| one["what"] != "modified").map(|one| &one["key"]).collect();
    for id in [&uma, &group, &new_uma, &new_group] {
        assert!(!came_or_went.iter().any(|key| *key == id.as_str()), "{id}: {changes}");
    }
}

#[tokio::test]
async fn whoever_cannot_have_their_name_back_comes_back_under_another() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let admin = rig.admin(rig.tenant()).await;
    let (first, [uma, group], [new_uma, new_group]) = made_again_by_hand(&client, &admin).await;
    let (name, title) = (format!("uma.second@{}", admin.inner().domain()), "Night watch, as it was");
    let rename = |kind: &str, key: &str, to: &str| json!({ "kind": kind, "key": key, "choice": { "type": "rename", "to": to } });
    let asked = json!({ "snapshot": first, "items": [{ "kind": "users", "key": uma }, { "kind": "groups", "key": group }],
        "conflicts": [rename("users", &uma, &name), rename("groups", &group, title)] });
    let (path, shown) = preview(&client, &asked).await;
    assert_eq!(shown["conflicts"], json!([]));
    let report = run(&client, &path).await;
    assert_eq!(
        (&report["counts"]["failed"], &report["counts"]["skipped"]),
        (&json!(0), &json!(0)),
        "{report}"
    );
    let dump = rig.dump();
    let find = |collection: &str, property: &str, value: &str| {
        let all = dump[collection].as_object().unwrap();
        all.iter().find(|(_, one)| one[property] == value).map(|(id, _)| id.clone()).unwrap()
    };
    let (second_uma, second_group) =
        (find("users", "userPrincipalName", &name), find("groups", "displayName", title));
    assert!(second_uma != new_uma && second_group != new_group);
    assert_eq!(members(&admin, &format!("groups/{second_group}")).await, [second_uma]);
    assert_eq!(members(&admin, &format!("groups/{new_group}")).await, [""; 0]);
}

#[tokio::test]
async fn a_new_group_claims_no_team_and_the_preview_says_what_does_not_come_back() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let admin = rig.admin(rig.tenant()).await;
    let team = json!({ "displayName": "Crew", "mailEnabled": true, "mailNickname": "crew", "securityEnabled": false,
        "groupTypes": ["Unified"], "resourceProvisioningOptions": ["Team"] });
    let group = admin.create("groups", &team).await;
    let first = snapshot(&client).await;
    admin.delete(&format!("groups/{group}")).await;
    admin.delete(&format!("directory/deletedItems/{group}")).await;
    let items = json!([{ "kind": "groups", "key": group }]);
    let (path, shown) = preview(&client, &json!({ "snapshot": first, "items": items })).await;
    let lost = shown["impossible"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["what"] == "resourceProvisioningOptions");
    assert_eq!(lost.unwrap()["cause"], "otherService");
    run(&client, &path).await;
    let dump = rig.dump();
    let made = dump["groups"].as_object().unwrap().values().find(|one| one["displayName"] == "Crew").unwrap();
    assert_eq!(made["resourceProvisioningOptions"], Value::Null);
}
