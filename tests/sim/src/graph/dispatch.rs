//! Finds the operation for a method and a path.

use super::call::{Call, Outcome, Reply};
use super::error::{denied, failure, no_segment};
use super::{
    audits, deleted, delta, extensions, groups, intune, licences, licensed, lists, memberships, misc, passes,
    permissions, pim, refs, roles, units, users,
};
use crate::inner::Inner;
use crate::state::{Directory, Kind, Relation};
use serde_json::json;

/// The segments of the path. Administrative units have two paths; the shorter one is replaced by the one under
/// `directory`.
fn normal(call: &Call) -> Vec<&str> {
    let mut path = call.segments();
    if path.first().is_some_and(|first| first.eq_ignore_ascii_case("administrativeUnits")) {
        path[0] = "administrativeUnits";
        path.insert(0, "directory");
    }
    path
}

/// Runs the operation that the method and the path name.
pub(crate) fn run(inner: &Inner, call: &Call) -> Outcome {
    let path = normal(call);
    let Some(first) = path.first() else { return Err(no_segment("")) };
    // Why before the permissions: what is simulated as empty names its own.
    let empty = if call.method == "GET" { intune::read_others(call, &path) } else { None };
    // Why before the object is looked for: whoever may not ask gets 403 whether it exists or not.
    if empty.is_none() && !permissions::allowed(&path, call.reads(), &call.token.roles) {
        return Err(denied());
    }
    let tenant = &inner.tenants[call.token.tenant];
    let licensed = tenant.directory.read().expect("the lock is never held over a panic");
    if let Some(answer) = licensed::refused(call, &licensed, &path) {
        return answer;
    }
    drop(licensed);
    if let Some(answer) = empty {
        return answer;
    }
    // Why reads and writes part here: reads share the directory's lock, and a write holds it alone. A POST such as
    // `getByIds` is a read too.
    if call.reads() {
        let d = &*tenant.directory.read().expect("the lock is never held over a panic");
        extensions::check_selected(call, d)?;
        return match path.as_slice() {
            // Why delta comes first: `users/delta` would otherwise be the user whose id is `delta`.
            [_, "delta"] | ["directory", "administrativeUnits", "delta"] if !tenant.config.tracks_changes => {
                Err(failure(
                    call.switches.delta_refused_with,
                    "Request_UnsupportedQuery",
                    "Change tracking is not supported for this tenant.",
                ))
            }
            [_, "delta"] | ["directory", "administrativeUnits", "delta"] => delta::run(inner, call, d, &path),
            ["users"] => lists::all(call, d, Kind::User),
            ["groups"] => lists::all(call, d, Kind::Group),
            ["servicePrincipals"] => lists::all(call, d, Kind::ServicePrincipal),
            ["applications"] => lists::all(call, d, Kind::Application),
            ["directory", "administrativeUnits"] => lists::all(call, d, Kind::Unit),
            ["users", "$count"] => misc::count(call, d, Kind::User),
            ["groups", "$count"] => misc::count(call, d, Kind::Group),
            ["servicePrincipals", "$count"] => misc::count(call, d, Kind::ServicePrincipal),
            ["applications", "$count"] => misc::count(call, d, Kind::Application),
            ["directory", "administrativeUnits", "$count"] => misc::count(call, d, Kind::Unit),
            ["users" | "groups" | "directoryObjects", "getByIds"] => misc::by_ids(call, d),
            ["directoryObjects", "getAvailableExtensionProperties"] => extensions::available(call, d),
            [
                "users" | "groups" | "servicePrincipals" | "directoryObjects",
                id,
                name @ ("checkMemberGroups" | "checkMemberObjects"),
            ] => memberships::check(call, d, id, name),
            [
                "users" | "groups" | "servicePrincipals" | "directoryObjects",
                id,
                name @ ("getMemberGroups" | "getMemberObjects"),
            ] => memberships::get(call, d, id, name),
            // From here on by resource. Within one, fixed names come before an id, and longer paths need no order.
            ["users", id] => users::get(call, d, id),
            ["users", id, "manager"] => users::manager(call, d, id, false),
            ["users", id, "manager", "$ref"] => users::manager(call, d, id, true),
            ["users", id, "sponsors"] => refs::list(call, d, Kind::User, id, Relation::Sponsors, None),
            ["users", id, "authentication", "temporaryAccessPassMethods"] => passes::list(call, d, id),
            [
                "policies",
                "authenticationMethodsPolicy",
                "authenticationMethodConfigurations",
                "temporaryAccessPass",
            ] => Ok(passes::policy(call, d)),
            ["users", id, "licenseDetails"] => licences::details(call, d, id),
            ["users", id, name @ ("memberOf" | "transitiveMemberOf")] => {
                memberships::list(call, d, (Kind::User, id), name, None)
            }
            ["users", id, name @ ("memberOf" | "transitiveMemberOf"), cast] => {
                memberships::list(call, d, (Kind::User, id), name, Some(cast))
            }
            ["users", id, "directReports"] => refs::back(call, d, Kind::User, id, Relation::Manager),
            ["users", id, "ownedObjects"] => refs::back(call, d, Kind::User, id, Relation::Owners),
            ["groups", id] => lists::single(call, d, Kind::Group, id),
            ["groups", id, name @ ("memberOf" | "transitiveMemberOf")] => {
                memberships::list(call, d, (Kind::Group, id), name, None)
            }
            ["groups", id, name @ ("memberOf" | "transitiveMemberOf"), cast] => {
                memberships::list(call, d, (Kind::Group, id), name, Some(cast))
            }
            ["groups", id, "transitiveMembers"] => memberships::below(call, d, id, None),
            ["groups", id, "transitiveMembers", cast] => memberships::below(call, d, id, Some(cast)),
            ["groups", id, name @ ("members" | "owners")]
            | ["groups", id, name @ ("members" | "owners"), "$ref"] => {
                groups::related(call, d, id, name, None)
            }
            ["groups", id, name @ ("members" | "owners"), cast] => {
                groups::related(call, d, id, name, Some(cast))
            }
            ["directory", "administrativeUnits", id] => lists::single(call, d, Kind::Unit, id),
            ["directory", "administrativeUnits", id, "members"] => {
                refs::list(call, d, Kind::Unit, id, Relation::Members, None)
            }
            ["directory", "administrativeUnits", id, "members", cast] => {
                refs::list(call, d, Kind::Unit, id, Relation::Members, Some(cast))
            }
            ["directory", "administrativeUnits", id, "scopedRoleMembers"] => units::scoped(call, d, id),
            ["directory", "deletedItems", id] => deleted::get(call, d, id),
            // Why its jobs can be read: they are the only sign of a recovery, since no delta shows what it changed.
            ["directory", "recovery", "jobs"] => {
                let context = call.context("directory/recovery/jobs");
                Ok(Reply::json(200, &json!({"@odata.context": context, "value": d.recoveries})))
            }
            ["directory", name @ ("attributeSets" | "customSecurityAttributeDefinitions"), rest @ ..] => {
                misc::definitions(call, d, name, rest)
            }
            // What is only looked up by id, of whatever type it is.
            ["directoryObjects", id] => misc::any_object(call, d, id),
            ["servicePrincipals", id] => misc::registered(call, d, Kind::ServicePrincipal, id),
            ["applications", id] => misc::registered(call, d, Kind::Application, id),
            ["servicePrincipals", id, "appRoleAssignments"] => misc::app_roles(inner, call, d, id),
            ["roleManagement", "directory", rest @ ..] => roles::read(call, d, rest),
            ["directoryRoles", rest @ ..] => misc::directory_roles(call, d, rest),
            ["organization", ..] => misc::organization(call, d),
            ["subscribedSkus", ..] => licences::skus(call, d),
            ["deviceManagement", rest @ ..] => intune::read(call, d, rest),
            ["auditLogs", ..] => audits::list(call, d, &path),
            ["identity", "conditionalAccess", name @ ("policies" | "namedLocations")] => Ok(Reply::json(
                200,
                &json!({"@odata.context": call.context(&format!("identity/conditionalAccess/{name}")), "value": []}),
            )),
            _ => Err(no_segment(first)),
        };
    }
    let d = &mut *tenant.directory.write().expect("the lock is never held over a panic");
    // Why before each write: a name that was freed by time alone must be free for it.
    d.empty_bin();
    let before = audits::before(d, &path);
    let done = write(call, d, &path);
    if let Ok(reply) = &done {
        audits::note(inner, call, d, &path, &before, reply);
    }
    done
}

/// Runs a write, with the directory to itself.
fn write(call: &Call, d: &mut Directory, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("POST", ["users"]) => users::create(call, d),
        ("POST", ["invitations"]) => users::invite(call, d),
        ("PATCH", ["users", id]) => users::update(call, d, id),
        ("DELETE", ["users", id]) => users::delete(call, d, id),
        ("PUT", ["users", id, "manager", "$ref"]) => users::set_manager(call, d, id),
        ("DELETE", ["users", id, "manager", "$ref"]) => users::drop_manager(call, d, id),
        ("POST", ["users", id, "sponsors", "$ref"]) => users::add_sponsor(call, d, id),
        ("DELETE", ["users", id, "sponsors", target, "$ref"]) => {
            refs::remove(d, Kind::User, id, Relation::Sponsors, target)
        }
        ("POST", ["users", id, "authentication", "temporaryAccessPassMethods"]) => {
            passes::create(call, d, id)
        }
        ("DELETE", ["users", id, "authentication", "temporaryAccessPassMethods", pass]) => {
            passes::delete(d, id, pass)
        }
        ("POST", ["users", id, "assignLicense"]) => licences::assign(call, d, Kind::User, id),
        ("POST", ["groups", id, "assignLicense"]) => licences::assign(call, d, Kind::Group, id),
        ("POST", ["users", id, "revokeSignInSessions"]) => users::revoke(call, d, id),
        // Groups: the object itself, then its links, which are written one by one.
        ("POST", ["groups"]) => groups::create(call, d),
        ("PATCH", ["groups", id]) => groups::update(call, d, id),
        ("DELETE", ["groups", id]) => groups::delete(call, d, id),
        ("POST", ["groups", id, name @ ("members" | "owners"), "$ref"]) => {
            groups::add_related(call, d, id, name)
        }
        ("DELETE", ["groups", id, name @ ("members" | "owners"), target, "$ref"]) => {
            groups::remove_related(call, d, id, name, target)
        }
        ("POST", ["directory", "administrativeUnits"]) => units::create(call, d),
        ("PATCH", ["directory", "administrativeUnits", id]) => units::update(call, d, id),
        ("DELETE", ["directory", "administrativeUnits", id]) => units::delete(d, id),
        ("POST", ["directory", "administrativeUnits", id, "members", "$ref"]) => {
            units::add_member(call, d, id)
        }
        ("DELETE", ["directory", "administrativeUnits", id, "members", target, "$ref"]) => {
            units::remove_member(d, id, target)
        }
        ("POST", ["directory", "administrativeUnits", id, "scopedRoleMembers"]) => {
            units::add_scoped(call, d, id)
        }
        // Why the entry alone: a scoped role membership is a role assignment under another path, with the same id.
        ("DELETE", ["directory", "administrativeUnits", _, "scopedRoleMembers", entry]) => {
            roles::delete_assignment(d, entry)
        }
        ("POST", ["directory", "deletedItems", id, "restore"]) => deleted::restore(call, d, id),
        ("DELETE", ["directory", "deletedItems", id]) => deleted::purge(call, d, id),
        // Why PIM before roles: both are under one path, and only the name of the collection parts them.
        (_, ["roleManagement", "directory", rest @ ..]) if pim::is_pim(rest) => pim::write(call, d, rest),
        (_, ["roleManagement", "directory", rest @ ..]) => roles::write(call, d, rest),
        ("PATCH", ["organization", _]) => misc::update_organization(call, d),
        (_, ["directory", name @ ("attributeSets" | "customSecurityAttributeDefinitions"), rest @ ..]) => {
            misc::write_definition(call, d, name, rest)
        }
        (_, ["deviceManagement", rest @ ..]) => intune::write(call, d, rest),
        // Why two refusals: a resource that exists answers 405 to a method it does not know, anything else 400.
        (_, ["users" | "groups", ..]) => Err(failure(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )),
        _ => Err(no_segment(path.first().unwrap_or(&""))),
    }
}
