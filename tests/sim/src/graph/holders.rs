//! Who holds a role for the tenant as its scope, which an id token names.

use super::BUILT_IN;
use crate::state::{Directory, Kind, Relation};

/// The live users who are Global Administrator themselves, not by a group, in the order of their assignments.
pub(crate) fn global_administrators(d: &Directory) -> Vec<String> {
    let all = d.docs("roleAssignments").iter();
    all.filter(|one| one["roleDefinitionId"] == BUILT_IN[0].0 && one["directoryScopeId"] == "/")
        .filter_map(|one| one["principalId"].as_str())
        .filter(|id| d.find_kind(id, Kind::User).is_some_and(|index| d.is_live(index)))
        .map(str::to_owned)
        .collect()
}

/// The roles with the tenant as their scope that a user holds, themselves or by a group.
pub(crate) fn tenant_wide_roles(d: &Directory, user: &str) -> Vec<String> {
    let Some(index) = d.index(user) else { return Vec::new() };
    let groups = d.object(index).back(Relation::Members).filter(|g| d.object(*g).kind == Kind::Group);
    let mut principals: Vec<String> =
        groups.filter(|g| d.is_live(*g)).map(|g| d.object(g).id.to_string()).collect();
    principals.push(user.to_owned());
    let assigned = principals.iter().flat_map(|p| d.holders.get(p).into_iter().flatten());
    let assigned = assigned.filter_map(|id| d.docs("roleAssignments").get(id));
    let mut roles: Vec<String> = assigned
        .filter(|one| one["directoryScopeId"] == "/")
        .filter_map(|one| one["roleDefinitionId"].as_str().map(str::to_owned))
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}
