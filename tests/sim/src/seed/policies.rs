//! Intune policies of the four kinds, some with more than 25 and more than 100 settings.

use serde_json::{Value, json};

use super::Company;
use crate::graph::seed_policy;

fn setting(number: usize) -> Value {
    let definition = format!("device_vendor_msft_policy_config_area_setting{number}");
    json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationSetting",
        "settingInstance": {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
            "settingDefinitionId": definition,
            "settingInstanceTemplateReference": null,
            "choiceSettingValue": {
                "settingValueTemplateReference": null,
                "value": format!("{definition}_{}", number % 2),
                "children": [],
            },
        },
    })
}

fn settings(number: usize) -> Vec<Value> {
    let count = match number % 10 {
        0 => 130,
        1 | 2 => 40,
        n => n,
    };
    (0..count).map(setting).collect()
}

fn actions() -> Value {
    json!([{
        "ruleName": "PasswordRequired",
        "scheduledActionConfigurations": [{
            "gracePeriodHours": 12, "actionType": "block", "notificationTemplateId": "",
            "notificationMessageCCList": [],
        }],
    }])
}

pub(super) fn seed(c: &mut Company<'_>, users: usize) {
    // Why one filter: an assignment may refer to it, and a restore has to keep that reference.
    let filter = c.d.new_id().to_string();
    let one = json!({"id": filter, "displayName": "Company devices", "description": null, "platform": "windows10AndLater",
        "rule": "(device.deviceOwnership -eq \"Corporate\")", "roleScopeTags": ["0"],
        "createdDateTime": "2024-05-02T10:00:00Z", "lastModifiedDateTime": "2024-05-02T10:00:00Z"});
    c.d.docs_mut("deviceManagement/assignmentFilters").insert(&filter, one);
    for number in 0..100 + users / 500 {
        let groups: Vec<String> = (0..number % 3)
            .map(|_| {
                let group = c.any_group(usize::MAX);
                c.id(group)
            })
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        // Four kinds in fixed shares, so that a test can say how many of each there are.
        let (kind, policy) = match number % 10 {
            0..=3 => (
                "configurationPolicies",
                json!({
                    "name": format!("Catalogue {number}"), "description": "", "platforms": "windows10",
                    "technologies": "mdm", "roleScopeTagIds": ["0"], "creationSource": null, "priorityMetaData": null,
                    "templateReference": {"templateId": "", "templateFamily": "none", "templateDisplayName": null,
                        "templateDisplayVersion": null},
                    "settings": settings(number / 4),
                }),
            ),
            4..=6 => ("deviceConfigurations", device_configuration(number)),
            7 | 8 => (
                "deviceCompliancePolicies",
                json!({
                    "@odata.type": "#microsoft.graph.windows10CompliancePolicy",
                    "displayName": format!("Compliance {number}"), "description": null, "roleScopeTagIds": ["0"],
                    "passwordRequired": true, "passwordMinimumLength": 8 + number % 5, "bitLockerEnabled": true,
                    "osMinimumVersion": "10.0.19045", "scheduledActionsForRule": actions(),
                }),
            ),
            _ => (
                "compliancePolicies",
                json!({
                    "name": format!("Linux compliance {number}"), "description": "", "platforms": "linux",
                    "technologies": "linuxMdm", "roleScopeTagIds": ["0"], "creationSource": null,
                    "settings": settings(number / 10), "scheduledActionsForRule": actions(),
                }),
            ),
        };
        seed_policy(c.d, kind, policy, &groups);
    }
}

fn device_configuration(number: usize) -> Value {
    let mut policy = json!({
        "displayName": format!("Configuration {number}"), "description": null, "roleScopeTagIds": ["0"],
        "supportsScopeTags": true, "deviceManagementApplicabilityRuleOsEdition": null,
        "deviceManagementApplicabilityRuleOsVersion": null, "deviceManagementApplicabilityRuleDeviceMode": null,
    });
    if number.is_multiple_of(2) {
        policy["@odata.type"] = json!("#microsoft.graph.windows10CustomConfiguration");
        policy["omaSettings"] = json!([
            {"@odata.type": "#microsoft.graph.omaSettingInteger", "displayName": "Level", "description": null,
                "omaUri": "./Vendor/MSFT/Policy/Config/Area/Level", "isEncrypted": false,
                "secretReferenceValueId": null, "value": number},
            {"@odata.type": "#microsoft.graph.omaSettingString", "displayName": "Key", "description": null,
                "omaUri": "./Vendor/MSFT/Policy/Config/Area/Key", "isEncrypted": true,
                "secretReferenceValueId": null, "value": format!("secret {number}")},
        ]);
    } else {
        policy["@odata.type"] = json!("#microsoft.graph.iosGeneralDeviceConfiguration");
        policy["cameraBlocked"] = json!(true);
        policy["passcodeMinimumLength"] = json!(6);
        policy["appsVisibilityList"] = json!([]);
    }
    policy
}
