//! What application permissions of Microsoft Graph let an application do, as far as their names say it.
//!
//! Judged from what is harmless, and not from words that give a danger away: Microsoft adds permissions that write and are
//! not called so (`User.Create`, `User.ReadUpdate.All`, since July 2026). A name is `Resource.Operation.Constraint`.
//! Source: learn.microsoft.com/graph/permissions-reference.

use crate::kinds::KINDS;

/// The operations that change nothing, whatever they are called on.
const HARMLESS: [&str; 2] = ["Read", "ReadBasic"];

/// What the reading application needs besides what the kinds name: the tenant itself, names of what links lead to, and what
/// tells who changed something.
const NEEDED: &[&str] = &[
    "AuditLog.Read.All",
    "CustomSecAttributeAuditLogs.Read.All",
    "CustomSecAttributeDefinition.Read.All",
    "Device.Read.All",
    "DeviceManagementApps.Read.All",
    "DeviceManagementRBAC.Read.All",
    "Directory.Read.All",
    "EntraBackup.Read.All",
    "GroupMember.Read.All",
    "Organization.Read.All",
    "Policy.Read.AuthenticationMethod",
    "User.Read",
];

/// A permission without which nothing that is protected is lost.
#[derive(Debug, PartialEq, Eq)]
pub struct Optional {
    /// Its name at Microsoft, such as `Directory.Read.All`.
    pub permission: &'static str,
    /// Whether it is the writing application that would have it; otherwise the reading one.
    pub writes: bool,
    /// What it adds, for a person.
    pub adds: &'static str,
}

/// The permissions that a customer may leave out, and what each of them adds.
pub const OPTIONAL: &[Optional] = &[
    Optional {
        permission: "Directory.Read.All",
        writes: false,
        adds: "the names of the tenant's directory extensions, whose values are then read, compared and restored",
    },
    Optional {
        permission: "AuditLog.Read.All",
        writes: false,
        adds: "who changed what, from Microsoft's own log, kept for as long as the snapshots",
    },
    Optional {
        permission: "DeviceManagementApps.Read.All",
        writes: false,
        adds: "who changed a device policy, from Intune's audit events",
    },
    Optional {
        permission: "CustomSecAttributeAuditLogs.Read.All",
        writes: false,
        adds: "who changed a custom security attribute, from the log that holds these alone",
    },
    Optional {
        permission: "EntraBackup.Read.All",
        writes: false,
        adds: "that Microsoft's own recovery wrote is seen by the next snapshot, and not within the week",
    },
    Optional {
        permission: "Policy.Read.AuthenticationMethod",
        writes: false,
        adds: "a preview says where the tenant's policy refuses a Temporary Access Pass",
    },
    Optional {
        permission: "User.ManageIdentities.All",
        writes: true,
        adds: "the identities of users are written back",
    },
    Optional {
        permission: "UserAuthMethod-TAP.ReadWrite.All",
        writes: true,
        adds: "a Temporary Access Pass for people who are created again",
    },
];

/// Permissions that together do what another does.
const TOGETHER: &[(&str, &[&str])] = &[("User.ReadWrite.All", &["User.Create", "User.ReadUpdate.All"])];

/// What a permission is to an application that reads and does not need it. In the order of how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excess {
    /// It reads what is not backed up: mail, files, recovery keys, passwords of administrators of devices.
    Reads,
    /// It does something else than read, or may.
    Writes,
}

/// What a permission is to the reading application; none for one that it needs, or that is less than it needs.
pub fn excess(permission: &str) -> Option<Excess> {
    let mut parts = permission.split('.');
    let (resource, operation) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !HARMLESS.contains(&operation) {
        return Some(Excess::Writes);
    }
    let rest: Vec<_> = parts.collect();
    let of_all = [vec![resource, HARMLESS[0]], rest].concat().join(".");
    let is_needed = is_needed(permission) || is_needed(&of_all);
    (!is_needed).then_some(Excess::Reads)
}

fn is_needed(permission: &str) -> bool {
    let of_kinds = KINDS.iter().flat_map(|kind| {
        let parts =
            kind.guarded.iter().map(|g| g.permissions).chain(kind.reading.iter().map(|s| s.permissions));
        parts.chain([kind.read_permissions]).flatten()
    });
    NEEDED.iter().chain(of_kinds).any(|needed| *needed == permission)
}

/// Whether these permissions are enough for what that one lets an application do: it is among them, or others are that
/// together do the same.
pub fn is_granted(granted: &[String], wanted: &str) -> bool {
    let has = |name: &str| granted.iter().any(|g| g == name);
    has(wanted) || TOGETHER.iter().any(|(one, others)| *one == wanted && others.iter().all(|o| has(o)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_operation_that_is_exactly_a_read_is_harmless() {
        for writes in [
            "User.ReadWrite.All",
            "User.Create",
            "User.ReadUpdate.All",
            "User.EnableDisableAccount.All",
            "User.ManageIdentities.All",
            "User.DeleteRestore.All",
            "User.RevokeSessions.All",
            "User.Invite.All",
            "Group.Create",
            "Group.ManageProtection.All",
            "RoleEligibilitySchedule.Remove.Directory",
            "Directory.AccessAsUser.All",
            "Sites.FullControl.All",
            "Sites.Selected",
            "Mail.Send",
            "Chat.ReadForUser.All",
            "User.readwrite.All",
            "full_access_as_app",
            "",
        ] {
            assert_eq!(excess(writes), Some(Excess::Writes), "{writes}");
        }
    }

    #[test]
    fn a_read_that_nothing_needs_is_excess_of_the_lower_class() {
        for reads in [
            "Mail.Read",
            "Mail.ReadBasic.All",
            "Files.Read.All",
            "Sites.Read.All",
            "BitlockerKey.Read.All",
            "BitlockerKey.ReadBasic.All",
            "DeviceLocalCredential.Read.All",
            "DeviceLocalCredential.ReadBasic.All",
            "Chat.Read.All",
            "Calendars.Read",
        ] {
            assert_eq!(excess(reads), Some(Excess::Reads), "{reads}");
        }
        assert!(Excess::Writes > Excess::Reads);
    }

    #[test]
    fn what_is_needed_or_less_than_that_is_no_excess() {
        for needed in [
            "User.Read",
            "User.Read.All",
            "User.ReadBasic.All",
            "User-LifeCycleInfo.Read.All",
            "Group.Read.All",
            "GroupMember.Read.All",
            "GroupMember.ReadBasic.All",
            "Member.Read.Hidden",
            "RoleManagement.Read.Directory",
            "RoleManagement.Read.All",
            "AdministrativeUnit.Read.All",
            "CustomSecAttributeAssignment.Read.All",
            "DeviceManagementConfiguration.Read.All",
            "Directory.Read.All",
            "Organization.Read.All",
            "EntraBackup.Read.All",
        ] {
            assert_eq!(excess(needed), None, "{needed}");
        }
        // A constraint of its own is another permission.
        assert_eq!(excess("Directory.Read.Everything"), Some(Excess::Reads));
    }

    #[test]
    fn an_optional_permission_of_the_reading_application_is_no_excess_and_no_kind_depends_on_it_alone() {
        for optional in OPTIONAL {
            assert!(optional.writes || excess(optional.permission).is_none(), "{}", optional.permission);
            for kind in KINDS {
                let alone = kind.read_permissions == [optional.permission];
                assert!(!alone, "{}: {}", kind.name, optional.permission);
            }
        }
    }

    #[test]
    fn two_narrow_permissions_stand_for_the_wide_one_and_neither_does_alone() {
        let of = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let wanted = "User.ReadWrite.All";
        assert!(is_granted(&of(&[wanted]), wanted));
        assert!(is_granted(&of(&["User.ReadUpdate.All", "User.Create"]), wanted));
        assert!(!is_granted(&of(&["User.Create"]), wanted));
        assert!(!is_granted(&of(&["User.ReadUpdate.All"]), wanted));
        assert!(!is_granted(&of(&["User.ReadUpdate.All", "User.Create"]), "Group.ReadWrite.All"));
    }
}
