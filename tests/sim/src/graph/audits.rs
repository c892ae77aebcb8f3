//! The directory's log of changes: a record of each write, with who made it, and its list.
//!
//! Source: learn.microsoft.com/graph/api/resources/directoryaudit and the list of audit activities; the shapes are those of
//! records that others observed. Intune logs its changes elsewhere, and so does the log of custom security attributes.

mod list;

use serde_json::{Map, Value, json};

use super::call::{Call, Reply};
use super::dump;
use crate::clock::{Clock, iso};
use crate::config::ADMINISTRATOR_CLIENT_ID;
use crate::inner::Inner;
use crate::state::Directory;

pub(super) use list::list;

/// A record, and when it was written, in milliseconds since 1970.
#[derive(Clone)]
pub(crate) struct Entry {
    at: i64,
    record: Value,
}

/// The log of one tenant.
#[derive(Clone, Default)]
pub(crate) struct Log {
    entries: Vec<Entry>,
    /// Who the administrator's application acts for; none where it acts in its own name.
    pub acting: Option<Value>,
    written: usize,
}

/// The names of properties in the directory's schema that are not Graph's with a capital.
const DIRECTORY_NAMES: [(&str, &str); 8] = [
    ("businessPhones", "TelephoneNumber"),
    ("mobilePhone", "Mobile"),
    ("officeLocation", "PhysicalDeliveryOfficeName"),
    ("otherMails", "OtherMail"),
    ("faxNumber", "FacsimileTelephoneNumber"),
    ("companyName", "Company"),
    ("assignedLicenses", "AssignedLicense"),
    ("onPremisesImmutableId", "SourceAnchor"),
];
/// What changes with others and is in no record: dates of the directory itself, what follows from a licence, and the values
/// that another log has.
const UNLOGGED: [&str; 5] = [
    "customSecurityAttributes",
    "licenseAssignmentStates",
    "assignedPlans",
    "provisionedPlans",
    "deletedDateTime",
];

fn directory_name(property: &str) -> String {
    if let Some((_, name)) = DIRECTORY_NAMES.iter().find(|(graph, _)| *graph == property) {
        return (*name).to_owned();
    }
    let mut letters = property.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An object by its id as it is before a write, whatever it is.
fn whole(d: &Directory, id: &str) -> Value {
    let Some(index) = d.index(id) else {
        return d.docs("roleDefinitions").get(id).cloned().unwrap_or(Value::Null);
    };
    Value::Object(dump::properties(d, index))
}

/// What a write is about to change: the objects that its path names, as they are.
pub(super) fn before(d: &Directory, path: &[&str]) -> Value {
    let of_assignment = |id: &str| d.docs("roleAssignments").get(id).cloned();
    match path {
        ["directory", _, id]
        | ["directory", "deletedItems", id, "restore"]
        | ["users" | "groups", id]
        | ["users" | "groups", id, "assignLicense"]
        | ["roleManagement", "directory", "roleDefinitions", id] => whole(d, id),
        ["roleManagement", "directory", "roleAssignments", id] => of_assignment(id).unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// One target of a record.
fn target(id: &str, sort: &str, modified: &[Value]) -> Value {
    json!({ "id": id, "displayName": null, "type": sort, "userPrincipalName": null, "groupType": null,
        "modifiedProperties": modified })
}

fn modified(name: &str, old: Option<&str>, new: Option<&str>) -> Value {
    json!({ "displayName": name, "oldValue": old, "newValue": new })
}

/// A value as the log writes it: a list in a text.
fn listed(value: &Value) -> String {
    match value {
        Value::Null => "[]".to_owned(),
        Value::Array(_) => value.to_string(),
        one => json!([one]).to_string(),
    }
}

/// The properties that differ between two states of an object.
fn differing(before: &Value, after: &Value) -> Vec<Value> {
    let none = Map::new();
    let (old, new) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or(Value::Null);
    let differs = names.into_iter().filter(|name| {
        !UNLOGGED.contains(&name.as_str()) && !name.contains('@') && value(old, name) != value(new, name)
    });
    let mut all: Vec<Value> = differs
        .map(|name| {
            modified(
                &directory_name(name),
                Some(&listed(&value(old, name))),
                Some(&listed(&value(new, name))),
            )
        })
        .collect();
    if !all.is_empty() {
        let named: Vec<&str> = all.iter().filter_map(|one| one["displayName"].as_str()).collect();
        let named = json!(named.join(", ")).to_string();
        all.push(modified("Included Updated Properties", None, Some(&named)));
    }
    all
}

/// What is written into the log of one write: activities with their targets.
type Activities = Vec<(String, Vec<Value>)>;

/// The activities of a write that succeeded.
fn activities(call: &Call, d: &Directory, path: &[&str], before: &Value, reply: &Reply) -> Activities {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let made = answer["id"].as_str().unwrap_or_default();
    let plain =
        |activity: &str, id: &str, sort: &str| vec![(activity.to_owned(), vec![target(id, sort, &[])])];
    let created = |activity: &str, sort: &str| {
        vec![(activity.to_owned(), vec![target(made, sort, &differing(&Value::Null, &whole(d, made)))])]
    };
    let sort = match path.first() {
        Some(&"users") => ("user", "User"),
        Some(&"groups") => ("group", "Group"),
        _ => ("administrative unit", "AdministrativeUnit"),
    };
    match (call.method.as_str(), path) {
        ("POST", ["users" | "groups"] | ["directory", "administrativeUnits"]) => {
            created(&format!("Add {}", sort.0), sort.1)
        }
        ("DELETE", ["users" | "groups", id] | ["directory", "administrativeUnits", id]) => {
            plain(&format!("Delete {}", sort.0), id, sort.1)
        }
        ("PATCH", ["users" | "groups", id] | ["directory", "administrativeUnits", id]) => {
            updated(sort, id, before, &whole(d, id), &body)
        }
        ("POST", ["users", id, "assignLicense"]) => {
            vec![(
                "Change user license".to_owned(),
                vec![target(id, "User", &differing(before, &whole(d, id)))],
            )]
        }
        ("POST", ["groups", id, "assignLicense"]) => plain("Set group license", id, "Group"),
        ("POST", ["users", id, "revokeSignInSessions"]) => {
            plain("Update StsRefreshTokenValidFrom Timestamp", id, "User")
        }
        ("PUT", ["users", id, "manager", "$ref"]) => plain("Set user manager", id, "User"),
        ("DELETE", ["users", id, "manager", "$ref"]) => plain("Remove user manager", id, "User"),
        ("POST", [.., id, name @ ("members" | "owners"), "$ref"]) => {
            link(sort, id, name, &last_segment(&body["@odata.id"]), true)
        }
        ("DELETE", [.., id, name @ ("members" | "owners"), to, "$ref"]) => link(sort, id, name, to, false),
        ("POST", ["directory", "deletedItems", id, "restore"]) => {
            let sort = sort_of(d, id, before);
            plain(&format!("Restore {}", sort.0), id, sort.1)
        }
        ("DELETE", ["directory", "deletedItems", id]) => {
            let sort = sort_of(d, id, before);
            plain(&format!("Hard Delete {}", sort.0), id, sort.1)
        }
        ("POST", ["roleManagement", "directory", "roleAssignments"]) => {
            role(&answer, "Add member to role", true)
        }
        ("DELETE", ["roleManagement", "directory", "roleAssignments", _]) => {
            role(before, "Remove member from role", false)
        }
        ("POST", ["roleManagement", "directory", requests]) if requests.ends_with("ScheduleRequests") => {
            let is_made = body["action"].as_str().is_none_or(|action| !action.ends_with("Remove"));
            let eligible = if requests.contains("Eligibility") { "eligible " } else { "" };
            let (verb, way) = if is_made { ("Add", "to") } else { ("Remove", "from") };
            role(&body, &format!("{verb} {eligible}member {way} role in PIM completed (permanent)"), is_made)
        }
        ("POST", ["roleManagement", "directory", "roleDefinitions"]) => {
            created("Add role definition", "Role")
        }
        ("PATCH", ["roleManagement", "directory", "roleDefinitions", id]) => {
            let modified = differing(before, &whole(d, id));
            vec![("Update role definition".to_owned(), vec![target(id, "Role", &modified)])]
        }
        ("DELETE", ["roleManagement", "directory", "roleDefinitions", id]) => {
            plain("Delete role definition", id, "Role")
        }
        _ => Vec::new(),
    }
}

/// An object that was changed: of somebody who was let in or kept out there are two records; members may come with it.
fn updated(sort: (&str, &str), id: &str, before: &Value, after: &Value, body: &Value) -> Activities {
    let modified = differing(before, after);
    let mut all = Vec::new();
    if before["accountEnabled"] != after["accountEnabled"] {
        let name = if after["accountEnabled"] == true { "Enable account" } else { "Disable account" };
        let enabled =
            modified.iter().filter(|one| one["displayName"] == "AccountEnabled").cloned().collect::<Vec<_>>();
        all.push((name.to_owned(), vec![target(id, sort.1, &enabled)]));
    }
    if !modified.is_empty() {
        all.push((format!("Update {}", sort.0), vec![target(id, sort.1, &modified)]));
    }
    for name in ["members", "owners"] {
        let bound = body[format!("{name}@odata.bind")].as_array().into_iter().flatten();
        all.extend(bound.flat_map(|end| link(sort, id, name, &last_segment(end), true)));
    }
    all
}

/// A link that came or went: the first target is its far end, and names the object that it leads from.
fn link(sort: (&str, &str), id: &str, name: &str, to: &str, is_made: bool) -> Activities {
    let end = if name == "members" { "member" } else { "owner" };
    let activity =
        if is_made { format!("Add {end} to {}", sort.0) } else { format!("Remove {end} from {}", sort.0) };
    let value = json!(id).to_string();
    let ids = format!("{}.ObjectID", sort.1);
    let named = if is_made { modified(&ids, None, Some(&value)) } else { modified(&ids, Some(&value), None) };
    vec![(activity, vec![target(to, "User", &[named]), target(id, sort.1, &[])])]
}

/// A role that was given or taken away, whole or over a unit.
fn role(fact: &Value, activity: &str, is_made: bool) -> Activities {
    let text = |name: &str| fact[name].as_str().unwrap_or_default();
    let scope = text("directoryScopeId").rsplit('/').next().unwrap_or_default();
    let activity =
        if scope.is_empty() { activity.to_owned() } else { activity.replace("member", "scoped member") };
    let of = |name: &str, id: &str| {
        let value = json!(id).to_string();
        if is_made { modified(name, None, Some(&value)) } else { modified(name, Some(&value), None) }
    };
    let mut named = vec![of("Role.TemplateId", text("roleDefinitionId"))];
    if !scope.is_empty() {
        named.push(of("AdministrativeUnit.ObjectID", scope));
    }
    vec![(
        activity,
        vec![target(text("principalId"), "User", &named), target(text("roleDefinitionId"), "Role", &[])],
    )]
}

fn sort_of(d: &Directory, id: &str, before: &Value) -> (&'static str, &'static str) {
    let object = if before.is_null() { whole(d, id) } else { before.clone() };
    if object.get("userPrincipalName").is_some() {
        ("user", "User")
    } else if object.get("groupTypes").is_some() || object.get("securityEnabled").is_some() {
        ("group", "Group")
    } else {
        ("administrative unit", "AdministrativeUnit")
    }
}

fn last_segment(address: &Value) -> String {
    address.as_str().and_then(|text| text.rsplit('/').next()).unwrap_or_default().to_owned()
}

/// Writes down a write that succeeded.
pub(super) fn note(
    inner: &Inner,
    call: &Call,
    d: &mut Directory,
    path: &[&str],
    before: &Value,
    reply: &Reply,
) {
    let all = activities(call, d, path, before, reply);
    let name = inner.apps[call.token.app].name.clone();
    let app = json!({ "user": null, "app": { "appId": null, "displayName": name,
        "servicePrincipalId": call.token.principal, "servicePrincipalName": null } });
    let acting = d.audits.acting.clone().filter(|_| call.token.client_id == ADMINISTRATOR_CLIENT_ID);
    let by = By {
        at: now(call, &inner.clock),
        initiated: acting.unwrap_or(app),
        client: Some(call.token.client_id.clone()),
        correlations_differ: call.switches.audits.correlations_differ,
    };
    write(d, &by, all);
}

/// By whom, and when, something is written down.
struct By {
    at: i64,
    initiated: Value,
    client: Option<String>,
    correlations_differ: bool,
}

fn write(d: &mut Directory, by: &By, all: Activities) {
    let first = d.audits.written;
    for (activity, targets) in all {
        d.audits.written += 1;
        let number = d.audits.written;
        let correlation = if by.correlations_differ { number } else { first };
        let service = if activity.contains("PIM") { "PIM" } else { "Core Directory" };
        let record = json!({
            "id": format!("Directory_c0000000-0000-4000-8000-{correlation:012}_AAAAA_{number}"),
            "category": "Management", "correlationId": format!("c0000000-0000-4000-8000-{correlation:012}"),
            "result": "success", "resultReason": "", "activityDisplayName": activity,
            "activityDateTime": time(by.at), "loggedByService": service, "operationType": "Update",
            "initiatedBy": by.initiated, "targetResources": targets,
            "additionalDetails": [],
            "performedBy": { "appId": by.client, "blueprintId": null, "identityType": null },
        });
        d.audits.entries.push(Entry { at: by.at, record });
    }
}

/// Writes down that somebody activated a role, or that an activation ended by itself: one record by Privileged Identity
/// Management, which says who, and one by its application, which writes into the directory what was decided.
pub(crate) fn note_activation(d: &mut Directory, principal: &str, role_id: &str, begins: bool) {
    let at = d.clock.millis();
    let by = |initiated: Value| By { at, initiated, client: None, correlations_differ: true };
    let (activity, carried) = if begins {
        ("Add member to role completed (PIM activation)", "Add member to role")
    } else {
        ("Remove member from role (PIM activation expired)", "Remove member from role")
    };
    let user = if begins {
        json!({ "id": principal, "displayName": null, "userPrincipalName": null, "ipAddress": null })
    } else {
        json!({ "id": null, "displayName": "Azure AD PIM", "userPrincipalName": null, "ipAddress": null })
    };
    let request = format!("c1000000-0000-4000-8000-{:012}", d.audits.written);
    let targets =
        vec![target(role_id, "Role", &[]), target(&request, "Request", &[]), target(principal, "User", &[])];
    write(d, &by(json!({ "user": user, "app": null })), vec![(activity.to_owned(), targets)]);
    let app = json!({ "user": null, "app": { "appId": null, "displayName": "MS-PIM",
        "servicePrincipalId": "c2000000-0000-4000-8000-000000000001", "servicePrincipalName": null } });
    let fact = json!({ "principalId": principal, "roleDefinitionId": role_id, "directoryScopeId": "/" });
    write(d, &by(app), role(&fact, carried, begins));
}

/// The present time of the log, in milliseconds since 1970.
fn now(call: &Call, clock: &Clock) -> i64 {
    if call.switches.audits.real_clock { jiff::Timestamp::now().as_millisecond() } else { clock.millis() }
}

fn time(millis: i64) -> String {
    let seconds = iso(millis.div_euclid(1000));
    format!("{}.{:03}0000Z", seconds.trim_end_matches('Z'), millis.rem_euclid(1000))
}
