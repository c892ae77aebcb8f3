//! Where Microsoft writes down who changed the objects of a kind. The activities of the directory's own log are in
//! [`crate::who`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the directory's own log calls the changed thing. More than the kinds of today, since records of all are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person's account, guests included.
    User,
    /// A group of any type.
    Group,
    /// The log calls it an administrative unit.
    Unit,
    /// The log calls it a role: its definition, not who holds it.
    Role,
    /// That somebody holds a role.
    RoleAssignment,
    /// That somebody may activate a role.
    RoleEligibility,
    /// An application, as its owner registered it.
    Application,
    /// An application, as the tenant has it.
    ServicePrincipal,
    /// A permission of an application, given to another application, a user or a group.
    AppRoleAssignment,
    /// What an application may do in the name of people.
    DelegatedGrant,
    /// A conditional access policy or a named location.
    ConditionalAccess,
    /// The log calls it a device.
    Device,
}

/// A log that is not the directory's own, and that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OtherLog {
    /// Intune's audit events.
    Intune,
    /// The log that holds values of custom security attributes alone.
    SecurityAttributes,
    /// Exchange's own log, which Microsoft Purview gives.
    Exchange,
    /// The logs of the customer's own servers, from where the directory is synchronised.
    OnPremises,
}

impl OtherLog {
    /// The application permission by which that log could be read; none where no permission of Graph's lets it be.
    /// Source: learn.microsoft.com/graph/permissions-reference.
    pub fn permission(self) -> Option<&'static str> {
        match self {
            Self::Intune => Some("DeviceManagementApps.Read.All"),
            Self::SecurityAttributes => Some("CustomSecAttributeAuditLogs.Read.All"),
            Self::Exchange => Some("AuditLogsQuery.Read.All"),
            Self::OnPremises => None,
        }
    }
}

/// Where it is logged who changed an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// In the directory's own log, as that subject; changes of the properties that are named may be in another log alone.
    Here(Subject, &'static [(&'static str, OtherLog)]),
    /// In another log alone.
    Elsewhere(OtherLog),
}
