//! What Microsoft calls the activities that make a change: one table.
//!
//! Names are compared without case, and a dash as a hyphen, since pages and records differ in both; `*` at the end stands for
//! whatever follows. Source: learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities; the names of
//! Privileged Identity Management as records have them.

use crate::kinds::Subject;

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// It is made, or taken out of the recycle bin.
    Create,
    /// It is deleted, be it into the recycle bin.
    Delete,
    /// It is deleted out of the recycle bin, which is seen only where nobody is seen to have deleted it before.
    Purge,
    /// A property is written.
    Set,
    /// It is linked by that relation, or a link of it is taken away.
    Link(&'static str),
    Unlink(&'static str),
}

/// The relation by which somebody holds a role: of facts, which have no links.
pub(super) const HELD: &str = "role";
/// The relation by which somebody has activated a role that they were eligible for, until it ends by itself.
pub(super) const ACTIVE: &str = "activation";
/// The relation by which a permission is given.
pub(super) const GIVEN: &str = "permission";

use Act::{Create, Delete, Link, Purge, Set, Unlink};

type Row = (Subject, Act, &'static [&'static str]);

/// The table.
const ACTIVITIES: &[Row] = &[
    (Subject::User, Create, &["add user", "restore user", "invite external user", "create user*"]),
    (Subject::User, Delete, &["delete user"]),
    (Subject::User, Purge, &["hard delete user"]),
    (
        Subject::User,
        Set,
        &[
            "update user",
            "enable account",
            "disable account",
            "change user license",
            "set user manager",
            "remove user manager",
            "update passwordprofile",
            "reset password*",
            "reset user password",
            "change user password*",
            "change password*",
            "set force change user password",
            "update stsrefreshtokenvalidfrom timestamp",
            "update external secrets",
            "convert federated user to managed",
            "redeem external user invite*",
        ],
    ),
    (Subject::User, Link("manager"), &["set user manager", "update user"]),
    (Subject::User, Unlink("manager"), &["remove user manager", "set user manager", "update user"]),
    (Subject::Group, Create, &["add group", "restore group", "create group"]),
    (Subject::Group, Delete, &["delete group"]),
    (Subject::Group, Purge, &["hard delete group"]),
    (
        Subject::Group,
        Set,
        &[
            "update group",
            "set group license",
            "assign label to group",
            "remove label from group",
            "set group*",
        ],
    ),
    (Subject::Group, Link("members"), &["add member to group", "add member to group*"]),
    (Subject::Group, Unlink("members"), &["remove member from group", "remove member from group*"]),
    (Subject::Group, Link("owners"), &["add owner to group"]),
    (Subject::Group, Unlink("owners"), &["remove owner from group"]),
    (Subject::Unit, Create, &["add administrative unit", "restore administrative unit"]),
    (Subject::Unit, Delete, &["delete administrative unit"]),
    (Subject::Unit, Purge, &["hard delete administrative unit"]),
    (Subject::Unit, Set, &["update administrative unit"]),
    (
        Subject::Unit,
        Link("members"),
        &["add member to administrative unit", "add member to restricted management administrative unit"],
    ),
    (
        Subject::Unit,
        Unlink("members"),
        &[
            "remove member from administrative unit",
            "remove member from restricted management administrative unit",
        ],
    ),
    (Subject::Role, Create, &["add role definition"]),
    (Subject::Role, Delete, &["delete role definition"]),
    (Subject::Role, Set, &["update role definition", "update role"]),
    (
        Subject::RoleAssignment,
        Link(HELD),
        &[
            "add member to role",
            "add member to role completed*",
            "add member to role in pim completed*",
            "add member to role outside of pim*",
            "add scoped member to role",
            "add role assignment to role definition",
        ],
    ),
    (
        Subject::RoleAssignment,
        Unlink(HELD),
        &[
            "remove member from role",
            "remove member from role completed*",
            "remove member from role in pim completed*",
            "remove permanent direct role assignment",
            "remove scoped member from role",
            "remove role assignment from role definition",
        ],
    ),
    (Subject::RoleAssignment, Link(ACTIVE), &["add member to role completed (pim activation*"]),
    (
        Subject::RoleAssignment,
        Unlink(ACTIVE),
        &[
            "remove member from role (pim activation expired*",
            "remove member from role completed (pim deactivat*",
            "remove member from role completed (pim activation*",
        ],
    ),
    (
        Subject::RoleEligibility,
        Link(HELD),
        &[
            "add eligible member to role",
            "add eligible member to role completed*",
            "add eligible member to role in pim completed*",
            "add eligible scoped member to role",
        ],
    ),
    (
        Subject::RoleEligibility,
        Unlink(HELD),
        &[
            "remove eligible member from role",
            "remove eligible member from role completed*",
            "remove eligible member from role in pim completed*",
            "remove eligible scoped member from role",
        ],
    ),
    (Subject::Application, Create, &["add application", "restore application"]),
    (Subject::Application, Delete, &["delete application"]),
    (Subject::Application, Purge, &["hard delete application"]),
    (Subject::Application, Set, &["update application", "update application - certificates and secrets*"]),
    (Subject::Application, Link("owners"), &["add owner to application"]),
    (Subject::Application, Unlink("owners"), &["remove owner from application"]),
    (Subject::ServicePrincipal, Create, &["add service principal", "restore service principal"]),
    (Subject::ServicePrincipal, Delete, &["remove service principal"]),
    (Subject::ServicePrincipal, Purge, &["hard delete service principal"]),
    (
        Subject::ServicePrincipal,
        Set,
        &[
            "update service principal",
            "add service principal credentials",
            "remove service principal credentials",
        ],
    ),
    (Subject::ServicePrincipal, Link("owners"), &["add owner to service principal"]),
    (Subject::ServicePrincipal, Unlink("owners"), &["remove owner from service principal"]),
    (Subject::AppRoleAssignment, Link(GIVEN), &["add app role assignment*"]),
    (Subject::AppRoleAssignment, Unlink(GIVEN), &["remove app role assignment*"]),
    (
        Subject::DelegatedGrant,
        Set,
        &["add delegated permission grant", "remove delegated permission grant", "consent to application"],
    ),
    (
        Subject::DelegatedGrant,
        Link(GIVEN),
        &["add delegated permission grant", "consent to application", "restore consent"],
    ),
    (Subject::DelegatedGrant, Unlink(GIVEN), &["remove delegated permission grant", "revoke consent"]),
    (
        Subject::ConditionalAccess,
        Create,
        &[
            "add conditional access policy",
            "add named location",
            "add policy",
            "restore conditional access policy",
        ],
    ),
    (
        Subject::ConditionalAccess,
        Delete,
        &["delete conditional access policy", "delete named location", "delete policy"],
    ),
    (
        Subject::ConditionalAccess,
        Set,
        &["update conditional access policy", "update named location", "update policy"],
    ),
    (Subject::Device, Create, &["add device", "register device"]),
    (Subject::Device, Delete, &["delete device"]),
    (Subject::Device, Set, &["update device", "device no longer compliant", "device no longer managed"]),
];

/// Activities that are about one property and need not name it, each with Graph's names.
const SPECIFIC: &[(&str, &[&str])] = &[
    ("enable account", &["accountEnabled"]),
    ("disable account", &["accountEnabled"]),
    ("change user license", &["assignedLicenses", "licenseAssignmentStates", "assignedPlans"]),
    ("set group license", &["assignedLicenses"]),
    ("assign label to group", &["assignedLabels"]),
    ("remove label from group", &["assignedLabels"]),
    ("update passwordprofile", &["lastPasswordChangeDateTime", "passwordProfile"]),
    ("reset password*", &["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"]),
    ("reset user password", &["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"]),
    ("change user password*", &["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"]),
    ("change password*", &["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"]),
    ("update stsrefreshtokenvalidfrom timestamp", &["signInSessionsValidFromDateTime"]),
    ("redeem external user invite*", &["externalUserState", "externalUserStateChangeDateTime"]),
    ("set user manager", &["manager"]),
    ("remove user manager", &["manager"]),
];

/// The name of an activity, in the form that is compared.
pub(super) struct Activity(String);

impl Activity {
    /// The activity that Microsoft calls so.
    pub(super) fn of(name: &str) -> Self {
        Self(normal(name))
    }

    /// Whether it does that to that subject.
    pub(super) fn does(&self, subject: Subject, act: Act) -> bool {
        let is_activation = || self.is_in(subject, Link(ACTIVE)) || self.is_in(subject, Unlink(ACTIVE));
        // Why: whoever activates a role was given it before; both begin with the same words.
        self.is_in(subject, act) && !(matches!(act, Link(HELD) | Unlink(HELD)) && is_activation())
    }

    fn is_in(&self, subject: Subject, act: Act) -> bool {
        let row = ACTIVITIES.iter().find(|(of, does, _)| *of == subject && *does == act);
        row.is_some_and(|(_, _, names)| names.iter().any(|pattern| is_named(&self.0, pattern)))
    }

    /// Whether it is about one property alone, and whether it is that one; none where it may be about any.
    pub(super) fn is_about(&self, property: &str) -> Option<bool> {
        let (_, properties) = SPECIFIC.iter().find(|(pattern, _)| is_named(&self.0, pattern))?;
        Some(properties.contains(&property))
    }

    /// Whether it is about a part of the directory, not the whole.
    pub(super) fn is_scoped(&self) -> bool {
        self.0.contains("scoped")
    }
}

/// The act of linking by a relation of the table; none where no activity is known for it.
pub(super) fn link_act(subject: Subject, relation: &str, is_made: bool) -> Option<Act> {
    ACTIVITIES.iter().map(|(of, act, _)| (*of, *act)).find_map(|(of, act)| match act {
        Link(known) if of == subject && is_made && known == relation => Some(act),
        Unlink(known) if of == subject && !is_made && known == relation => Some(act),
        _ => None,
    })
}

fn is_named(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => name == pattern,
    }
}

/// A name without what pages and records write differently.
fn normal(name: &str) -> String {
    let dashes = ['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}'];
    let name = name.replace(dashes, "-").to_lowercase();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(activity: &str, subject: Subject, act: Act) -> bool {
        Activity::of(activity).does(subject, act)
    }

    fn is_about(activity: &str, property: &str) -> Option<bool> {
        Activity::of(activity).is_about(property)
    }

    #[test]
    fn names_are_the_same_whatever_their_case_and_whichever_dash_they_have() {
        let secrets = [
            "Update application - Certificates and secrets management",
            "UPDATE APPLICATION – certificates and secrets management ",
        ];
        for name in secrets {
            assert!(fits(name, Subject::Application, Set), "{name}");
        }
        assert!(fits("Update Conditional Access policy", Subject::ConditionalAccess, Set));
        assert!(!fits("Update user", Subject::Group, Set));
    }

    #[test]
    fn what_was_asked_for_and_has_not_come_about_is_no_change_of_a_role() {
        let held = Link(HELD);
        assert!(fits("Add member to role in PIM completed (permanent)", Subject::RoleAssignment, held));
        assert!(fits(
            "Add eligible member to role in PIM completed (permanent)",
            Subject::RoleEligibility,
            held
        ));
        assert!(!fits(
            "Add eligible member to role in PIM completed (permanent)",
            Subject::RoleAssignment,
            held
        ));
        assert!(!fits("Add member to role requested (PIM activation)", Subject::RoleAssignment, held));
        assert!(!fits("Remove member from role", Subject::RoleAssignment, held));
    }

    #[test]
    fn whoever_activates_a_role_is_not_given_it_and_what_expires_is_not_taken_away() {
        let role = Subject::RoleAssignment;
        for (name, act, other) in [
            ("Add member to role completed (PIM activation)", Link(ACTIVE), Link(HELD)),
            ("Add member to role completed (PIM renew)", Link(HELD), Link(ACTIVE)),
            ("Add member to role", Link(HELD), Link(ACTIVE)),
            ("Remove member from role (PIM activation expired)", Unlink(ACTIVE), Unlink(HELD)),
            ("Remove member from role completed (PIM deactivate)", Unlink(ACTIVE), Unlink(HELD)),
            ("Remove member from role", Unlink(HELD), Unlink(ACTIVE)),
        ] {
            assert!(fits(name, role, act) && !fits(name, role, other), "{name}");
        }
    }

    #[test]
    fn each_subject_and_act_has_one_row_and_each_name_is_in_the_form_that_is_compared() {
        for (place, (subject, act, names)) in ACTIVITIES.iter().enumerate() {
            let same = ACTIVITIES.iter().position(|(s, a, _)| s == subject && a == act);
            assert_eq!(same, Some(place), "{subject:?} {act:?}");
            for name in *names {
                assert_eq!(normal(name), *name);
            }
        }
        for (name, _) in SPECIFIC {
            assert!(ACTIVITIES.iter().any(|(_, act, names)| *act == Set && names.contains(name)), "{name}");
        }
    }

    #[test]
    fn an_activity_that_is_about_one_property_is_about_no_other() {
        assert_eq!(is_about("Disable account", "accountEnabled"), Some(true));
        assert_eq!(is_about("Disable account", "jobTitle"), Some(false));
        assert_eq!(is_about("Update user", "jobTitle"), None);
        assert_eq!(is_about("Reset password (by admin)", "lastPasswordChangeDateTime"), Some(true));
    }
}
