//! The table itself. Read a row with the page that it names beside you.
//!
//! Over 400 lines by design: it is one table, and one place to look.

use super::KindName;
use super::logged::{Logged, OtherLog, Subject};
use super::rights::{Grant, RoleRelation, Term};
use super::rule::Rule;
use super::shape::{
    ApiVersion, FullReading, Gives, Guarded, Identity, Kind, Licence, LinkType, LinkWrite, Order, Read,
    Reference, Source, Unread,
};
use super::telling::{Derived, Observed, Referring, Telling};
use super::writing::{
    AccessPasses, Action, Empty, Form, Limit, Otherwise, Phase, Place, PropertyValue, Required, Settled,
    Shown, Update, Way, Writing,
};
use crate::canonical::Sorting;

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

/// The names that rows refer to.
const USER_KIND: KindName = KindName::new("users");
const GROUP_KIND: KindName = KindName::new("groups");
const UNIT_KIND: KindName = KindName::new("administrativeUnits");
const ROLE_KIND: KindName = KindName::new("roles");
const SCHEDULE_KIND: KindName = KindName::new("activeAdmins");

const PRINCIPALS: &[KindName] = &[USER_KIND, GROUP_KIND];

/// What is observed, and nothing more is said of.
const OBSERVED: Observed = Observed { property: "", without: &[], follows: None, tells: false };

/// A Microsoft 365 group. Source: learn.microsoft.com/graph/api/resources/groups-overview.
const UNIFIED: PropertyValue = PropertyValue { property: "groupTypes", value: "Unified" };

/// "Read the memberships of hidden groups and administrative units": learn.microsoft.com/graph/permissions-reference.
const HIDDEN_MEMBERS: &[&str] = &["Member.Read.Hidden"];

/// Enough for the members of a group, of which nothing else can be written with it.
/// Source: learn.microsoft.com/graph/api/group-post-members, group-delete-members.
const MEMBER_WRITE: &[&str] =
    &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"];

/// Their definitions are listed by the application that owns them, whoever it is, and not by the tenant that uses them.
/// Source: learn.microsoft.com/graph/extensibility-overview.
const SCHEMA_EXTENSIONS: Unread = Unread {
    what: "schema extensions (ext*_*)",
    why: "Graph gives them only where each is asked for by its name, and does not say which of them a tenant uses",
};
const OPEN_EXTENSIONS: Unread = Unread {
    what: "open extensions",
    why: "Graph gives them one object at a time, and a delta does not report them",
};

/// What Exchange writes to objects that have a mailbox, and logs itself.
const MAIL_ELSEWHERE: &[(&str, OtherLog)] =
    &[("mail", OtherLog::Exchange), ("proxyAddresses", OtherLog::Exchange)];
const PERSONS_ELSEWHERE: &[(&str, OtherLog)] = &[
    ("customSecurityAttributes", OtherLog::SecurityAttributes),
    ("mail", OtherLog::Exchange),
    ("proxyAddresses", OtherLog::Exchange),
    ("showInAddressList", OtherLog::Exchange),
];

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/user, user-update, delta-query-overview.
static USERS: Kind = Kind {
    name: USER_KIND,
    label: "user",
    path: "users",
    version: ApiVersion::V1,
    identity: Identity::Id,
    odata_type: Some("#microsoft.graph.user"),
    name_property: "displayName",
    unique_property: Some("userPrincipalName"),
    recognised_by: &["userPrincipalName", "onPremisesImmutableId"],
    search: &["userPrincipalName", "mail"],
    reading: &[
        Source {
            name: "users",
            read: Read::Delta(FullReading::ByList { path: "users", expand: "manager($select=id)", top: 999 }),
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
            sizes_tenant: true,
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
            sizes_tenant: false,
        },
    ],
    links: &[LinkType {
        name: "users.manager",
        from: USER_KIND,
        relation: "manager",
        label: "manager",
        to: &[USER_KIND],
        write: LinkWrite::Single,
        write_permissions: &[],
        ruled_by: None,
        keeps_last: None,
        restricts: None,
        comes_with_new: false,
        passes_roles: false,
        cut_bits: 12,
    }],
    references: &[],
    sorting: Sorting::All,
    order: Order::Nowhere,
    collections: &[
        "assignedLicenses",
        "assignedPlans",
        "businessPhones",
        "identities",
        "imAddresses",
        "licenseAssignmentStates",
        "onPremisesProvisioningErrors",
        "otherMails",
        "provisionedPlans",
        "proxyAddresses",
    ],
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
    telling: Telling {
        observed: &[
            Observed { property: "lastPasswordChangeDateTime", tells: true, ..OBSERVED },
            Observed { property: "signInSessionsValidFromDateTime", tells: true, ..OBSERVED },
            Observed {
                property: "licenseAssignmentStates",
                without: &["lastUpdatedDateTime"],
                follows: Some("assignedLicenses"),
                ..OBSERVED
            },
        ],
        // Source: learn.microsoft.com/graph/api/resources/user, `mail` and `legalAgeGroupClassification`.
        derived: &[
            Derived { property: "proxyAddresses", from: &["mail", "mailNickname", "userPrincipalName"] },
            Derived {
                property: "legalAgeGroupClassification",
                from: &["ageGroup", "consentProvidedForMinor"],
            },
        ],
        names: &[Referring { property: "assignedByGroup", kinds: &[GROUP_KIND] }],
        ..Telling::PLAIN
    },
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
    phase: Phase::Users,
    writing: Writing {
        alone: &["customSecurityAttributes"],
        sensitive: &[
            "accountEnabled",
            "businessPhones",
            "mobilePhone",
            "onPremisesImmutableId",
            "otherMails",
            "userPrincipalName",
        ],
        recycle_bin: Some("microsoft.graph.user"),
        never_empty: &["accountEnabled", "displayName", "mail", "mailNickname", "userPrincipalName"],
        cloud_owned: &[
            "ageGroup",
            "consentProvidedForMinor",
            "customSecurityAttributes",
            "employeeLeaveDateTime",
            "identities",
            "otherMails",
            "passwordPolicies",
            "usageLocation",
        ],
        licensed_by: Some("usageLocation"),
        // Source: learn.microsoft.com/graph/api/user-update, permissions for specific scenarios.
        guarded: &[
            ("customSecurityAttributes", &["CustomSecAttributeAssignment.ReadWrite.All"]),
            ("employeeLeaveDateTime", &["User-LifeCycleInfo.ReadWrite.All"]),
            ("identities", &["User.ManageIdentities.All"]),
        ],
        forms: &[
            ("businessPhones", Form::One),
            ("customSecurityAttributes", Form::SecurityAttributes),
            ("employeeOrgData", Form::Parts),
            ("identities", Form::Identities),
            ("onPremisesExtensionAttributes", Form::Parts),
        ],
        required: &[
            Required { property: "accountEnabled", otherwise: Otherwise::False },
            Required { property: "mailNickname", otherwise: Otherwise::BeforeAt("userPrincipalName") },
        ],
        // Sources: learn.microsoft.com/graph/api/user-post-users, directory-deleteditems-restore.
        places: &[
            Place {
                property: "userPrincipalName",
                among: &[USER_KIND],
                returned: Some(&[Way::Rename]),
                ..Place::ADDRESS
            },
            // The name of a new user is one of their addresses.
            Place {
                property: "userPrincipalName",
                shown: Shown::Address("userPrincipalName"),
                among: PRINCIPALS,
                returned: None,
                ..Place::ADDRESS
            },
            Place {
                property: "mail",
                shown: Shown::Address("mail"),
                among: PRINCIPALS,
                created: Some(&[Way::Without]),
                returned: None,
                ..Place::ADDRESS
            },
            Place {
                property: "proxyAddresses",
                shown: Shown::Address("proxyAddresses"),
                among: PRINCIPALS,
                created: None,
                returned: Some(&[Way::Without]),
                ..Place::ADDRESS
            },
            Place {
                property: "onPremisesImmutableId",
                among: &[USER_KIND],
                is_unique: true,
                also_binned: true,
                created: Some(&[Way::Without]),
                ..Place::NAME
            },
        ],
        needed: &["accountEnabled", "displayName", "mailNickname", "userPrincipalName"],
        regrown: &[
            "createdDateTime",
            "creationType",
            "externalUserState",
            "isResourceAccount",
            "legalAgeGroupClassification",
            "onPremisesSyncEnabled",
            "securityIdentifier",
            "showInAddressList",
        ],
        limits: &[Limit::Guest],
        password: true,
        licences: true,
        lets_in: Some("accountEnabled"),
        passes: Some(AccessPasses {
            path: "authentication/temporaryAccessPassMethods",
            permissions: &["UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"],
        }),
        ..Writing::PATCHED
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
        Unread { what: "serviceProvisioningErrors, signInActivity", why: "they are logs, not settings" },
        Unread {
            what: "deviceEnrollmentLimit, identityParentId, isManagementRestricted, print",
            why: "they are another service's or follow from other objects, and are not documented as writable",
        },
        SCHEMA_EXTENSIONS,
        OPEN_EXTENSIONS,
    ],
    extended_as: Some("User"),
    licence: None,
    cut_bits: 7,
    privileged: false,
    rights: RoleRelation::Person { decided_by: &["accountEnabled"] },
    logged: Logged::Here(Subject::User, PERSONS_ELSEWHERE),
    seated_by: &["accountEnabled", "userType"],
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/group, group-update, group-delta, groups-overview.
static GROUPS: Kind = Kind {
    name: GROUP_KIND,
    label: "group",
    path: "groups",
    version: ApiVersion::V1,
    identity: Identity::Id,
    odata_type: Some("#microsoft.graph.group"),
    name_property: "displayName",
    unique_property: None,
    recognised_by: &[],
    search: &["mailNickname", "mail"],
    reading: &[Source {
        name: "groups",
        read: Read::Delta(FullReading::ByChunks { path: "groups", top: 999, ids: 50, round_up_to: 250 }),
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
        sizes_tenant: false,
    }],
    links: &[
        LinkType {
            name: "groups.members",
            from: GROUP_KIND,
            relation: "members",
            label: "member",
            to: PRINCIPALS,
            write: LinkWrite::Collection,
            write_permissions: MEMBER_WRITE,
            ruled_by: Some(Rule {
                mark: PropertyValue { property: "groupTypes", value: "DynamicMembership" },
                property: "membershipRule",
                state: "membershipRuleProcessingState",
                empties: true,
                by_hand: None,
            }),
            keeps_last: None,
            restricts: None,
            comes_with_new: true,
            passes_roles: true,
            cut_bits: 12,
        },
        LinkType {
            name: "groups.owners",
            from: GROUP_KIND,
            relation: "owners",
            label: "owner",
            to: &[USER_KIND],
            write: LinkWrite::OneByOne,
            write_permissions: &[],
            ruled_by: None,
            keeps_last: Some(UNIFIED),
            restricts: None,
            comes_with_new: true,
            passes_roles: false,
            cut_bits: 12,
        },
    ],
    references: &[],
    sorting: Sorting::All,
    order: Order::Nowhere,
    collections: &[
        "assignedLabels",
        "assignedLicenses",
        "groupTypes",
        "onPremisesProvisioningErrors",
        "proxyAddresses",
        "resourceBehaviorOptions",
        "resourceProvisioningOptions",
    ],
    volatile: &[
        "expirationDateTime",
        "licenseProcessingState",
        "onPremisesLastSyncDateTime",
        "onPremisesProvisioningErrors",
        "renewedDateTime",
    ],
    telling: Telling {
        derived: &[Derived { property: "proxyAddresses", from: &["mail", "mailNickname"] }],
        ..Telling::PLAIN
    },
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
    phase: Phase::Groups,
    writing: Writing {
        recycle_bin: Some("microsoft.graph.group"),
        never_empty: &["displayName", "mail", "mailNickname"],
        // Source: learn.microsoft.com/graph/api/group-update: set once, and immutable then.
        once: &["uniqueName"],
        required: &[
            Required { property: "mailEnabled", otherwise: Otherwise::False },
            Required { property: "securityEnabled", otherwise: Otherwise::False },
            Required { property: "mailNickname", otherwise: Otherwise::LettersOf("displayName") },
        ],
        needed: &[
            "displayName",
            "groupTypes",
            "membershipRule",
            "membershipRuleProcessingState",
            "visibility",
        ],
        only_of: &[("visibility", UNIFIED), ("preferredDataLocation", UNIFIED)],
        not_shown: &["resourceBehaviorOptions"],
        // Sources: learn.microsoft.com/graph/api/resources/group (mailNickname, uniqueName), group-post-groups.
        places: &[
            Place { among: &[GROUP_KIND], ..Place::NAME },
            Place {
                property: "mailNickname",
                among: &[GROUP_KIND],
                only: Some(UNIFIED),
                returned: None,
                ..Place::ADDRESS
            },
            // The address of a new group is made of its nickname.
            Place {
                property: "mailNickname",
                shown: Shown::Address("mail"),
                among: PRINCIPALS,
                only: Some(UNIFIED),
                returned: None,
                ..Place::ADDRESS
            },
            Place {
                property: "proxyAddresses",
                shown: Shown::Address("proxyAddresses"),
                among: PRINCIPALS,
                only: Some(UNIFIED),
                created: None,
                ..Place::ADDRESS
            },
            Place {
                property: "uniqueName",
                among: &[GROUP_KIND],
                created: Some(&[Way::Without]),
                ..Place::ADDRESS
            },
        ],
        regrown: &["createdDateTime", "mail", "onPremisesSyncEnabled", "securityIdentifier"],
        // Source: learn.microsoft.com/graph/teams-create-group-and-team.
        claims: &[(
            "resourceProvisioningOptions",
            "the team, its channels, its messages and its files do not come back",
        )],
        settled: &[
            Settled {
                mark: PropertyValue { property: "visibility", value: "HiddenMembership" },
                why: "it can be set only when the group is created",
            },
            Settled { mark: UNIFIED, why: "it can be set only when the group is created" },
        ],
        limits: &[Limit::MailEnabled { unless: UNIFIED }],
        licences: true,
        ..Writing::PATCHED
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
            what: "hasMembersWithLicenseErrors, isManagementRestricted, organizationId",
            why: "they follow from other objects",
        },
        Unread {
            what: "infoCatalogs, onPremisesExtensionAttributes, welcomeMessageEnabled",
            why: "they are not documented as writable, and nothing is said of what they mean",
        },
        SCHEMA_EXTENSIONS,
        OPEN_EXTENSIONS,
    ],
    extended_as: Some("Group"),
    licence: None,
    cut_bits: 8,
    privileged: false,
    rights: RoleRelation::Group {
        can_hold: "isAssignableToRole",
        decided_by: &["groupTypes", "membershipRule", "membershipRuleProcessingState"],
    },
    logged: Logged::Here(Subject::Group, MAIL_ELSEWHERE),
    seated_by: &[],
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/administrativeunit, administrativeunit-delta.
static ADMINISTRATIVE_UNITS: Kind = Kind {
    name: UNIT_KIND,
    label: "administrative unit",
    path: "directory/administrativeUnits",
    version: ApiVersion::V1,
    identity: Identity::Id,
    odata_type: None,
    name_property: "displayName",
    unique_property: None,
    recognised_by: &[],
    search: &[],
    reading: &[Source {
        name: "administrativeUnits",
        read: Read::Delta(FullReading::ByRound),
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
        sizes_tenant: false,
    }],
    links: &[LinkType {
        name: "administrativeUnits.members",
        from: UNIT_KIND,
        relation: "members",
        label: "member",
        to: PRINCIPALS,
        write: LinkWrite::OneByOne,
        write_permissions: &[],
        ruled_by: Some(Rule {
            mark: PropertyValue { property: "membershipType", value: "Dynamic" },
            property: "membershipRule",
            state: "membershipRuleProcessingState",
            empties: false,
            by_hand: Some("Assigned"),
        }),
        keeps_last: None,
        restricts: Some("isMemberManagementRestricted"),
        comes_with_new: false,
        passes_roles: false,
        cut_bits: 12,
    }],
    references: &[],
    sorting: Sorting::All,
    order: Order::Nowhere,
    collections: &[],
    volatile: &[],
    telling: Telling::PLAIN,
    read_only: &[],
    create_only: &["isMemberManagementRestricted"],
    phase: Phase::AdministrativeUnits,
    writing: Writing {
        recycle_bin: Some("microsoft.graph.administrativeUnit"),
        needed: &["displayName"],
        never_empty: &["displayName"],
        ..Writing::PATCHED
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
    unread: &[
        Unread {
            what: "scopedRoleMembers",
            why: "the same facts are role assignments scoped to the unit, and are kept there",
        },
        SCHEMA_EXTENSIONS,
        OPEN_EXTENSIONS,
    ],
    extended_as: Some("AdministrativeUnit"),
    licence: None,
    cut_bits: 8,
    privileged: false,
    rights: RoleRelation::None,
    logged: Logged::Here(Subject::Unit, &[]),
    seated_by: &[],
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/unifiedroledefinition.
static ROLES: Kind = Kind {
    name: ROLE_KIND,
    label: "role",
    path: "roleManagement/directory/roleDefinitions",
    version: ApiVersion::V1,
    identity: Identity::Id,
    odata_type: None,
    name_property: "displayName",
    unique_property: None,
    recognised_by: &[],
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
        sizes_tenant: false,
    }],
    links: &[],
    references: &[],
    sorting: Sorting::All,
    order: Order::Nowhere,
    collections: &[],
    volatile: &["inheritsPermissionsFrom"],
    // Source: learn.microsoft.com/entra/identity/role-based-access-control/custom-overview: built-in roles cannot be edited.
    telling: Telling { by_service: Some("isBuiltIn"), ..Telling::PLAIN },
    read_only: &["isBuiltIn", "resourceScopes"],
    create_only: &["templateId"],
    phase: Phase::Roles,
    writing: Writing {
        takes_only: &["description", "displayName", "isEnabled", "rolePermissions", "templateId", "version"],
        never_empty: &["displayName"],
        // Why: references by template id survive, and the role is recognisably the same.
        required: &[Required { property: "templateId", otherwise: Otherwise::Key }],
        empty: Empty::Lists(&["rolePermissions"]),
        needed: &["displayName", "isEnabled", "rolePermissions"],
        places: &[
            Place { among: &[ROLE_KIND], ..Place::NAME },
            // Source: learn.microsoft.com/graph/api/resources/unifiedroledefinition, templateId.
            Place {
                property: "templateId",
                among: &[ROLE_KIND],
                is_unique: true,
                ignores_case: true,
                created: Some(&[]),
                ..Place::NAME
            },
        ],
        limits: &[Limit::BuiltIn],
        ..Writing::PATCHED
    },
    read_permissions: ROLE_READ,
    guarded: &[],
    write_permissions: ROLE_WRITE,
    unread: &[],
    extended_as: None,
    licence: None,
    cut_bits: 6,
    privileged: true,
    rights: RoleRelation::Role,
    logged: Logged::Here(Subject::Role, &[]),
    seated_by: &[],
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
    Reference { property: "roleDefinitionId", kinds: &[ROLE_KIND], prefix: "" },
    Reference { property: "directoryScopeId", kinds: &[UNIT_KIND], prefix: "/administrativeUnits/" },
    Reference { property: "directoryScopeId", kinds: PRINCIPALS, prefix: "/" },
];

/// The kinds of facts by which a role is held, or may be, differ in their term alone.
const fn grant(term: Term) -> RoleRelation {
    RoleRelation::Grant(Grant {
        principal: "principalId",
        role: "roleDefinitionId",
        scope: "directoryScopeId",
        term,
    })
}

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/unifiedroleassignment.
static ADMINS: Kind = Kind {
    name: KindName::new("admins"),
    label: "role assignment",
    path: "roleManagement/directory/roleAssignments",
    version: ApiVersion::V1,
    identity: ROLE_FACT,
    odata_type: None,
    name_property: "",
    unique_property: None,
    recognised_by: &[],
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
        sizes_tenant: false,
    }],
    links: &[],
    references: ROLE_REFERENCES,
    sorting: Sorting::All,
    order: Order::Nowhere,
    collections: &[],
    volatile: &["principalOrganizationId"],
    telling: Telling::PLAIN,
    read_only: &[],
    create_only: &[],
    phase: Phase::RoleAssignments,
    writing: Writing { update: Update::Never, ..Writing::PATCHED },
    read_permissions: ROLE_READ,
    guarded: &[],
    write_permissions: ROLE_WRITE,
    unread: &[],
    extended_as: None,
    licence: None,
    cut_bits: 10,
    privileged: true,
    rights: grant(Term::Assigned { schedules: SCHEDULE_KIND }),
    logged: Logged::Here(Subject::RoleAssignment, &[]),
    seated_by: &[],
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/unifiedroleeligibilityschedule.
static ELIGIBLE_ADMINS: Kind = Kind {
    name: KindName::new("eligibleAdmins"),
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
        sizes_tenant: false,
    }],
    ..SCHEDULES
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/unifiedroleassignmentschedule.
static ACTIVE_ADMINS: Kind = Kind {
    name: SCHEDULE_KIND,
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
        sizes_tenant: false,
    }],
    writing: Writing {
        requests: Some("roleManagement/directory/roleAssignmentScheduleRequests"),
        ..SCHEDULES.writing
    },
    rights: grant(Term::Scheduled),
    logged: Logged::Here(Subject::RoleAssignment, &[]),
    ..SCHEDULES
};

/// What the two PIM rows share.
const SCHEDULES: Kind = Kind {
    name: KindName::new(""),
    label: "",
    path: "",
    version: ApiVersion::V1,
    identity: ROLE_FACT,
    odata_type: None,
    name_property: "",
    unique_property: None,
    recognised_by: &[],
    search: &[],
    reading: &[],
    links: &[],
    references: ROLE_REFERENCES,
    sorting: Sorting::All,
    order: Order::Nowhere,
    collections: &[],
    volatile: &["createdDateTime", "createdUsing", "modifiedDateTime", "status"],
    telling: Telling::PLAIN,
    read_only: &["memberType", "assignmentType"],
    create_only: &[],
    phase: Phase::RoleAssignments,
    writing: Writing {
        update: Update::Never,
        requests: Some("roleManagement/directory/roleEligibilityScheduleRequests"),
        ..Writing::PATCHED
    },
    read_permissions: SCHEDULE_READ,
    guarded: &[],
    write_permissions: ROLE_WRITE,
    unread: &[],
    extended_as: None,
    licence: Some(&Licence {
        name: "Microsoft Entra ID P2",
        plans: &["AAD_PREMIUM_P2", "Entra_Identity_Governance"],
    }),
    cut_bits: 10,
    privileged: true,
    rights: grant(Term::Eligible),
    logged: Logged::Here(Subject::RoleEligibility, &[]),
    seated_by: &[],
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
];
/// Collections of policies that are sets. Every other one is a list: servers are asked, pages shown and rules tried one
/// after the other. Source: the types' pages below learn.microsoft.com/graph/api/resources/intune-graph-overview.
const POLICY_SETS: &[&str] = &[
    "children",
    "firewallRules",
    "notificationMessageCCList",
    "omaSettings",
    "roleScopeTagIds",
    "scheduledActionConfigurations",
    "scheduledActionsForRule",
    "settings",
];
const INTUNE: Option<&Licence> = Some(&Licence { name: "Microsoft Intune", plans: &["INTUNE"] });

macro_rules! assignments {
    ($kind:literal, $name:literal) => {
        &[LinkType {
            name: $name,
            from: KindName::new($kind),
            relation: "assignments",
            label: "assignment",
            to: &[GROUP_KIND],
            write: LinkWrite::AssignAll,
            write_permissions: &[],
            ruled_by: None,
            keeps_last: None,
            restricts: None,
            comes_with_new: false,
            passes_roles: false,
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
            sizes_tenant: false,
        }]
    };
}

/// What the four rows of device policies share. facts: beta for all four, no delta, delete is final.
const POLICIES: Kind = Kind {
    name: KindName::new(""),
    label: "",
    path: "",
    version: ApiVersion::Beta,
    identity: Identity::Id,
    odata_type: None,
    name_property: "displayName",
    unique_property: None,
    recognised_by: &[],
    search: &[],
    reading: &[],
    links: &[],
    references: &[],
    sorting: Sorting::Only(&["roleScopeTagIds", "settings", "scheduledActionsForRule"]),
    order: Order::Except(POLICY_SETS),
    collections: &[],
    volatile: POLICY_VOLATILE,
    telling: Telling::PLAIN,
    // Written by an action of its own (`reorder`), which no restore takes.
    read_only: &["priorityMetaData"],
    create_only: &[],
    phase: Phase::Policies,
    writing: Writing {
        typed: true,
        empty: Empty::All,
        never_empty: &["displayName", "name"],
        limits: &[Limit::Opaque("unsupportedDeviceConfiguration")],
        ..Writing::PATCHED
    },
    read_permissions: POLICY_READ,
    guarded: &[],
    write_permissions: POLICY_WRITE,
    unread: &[],
    extended_as: None,
    licence: INTUNE,
    cut_bits: 2,
    privileged: false,
    rights: RoleRelation::None,
    logged: Logged::Elsewhere(OtherLog::Intune),
    seated_by: &[],
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/intune-deviceconfig-devicecompliancepolicy (beta).
static DEVICE_COMPLIANCE_POLICIES: Kind = Kind {
    name: KindName::new("DeviceCompliancePolicies"),
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
        actions: &[Action {
            property: "scheduledActionsForRule",
            path: "scheduleActionsForRules",
            argument: "deviceComplianceScheduledActionForRules",
        }],
        ..POLICIES.writing
    },
    cut_bits: 5,
    ..POLICIES
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementcompliancepolicy (beta).
static COMPLIANCE_POLICIES: Kind = Kind {
    name: KindName::new("CompliancePolicies"),
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
        actions: &[Action {
            property: "scheduledActionsForRule",
            path: "setScheduledActions",
            argument: "scheduledActions",
        }],
        ..POLICIES.writing
    },
    ..POLICIES
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementconfigurationpolicy (beta).
static CONFIGURATION_POLICIES: Kind = Kind {
    name: KindName::new("ConfigurationPolicies"),
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
    writing: Writing { update: Update::Put, ..POLICIES.writing },
    ..POLICIES
};

/// As Microsoft documents it: learn.microsoft.com/graph/api/resources/intune-deviceconfig-deviceconfiguration (beta).
static DEVICE_CONFIGURATION: Kind = Kind {
    name: KindName::new("DeviceConfiguration"),
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
