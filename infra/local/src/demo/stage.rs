//! What the story needs in the tenant before it begins: a few people, groups, a role and policies of its
//! own, so that it can be told in any tenant.

use super::customer::Customer;
use domain::Result;
use reqwest::Method;
use serde_json::{Value, json};

/// The ids of what was set up.
pub(super) struct Stage {
    /// Users by their first name.
    pub(super) users: Vec<(&'static str, String)>,
    pub(super) night_shift: String,
    pub(super) warehouse: String,
    pub(super) role: String,
    pub(super) configuration: String,
    pub(super) device_configuration: String,
    pub(super) compliance: String,
}

const PEOPLE: [(&str, &str, &str); 9] = [
    ("Maya", "Ortiz", "Buyer"),
    ("Jonas", "Lindqvist", "Analyst"),
    ("Priya", "Raman", "Dispatcher"),
    ("Tomasz", "Zielinski", "Shift lead"),
    ("Ines", "Duarte", "Planner"),
    ("Wei", "Zhang", "Head of logistics"),
    ("Grace", "Okafor", "Head of purchasing"),
    ("Noah", "Fischer", "Technician"),
    ("Sofia", "Marino", "Clerk"),
];

/// The settings catalogue's own way to say: a group of settings, a choice in it, a value under the choice.
pub(super) fn settings(deep: i64) -> Value {
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
                        "simpleSettingValue": { "@odata.type": kind("IntegerSettingValue"), "value": deep }
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

/// The configuration policy, whole, as it is created and replaced.
pub(super) fn configuration(deep: i64) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy",
        "name": "Workstation lock", "description": "Locks what nobody uses",
        "platforms": "windows10", "technologies": "mdm", "roleScopeTagIds": ["0"],
        "settings": settings(deep)
    })
}

pub(super) fn to_group(id: &str) -> Value {
    json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": id } })
}

impl Stage {
    pub(super) async fn set_up(customer: &Customer, run: &str) -> Result<Self> {
        let mut users = Vec::new();
        for (first, last, title) in PEOPLE {
            users.push((first, create_user(customer, run, first, last, title).await?));
        }
        let id = |name: &str| user_of(&users, name);
        for (who, boss) in [("Ines", "Wei"), ("Priya", "Grace"), ("Tomasz", "Grace")] {
            customer.link(&format!("users/{}/manager/$ref", id(who)), id(boss)).await?;
        }
        customer
            .ensure(
                "v1.0",
                "directory/attributeSets",
                &json!({
                    "id": "HoldfastDemo", "description": "Set up by the demo", "maxAttributesPerSet": 25
                }),
            )
            .await?;
        customer
            .ensure(
                "v1.0",
                "directory/customSecurityAttributeDefinitions",
                &json!({
                    "attributeSet": "HoldfastDemo", "name": "Clearance", "description": "Set up by the demo",
                    "type": "String", "status": "Available", "isCollection": false, "isSearchable": true,
                    "usePreDefinedValuesOnly": false
                }),
            )
            .await?;
        clearance(customer, id("Jonas"), "Amber").await?;
        let night_shift = create_group(customer, run, "Night shift", "Who works at night").await?;
        let warehouse = create_group(customer, run, "Warehouse", "Who may enter the warehouse").await?;
        for (group, members, owners) in [
            (&night_shift, ["Tomasz", "Ines", "Noah"], ["Grace", "Grace"]),
            (&warehouse, ["Priya", "Ines", "Noah"], ["Wei", "Grace"]),
        ] {
            for member in members {
                customer.link(&format!("groups/{group}/members/$ref"), id(member)).await?;
            }
            let one = &owners[..1];
            for owner in if owners[0] == owners[1] { one } else { &owners[..] } {
                customer.link(&format!("groups/{group}/owners/$ref"), id(owner)).await?;
            }
        }
        let role = customer.create("v1.0", "roleManagement/directory/roleDefinitions", &json!({
            "displayName": format!("Registration desk {run}"), "description": "Looks after registrations",
            "isEnabled": true,
            "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/applications/basic/update"] }]
        })).await?;
        let configuration =
            customer.create("beta", "deviceManagement/configurationPolicies", &configuration(15)).await?;
        let device_configuration = customer.create("beta", "deviceManagement/deviceConfigurations", &json!({
            "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
            "displayName": "Kiosk screens", "description": "Screens in the hall", "roleScopeTagIds": ["0"],
            "passwordRequired": true, "passwordMinimumLength": 8
        })).await?;
        let all_devices =
            json!({ "target": { "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } });
        assign(customer, "deviceConfigurations", &device_configuration, &[to_group(&warehouse), all_devices])
            .await?;
        let compliance = customer.create("beta", "deviceManagement/deviceCompliancePolicies", &json!({
            "@odata.type": "#microsoft.graph.windows10CompliancePolicy",
            "displayName": "Laptops are encrypted", "description": "Or they stay outside",
            "roleScopeTagIds": ["0"], "bitLockerEnabled": true, "storageRequireEncryption": true,
            "scheduledActionsForRule": [{ "ruleName": "PasswordRequired", "scheduledActionConfigurations": [{
                "actionType": "block", "gracePeriodHours": 72, "notificationTemplateId": "",
                "notificationMessageCCList": []
            }]}]
        })).await?;
        assign(customer, "deviceCompliancePolicies", &compliance, &[to_group(&warehouse)]).await?;
        Ok(Self { users, night_shift, warehouse, role, configuration, device_configuration, compliance })
    }

    pub(super) fn user(&self, first: &str) -> &str {
        user_of(&self.users, first)
    }
}

fn user_of<'a>(users: &'a [(&'static str, String)], first: &str) -> &'a str {
    users
        .iter()
        .find(|(name, _)| *name == first)
        .map(|(_, id)| id.as_str())
        .expect("the stage has this person")
}

pub(super) async fn create_user(
    customer: &Customer,
    run: &str,
    first: &str,
    last: &str,
    title: &str,
) -> Result<String> {
    let nick = format!("{}.{}.{run}", first.to_lowercase(), last.to_lowercase());
    customer.create("v1.0", "users", &json!({
        "accountEnabled": true, "displayName": format!("{first} {last}"), "givenName": first, "surname": last,
        "jobTitle": title, "department": "Logistics", "officeLocation": "Hall 3", "usageLocation": "SE",
        "mailNickname": nick, "userPrincipalName": format!("{nick}@{}", customer.domain),
        "passwordProfile": { "forceChangePasswordNextSignIn": true, "password": format!("Hold-{run}-fast!9") }
    })).await
}

async fn create_group(customer: &Customer, run: &str, name: &str, description: &str) -> Result<String> {
    let nick = format!("{}-{run}", name.to_lowercase().replace(' ', "-"));
    customer
        .create(
            "v1.0",
            "groups",
            &json!({
                "displayName": name, "description": description, "mailEnabled": false, "mailNickname": nick,
                "securityEnabled": true
            }),
        )
        .await
}

pub(super) async fn clearance(customer: &Customer, user: &str, level: &str) -> Result<()> {
    let body = json!({ "customSecurityAttributes": { "HoldfastDemo": {
        "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", "Clearance": level
    }}});
    customer.write(Method::PATCH, "v1.0", &format!("users/{user}"), &body).await.map(drop)
}

pub(super) async fn assign(customer: &Customer, kind: &str, id: &str, assignments: &[Value]) -> Result<()> {
    let body = json!({ "assignments": assignments });
    customer
        .write(Method::POST, "beta", &format!("deviceManagement/{kind}/{id}/assign"), &body)
        .await
        .map(drop)
}
