//! How many resource units a request costs. Source: "Microsoft Graph service-specific throttling limits", identity
//! and access.

use super::Area;
use crate::graph::{Query, is_reading_action};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub area: Area,
    pub units: u32,
    pub write: bool,
}

fn base(segments: &[&str]) -> u32 {
    match segments {
        [.., "transitiveMembers" | "getByIds"] => 5,
        [.., "checkMemberGroups" | "checkMemberObjects"] => 4,
        ["groups", _, "members", ..] | ["subscribedSkus" | "contracts", ..] => 3,
        [.., "domainNameReferences"] => 4,
        ["users" | "applications" | "oauth2PermissionGrants", ..]
        | [.., "memberOf" | "licenseDetails" | "ownedObjects" | "appRoleAssignments"] => 2,
        _ => 1,
    }
}

pub(crate) fn cost(method: &str, segments: &[&str], query: &Query) -> Cost {
    let area = match segments {
        ["deviceManagement" | "deviceAppManagement", ..] => Area::Intune,
        ["identity", "conditionalAccess", ..] => Area::ConditionalAccess,
        ["auditLogs", ..] => Area::Logs,
        _ => Area::Directory,
    };
    let reads = method == "GET" || segments.last().is_some_and(|last| is_reading_action(last));
    if !reads {
        return Cost { area, units: 1, write: true };
    }
    let mut units = base(segments);
    if segments.last() == Some(&"getByIds") {
        units = if query.get("$select").is_some() { 2 } else { 5 };
        return Cost { area, units, write: false };
    }
    if query.get("$expand").is_some() {
        units += 1;
    }
    // A delta token carries the $select that it was issued for.
    let token = query.get("$skiptoken").or_else(|| query.get("$deltatoken"));
    if query.get("$select").is_some() || (segments.last() == Some(&"delta") && token.is_some()) {
        units = units.saturating_sub(1);
    }
    if query.get("$top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|top| top < 20) {
        units = units.saturating_sub(1);
    }
    Cost { area, units: units.max(1), write: false }
}
