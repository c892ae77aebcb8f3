//! What Intune has besides the policies that are simulated: known by name, and empty, as in a tenant that uses none of it.
//!
//! Source: the Intune pages of the API reference. Clients that read all of Intune ask for each of them.

use serde_json::{Value, json};

use super::super::call::{Call, Outcome, Reply, Version};
use super::super::error::{Failure, denied, failure};

/// Where it is, whether v1.0 has it, the permission that reads it (or the one of the same name that writes), and what it is.
type Row = (&'static str, bool, &'static str, Shape);

#[derive(Clone, Copy)]
enum Shape {
    List,
    /// One object that every tenant has, as it is where nobody changed it: JSON.
    Settings(&'static str),
    /// One object that is there once it was set up.
    Missing,
}
use Shape::{List, Missing, Settings};

const APPS: &str = "DeviceManagementApps";
const CONFIGURATION: &str = "DeviceManagementConfiguration";
const SERVICE: &str = "DeviceManagementServiceConfig";
const DEVICES: &str = "DeviceManagementManagedDevices";
const RBAC: &str = "DeviceManagementRBAC";

/// Source: the androidManagedStoreAccountEnterpriseSettings resource type (beta); a text that nobody set is empty.
const NO_GOOGLE_PLAY: &str = r#"{"id": "androidManagedStoreAccountEnterpriseSettings", "bindStatus": "notBound",
    "lastAppSyncDateTime": "0001-01-01T00:00:00Z", "lastAppSyncStatus": "none", "ownerUserPrincipalName": "",
    "ownerOrganizationName": "", "lastModifiedDateTime": "0001-01-01T00:00:00Z", "enrollmentTarget": "none",
    "targetGroupIds": [], "deviceOwnerManagementEnabled": false}"#;
/// Source: the deviceManagementSettings resource type.
const USUAL: &str = r#"{"deviceComplianceCheckinThresholdDays": 30, "isScheduledActionEnabled": true,
    "secureByDefault": false}"#;

const ROWS: &[Row] = &[
    ("deviceAppManagement/managedAppPolicies", true, APPS, List),
    ("deviceAppManagement/mobileAppConfigurations", true, APPS, List),
    ("deviceAppManagement/mobileApps", true, APPS, List),
    ("deviceAppManagement/vppTokens", true, SERVICE, List),
    (
        "deviceManagement/androidManagedStoreAccountEnterpriseSettings",
        false,
        CONFIGURATION,
        Settings(NO_GOOGLE_PLAY),
    ),
    ("deviceManagement/applePushNotificationCertificate", true, SERVICE, Missing),
    ("deviceManagement/complianceManagementPartners", true, SERVICE, List),
    ("deviceManagement/depOnboardingSettings", false, SERVICE, List),
    ("deviceManagement/deviceCategories", true, DEVICES, List),
    ("deviceManagement/deviceComplianceScripts", false, CONFIGURATION, List),
    ("deviceManagement/deviceCustomAttributeShellScripts", false, CONFIGURATION, List),
    ("deviceManagement/deviceEnrollmentConfigurations", true, SERVICE, List),
    ("deviceManagement/deviceHealthScripts", false, CONFIGURATION, List),
    ("deviceManagement/deviceManagementPartners", true, SERVICE, List),
    ("deviceManagement/deviceManagementScripts", false, CONFIGURATION, List),
    ("deviceManagement/deviceShellScripts", false, CONFIGURATION, List),
    ("deviceManagement/groupPolicyConfigurations", false, CONFIGURATION, List),
    ("deviceManagement/intents", false, CONFIGURATION, List),
    ("deviceManagement/managedDevices", true, DEVICES, List),
    ("deviceManagement/remoteAssistancePartners", true, SERVICE, List),
    ("deviceManagement/reusablePolicySettings", false, CONFIGURATION, List),
    ("deviceManagement/roleDefinitions", true, RBAC, List),
    ("deviceManagement/settings", false, SERVICE, Settings(USUAL)),
    ("deviceManagement/templates", false, CONFIGURATION, List),
    ("deviceManagement/windowsAutopilotDeploymentProfiles", false, SERVICE, List),
    ("deviceManagement/windowsAutopilotDeviceIdentities", true, SERVICE, List),
    ("deviceManagement/windowsDriverUpdateProfiles", false, CONFIGURATION, List),
    ("deviceManagement/windowsFeatureUpdateProfiles", false, CONFIGURATION, List),
    ("deviceManagement/windowsQualityUpdateProfiles", false, CONFIGURATION, List),
];

/// The answer to reading one of them; none where the path is another.
pub(in crate::graph) fn read(call: &Call, path: &[&str]) -> Option<Outcome> {
    let [area, name, rest @ ..] = path else { return None };
    let (set, .., permission, shape) = ROWS
        .iter()
        .find(|(set, v1, ..)| *set == format!("{area}/{name}") && (*v1 || call.version == Version::Beta))?;
    Some(answer(call, set, permission, *shape, rest))
}

fn answer(call: &Call, set: &str, permission: &str, shape: Shape, rest: &[&str]) -> Outcome {
    let may = ["Read", "ReadWrite"].iter().any(|how| call.may(&format!("{permission}.{how}.All")));
    let nothing = |name: &str| -> Failure {
        failure(404, "ResourceNotFound", format!("The resource '{name}' could not be found."))
    };
    match (may, rest, shape) {
        (false, ..) => Err(denied()),
        (_, [], List) => {
            super::super::filter::Filter::of(call)?;
            Ok(Reply::json(200, &json!({"@odata.context": call.context(set), "value": []})))
        }
        (_, [], Settings(object)) => {
            let mut object: Value = serde_json::from_str(object).expect("the table holds JSON");
            object["@odata.context"] = call.context(set).into();
            Ok(Reply::json(200, &object))
        }
        (_, [], Missing) => Err(nothing(set)),
        (_, [id, ..], _) => Err(nothing(id)),
    }
}
