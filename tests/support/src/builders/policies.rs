//! Device policies, as Graph's beta gives them with settings and assignments expanded.

use super::{id, object};
use serde_json::{Map, Value, json};

/// A settings-catalog policy with these settings and no assignment; `settingCount` is right.
pub fn configuration_policy(n: u32, settings: &[Value]) -> Map<String, Value> {
    object(json!({
        "id": id("configuration", n),
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy",
        "assignments": [],
        "createdDateTime": "2024-03-01T10:00:00.1234567Z",
        "creationSource": null,
        "description": "",
        "isAssigned": false,
        "lastModifiedDateTime": "2024-03-01T10:00:00.1234567Z",
        "name": format!("Configuration {n}"),
        "platforms": "windows10",
        "roleScopeTagIds": ["0"],
        "settingCount": settings.len(),
        "settings": numbered(settings),
        "technologies": "mdm",
        "templateReference": {
            "templateId": "",
            "templateFamily": "none",
            "templateDisplayName": null,
            "templateDisplayVersion": null,
        },
    }))
}

/// A settings-catalog compliance policy (Linux) with these settings.
pub fn compliance_policy(n: u32, settings: &[Value]) -> Map<String, Value> {
    object(json!({
        "id": id("compliance", n),
        "assignments": [],
        "createdDateTime": "2024-03-01T10:00:00Z",
        "description": null,
        "lastModifiedDateTime": "2024-03-01T10:00:00Z",
        "name": format!("Compliance {n}"),
        "platforms": "linux",
        "roleScopeTagIds": ["0"],
        "scheduledActionsForRule": [scheduled_action(n)],
        "settingCount": settings.len(),
        "settings": numbered(settings),
        "technologies": "linuxMdm",
    }))
}

/// A compliance policy of the older kind, for Windows.
pub fn device_compliance_policy(n: u32) -> Map<String, Value> {
    object(json!({
        "@odata.type": "#microsoft.graph.windows10CompliancePolicy",
        "id": id("device-compliance", n),
        "assignments": [],
        "bitLockerEnabled": true,
        "createdDateTime": "2024-03-01T10:00:00Z",
        "description": null,
        "displayName": format!("Device compliance {n}"),
        "lastModifiedDateTime": "2024-03-01T10:00:00Z",
        "osMinimumVersion": "10.0.19045",
        "passwordMinimumLength": 8,
        "passwordRequired": true,
        "roleScopeTagIds": ["0"],
        "scheduledActionsForRule": [scheduled_action(n)],
        "secureBootEnabled": true,
        "version": 1,
    }))
}

/// A device configuration for Windows with one custom setting.
pub fn device_configuration(n: u32) -> Map<String, Value> {
    object(json!({
        "@odata.type": "#microsoft.graph.windows10CustomConfiguration",
        "id": id("device-configuration", n),
        "assignments": [],
        "createdDateTime": "2024-03-01T10:00:00Z",
        "description": null,
        "displayName": format!("Device configuration {n}"),
        "lastModifiedDateTime": "2024-03-01T10:00:00Z",
        "omaSettings": [{
            "@odata.type": "#microsoft.graph.omaSettingInteger",
            "description": null,
            "displayName": format!("Setting {n}"),
            "isEncrypted": false,
            "omaUri": format!("./Device/Vendor/MSFT/Policy/Config/Area/Setting{n}"),
            "secretReferenceValueId": null,
            "value": 1,
        }],
        "roleScopeTagIds": ["0"],
        "supportsScopeTags": true,
        "version": 1,
    }))
}

/// An instance of a choice, with the instances that hang below it.
pub fn choice_setting(definition: &str, choice: &str, children: &[Value]) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": null,
        "choiceSettingValue": {
            "settingValueTemplateReference": null,
            "value": format!("{definition}_{choice}"),
            "children": children,
        },
    })
}

/// An instance of a number.
pub fn simple_setting(definition: &str, value: i32) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": null,
        "simpleSettingValue": {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationIntegerSettingValue",
            "settingValueTemplateReference": null,
            "value": value,
        },
    })
}

/// An instance of a collection of groups, one for each list of children; the order matters.
pub fn group_setting(definition: &str, groups: &[Vec<Value>]) -> Value {
    let groups: Vec<_> = groups
        .iter()
        .map(|children| json!({"settingValueTemplateReference": null, "children": children}))
        .collect();
    json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationGroupSettingCollectionInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": null,
        "groupSettingCollectionValue": groups,
    })
}

/// An assignment to a group.
pub fn assigned_to_group(policy_id: &str, group_id: &str) -> Value {
    let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id});
    assignment(policy_id, group_id, target)
}

/// An assignment to every device.
pub fn assigned_to_all_devices(policy_id: &str) -> Value {
    assignment(
        policy_id,
        "all-devices",
        json!({"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}),
    )
}

fn assignment(policy_id: &str, to: &str, mut target: Value) -> Value {
    target["deviceAndAppManagementAssignmentFilterId"] = Value::Null;
    target["deviceAndAppManagementAssignmentFilterType"] = json!("none");
    json!({"id": format!("{policy_id}_{to}"), "source": "direct", "sourceId": policy_id, "target": target})
}

/// Graph numbers the settings of a policy from "0".
fn numbered(instances: &[Value]) -> Vec<Value> {
    let numbered = |(n, instance): (usize, &Value)| json!({"id": n.to_string(), "settingInstance": instance});
    instances.iter().enumerate().map(numbered).collect()
}

fn scheduled_action(n: u32) -> Value {
    json!({
        "id": id("scheduled-action", n),
        "ruleName": null,
        "scheduledActionConfigurations": [{
            "id": id("action-item", n),
            "actionType": "block",
            "gracePeriodHours": 12,
            "notificationMessageCCList": [],
            "notificationTemplateId": "",
        }],
    })
}
