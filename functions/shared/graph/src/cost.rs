//! What a call costs by Microsoft's table, for replies that do not say it in `x-ms-resource-unit`.
//!
//! Source: learn.microsoft.com/graph/throttling-limits, identity and access. An estimate: a next link hides
//! its query, so the cost of a source's first page is taken for all of its pages.

/// Resource units of a read of `path` (below the version segment, without its query).
pub(crate) fn read_units(path: &str, has_select: bool, has_expand: bool, top: Option<u32>) -> u64 {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let base: i64 = match segments.as_slice() {
        [.., "transitiveMembers" | "getByIds"] => 5,
        ["groups", _, "members"] | ["subscribedSkus" | "contracts", ..] => 3,
        [.., "domainNameReferences"] => 4,
        ["users" | "applications"]
        | ["users" | "applications", _]
        | [_, _, "memberOf" | "licenseDetails" | "ownedObjects"]
        | ["oauth2PermissionGrants", ..]
        | ["servicePrincipals", _, "appRoleAssignments"] => 2,
        _ => 1,
    };
    let units =
        base - i64::from(has_select) + i64::from(has_expand) - i64::from(top.is_some_and(|top| top < 20));
    u64::try_from(units.max(1)).unwrap_or(1)
}

/// Resource units of a write.
pub(crate) const WRITE_UNITS: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_hold() {
        assert_eq!(read_units("users/delta", true, false, None), 1);
        assert_eq!(read_units("users", true, true, Some(999)), 2);
        assert_eq!(read_units("users", false, false, None), 2);
        assert_eq!(read_units("groups/g/members", true, false, Some(999)), 2);
        assert_eq!(read_units("groups/g/members", true, false, Some(10)), 1);
        assert_eq!(read_units("roleManagement/directory/roleDefinitions", false, false, None), 1);
        assert_eq!(read_units("groups/g/transitiveMembers", false, false, None), 5);
        assert_eq!(read_units("directoryObjects/getByIds", false, false, None), 5);
    }
}
