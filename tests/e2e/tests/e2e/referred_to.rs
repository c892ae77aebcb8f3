//! Somebody who was deleted for good, and to whom much referred: managers and reports, groups, a role over a unit, a policy
//! through a group that is gone as well. All of it leads to the new ids, and later restores of the same snapshot find them.

use super::data_plane::Client;
use super::put_back::{preview, run, snapshot};
use super::rig::{Admin, Rig};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const UNITS: &str = "directory/administrativeUnits";
const POLICIES: &str = "deviceManagement/deviceConfigurations";
/// Helpdesk Administrator. Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

struct Scene {
    uma: String,
    boss: String,
    reports: Vec<String>,
    /// Forty to which Uma belongs, and three that she owns.
    groups: Vec<String>,
    owned: Vec<String>,
    /// To which she belongs, too.
    crew: String,
    unit: String,
    policy: String,
}

async fn scene(admin: &Admin) -> Scene {
    let user = |name: String| async move { admin.create_user(&name, "Auditor").await };
    let (uma, boss) = (user("Uma Berg".to_owned()).await, user("Ole Dahl".to_owned()).await);
    admin.link(&format!("users/{uma}/manager/$ref"), &boss).await;
    let mut reports = Vec::new();
    for n in 0..3 {
        let report = user(format!("Report {n}")).await;
        admin.link(&format!("users/{report}/manager/$ref"), &uma).await;
        reports.push(report);
    }
    let (mut groups, mut owned) = (Vec::new(), Vec::new());
    for n in 0..40 {
        let group = admin.create_group(&format!("Group {n}")).await;
        admin.link(&format!("groups/{group}/members/$ref"), &uma).await;
        groups.push(group);
    }
    for n in 0..3 {
        let group = admin.create_group(&format!("Owned {n}")).await;
        admin.link(&format!("groups/{group}/owners/$ref"), &uma).await;
        owned.push(group);
    }
    let crew = admin.create_group("Crew").await;
    admin.link(&format!("groups/{crew}/members/$ref"), &uma).await;
    let unit = admin.create(UNITS, &json!({ "displayName": "North" })).await;
    admin.link(&format!("{UNITS}/{unit}/members/$ref"), &uma).await;
    let role = json!({ "principalId": uma, "roleDefinitionId": HELPDESK,
        "directoryScopeId": format!("/administrativeUnits/{unit}") });
    admin.create("roleManagement/directory/roleAssignments", &role).await;
    let policy = json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "Screens",
        "roleScopeTagIds": ["0"] });
    let policy = admin.create(POLICIES, &policy).await;
    let target = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": crew });
    let body = json!({ "assignments": [{ "target": target }] });
    admin.write(Method::POST, &format!("{POLICIES}/{policy}/assign"), &body).await;
    Scene { uma, boss, reports, groups, owned, crew, unit, policy }
}

fn ends(object: &Value, relation: &str) -> Vec<String> {
    let all = object[relation].as_array().into_iter().flatten();
    all.map(|end| end.as_str().unwrap().to_owned()).collect()
}

/// Everything that led to the three leads to them by these ids.
fn assert_referred_to(rig: &Rig, scene: &Scene, ids: &BTreeMap<&str, String>) {
    let dump = rig.dump();
    let (uma, crew, unit) = (&ids[scene.uma.as_str()], &ids[scene.crew.as_str()], &ids[scene.unit.as_str()]);
    let (users, groups) = (&dump["users"], &dump["groups"]);
    assert_eq!(ends(&users[uma], "manager"), std::slice::from_ref(&scene.boss));
    for report in &scene.reports {
        assert_eq!(ends(&users[report], "manager"), std::slice::from_ref(uma));
    }
    for group in scene.groups.iter().chain([crew]) {
        assert_eq!(ends(&groups[group], "members"), std::slice::from_ref(uma));
    }
    for group in &scene.owned {
        assert_eq!(ends(&groups[group], "owners"), std::slice::from_ref(uma));
    }
    assert_eq!(ends(&dump[UNITS][unit], "members"), std::slice::from_ref(uma));
    let roles =
        dump["roleAssignments"].as_object().unwrap().values().filter(|fact| fact["principalId"] == **uma);
    let scopes: Vec<&Value> = roles.map(|fact| &fact["directoryScopeId"]).collect();
    assert_eq!(scopes, [&json!(format!("/administrativeUnits/{unit}"))]);
    let assignments = dump[POLICIES][&scene.policy]["assignments"].as_array().unwrap();
    let assigned: Vec<&Value> = assignments.iter().map(|one| &one["target"]["groupId"]).collect();
    assert_eq!(assigned, [&json!(crew)]);
    for old in [&scene.uma, &scene.crew, &scene.unit] {
        assert!(!dump.to_string().contains(old.as_str()), "nothing leads to {old} any more");
    }
}

#[tokio::test]
async fn all_that_led_to_whoever_was_deleted_for_good_leads_to_the_new_ids_and_later_restores_find_them() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let scene = scene(&admin).await;
    let first = snapshot(&client).await;
    for (set, id) in [("users", &scene.uma), ("groups", &scene.crew), (UNITS, &scene.unit)] {
        admin.delete(&format!("{set}/{id}")).await;
    }
    // The recycle bin keeps them for thirty days.
    rig.clock.advance(SignedDuration::from_hours(31 * 24));
    let admin = rig.admin(rig.tenant()).await;
    // Only the three are named: what leads to them comes with them.
    let named = [("users", &scene.uma), ("groups", &scene.crew), ("administrativeUnits", &scene.unit)];
    let items: Vec<Value> = named.iter().map(|(kind, key)| json!({ "kind": kind, "key": key })).collect();
    let asked = json!({ "snapshot": first, "items": items, "attributes": "overwrite", "links": "rollback" });
    let (path, shown) = preview(&client, &asked).await;
    assert_eq!(shown["conflicts"], json!([]));
    let report = run(&client, &path).await;
    assert_eq!((&report["complete"], &report["counts"]["failed"]), (&json!(true), &json!(0)), "{report}");
    let made = |old: &str| {
        let of = |step: &&Value| step["key"] == old && step["action"]["type"] == "create";
        let step = report["items"].as_array().unwrap().iter().find(of).unwrap();
        step["outcome"]["newId"].as_str().unwrap().to_owned()
    };
    let ids: BTreeMap<&str, String> =
        [&scene.uma, &scene.crew, &scene.unit].into_iter().map(|old| (old.as_str(), made(old))).collect();
    assert_referred_to(&rig, &scene, &ids);

    // The same once more has nothing to do.
    let (_, shown) = preview(&client, &asked).await;
    assert_eq!(shown["items"], json!([]), "{shown}");

    // What is taken from them again comes back to the same ones, and nobody is made a second time.
    let uma = &ids[scene.uma.as_str()];
    admin.delete(&format!("users/{uma}/manager/$ref")).await;
    admin.delete(&format!("groups/{}/members/{uma}/$ref", ids[scene.crew.as_str()])).await;
    admin
        .write(Method::POST, &format!("{POLICIES}/{}/assign", scene.policy), &json!({ "assignments": [] }))
        .await;
    let compared = client.done("comparisons", Some(&json!({ "before": first, "after": "live" }))).await;
    let (path, shown) = preview(&client, &json!({ "comparison": compared.split_once('/').unwrap().1 })).await;
    let actions: Vec<&Value> =
        shown["items"].as_array().unwrap().iter().map(|step| &step["action"]["type"]).collect();
    assert_eq!(actions.len(), 3, "{shown}");
    assert!(!actions.contains(&&json!("create")), "{actions:?}");
    run(&client, &path).await;
    assert_referred_to(&rig, &scene, &ids);
}
