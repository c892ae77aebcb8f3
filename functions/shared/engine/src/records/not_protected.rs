//! What the granted permissions leave unprotected: a rule without calls.

use super::NotProtected;
use domain::kinds::KINDS;
use domain::permissions::is_granted;

/// Kinds, and after them the parts of kinds that need a permission of their own.
fn all() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let sources = KINDS.iter().flat_map(|k| k.reading).filter(|s| !s.permissions.is_empty());
    let guarded = KINDS.iter().flat_map(|k| k.guarded);
    let kinds = KINDS.iter().map(|k| (k.run(), k.read_permissions));
    kinds.chain(sources.map(|s| (s.name, s.permissions))).chain(guarded.map(|g| (g.name, g.permissions)))
}

/// What cannot be read with these application permissions, in the order of the kinds. A token that does not say what
/// it may do (an empty list) is taken to be sufficient: the snapshot finds out.
pub fn not_protected(permissions: &[String]) -> Vec<NotProtected> {
    if permissions.is_empty() {
        return Vec::new();
    }
    let granted = |any_of: &[&str]| any_of.iter().any(|wanted| is_granted(permissions, wanted));
    all()
        .filter(|(_, any_of)| !granted(any_of))
        .map(|(what, any_of)| NotProtected {
            what: what.to_owned(),
            any_of: any_of.iter().map(|p| (*p).to_owned()).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(permissions: &[&str]) -> Vec<String> {
        let permissions: Vec<_> = permissions.iter().map(|p| (*p).to_owned()).collect();
        not_protected(&permissions).into_iter().map(|n| n.what).collect()
    }

    #[test]
    fn a_missing_permission_is_named_with_what_it_leaves_unprotected() {
        let without_intune = [
            "User.Read.All",
            "Group.Read.All",
            "RoleManagement.Read.Directory",
            "AdministrativeUnit.Read.All",
            "CustomSecAttributeAssignment.Read.All",
            "User-LifeCycleInfo.Read.All",
            "Member.Read.Hidden",
        ];
        assert_eq!(
            missing(&without_intune),
            [
                "DeviceCompliancePolicies",
                "CompliancePolicies",
                "ConfigurationPolicies",
                "DeviceConfiguration"
            ]
        );
        let found = not_protected(&["Group.Read.All".to_owned()]);
        let users = found.iter().find(|n| n.what == "users").unwrap();
        assert_eq!(users.any_of[0], "User.Read.All");
        for part in ["users.customSecurityAttributes", "users.employeeLeaveDateTime", "groups.hiddenMembers"]
        {
            assert!(found.iter().any(|n| n.what == part && !n.any_of.is_empty()), "{part}");
        }
    }

    #[test]
    fn a_token_that_does_not_say_is_not_taken_for_one_that_may_nothing() {
        assert!(missing(&[]).is_empty());
    }
}
