//! Users, groups, roles and administrative units.

use super::{id, object};
use serde_json::{Map, Value, json};

/// A member of the tenant who exists in the cloud alone.
pub fn user(n: u32) -> Map<String, Value> {
    object(json!({
        "id": id("user", n),
        "accountEnabled": true,
        "assignedLicenses": [],
        "businessPhones": [format!("+1 555 {n:04}")],
        "city": "Oslo",
        "createdDateTime": "2024-03-01T10:00:00Z",
        "department": format!("Department {}", n % 7),
        "displayName": format!("Person {n}"),
        "employeeId": format!("{n:06}"),
        "givenName": "Person",
        "jobTitle": format!("Title {}", n % 11),
        "mail": format!("person{n}@contoso.example"),
        "mailNickname": format!("person{n}"),
        "mobilePhone": null,
        "onPremisesSyncEnabled": null,
        "otherMails": [],
        "preferredLanguage": "en",
        "proxyAddresses": [format!("SMTP:person{n}@contoso.example")],
        "surname": n.to_string(),
        "usageLocation": "NO",
        "userPrincipalName": format!("person{n}@contoso.example"),
        "userType": "Member",
    }))
}

/// A security group with assigned members.
pub fn group(n: u32) -> Map<String, Value> {
    object(json!({
        "id": id("group", n),
        "createdDateTime": "2024-03-01T10:00:00Z",
        "description": format!("What group {n} is for"),
        "displayName": format!("Group {n}"),
        "groupTypes": [],
        "isAssignableToRole": null,
        "mail": null,
        "mailEnabled": false,
        "mailNickname": format!("group{n}"),
        "membershipRule": null,
        "membershipRuleProcessingState": null,
        "onPremisesSyncEnabled": null,
        "proxyAddresses": [],
        "securityEnabled": true,
        "visibility": null,
    }))
}

/// An administrative unit with assigned members.
pub fn administrative_unit(n: u32) -> Map<String, Value> {
    object(json!({
        "id": id("unit", n),
        "description": null,
        "displayName": format!("Unit {n}"),
        "membershipRule": null,
        "membershipRuleProcessingState": null,
        "membershipType": "Assigned",
        "visibility": null,
    }))
}

/// A custom role with `actions` allowed.
pub fn role_definition(n: u32, actions: &[&str]) -> Map<String, Value> {
    object(json!({
        "id": id("role", n),
        "description": format!("What role {n} may do"),
        "displayName": format!("Role {n}"),
        "isBuiltIn": false,
        "isEnabled": true,
        "resourceScopes": ["/"],
        "rolePermissions": [{"allowedResourceActions": actions, "condition": null}],
        "templateId": id("role", n),
        "version": "1",
    }))
}

/// A role held over the whole directory.
pub fn role_assignment(n: u32, principal_id: &str, role_id: &str) -> Map<String, Value> {
    object(json!({
        "id": format!("assignment-{n}"),
        "directoryScopeId": "/",
        "principalId": principal_id,
        "roleDefinitionId": role_id,
    }))
}

/// A role that may be activated, without end.
pub fn eligible_schedule(n: u32, principal_id: &str, role_id: &str) -> Map<String, Value> {
    object(json!({
        "id": id("schedule", n),
        "appScopeId": null,
        "createdDateTime": "2024-03-01T10:00:00Z",
        "directoryScopeId": "/",
        "memberType": "Direct",
        "principalId": principal_id,
        "roleDefinitionId": role_id,
        "scheduleInfo": {
            "startDateTime": "2024-03-01T10:00:00Z",
            "recurrence": null,
            "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null},
        },
        "status": "Provisioned",
    }))
}

/// What a delta says of an object that is gone: `changed` (in the recycle bin) or `deleted` (for ever).
pub fn removed(id: &str, reason: &str) -> Map<String, Value> {
    object(json!({"id": id, "@removed": {"reason": reason}}))
}
