//! Which application permissions allow an operation. Source: the Permissions tables of the API reference.

/// A rule: the first segments of the path, what allows reading, what allows writing.
type Rule = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const RULES: &[Rule] = &[
    (
        &["users", "*", "authentication", "temporaryAccessPassMethods"],
        &[
            "UserAuthMethod-TAP.Read.All",
            "UserAuthMethod-TAP.ReadWrite.All",
            "UserAuthenticationMethod.Read.All",
            "UserAuthenticationMethod.ReadWrite.All",
        ],
        &["UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"],
    ),
    (
        &["policies", "authenticationMethodsPolicy"],
        &["Policy.Read.All", "Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod"],
        &["Policy.ReadWrite.AuthenticationMethod"],
    ),
    (
        &["users"],
        &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        &["User.ReadWrite.All", "Directory.ReadWrite.All"],
    ),
    (&["auditLogs"], &["AuditLog.Read.All"], &[]),
    (&["invitations"], &[], &["User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"]),
    (
        &["groups", "*", "members"],
        &[
            "GroupMember.Read.All",
            "GroupMember.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
        ],
        &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"],
    ),
    (
        &["groups"],
        &[
            "Group.Read.All",
            "GroupMember.Read.All",
            "Group.ReadWrite.All",
            "GroupMember.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        &["Group.ReadWrite.All", "Directory.ReadWrite.All"],
    ),
    (
        &["directory", "administrativeUnits", "*", "scopedRoleMembers"],
        &[
            "RoleManagement.Read.Directory",
            "RoleManagement.ReadWrite.Directory",
            "AdministrativeUnit.Read.All",
            "AdministrativeUnit.ReadWrite.All",
        ],
        &["RoleManagement.ReadWrite.Directory"],
    ),
    (
        &["directory", "administrativeUnits"],
        &[
            "AdministrativeUnit.Read.All",
            "AdministrativeUnit.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        &["AdministrativeUnit.ReadWrite.All"],
    ),
    (
        &["directory", "customSecurityAttributeDefinitions"],
        &["CustomSecAttributeDefinition.Read.All", "CustomSecAttributeDefinition.ReadWrite.All"],
        &["CustomSecAttributeDefinition.ReadWrite.All"],
    ),
    (
        &["directory", "attributeSets"],
        &["CustomSecAttributeDefinition.Read.All", "CustomSecAttributeDefinition.ReadWrite.All"],
        &["CustomSecAttributeDefinition.ReadWrite.All"],
    ),
    (&["directory", "recovery"], &["EntraBackup.Read.All"], &[]),
    (
        &["directory", "deletedItems"],
        &[
            "User.Read.All",
            "User.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
            "AdministrativeUnit.Read.All",
            "AdministrativeUnit.ReadWrite.All",
        ],
        &[
            "User.ReadWrite.All",
            "User.DeleteRestore.All",
            "Group.ReadWrite.All",
            "AdministrativeUnit.ReadWrite.All",
            "Application.ReadWrite.All",
        ],
    ),
    (
        &["roleManagement", "directory", "roleAssignmentSchedule*"],
        &[
            "RoleAssignmentSchedule.Read.Directory",
            "RoleAssignmentSchedule.ReadWrite.Directory",
            "RoleManagement.Read.All",
            "RoleManagement.Read.Directory",
            "RoleManagement.ReadWrite.Directory",
        ],
        &["RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"],
    ),
    (
        &["roleManagement", "directory", "roleEligibilitySchedule*"],
        &[
            "RoleEligibilitySchedule.Read.Directory",
            "RoleEligibilitySchedule.ReadWrite.Directory",
            "RoleManagement.Read.All",
            "RoleManagement.Read.Directory",
            "RoleManagement.ReadWrite.Directory",
        ],
        &["RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"],
    ),
    (
        &["roleManagement"],
        &[
            "RoleManagement.Read.Directory",
            "RoleManagement.ReadWrite.Directory",
            "RoleManagement.Read.All",
            "Directory.Read.All",
        ],
        &["RoleManagement.ReadWrite.Directory"],
    ),
    (
        &["directoryRoles"],
        &["RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All"],
        &["RoleManagement.ReadWrite.Directory"],
    ),
    (
        &["organization"],
        &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All"],
        &["Organization.ReadWrite.All"],
    ),
    (
        &["subscribedSkus"],
        &[
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            "LicenseAssignment.Read.All",
            "Directory.Read.All",
        ],
        &[],
    ),
    (
        &["servicePrincipals"],
        &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"],
        &["Application.ReadWrite.All"],
    ),
    (
        &["applications"],
        &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"],
        &["Application.ReadWrite.All"],
    ),
    (
        &["directoryObjects", "getAvailableExtensionProperties"],
        &["Directory.Read.All", "Directory.ReadWrite.All"],
        &[],
    ),
    (
        &["directoryObjects"],
        &[
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "User.Read.All",
            "User.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Application.Read.All",
        ],
        &["Directory.ReadWrite.All"],
    ),
    (
        &["deviceManagement", "roleScopeTags"],
        &["DeviceManagementRBAC.Read.All", "DeviceManagementRBAC.ReadWrite.All"],
        &["DeviceManagementRBAC.ReadWrite.All"],
    ),
    (
        &["deviceManagement", "notificationMessageTemplates"],
        &["DeviceManagementServiceConfig.Read.All", "DeviceManagementServiceConfig.ReadWrite.All"],
        &["DeviceManagementServiceConfig.ReadWrite.All"],
    ),
    (
        &["identity", "conditionalAccess"],
        &["Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"],
        &["Policy.ReadWrite.ConditionalAccess"],
    ),
    (
        &["deviceManagement"],
        &["DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"],
        &["DeviceManagementConfiguration.ReadWrite.All"],
    ),
];

/// Whether one of the token's roles allows the operation. A path that no rule covers is let through, so that it
/// gets its 404.
pub(crate) fn allowed(path: &[&str], reads: bool, roles: &[String]) -> bool {
    let is = |pattern: &str, segment: &str| match pattern.strip_suffix('*') {
        Some(start) => segment.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)),
        None => pattern.eq_ignore_ascii_case(segment),
    };
    let fits =
        |pattern: &[&str]| pattern.len() <= path.len() && pattern.iter().zip(path).all(|(p, s)| is(p, s));
    RULES.iter().find(|(pattern, ..)| fits(pattern)).is_none_or(|(_, read, write)| {
        let wanted = if reads { read } else { write };
        roles.iter().any(|role| wanted.contains(&role.as_str()))
    })
}
