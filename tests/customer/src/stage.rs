//! What a story needs in the tenant before it begins.

use crate::Administrator;
use domain::Result;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Helpdesk Administrator, the same in every tenant.
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const HELPDESK_ADMINISTRATOR: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

/// A group and who is in it, by first names.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The display name, by which the stage calls it.
    pub name: &'static str,
    /// What its description says.
    pub description: &'static str,
    /// Who belongs to it.
    pub members: &'static [&'static str],
    /// Who looks after it.
    pub owners: &'static [&'static str],
}

/// Something besides people and groups. The stage calls each by the name that is given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prop {
    /// A custom security attribute of Jonas', `HoldfastDemo/Clearance`.
    Clearance,
    /// "Helpdesk": the role assignment that makes Noah a Helpdesk Administrator.
    Helpdesk,
    /// "Registration desk": a custom role.
    RegistrationDesk,
    /// "Workstation lock": a policy of the settings catalog, with a setting under a choice.
    WorkstationLock,
    /// "Kiosk screens": a device configuration that is assigned to the warehouse and to all devices.
    KioskScreens,
    /// "Laptops are encrypted": a compliance policy that is assigned to the warehouse.
    LaptopsEncrypted,
}

/// Who and what a stage is made of.
#[derive(Debug)]
pub struct Cast {
    /// First name, last name, job title. The stage calls people by their first names.
    pub people: &'static [(&'static str, &'static str, &'static str)],
    /// Who reports to whom.
    pub managers: &'static [(&'static str, &'static str)],
    /// The groups, in the order in which they are created. There is a "Night shift" and a "Warehouse".
    pub groups: &'static [Group],
    /// Everything else, in the order in which it is created.
    pub props: &'static [Prop],
    /// Who leaves the warehouse when [`crate::Happening::WarehouseLeft`] happens: relation and first name.
    pub leavers: &'static [(&'static str, &'static str)],
}

impl Cast {
    /// Nine people and one of every object that the demo is about.
    pub const COMPANY: Self = Self {
        people: &[
            ("Maya", "Ortiz", "Buyer"),
            ("Jonas", "Lindqvist", "Analyst"),
            ("Priya", "Raman", "Dispatcher"),
            ("Tomasz", "Zielinski", "Shift lead"),
            ("Ines", "Duarte", "Planner"),
            ("Wei", "Zhang", "Head of logistics"),
            ("Grace", "Okafor", "Head of purchasing"),
            ("Noah", "Fischer", "Technician"),
            ("Sofia", "Marino", "Clerk"),
        ],
        managers: &[("Ines", "Wei"), ("Priya", "Grace"), ("Tomasz", "Grace")],
        groups: &[
            Group {
                name: "Night shift",
                description: "Who works at night",
                members: &["Tomasz", "Ines", "Noah"],
                owners: &["Grace"],
            },
            Group {
                name: "Warehouse",
                description: "Who may enter the warehouse",
                members: &["Priya", "Ines", "Noah"],
                owners: &["Wei", "Grace"],
            },
        ],
        props: &[
            Prop::Clearance,
            Prop::RegistrationDesk,
            Prop::WorkstationLock,
            Prop::KioskScreens,
            Prop::LaptopsEncrypted,
        ],
        leavers: &[("members", "Priya"), ("members", "Noah"), ("owners", "Grace")],
    };

    /// Three people and what they need: for stories that are run hundreds of times, where every object costs time.
    pub const FEW: Self = Self {
        people: &[
            ("Maya", "Ortiz", "Buyer"),
            ("Noah", "Fischer", "Technician"),
            ("Tomasz", "Zielinski", "Shift lead"),
        ],
        managers: &[("Noah", "Maya")],
        groups: &[
            Group {
                name: "Warehouse",
                description: "Who may enter the warehouse",
                members: &["Maya", "Noah"],
                owners: &[],
            },
            Group {
                name: "Night shift",
                description: "Who works at night",
                members: &["Tomasz", "Noah"],
                owners: &["Maya"],
            },
        ],
        props: &[Prop::Helpdesk, Prop::KioskScreens],
        leavers: &[("members", "Noah")],
    };
}

/// What was set up in a tenant: ids by name.
#[derive(Clone, Debug)]
pub struct Stage {
    cast: &'static Cast,
    ids: BTreeMap<&'static str, String>,
}

impl Stage {
    /// Sets everything of the cast up in the administrator's tenant.
    ///
    /// # Errors
    /// `Unavailable` when Graph refuses or does not answer.
    pub async fn set_up(admin: &Administrator, cast: &'static Cast) -> Result<Self> {
        let mut stage = Self { cast, ids: BTreeMap::new() };
        for (first, last, title) in cast.people {
            let id = admin.create_user(&format!("{first} {last}"), title).await?;
            stage.ids.insert(first, id);
        }
        for (who, manager) in cast.managers {
            admin.link(&format!("users/{}/manager/$ref", stage.id(who)), stage.id(manager)).await?;
        }
        for group in cast.groups {
            let id = admin.create_group(group.name, group.description).await?;
            for (relation, who) in [("members", group.members), ("owners", group.owners)] {
                for one in who {
                    admin.link(&format!("groups/{id}/{relation}/$ref"), stage.id(one)).await?;
                }
            }
            stage.ids.insert(group.name, id);
        }
        for prop in cast.props {
            stage.set_up_prop(admin, *prop).await?;
        }
        Ok(stage)
    }

    /// The id of a person, by first name, or of anything else by its display name.
    ///
    /// # Panics
    /// When the cast has nothing of that name: the story is about something that is not there.
    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("the stage has no {name}"))
    }

    pub(crate) fn leavers(&self) -> &'static [(&'static str, &'static str)] {
        self.cast.leavers
    }

    async fn set_up_prop(&mut self, admin: &Administrator, prop: Prop) -> Result<()> {
        // What a story needs to find again is kept by its name; an attribute is found by the user who has it.
        match prop {
            Prop::Clearance => {
                define_clearance(admin).await?;
                set_clearance(admin, self.id("Jonas"), "Amber").await?;
            }
            Prop::Helpdesk => {
                let grant = role_assignment(self.id("Noah"), HELPDESK_ADMINISTRATOR);
                let id = admin.create("roleManagement/directory/roleAssignments", &grant).await?;
                self.ids.insert("Helpdesk", id);
            }
            Prop::RegistrationDesk => {
                let name = admin.unique("Registration desk", ' ');
                let id = admin
                    .create("roleManagement/directory/roleDefinitions", &registration_desk(&name))
                    .await?;
                self.ids.insert("Registration desk", id);
            }
            Prop::WorkstationLock => {
                let path = "deviceManagement/configurationPolicies";
                let id = admin.create(path, &workstation_lock(15)).await?;
                self.ids.insert("Workstation lock", id);
            }
            Prop::KioskScreens => {
                let id = admin.create("deviceManagement/deviceConfigurations", &kiosk_screens()).await?;
                let everywhere =
                    json!({ "target": { "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } });
                let to = [to_group(self.id("Warehouse")), everywhere];
                assign(admin, "deviceConfigurations", &id, &to).await?;
                self.ids.insert("Kiosk screens", id);
            }
            Prop::LaptopsEncrypted => {
                let path = "deviceManagement/deviceCompliancePolicies";
                let id = admin.create(path, &laptops_encrypted()).await?;
                let to = [to_group(self.id("Warehouse"))];
                assign(admin, "deviceCompliancePolicies", &id, &to).await?;
                self.ids.insert("Laptops are encrypted", id);
            }
        }
        Ok(())
    }
}

/// The assignment of a role to that principal, with the directory as its scope.
pub(crate) fn role_assignment(principal: &str, role: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": principal,
        "roleDefinitionId": role, "directoryScopeId": "/" })
}

/// Everybody in a group, as the target of an assignment.
pub(crate) fn to_group(id: &str) -> Value {
    json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": id } })
}

/// Replaces all assignments of a policy; `collection` is where the policy is.
pub(crate) async fn assign(
    admin: &Administrator,
    collection: &str,
    id: &str,
    assignments: &[Value],
) -> Result<()> {
    let body = json!({ "assignments": assignments });
    let path = format!("deviceManagement/{collection}/{id}/assign");
    admin.write(Method::POST, &path, &body).await.map(drop)
}

async fn define_clearance(admin: &Administrator) -> Result<()> {
    let set = json!({ "id": "HoldfastDemo", "description": "Set up by the demo", "maxAttributesPerSet": 25 });
    admin.ensure("directory/attributeSets", &set).await?;
    let definition = json!({
        "attributeSet": "HoldfastDemo", "name": "Clearance", "description": "Set up by the demo",
        "type": "String", "status": "Available", "isCollection": false, "isSearchable": true,
        "usePreDefinedValuesOnly": false
    });
    admin.ensure("directory/customSecurityAttributeDefinitions", &definition).await
}

pub(crate) async fn set_clearance(admin: &Administrator, user: &str, level: &str) -> Result<()> {
    let body = json!({ "customSecurityAttributes": { "HoldfastDemo": {
        "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", "Clearance": level
    }}});
    admin.patch(&format!("users/{user}"), &body).await
}

fn registration_desk(name: &str) -> Value {
    json!({
        "displayName": name, "description": "Looks after registrations", "isEnabled": true,
        "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/applications/basic/update"] }]
    })
}

/// The complete policy, as it is created and replaced. Screens lock after `minutes`.
pub(crate) fn workstation_lock(minutes: i64) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy",
        "name": "Workstation lock", "description": "Locks what nobody uses",
        "platforms": "windows10", "technologies": "mdm", "roleScopeTagIds": ["0"],
        "settings": lock_settings(minutes)
    })
}

/// The settings as Intune's settings catalog writes them: a choice, and a value under the choice.
fn lock_settings(minutes: i64) -> Value {
    let kind = |name: &str| format!("#microsoft.graph.deviceManagementConfiguration{name}");
    json!([
        {
            "@odata.type": kind("Setting"),
            "settingInstance": {
                "@odata.type": kind("ChoiceSettingInstance"),
                "settingDefinitionId": "device_vendor_msft_policy_config_devicelock_devicepasswordenabled",
                "choiceSettingValue": {
                    "@odata.type": kind("ChoiceSettingValue"),
                    "value": "device_vendor_msft_policy_config_devicelock_devicepasswordenabled_0",
                    "children": [{
                        "@odata.type": kind("SimpleSettingInstance"),
                        "settingDefinitionId":
                            "device_vendor_msft_policy_config_devicelock_maxinactivitytimedevicelock",
                        "simpleSettingValue": { "@odata.type": kind("IntegerSettingValue"), "value": minutes }
                    }]
                }
            }
        },
        {
            "@odata.type": kind("Setting"),
            "settingInstance": {
                "@odata.type": kind("SimpleSettingInstance"),
                "settingDefinitionId": "device_vendor_msft_policy_config_update_activehoursend",
                "simpleSettingValue": { "@odata.type": kind("IntegerSettingValue"), "value": 18 }
            }
        }
    ])
}

fn kiosk_screens() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "Kiosk screens",
        "description": "Screens in the hall", "roleScopeTagIds": ["0"], "passwordRequired": true,
        "passwordMinimumLength": 8
    })
}

fn laptops_encrypted() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.windows10CompliancePolicy",
        "displayName": "Laptops are encrypted", "description": "Or they stay outside",
        "roleScopeTagIds": ["0"], "bitLockerEnabled": true, "storageRequireEncryption": true,
        "scheduledActionsForRule": [{ "ruleName": "PasswordRequired", "scheduledActionConfigurations": [{
            "actionType": "block", "gracePeriodHours": 72, "notificationTemplateId": "",
            "notificationMessageCCList": []
        }]}]
    })
}
