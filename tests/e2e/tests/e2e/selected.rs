//! Parts of what changed, chosen over the API: they are as they were on the simulated Graph, and what is beside them is as
//! others left it.

use super::data_plane::Client;
use super::put_back::{comparison, preview, run, snapshot};
use super::rig::{Admin, Rig};
use reqwest::Method;
use serde_json::{Value, json};

const MINUTES: &str = "device_vendor_msft_policy_config_devicelock_maxinactivitytimedevicelock";
const HOURS: &str = "device_vendor_msft_policy_config_update_activehoursend";

fn policy(minutes: i64, hours: i64) -> Value {
    let kind = |name: &str| format!("#microsoft.graph.deviceManagementConfiguration{name}");
    let setting = |id: &str, value: i64| {
        json!({ "@odata.type": kind("Setting"), "settingInstance": {
            "@odata.type": kind("SimpleSettingInstance"), "settingDefinitionId": id,
            "simpleSettingValue": { "@odata.type": kind("IntegerSettingValue"), "value": value } } })
    };
    json!({ "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy", "name": "Lock",
        "description": "", "platforms": "windows10", "technologies": "mdm", "roleScopeTagIds": ["0"],
        "settings": [setting(MINUTES, minutes), setting(HOURS, hours)] })
}

/// The values of the two settings, as Graph shows them.
async fn settings(admin: &Admin, path: &str) -> (Value, Value) {
    let all = admin.inner().list(&format!("{path}/settings")).await.unwrap();
    let of = |id: &str| {
        let one = all.iter().find(|one| one["settingInstance"]["settingDefinitionId"] == id).unwrap();
        one["settingInstance"]["simpleSettingValue"]["value"].clone()
    };
    (of(MINUTES), of(HOURS))
}

#[tokio::test]
async fn one_setting_and_one_part_of_a_property_are_put_back_and_what_others_changed_beside_them_stays() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let admin = rig.admin(rig.tenant()).await;
    let uma = admin.create_user("Uma Berg", "x").await;
    let person = format!("users/{uma}");
    let works = |division: &str, centre: &str| json!({ "employeeOrgData": { "division": division, "costCenter": centre } });
    admin.patch(&person, &works("North", "1")).await;
    let lock = admin.create("deviceManagement/configurationPolicies", &policy(15, 18)).await;
    let path = format!("deviceManagement/configurationPolicies/{lock}");
    let first = snapshot(&client).await;
    admin.write(Method::PUT, &path, &policy(999, 18)).await;
    admin.patch(&person, &works("South", "1")).await;
    let compared = comparison(&client, &first).await;
    let changes = client.get(&format!("comparisons/{compared}/changes")).await;
    let only: Vec<Value> = changes["items"].as_array().unwrap().iter().map(|change| {
        json!({ "kind": change["kind"], "key": change["key"], "paths": [change["attributes"][0]["path"]] })
    }).collect();
    assert_eq!(only.len(), 2, "{changes}");
    // What others do meanwhile, inside the same properties.
    admin.write(Method::PUT, &path, &policy(999, 20)).await;
    admin.patch(&person, &works("South", "2")).await;

    let (restore, shown) = preview(&client, &json!({ "comparison": compared, "only": only })).await;
    let told: Vec<&Value> =
        ["impossible", "leftByMode"].iter().flat_map(|list| shown[list].as_array().unwrap()).collect();
    assert_eq!((shown["items"].as_array().unwrap().len(), told.len()), (2, 0), "{shown}");
    let report = run(&client, &restore).await;
    assert_eq!((&report["counts"]["done"], &report["complete"]), (&json!(2), &json!(true)), "{report}");
    assert_eq!(settings(&admin, &path).await, (json!(15), json!(20)));
    let found = rig.dump()["users"][&uma]["employeeOrgData"].clone();
    assert_eq!((&found["division"], &found["costCenter"]), (&json!("North"), &json!("2")));
    // A second time there is nothing to do.
    let (_, again) = preview(&client, &json!({ "comparison": compared, "only": only })).await;
    assert_eq!(again["items"], json!([]));
}

#[tokio::test]
async fn everything_is_as_it_was_and_what_came_since_is_named_and_goes_where_that_is_asked_for() {
    let rig = Rig::new().await;
    let client = Client::new(&rig).await;
    let (admin, stage) = rig.staged().await;
    let first = snapshot(&client).await;
    let mut asked =
        json!({ "snapshot": first, "everything": true, "attributes": "overwrite", "links": "rollback" });
    let came_since = |shown: &Value| -> Vec<String> {
        let all = shown["impossible"].as_array().unwrap().iter();
        let named = all.filter(|one| one["cause"] == "notInSnapshot" || one["what"] == "kind");
        named.map(|one| one["key"].as_str().unwrap().to_owned()).collect()
    };
    let (_, shown) = preview(&client, &asked).await;
    assert_eq!((&shown["items"], came_since(&shown)), (&json!([]), vec![]), "{shown}");

    let person = format!("users/{}", stage.id("Maya"));
    admin.patch(&person, &json!({ "jobTitle": "Contractor" })).await;
    let group = admin.create_group("Came since").await;
    let (path, shown) = preview(&client, &asked).await;
    let steps: Vec<&Value> = shown["items"].as_array().unwrap().iter().map(|step| &step["key"]).collect();
    assert_eq!((steps, came_since(&shown)), (vec![&json!(stage.id("Maya"))], vec![group.clone()]));
    run(&client, &path).await;
    asked["deleteCreated"] = json!(true);
    let (path, shown) = preview(&client, &asked).await;
    let steps: Vec<_> = shown["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (&step["key"], &step["action"]["type"]))
        .collect();
    assert_eq!(steps, [(&json!(group), &json!("delete"))]);
    run(&client, &path).await;
    assert_eq!(rig.dump()["groups"].get(&group), None);
    assert_eq!(preview(&client, &asked).await.1["items"], json!([]));
}
