//! What is in the tenant before, and what happens to it: one of everything that a restore can do.

use super::{Admin, Rig};
use serde_json::{Value, json};

const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

/// The ids of what was set up.
#[derive(Clone, Debug)]
pub struct Stage {
    pub maya: String,
    pub noah: String,
    pub tomasz: String,
    pub warehouse: String,
    pub night_shift: String,
    pub grant: String,
    pub screens: String,
}

impl Stage {
    pub async fn set_up(admin: &Admin) -> Self {
        let maya = admin.create_user("Maya Ortiz", "Buyer").await;
        let noah = admin.create_user("Noah Fischer", "Technician").await;
        let tomasz = admin.create_user("Tomasz Zielinski", "Shift lead").await;
        let warehouse = admin.create_group("Warehouse").await;
        let night_shift = admin.create_group("Night shift").await;
        for (path, to) in [
            (format!("users/{noah}/manager/$ref"), &maya),
            (format!("groups/{warehouse}/members/$ref"), &maya),
            (format!("groups/{warehouse}/members/$ref"), &noah),
            (format!("groups/{night_shift}/members/$ref"), &tomasz),
            (format!("groups/{night_shift}/members/$ref"), &noah),
            (format!("groups/{night_shift}/owners/$ref"), &maya),
        ] {
            admin.link(&path, to).await;
        }
        let grant = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": noah,
            "roleDefinitionId": HELPDESK, "directoryScopeId": "/"
        });
        let grant = admin.create("roleManagement/directory/roleAssignments", &grant).await;
        let screens = json!({
            "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "Kiosk screens",
            "description": "Screens in the hall", "roleScopeTagIds": ["0"], "passwordRequired": true,
            "passwordMinimumLength": 8
        });
        let screens = admin.create("deviceManagement/deviceConfigurations", &screens).await;
        let body = json!({ "assignments": [{ "target": {
            "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": warehouse
        }}]});
        let path = format!("deviceManagement/deviceConfigurations/{screens}/assign");
        admin.write(reqwest::Method::POST, &path, &body).await;
        Self { maya, noah, tomasz, warehouse, night_shift, grant, screens }
    }

    /// Edited, deleted softly, deleted for good, unlinked, taken away, altered.
    pub async fn happen(&self, admin: &Admin) {
        admin.patch(&format!("users/{}", self.maya), &json!({ "jobTitle": "Contractor" })).await;
        admin.delete(&format!("groups/{}/members/{}/$ref", self.warehouse, self.noah)).await;
        admin.delete(&format!("roleManagement/directory/roleAssignments/{}", self.grant)).await;
        admin
            .patch(&format!("deviceManagement/deviceConfigurations/{}", self.screens), &json!({
                "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "passwordMinimumLength": 4
            }))
            .await;
        admin.delete(&format!("groups/{}", self.night_shift)).await;
        admin.delete(&format!("directory/deletedItems/{}", self.night_shift)).await;
        admin.delete(&format!("users/{}", self.tomasz)).await;
    }
}

impl Rig {
    /// The stage, in the first tenant.
    pub async fn staged(&self) -> (Admin, Stage) {
        let admin = self.admin(self.tenant()).await;
        let stage = Stage::set_up(&admin).await;
        (admin, stage)
    }

    /// The live tenant.
    pub fn dump(&self) -> Value {
        self.control.dump(self.tenant().as_str())
    }
}
