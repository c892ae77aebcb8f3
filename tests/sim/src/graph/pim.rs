//! Privileged Identity Management: schedules and instances are read, requests write them.
//!
//! Source: "Privileged Identity Management APIs", unifiedRoleEligibilityScheduleRequest and its kin.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{bad, failure, missing};
use super::roles;
use crate::clock::iso;
use crate::state::{Directory, Docs};
use crate::switches::Among;

pub(super) fn is_pim(rest: &[&str]) -> bool {
    rest.first().is_some_and(|name| name.contains("Schedule"))
}

/// The instance of a schedule that is in effect.
fn instance(schedule: &Value, eligible: bool) -> Value {
    let link = if eligible { "roleEligibilityScheduleId" } else { "roleAssignmentScheduleId" };
    let mut out = json!({
        "id": format!("{}-i", schedule["id"].as_str().unwrap_or_default()),
        "principalId": schedule["principalId"],
        "roleDefinitionId": schedule["roleDefinitionId"],
        "directoryScopeId": schedule["directoryScopeId"],
        "appScopeId": null,
        "startDateTime": schedule["scheduleInfo"]["startDateTime"],
        "endDateTime": schedule["scheduleInfo"]["expiration"]["endDateTime"],
        "memberType": schedule["memberType"],
    });
    out[link] = schedule["id"].clone();
    if !eligible {
        out["assignmentType"] = schedule["assignmentType"].clone();
        out["roleAssignmentOriginId"] = schedule["id"].clone();
    }
    out
}

/// Whether a role assignment is listed, if a schedule is why it is there.
pub(super) fn is_listed(call: &Call, d: &Directory, assignment: &str) -> bool {
    let among = call.switches.schedules_among_assignments;
    let mut schedules = d.docs("roleAssignmentSchedules").iter().filter(|schedule| {
        let id = schedule["id"].as_str().unwrap_or_default();
        d.docs("scheduleAssignments").get(id).is_some_and(|a| a == assignment)
    });
    among == Among::All
        || schedules.all(|schedule| {
            let has_end = schedule["scheduleInfo"]["expiration"]["type"] != "noExpiration";
            schedule["assignmentType"] != "Activated" && !(has_end && among == Among::Lasting)
        })
}

pub(super) fn read(call: &Call, d: &Directory, rest: &[&str]) -> Outcome {
    let name = rest[0];
    let eligible = name.starts_with("roleEligibility");
    let set = format!("roleManagement/directory/{name}");
    let schedules = if eligible { "roleEligibilitySchedules" } else { "roleAssignmentSchedules" };
    let mut listed = Docs::default();
    let docs = if name.ends_with("Requests") {
        d.docs(name)
    } else {
        for schedule in d.docs(schedules).iter().filter(|one| roles::is_listed_still(call, d, one, true)) {
            let is_instance = name.ends_with("Instances");
            let one = if is_instance { instance(schedule, eligible) } else { schedule.clone() };
            listed.insert(one["id"].as_str().unwrap_or_default(), one.clone());
        }
        &listed
    };
    match rest {
        [_] => roles::page(call, docs, &set, 100, 999, Value::clone),
        [_, id] => Ok(Reply::json(200, docs.get(id).ok_or_else(|| missing(id))?)),
        _ => Err(super::error::no_segment(name)),
    }
}

/// Ends what a schedule gives: the schedule is gone, and with it the assignment that it made.
pub(crate) fn remove_schedule(d: &mut Directory, name: &str, id: &str) {
    d.docs_mut(name).remove(id);
    let assignment = d.docs_mut("scheduleAssignments").remove(id);
    if let Some(assignment) = assignment.as_ref().and_then(Value::as_str)
        && !assignment.is_empty()
    {
        let _ = roles::delete_assignment(d, assignment);
    }
}

/// When a schedule ends, in seconds since 1970: at a date, so long after its start, or never.
fn end_of(info: &Value) -> Option<i64> {
    let expiration = &info["expiration"];
    if let Some(end) = expiration["endDateTime"].as_str() {
        return Some(end.parse::<Timestamp>().ok()?.as_second());
    }
    let lasts: Span = expiration["duration"].as_str()?.parse().ok()?;
    let start: Timestamp = info["startDateTime"].as_str()?.parse().ok()?;
    Some(start.to_zoned(TimeZone::UTC).checked_add(lasts).ok()?.timestamp().as_second())
}

/// Ends what is over by now, as the service does by itself.
pub(crate) fn end_schedules(d: &mut Directory) {
    let now = d.now();
    for name in ["roleAssignmentSchedules", "roleEligibilitySchedules"] {
        let is_over = |one: &&Value| end_of(&one["scheduleInfo"]).is_some_and(|end| end <= now);
        let over = d.docs(name).iter().filter(is_over).filter_map(|one| one["id"].as_str());
        let over: Vec<String> = over.map(str::to_owned).collect();
        for id in over {
            remove_schedule(d, name, &id);
        }
    }
}

/// Adds a schedule without any check; one of an assignment gets a role assignment too.
pub(crate) fn add_schedule(
    d: &mut Directory,
    eligible: bool,
    principal: &str,
    role: &str,
    scope: &str,
    info: &Value,
    activated: bool,
) -> Value {
    let now = iso(d.now());
    let id = d.new_id().to_string();
    let mut schedule = json!({
        "id": id, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope,
        "appScopeId": null, "createdUsing": id, "createdDateTime": now, "modifiedDateTime": now,
        "status": "Provisioned", "memberType": "Direct", "scheduleInfo": info,
    });
    if !eligible {
        schedule["assignmentType"] = json!(if activated { "Activated" } else { "Assigned" });
        let assignment = roles::add_assignment(d, principal, role, scope);
        schedule["x-assignment"] = assignment["id"].clone();
    }
    let name = if eligible { "roleEligibilitySchedules" } else { "roleAssignmentSchedules" };
    let mut stored = schedule.clone();
    if let Some(map) = stored.as_object_mut() {
        map.remove("x-assignment");
    }
    let assignment = schedule["x-assignment"].as_str().unwrap_or_default().to_owned();
    d.docs_mut("scheduleAssignments").insert(&id, json!(assignment));
    d.docs_mut(name).insert(&id, stored.clone());
    stored
}

/// Takes a schedule request, works on it at once, and answers it as done.
pub(super) fn write(call: &Call, d: &mut Directory, rest: &[&str]) -> Outcome {
    // Why only requests are written: schedules follow from them, and Graph answers 405 to any other write.
    let (eligible, name) = match (call.method.as_str(), rest) {
        ("POST", ["roleEligibilityScheduleRequests"]) => (true, "roleEligibilitySchedules"),
        ("POST", ["roleAssignmentScheduleRequests"]) => (false, "roleAssignmentSchedules"),
        _ => {
            return Err(failure(
                405,
                "Request_BadRequest",
                "Schedules are read-only; write through schedule requests.",
            ));
        }
    };
    let body = call.object()?;
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (action, principal, role, scope) =
        (field("action"), field("principalId"), field("roleDefinitionId"), field("directoryScopeId"));
    if principal.is_empty() || role.is_empty() || scope.is_empty() {
        return Err(bad("principalId, roleDefinitionId and directoryScopeId are required."));
    }
    // A schedule is known by who holds which role where, and not by an id: that is how a request names it.
    let known = d
        .docs(name)
        .iter()
        .find(|one| {
            one["principalId"] == json!(principal)
                && one["roleDefinitionId"] == json!(role)
                && one["directoryScopeId"] == json!(scope)
                // What somebody activated is not what they were given.
                && one["assignmentType"] != "Activated"
        })
        .and_then(|one| one["id"].as_str())
        .map(str::to_owned);
    let info = body.get("scheduleInfo").cloned().unwrap_or(Value::Null);
    let target = match (action.as_str(), known) {
        ("adminAssign", Some(_)) => {
            return Err(failure(400, "RoleAssignmentExists", "The Role assignment already exists."));
        }
        // An assignment that no schedule made has the place, too.
        ("adminAssign", None) if !eligible && roles::is_held_plainly(d, &principal, &role, &scope) => {
            return Err(failure(400, "RoleAssignmentExists", "The Role assignment already exists."));
        }
        ("adminAssign", None) => {
            if info.is_null() {
                return Err(bad("scheduleInfo is required."));
            }
            // The same conditions as for a plain assignment, since that is what becomes of it.
            roles::check_principal(d, &principal)?;
            if d.docs("roleDefinitions").get(&role).is_none() {
                return Err(missing(&role));
            }
            add_schedule(d, eligible, &principal, &role, &scope, &info, false)["id"].clone()
        }
        ("adminRemove" | "adminUpdate" | "adminExtend" | "adminRenew", None) => {
            return Err(failure(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."));
        }
        ("adminRemove", Some(id)) => {
            // The assignment that the schedule made goes with it; an eligible role has none.
            remove_schedule(d, name, &id);
            json!(id)
        }
        ("adminUpdate" | "adminExtend" | "adminRenew", Some(id)) => {
            let now = iso(d.now());
            if let Some(schedule) = d.docs_mut(name).get_mut(&id) {
                schedule["scheduleInfo"] = info.clone();
                schedule["modifiedDateTime"] = json!(now);
            }
            json!(id)
        }
        _ => return Err(bad(format!("The action '{action}' is not available to an application."))),
    };
    // The request itself stays readable, under an id of its own, with what it came to.
    let id = d.new_id().to_string();
    let status = if action == "adminRemove" { "Revoked" } else { "Provisioned" };
    let request = json!({
        "id": id, "status": status, "createdDateTime": iso(d.now()), "completedDateTime": iso(d.now()),
        "action": action, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope,
        "appScopeId": null, "isValidationOnly": false, "targetScheduleId": target,
        "justification": body.get("justification"), "scheduleInfo": info,
    });
    d.docs_mut(rest[0]).insert(&id, request.clone());
    Ok(Reply::json(201, &request))
}
