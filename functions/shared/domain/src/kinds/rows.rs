//! The table itself. Read a row with the page that it names beside you.
//!
//! Over 400 lines by design: it is one table, and one place to look.

use super::shape::{
    Action, ApiVersion, Gives, Guarded, Identity, Kind, LinkType, LinkWrite, Read, Reference, Sorting,
    Source, Unread, Update, Whole, Writing,
};

/// Every kind, in the order in which a restore writes them (references point upwards).
pub static KINDS: [&Kind; 11] = [
    &ADMINISTRATIVE_UNITS,
    &USERS,
    &GROUPS,
    &ROLES,
    &ADMINS,
    &ELIGIBLE_ADMINS,
    &ACTIVE_ADMINS,
    &DEVICE_COMPLIANCE_POLICIES,
    &COMPLIANCE_POLICIES,
    &CONFIGURATION_POLICIES,
    &DEVICE_CONFIGURATION,
];

const PRINCIPALS: &[&str] = &["users", "groups"];

/// "Read the memberships of hidden groups and administrative units": learn.microsoft.com/graph/permissions-reference.
const HIDDEN_MEMBERS: &[&str] = &["Member.Read.Hidden"];

/// learn.microsoft.com/graph/api/resources/user, user-update, delta-query-overview.
static USERS: Kind = Kind {
    name: "users",
    label: "user",
    path: "users",
    version: ApiVersion::V1,
    identity: Identity::Id,
    name_property: "displayName",
    search: &["userPrincipalName", "mail"],
    reading: &[
        Source {
            name: "users",
            read: Read::Delta(Whole::Listed { path: "users", expand: "manager($select=id)", top: 999 }),
            path: "users/delta",
            version: ApiVersion::V1,
            select: &[
                "id",
                "accountEnabled",
                "ageGroup",
                "assignedLicenses",
                "assignedPlans",
                "businessPhones",
                "city",
                "companyName",
                "consentProvidedForMinor",
                "country",
                "createdDateTime",
                "creationType",
                "department",
                "displayName",
                "employeeHireDate",
                "employeeId",
                "employeeLeaveDateTime",
                "employeeOrgData",
                "employeeType",
                "externalUserState",
                "externalUserStateChangeDateTime",
                "faxNumber",
                "givenName",
                "identities",
                "imAddresses",
                "isResourceAccount",
                "jobTitle",
                "lastPasswordChangeDateTime",
                "legalAgeGroupClassification",
                "licenseAssignmentStates",
                "mail",
                "mailNickname",
                "mobilePhone",
                "officeLocation",
                "onPremisesDistinguishedName",
                "onPremisesDomainName",
                "onPremisesExtensionAttributes",
                "onPremisesImmutableId",
                "onPremisesLastSyncDateTime",
                "onPremisesProvisioningErrors",
                "onPremisesSamAccountName",
                "onPremisesSecurityIdentifier",
                "onPremisesSyncEnabled",
                "onPremisesUserPrincipalName",
                "otherMails",
                "passwordPolicies",
                "postalCode",
                "preferredDataLocation",
                "preferredLanguage",
                "provisionedPlans",
                "proxyAddresses",
                "securityIdentifier",
                "showInAddressList",
                "signInSessionsValidFromDateTime",
                "state",
                "streetAddress",
                "surname",
                "usageLocation",
                "userPrincipalName",
                "userType",
                "manager",
            ],
            expand: "",
            top: None,
            gives: Gives::Objects,
            carries: &["customSecurityAttributes"],
            permissions: &[],
        },
        // Why: whether a delta reports custom security attributes is not documented, so they are listed.
        Source {
            name: "users.customSecurityAttributes",
            read: Read::List,
            path: "users",
            version: ApiVersion::V1,
            select: &["id", "customSecurityAttributes"],
            expand: "",
            top: Some(999),
            gives: Gives::Facet("customSecurityAttributes"),
            carries: &[],
            permissions: &[
                "CustomSecAttributeAssignment.Read.All",
                "CustomSecAttributeAssignment.ReadWrite.All",
            ],
        },
    ],
    links: &[LinkType {
        name: "users.manager",
        from: "users",
        relation: "manager",
        label: "manager",
        to: &["users"],
        write: LinkWrite::Single,
        cut_bits: 12,
    }],
    references: &[],
    sorting: Sorting::All,
    volatile: &[
        "assignedPlans",
        "provisionedPlans",
        "licenseAssignmentStates",
        "onPremisesLastSyncDateTime",
        "onPremisesProvisioningErrors",
        "lastPasswordChangeDateTime",
        "signInSessionsValidFromDateTime",
        "externalUserStateChangeDateTime",
        "imAddresses",
    ],
    read_only: &[
        "createdDateTime",
        "creationType",
        "externalUserState",
        "faxNumber",
        "isResourceAccount",
        "legalAgeGroupClassification",
        "onPremisesDistinguishedName",
        "onPremisesDomainName",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "onPremisesUserPrincipalName",
        "preferredDataLocation",
        "proxyAddresses",
        "securityIdentifier",
        "showInAddressList",
        // App-only calls cannot write it (user-update).
        "employeeHireDate",
    ],
    create_only: &[],
    writing: Writing {
        update: Update::Patch,
        alone: &["customSecurityAttributes"],
        actions: &[],
        typed: false,
        requests: None,
        recycle_bin: Some("microsoft.graph.user"),
    },
    read_permissions: &[
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    guarded: &[Guarded {
        name: "users.employeeLeaveDateTime",
        part: "employeeLeaveDateTime",
        only_where: None,
        permissions: &["User-LifeCycleInfo.Read.All", "User-LifeCycleInfo.ReadWrite.All"],
    }],
    write_permissions: &["User.ReadWrite.All", "Directory.ReadWrite.All"],
    unread: &[
        Unread {
            what: "aboutMe, birthday, hireDate, interests, mySite, pastProjects, preferredName, responsibilities, schools, skills, mailboxSettings",
            why: "Graph gives them one user at a time, never in a list or a delta",
        },
        Unread {
            what: "authorizationInfo",
            why: "Graph gives it only where it is asked for by its name, and not in a delta",
        },
        Unread { what: "passwordProfile", why: "Graph never gives passwords" },
        Unread { what: "sponsors", why: "a delta does not report them" },
        Unread { what: "signInActivity", why: "it is a log, not a setting" },
        Unread {
            what: "extension_*, schema extensions, open extensions",
            why: "Graph gives them only where each is asked for by its name",
        },
    ],
    licence: None,
    cut_bits: 7,
    privileged: false,
};

/// learn.microsoft.com/graph/api/resources/group, group-update, group-delta, groups-overview.
static GROUPS: Kind = Kind {
    name: "groups",
    label: "group",
    path: "groups",
    version: ApiVersion::V1,
    identity: Identity::Id,
    name_property: "displayName",
    search: &["mailNickname", "mail"],
    reading: &[Source {
        name: "groups",
        read: Read::Delta(Whole::Chunked { path: "groups", top: 999, ids: 50, round_up_to: 250 }),
        path: "groups/delta",
        version: ApiVersion::V1,
        select: &[
            "id",
            "assignedLabels",
            "assignedLicenses",
            "classification",
            "createdDateTime",
            "description",
            "displayName",
            "expirationDateTime",
            "groupTypes",
            "isAssignableToRole",
            "licenseProcessingState",
            "mail",
            "mailEnabled",
            "mailNickname",
            "membershipRule",
            "membershipRuleProcessingState",
            "onPremisesDomainName",
            "onPremisesLastSyncDateTime",
            "onPremisesNetBiosName",
            "onPremisesProvisioningErrors",
            "onPremisesSamAccountName",
            "onPremisesSecurityIdentifier",
            "onPremisesSyncEnabled",
            "preferredDataLocation",
            "preferredLanguage",
            "proxyAddresses",
            "renewedDateTime",
            "resourceBehaviorOptions",
            "resourceProvisioningOptions",
            "securityEnabled",
            "securityIdentifier",
            "theme",
            "uniqueName",
            "visibility",
            "members",
            "owners",
        ],
        expand: "",
        top: None,
        gives: Gives::Objects,
        carries: &[],
        permissions: &[],
    }],
    links: &[
        LinkType {
            name: "groups.members",
            from: "groups",
            relation: "members",
            label: "member",
            to: PRINCIPALS,
            write: LinkWrite::Collection,
            cut_bits: 12,
        },
        LinkType {
            name: "groups.owners",
            from: "groups",
            relation: "owners",
            label: "owner",
            to: &["users"],
            write: LinkWrite::OneByOne,
            cut_bits: 12,
        },
    ],
    references: &[],
    sorting: Sorting::All,
    volatile: &[
        "expirationDateTime",
        "licenseProcessingState",
        "onPremisesLastSyncDateTime",
        "onPremisesProvisioningErrors",
        "renewedDateTime",
    ],
    read_only: &[
        "createdDateTime",
        "mail",
        "proxyAddresses",
        "securityIdentifier",
        "onPremisesDomainName",
        "onPremisesNetBiosName",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "classification",
        "preferredLanguage",
        "theme",
        // Not for app-only calls (group-update).
        "assignedLabels",
    ],
    create_only: &[
        "isAssignableToRole",
        "mailEnabled",
        "resourceBehaviorOptions",
        "resourceProvisioningOptions",
        "uniqueName",
    ],
    writing: Writing {
        update: Update::Patch,
        alone: &[],
        actions: &[],
        typed: false,
        requests: None,
        recycle_bin: Some("microsoft.graph.group"),
    },
    read_permissions: &[
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    guarded: &[Guarded {
        name: "groups.hiddenMembers",
        part: "members",
        only_where: Some(("visibility", "HiddenMembership")),
        permissions: HIDDEN_MEMBERS,
    }],
    write_permissions: &["Group.ReadWrite.All", "Directory.ReadWrite.All"],
    unread: &[
        Unread {
            what: "accessType, allowExternalSenders, autoSubscribeNewMembers, hideFromAddressLists, hideFromOutlookClients, isArchived, isFavorite, isSubscribedByMail, unseen*",
            why: "Graph gives them one group at a time, never in a list or a delta",
        },
        Unread { what: "settings", why: "Graph gives them one group at a time" },
        Unread { what: "serviceProvisioningErrors", why: "it is a log, not a setting" },
        Unread {
            what: "extension_*, schema extensions, open extensions",
            why: "Graph gives them only where each is asked for by its name",
        },
    ],
    licence: None,
    cut_bits: 8,
    privileged: false,
};

/// learn.microsoft.com/graph/api/resources/administrativeunit, administrativeunit-delta.
static ADMINISTRATIVE_UNITS: Kind = Kind {
    name: "administrativeUnits",
    label: "administrative unit",
    path: "directory/administrativeUnits",
    version: ApiVersion::V1,
    identity: Identity::Id,
    name_property: "displayName",
    search: &[],
    reading: &[Source {
        name: "administrativeUnits",
        read: Read::Delta(Whole::Round),
        path: "directory/administrativeUnits/delta",
        version: ApiVersion::V1,
        select: &[
            "id",
            "description",
            "displayName",
            "isMemberManagementRestricted",
            "membershipRule",
            "membershipRuleProcessingState",
            "membershipType",
            "visibility",
            "members",
        ],
        expand: "",
        top: None,
        gives: Gives::Objects,
        carries: &[],
        permissions: &[],
    }],
    links: &[LinkType {
        name: "administrativeUnits.members",
        from: "administrativeUnits",
        relation: "members",
        label: "member",
        to: PRINCIPALS,
        write: LinkWrite::OneByOne,
        cut_bits: 12,
    }],
    references: &[],
    sorting: Sorting::All,
    volatile: &[],
    read_only: &[],
    create_only: &["isMemberManagementRestricted"],
    writing: Writing {
        update: Update::Patch,
        alone: &[],
        actions: &[],
        typed: false,
        requests: None,
        recycle_bin: Some("microsoft.graph.administrativeUnit"),
    },
    read_permissions: &[
        "AdministrativeUnit.Read.All",
        "AdministrativeUnit.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    guarded: &[Guarded {
        name: "administrativeUnits.hiddenMembers",
        part: "members",
        only_where: Some(("visibility", "HiddenMembership")),
        permissions: HIDDEN_MEMBERS,
    }],
    write_permissions: &["AdministrativeUnit.ReadWrite.All", "Directory.ReadWrite.All"],
    unread: &[Unread {
        what: "scopedRoleMembers",
        why: "the same facts are role assignments scoped to the unit, and are kept there",
    }],
    licence: None,
    cut_bits: 8,
    privileged: false,
};

/// learn.microsoft.com/graph/api/resources/unifiedroledefinition.
static ROLES: Kind = Kind {
    name: "roles",
    label: "role",
    path: "roleManagement/directory/roleDefinitions",
    version: ApiVersion::V1,
    identity: Identity::Id,
    name_property: "displayName",
    search: &[],
    reading: &[Source {
        name: "roles",
        read: Read::List,
        path: "roleManagement/directory/roleDefinitions",
        version: ApiVersion::V1,
        select: &[],
        expand: "",
        top: None,
        gives: Gives::Objects,
        carries: &[],
        permissions: &[],
    }],
    links: &[],
    references: &[],
    sorting: Sorting::All,
    volatile: &["inheritsPermissionsFrom"],
    read_only: &["isBuiltIn", "resourceScopes"],
    create_only: &["templateId"],
    writing: Writing {
        update: Update::Patch,
        alone: &[],
        actions: &[],
        typed: false,
        requests: None,
        recycle_bin: None,
    },
    read_permissions: ROLE_READ,
    guarded: &[],
    write_permissions: ROLE_WRITE,
    unread: &[],
    licence: None,
    cut_bits: 6,
    privileged: true,
};

const ROLE_READ: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
/// For schedules the permissions to read the directory do not do.
/// Source: learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentschedules, -list-roleeligibilityschedules.
const SCHEDULE_READ: &[&str] =
    &["RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory"];
const ROLE_WRITE: &[&str] = &["RoleManagement.ReadWrite.Directory"];
const ROLE_FACT: Identity =
    Identity::Natural(&["principalId", "roleDefinitionId", "directoryScopeId", "appScopeId"]);
const ROLE_REFERENCES: &[Reference] = &[
    Reference { property: "principalId", kinds: PRINCIPALS, prefix: "" },
    Reference { property: "roleDefinitionId", kinds: &["roles"], prefix: "" },
    Reference {
        property: "directoryScopeId",
        kinds: &["administrativeUnits"],
        prefix: "/administrativeUnits/",
    },
];

/// learn.microsoft.com/graph/api/resources/unifiedroleassignment.
static ADMINS: Kind = Kind {
    name: "admins",
    label: "role assignment",
    path: "roleManagement/directory/roleAssignments",
    version: ApiVersion::V1,
    identity: ROLE_FACT,
    name_property: "",
    search: &[],
    reading: &[Source {
        name: "admins",
        read: Read::List,
        path: "roleManagement/directory/roleAssignments",
        version: ApiVersion::V1,
        select: &[],
        expand: "",
        top: Some(999),
        gives: Gives::Objects,
        carries: &[],
        permissions: &[],
    }],
    links: &[],
    references: ROLE_REFERENCES,
    sorting: Sorting::All,
    volatile: &["principalOrganizationId"],
    read_only: &[],
    create_only: &[],
    writing: Writing {
        update: Update::Never,
        alone: &[],
        actions: &[],
        typed: false,
        requests: None,
        recycle_bin: None,
    },
    read_permissions: ROLE_READ,
    guarded: &[],
    write_permissions: ROLE_WRITE,
    unread: &[],
    licence: None,
    cut_bits: 10,
    privileged: true,
};

/// learn.microsoft.com/graph/api/resources/unifiedroleeligibilityschedule.
static ELIGIBLE_ADMINS: Kind = Kind {
    name: "eligibleAdmins",
    label: "eligible role assignment",
    path: "roleManagement/directory/roleEligibilitySchedules",
    reading: &[Source {
        name: "eligibleAdmins",
        read: Read::List,
        path: "roleManagement/directory/roleEligibilitySchedules",
        version: ApiVersion::V1,
        select: &[],
        expand: "",
        top: Some(999),
        gives: Gives::Objects,
        carries: &[],
        permissions: &[],
    }],
    ..SCHEDULES
};

/// learn.microsoft.com/graph/api/resources/unifiedroleassignmentschedule.
static ACTIVE_ADMINS: Kind = Kind {
    name: "activeAdmins",
    label: "scheduled role assignment",
    path: "roleManagement/directory/roleAssignmentSchedules",
    reading: &[Source {
        name: "activeAdmins",
        read: Read::List,
        path: "roleManagement/directory/roleAssignmentSchedules",
        version: ApiVersion::V1,
        select: &[],
        expand: "",
        top: Some(999),
        gives: Gives::Objects,
        carries: &[],
        permissions: &[],
    }],
    writing: Writing {
        update: Update::Never,
        alone: &[],
        actions: &[],
        typed: false,
        requests: Some("roleManagement/directory/roleAssignmentScheduleRequests"),
        recycle_bin: None,
    },
    ..SCHEDULES
};

/// What the two PIM rows share.
const SCHEDULES: Kind = Kind {
    name: "",
    label: "",
    path: "",
    version: ApiVersion::V1,
    identity: ROLE_FACT,
    name_property: "",
    search: &[],
    reading: &[],
    links: &[],
    references: ROLE_REFERENCES,
    sorting: Sorting::All,
    volatile: &["createdDateTime", "createdUsing", "modifiedDateTime", "status"],
    read_only: &["memberType", "assignmentType"],
    create_only: &[],
    writing: Writing {
        update: Update::Never,
        alone: &[],
        actions: &[],
        typed: false,
        requests: Some("roleManagement/directory/roleEligibilityScheduleRequests"),
        recycle_bin: None,
    },
    read_permissions: SCHEDULE_READ,
    guarded: &[],
    write_permissions: ROLE_WRITE,
    unread: &[],
    licence: Some("Microsoft Entra ID P2"),
    cut_bits: 10,
    privileged: true,
};

const POLICY_READ: &[&str] =
    &["DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"];
const POLICY_WRITE: &[&str] = &["DeviceManagementConfiguration.ReadWrite.All"];
const POLICY_VOLATILE: &[&str] = &[
    "createdDateTime",
    "lastModifiedDateTime",
    "version",
    "settingCount",
    "creationSource",
    "isAssigned",
    "supportsScopeTags",
    "priorityMetaData",
];
const INTUNE: Option<&str> = Some("Microsoft Intune");

macro_rules! assignments {
    ($kind:literal, $name:literal) => {
        &[LinkType {
            name: $name,
            from: $kind,
            relation: "assignments",
            label: "assignment",
            to: &["groups"],
            write: LinkWrite::AssignAll,
            cut_bits: 10,
        }]
    };
}

macro_rules! policies {
    ($source:literal, $path:literal, $expand:literal, $top:expr) => {
        &[Source {
            name: $source,
            read: Read::List,
            path: $path,
            version: ApiVersion::Beta,
            select: &[],
            expand: $expand,
            top: $top,
            gives: Gives::Objects,
            carries: &[],
            permissions: &[],
        }]
    };
}

/// What the four rows of device policies share. facts: beta for all four, no delta, delete is final.
const POLICIES: Kind = Kind {
    name: "",
    label: "",
    path: "",
    version: ApiVersion::Beta,
    identity: Identity::Id,
    name_property: "displayName",
    search: &[],
    reading: &[],
    links: &[],
    references: &[],
    sorting: Sorting::Only(&["roleScopeTagIds", "settings", "scheduledActionsForRule"]),
    volatile: POLICY_VOLATILE,
    read_only: &[],
    create_only: &[],
    writing: Writing {
        update: Update::Patch,
        alone: &[],
        actions: &[],
        typed: true,
        requests: None,
        recycle_bin: None,
    },
    read_permissions: POLICY_READ,
    guarded: &[],
    write_permissions: POLICY_WRITE,
    unread: &[],
    licence: INTUNE,
    cut_bits: 2,
    privileged: false,
};

/// learn.microsoft.com/graph/api/resources/intune-deviceconfig-devicecompliancepolicy (beta).
static DEVICE_COMPLIANCE_POLICIES: Kind = Kind {
    name: "DeviceCompliancePolicies",
    label: "device compliance policy",
    path: "deviceManagement/deviceCompliancePolicies",
    reading: policies!(
        "DeviceCompliancePolicies",
        "deviceManagement/deviceCompliancePolicies",
        "assignments,scheduledActionsForRule($expand=scheduledActionConfigurations)",
        None
    ),
    links: assignments!("DeviceCompliancePolicies", "DeviceCompliancePolicies.assignments"),
    writing: Writing {
        update: Update::Patch,
        alone: &[],
        actions: &[Action {
            property: "scheduledActionsForRule",
            path: "scheduleActionsForRules",
            argument: "deviceComplianceScheduledActionForRules",
        }],
        typed: true,
        requests: None,
        recycle_bin: None,
    },
    cut_bits: 5,
    ..POLICIES
};

/// learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementcompliancepolicy (beta).
static COMPLIANCE_POLICIES: Kind = Kind {
    name: "CompliancePolicies",
    label: "compliance policy",
    path: "deviceManagement/compliancePolicies",
    name_property: "name",
    reading: policies!(
        "CompliancePolicies",
        "deviceManagement/compliancePolicies",
        "assignments,settings,scheduledActionsForRule($expand=scheduledActionConfigurations)",
        None
    ),
    links: assignments!("CompliancePolicies", "CompliancePolicies.assignments"),
    writing: Writing {
        update: Update::Put,
        alone: &[],
        actions: &[Action {
            property: "scheduledActionsForRule",
            path: "setScheduledActions",
            argument: "scheduledActions",
        }],
        typed: true,
        requests: None,
        recycle_bin: None,
    },
    ..POLICIES
};

/// learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementconfigurationpolicy (beta).
static CONFIGURATION_POLICIES: Kind = Kind {
    name: "ConfigurationPolicies",
    label: "configuration policy",
    path: "deviceManagement/configurationPolicies",
    name_property: "name",
    reading: policies!(
        "ConfigurationPolicies",
        "deviceManagement/configurationPolicies",
        "assignments,settings",
        Some(1000)
    ),
    links: assignments!("ConfigurationPolicies", "ConfigurationPolicies.assignments"),
    writing: Writing {
        update: Update::Put,
        alone: &[],
        actions: &[],
        typed: true,
        requests: None,
        recycle_bin: None,
    },
    ..POLICIES
};

/// learn.microsoft.com/graph/api/resources/intune-deviceconfig-deviceconfiguration (beta).
static DEVICE_CONFIGURATION: Kind = Kind {
    name: "DeviceConfiguration",
    label: "device configuration",
    path: "deviceManagement/deviceConfigurations",
    reading: policies!("DeviceConfiguration", "deviceManagement/deviceConfigurations", "assignments", None),
    links: assignments!("DeviceConfiguration", "DeviceConfiguration.assignments"),
    unread: &[Unread {
        what: "secret values (OMA settings, Wi-Fi and VPN keys, certificate passwords)",
        why: "Graph gives them encrypted or not at all",
    }],
    cut_bits: 5,
    ..POLICIES
};
