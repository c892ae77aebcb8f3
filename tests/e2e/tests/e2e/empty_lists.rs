//! Objects that hold nothing come back with that nothing, where Graph creates none without it.

use super::rig::Rig;
use engine::records::{RestoreState, Side};
use jiff::SignedDuration;
use serde_json::{Value, json};

const ROLES: &str = "roleManagement/directory/roleDefinitions";

#[tokio::test]
async fn policies_without_settings_and_a_role_without_permissions_are_created_again() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let policy = |name: &str| {
        json!({"name": name, "description": "", "platforms": "linux", "technologies": "linuxMdm", "settings": [],
            "scheduledActionsForRule": [{"ruleName": "r", "scheduledActionConfigurations": [
                {"actionType": "block", "gracePeriodHours": 1}]}]})
    };
    let mut catalogue = policy("Nothing set");
    catalogue.as_object_mut().unwrap().remove("scheduledActionsForRule");
    let role = json!({"displayName": "Nothing allowed", "isEnabled": true, "rolePermissions": []});
    let made = [
        ("deviceManagement/configurationPolicies", "name", "settings", catalogue),
        ("deviceManagement/compliancePolicies", "name", "settings", policy("Nothing asked")),
        (ROLES, "displayName", "rolePermissions", role),
    ];
    let mut ids = Vec::new();
    for (path, _, _, body) in &made {
        ids.push(admin.create(path, body).await);
    }
    let first = rig.snapshot().await;
    for ((path, ..), id) in made.iter().zip(&ids) {
        admin.delete(&format!("{path}/{id}")).await;
    }
    rig.clock.advance(SignedDuration::from_hours(1));

    let diff = rig.ask_diff(&first, Side::Live).await;
    rig.settle().await;
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 0), "{:?}", rig.dead_letters());
    let live = rig.dump();
    for (path, name, list, body) in &made {
        let set = if *path == ROLES { "roleDefinitions" } else { path };
        let mut all = live[set].as_object().unwrap().values();
        let back = all.find(|one| one[*name] == body[*name]).unwrap_or_else(|| panic!("{path} is not back"));
        assert_eq!(back[*list], Value::Array(vec![]), "{path}");
    }
}
