//! Directory roles: definitions and assignments. Source: "unifiedRoleDefinition", "unifiedRoleAssignment".
//! Over 400 lines: definitions and assignments check one another, by the same rules.

use serde_json::{Map, Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, denied, failure, malformed, missing};
use super::filter::{Filter, member};
use super::groups;
use super::paging::Paging;
use super::pim;
use crate::schema;
use crate::state::{Directory, Docs, FORMER, Index, Kind, Life, Relation};
use crate::switches::FormerRoles;

/// Built-in roles: template id, name, whether it may manage users without a role, whether it is highly privileged.
pub(crate) const BUILT_IN: &[(&str, &str, bool, bool)] = &[
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", true, true),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator", true, true),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator", false, true),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator", true, false),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator", false, false),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator", false, false),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator", false, false),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", false, false),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader", false, false),
    ("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter", false, false),
    ("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", "Message Center Reader", false, false),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader", false, false),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator", false, false),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator", false, false),
    ("3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator", false, false),
];

/// Roles that leave their holder ordinary: whoever holds only these can be managed by a User Administrator.
const HARMLESS: &[&str] = &[
    "Directory Readers",
    "Groups Administrator",
    "Guest Inviter",
    "Helpdesk Administrator",
    "Message Center Reader",
    "Password Administrator",
    "Reports Reader",
    "User Administrator",
];

fn roles_held<'a>(d: &'a Directory, principal: &str) -> impl Iterator<Item = &'a str> {
    let ids = d.holders.get(principal).map_or(&[][..], Vec::as_slice);
    ids.iter().filter_map(|id| d.docs("roleAssignments").get(id)?["roleDefinitionId"].as_str())
}

/// Whether only the highest administrators may write the sensitive properties of this user.
pub(crate) fn is_privileged(d: &Directory, index: Index) -> bool {
    let object = d.object(index);
    let by_role = roles_held(d, &object.id.to_string()).any(|role| {
        let name = BUILT_IN.iter().find(|(id, ..)| *id == role).map(|(_, name, ..)| *name);
        name.is_none_or(|name| !HARMLESS.contains(&name))
    });
    let by_group = [Relation::Members, Relation::Owners].into_iter().any(|relation| {
        object.back(relation).any(|source| {
            let source = d.object(source);
            source.kind == Kind::Group && groups::nature(&source.row).role_assignable
        })
    });
    by_role || by_group || is_restricted(d, index)
}

/// Whether a restricted administrative unit protects the object from administrators whose scope is the tenant.
pub(crate) fn is_restricted(d: &Directory, index: Index) -> bool {
    let property = schema::of(Kind::Unit).at("isMemberManagementRestricted");
    d.object(index).back(Relation::Members).any(|source| {
        let source = d.object(source);
        source.kind == Kind::Unit && source.life == Life::Live && source.row.is_true(property)
    })
}

/// Refuses a write to an object that a restricted administrative unit protects.
pub(crate) fn refuse_restricted(call: &Call, d: &Directory, index: Index) -> Result<(), Failure> {
    if !is_restricted(d, index) {
        return Ok(());
    }
    let unit_role = roles_held_scoped(d, &call.token.principal);
    if unit_role { Ok(()) } else { Err(denied()) }
}

/// Whether the principal holds any role whose scope is an administrative unit.
fn roles_held_scoped(d: &Directory, principal: &str) -> bool {
    let ids = d.holders.get(principal).map_or(&[][..], Vec::as_slice);
    ids.iter().filter_map(|id| d.docs("roleAssignments").get(id)).any(|one| {
        one["directoryScopeId"].as_str().is_some_and(|scope| scope.starts_with("/administrativeUnits/"))
    })
}

/// Whether the principal has an assignment of the role over that scope that no schedule made.
pub(super) fn is_held_plainly(d: &Directory, principal: &str, role: &str, scope: &str) -> bool {
    let ids = d.holders.get(principal).map_or(&[][..], Vec::as_slice);
    ids.iter()
        .filter(|id| d.docs("scheduleAssignments").iter().all(|made| made != id.as_str()))
        .filter_map(|id| d.docs("roleAssignments").get(id))
        .any(|one| one["roleDefinitionId"] == json!(role) && one["directoryScopeId"] == json!(scope))
}

/// Whether the application's own directory role lets it manage such a user.
pub(crate) fn app_may_manage(d: &Directory, principal: &str, privileged: bool) -> bool {
    roles_held(d, principal).any(|role| {
        let role = BUILT_IN.iter().find(|(id, ..)| *id == role);
        role.is_some_and(|(_, name, manages, high)| {
            *manages && (!privileged || (*high && *name != "Privileged Role Administrator"))
        })
    })
}

/// Gives a role with the directory as its scope, unless it is held already.
pub(crate) fn assign_role_by_name(d: &mut Directory, principal: &str, name: &str) {
    let Some((role, ..)) = BUILT_IN.iter().find(|(_, known, ..)| *known == name) else { return };
    if roles_held(d, principal).all(|held| held != *role) {
        add_assignment(d, principal, role, "/");
    }
}

/// Adds an assignment without any check.
pub(crate) fn add_assignment(d: &mut Directory, principal: &str, role: &str, scope: &str) -> Value {
    use base64::Engine;
    let random = d.new_id();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let id = format!("{}-1", engine.encode([random.as_bytes().as_slice(), &random.as_bytes()[..8]].concat()));
    let assignment = json!({
        "id": id, "principalId": principal, "roleDefinitionId": role,
        "directoryScopeId": scope, "appScopeId": null, "condition": null,
    });
    d.holders.entry(principal.to_owned()).or_default().push(id.clone());
    d.docs_mut("roleAssignments").insert(&id, assignment.clone());
    assignment
}

/// What the small collections can be filtered by, where Microsoft says so. Source: their list pages.
const FILTERED: &[(&str, &[&str])] = &[
    ("roleManagement/directory/roleAssignments", GRANTS),
    ("roleManagement/directory/roleAssignmentSchedules", GRANTS),
    ("roleManagement/directory/roleAssignmentScheduleInstances", GRANTS),
    ("roleManagement/directory/roleEligibilitySchedules", GRANTS),
    ("roleManagement/directory/roleEligibilityScheduleInstances", GRANTS),
    ("roleManagement/directory/roleDefinitions", &["id", "displayName", "isBuiltIn", "templateId"]),
];
const GRANTS: &[&str] =
    &["id", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId", "memberType", "status"];

/// Answers a page of a small collection.
pub(crate) fn page(
    call: &Call,
    docs: &Docs,
    set: &str,
    default: usize,
    maximum: usize,
    show: impl Fn(&Value) -> Value,
) -> Outcome {
    let filter = Filter::of(call)?;
    if let (Some(filter), Some((_, properties))) = (&filter, FILTERED.iter().find(|(name, _)| *name == set)) {
        filter.only_of(properties)?;
    }
    // Why refused and not passed over: a page in another order, or of everything, would look like the answer.
    if let Some(name) = ["$search", "$orderby"].into_iter().find(|name| call.query.get(name).is_some()) {
        return Err(malformed(format!("'{name}' is not supported on '{set}'.")));
    }
    let paging = Paging::of(call, docs.positions(), default, maximum)?;
    let select: Option<Vec<&str>> = call.query.get("$select").map(|s| s.split(',').map(str::trim).collect());
    let mut list = Vec::new();
    let next = paging.fill(docs.positions(), |place| {
        let Some(doc) = docs.at(place) else { return false };
        if filter.as_ref().is_some_and(|filter| !filter.passes(&|path| member(doc, path))) {
            return false;
        }
        let mut shown = show(doc);
        if let (Some(select), Value::Object(map)) = (&select, &mut shown) {
            map.retain(|name, _| {
                select.iter().any(|s| s == name || name.strip_suffix("@odata.type") == Some(s))
                    || name == "@odata.type"
                    || call.query.get("$expand").is_some_and(|e| e.contains(name.as_str()))
            });
        }
        list.push(shown);
        true
    });
    let mut page = json!({"@odata.context": call.context(set), "value": list});
    if let Some(next) = next {
        page["@odata.nextLink"] = paging.link(call, next).into();
    }
    Ok(Reply::json(200, &page))
}

/// Whether a role is listed, as far as its holder or what it is held over may be gone for good.
pub(super) fn is_listed_still(call: &Call, d: &Directory, role: &Value, is_schedule: bool) -> bool {
    let scope = role["directoryScopeId"].as_str().and_then(|scope| scope.rsplit('/').next());
    let ends = role["principalId"].as_str().into_iter().chain(scope);
    let is_gone = |id: &str| d.index(id).is_some_and(|index| d.object(index).life == Life::Gone);
    let lists_all = match call.switches.former_roles_listed {
        FormerRoles::All => true,
        FormerRoles::Schedules => is_schedule,
        FormerRoles::None => false,
    };
    lists_all || !ends.into_iter().any(is_gone)
}

fn with_principal(call: &Call, d: &Directory, assignment: &Value) -> Value {
    let mut out = assignment.clone();
    let expand = call.query.get("$expand").unwrap_or("");
    if expand.starts_with("principal")
        && let Some(index) = assignment["principalId"].as_str().and_then(|id| d.index(id))
    {
        let kind = d.object(index).kind;
        out["principal"] = json!({
            "@odata.type": super::render::odata_type(kind),
            "id": assignment["principalId"],
            "displayName": super::lists::property(d, index, "displayName"),
        });
    }
    if expand.starts_with("roleDefinition")
        && let Some(role) = assignment["roleDefinitionId"].as_str()
    {
        out["roleDefinition"] = d.docs("roleDefinitions").get(role).cloned().unwrap_or(Value::Null);
    }
    out
}

pub(super) fn read(call: &Call, d: &Directory, rest: &[&str]) -> Outcome {
    if pim::is_pim(rest) {
        return pim::read(call, d, rest);
    }
    let Some(name @ ("roleDefinitions" | "roleAssignments")) = rest.first().copied() else {
        return Err(super::error::no_segment(rest.first().unwrap_or(&"")));
    };
    let set = format!("roleManagement/directory/{name}");
    let alive = |assignment: &Value| {
        let principal = assignment["principalId"].as_str().and_then(|id| d.index(id));
        principal.is_none_or(|index| d.is_live(index))
    };
    let is_listed =
        |assignment: &Value| pim::is_listed(call, d, assignment["id"].as_str().unwrap_or_default());
    let shown = |assignment: &Value| {
        let by_switch = name != "roleAssignments" || is_listed_still(call, d, assignment, false);
        by_switch && is_listed(assignment)
    };
    match rest {
        [_] if name == "roleAssignments" => {
            let mut live = Docs::default();
            let former = d.docs(FORMER).iter().filter(|one| is_listed_still(call, d, one, false));
            for one in d.docs(name).iter().filter(|one| alive(one) && shown(one)).chain(former) {
                live.insert(one["id"].as_str().unwrap_or_default(), one.clone());
            }
            page(call, &live, &set, 100, 999, |one| with_principal(call, d, one))
        }
        [_] => page(call, d.docs(name), &set, 100, 999, Value::clone),
        [_, id] => {
            let found = d.docs(name).get(id).filter(|one| shown(one)).ok_or_else(|| missing(id))?;
            let mut out = with_principal(call, d, found);
            out["@odata.context"] = format!("{}/$entity", call.context(&set)).into();
            Ok(Reply::json(200, &out))
        }
        _ => Err(super::error::no_segment(name)),
    }
}

/// Checks that a role can be assigned to that principal: a user, a service principal or a role-assignable group.
pub(super) fn check_principal(d: &Directory, principal: &str) -> Result<(), Failure> {
    let index = d.find(principal).ok_or_else(|| {
        failure(404, "Request_ResourceNotFound", format!("The principal {principal} does not exist."))
    })?;
    let object = d.object(index);
    match object.kind {
        Kind::User | Kind::ServicePrincipal => Ok(()),
        Kind::Group if groups::nature(&object.row).role_assignable => Ok(()),
        _ => Err(bad("A role can be assigned to users, service principals and role-assignable groups only.")),
    }
}

pub(super) fn create_assignment(
    call: &Call,
    d: &mut Directory,
    principal: &str,
    role: &str,
    scope: &str,
) -> Result<Value, Failure> {
    // Principal, role and scope have to exist, in this order: the first that does not is what the refusal names.
    check_principal(d, principal)?;
    if d.docs("roleDefinitions").get(role).is_none() {
        return Err(failure(
            404,
            "Request_ResourceNotFound",
            format!("Role definition {role} does not exist."),
        ));
    }
    if let Some(target) = scope.strip_prefix("/administrativeUnits/").or_else(|| scope.strip_prefix('/'))
        && !target.is_empty()
        && d.find(target).is_none()
    {
        return Err(bad("The directoryScopeId does not exist."));
    }
    if !scope.starts_with('/') {
        return Err(bad("A directoryScopeId starts with a slash."));
    }
    let ids = d.holders.get(principal).cloned().unwrap_or_default();
    // Why by who, which and where: Graph keeps no second assignment of the same, whatever its id would be.
    let twice = ids
        .iter()
        .filter_map(|id| d.docs("roleAssignments").get(id))
        .any(|one| one["roleDefinitionId"] == json!(role) && one["directoryScopeId"] == json!(scope));
    if twice {
        return Err(Failure {
            details: vec![("ConflictingObjects", String::new())],
            ..failure(
                call.switches.duplicate_role_assignment_status,
                "Request_BadRequest",
                "A conflicting object with one or more of the specified property values is present in the directory.",
            )
        });
    }
    Ok(add_assignment(d, principal, role, scope))
}

pub(super) fn delete_assignment(d: &mut Directory, id: &str) -> Outcome {
    let gone = d.docs_mut("roleAssignments").remove(id);
    let gone = gone.or_else(|| d.docs_mut(FORMER).remove(id)).ok_or_else(|| missing(id))?;
    if let Some(ids) = gone["principalId"].as_str().and_then(|p| d.holders.get_mut(p)) {
        ids.retain(|one| one != id);
    }
    // With an assignment goes the schedule that it is of: they are one to whoever takes it away.
    let is_its = |one: &&Value| {
        let made = one["id"].as_str().and_then(|schedule| d.docs("scheduleAssignments").get(schedule));
        made.is_some_and(|assignment| assignment == id)
    };
    let its = d.docs("roleAssignmentSchedules").iter().filter(is_its).filter_map(|one| one["id"].as_str());
    for schedule in its.map(str::to_owned).collect::<Vec<_>>() {
        d.docs_mut("roleAssignmentSchedules").remove(&schedule);
        d.docs_mut("scheduleAssignments").remove(&schedule);
    }
    Ok(Reply::empty())
}

const DEFINITION: &[&str] = &[
    "description",
    "displayName",
    "isEnabled",
    "rolePermissions",
    "templateId",
    "version",
    "resourceScopes",
];

fn check_definition(body: &Map<String, Value>) -> Result<(), Failure> {
    for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
        if !DEFINITION.contains(&name.as_str()) {
            return Err(malformed(format!("The property '{name}' cannot be set on a role definition.")));
        }
        if name == "rolePermissions" && !value.is_array() {
            return Err(bad("rolePermissions must be a list."));
        }
    }
    Ok(())
}

pub(super) fn write(call: &Call, d: &mut Directory, rest: &[&str]) -> Outcome {
    match (call.method.as_str(), rest) {
        // Why unknown names are refused: a client that writes back an object as it read it has to learn here what is
        // computed.
        ("POST", ["roleAssignments"]) => {
            let body = call.object()?;
            let field = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
            let known = [
                "principalId",
                "roleDefinitionId",
                "directoryScopeId",
                "appScopeId",
                "condition",
                "principalOrganizationId",
            ];
            if let Some(name) =
                body.keys().find(|name| !name.contains('@') && !known.contains(&name.as_str()))
            {
                return Err(malformed(format!("The property '{name}' cannot be set on a role assignment.")));
            }
            let (Some(principal), Some(role), Some(scope)) =
                (field("principalId"), field("roleDefinitionId"), field("directoryScopeId"))
            else {
                return Err(bad("principalId, roleDefinitionId and directoryScopeId are required."));
            };
            let mut made = create_assignment(call, d, &principal, &role, &scope)?;
            made["@odata.context"] = call.context("roleManagement/directory/roleAssignments/$entity").into();
            Ok(Reply::json(201, &made))
        }
        ("DELETE", ["roleAssignments", id]) => delete_assignment(d, id),
        // An assignment is given and taken away; nothing of it can be changed.
        (_, ["roleAssignments", _]) => Err(failure(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )),
        ("POST", ["roleDefinitions"]) => {
            let body = call.object()?;
            check_definition(&body)?;
            if ["displayName", "rolePermissions", "isEnabled"].iter().any(|name| !body.contains_key(*name)) {
                return Err(bad("displayName, isEnabled and rolePermissions are required."));
            }
            let id = d.new_id().to_string();
            let template = body.get("templateId").and_then(Value::as_str).unwrap_or(&id).to_owned();
            // Why: a custom role's id is its template's, so that it can be created again under the id that it had.
            let id = if d.docs("roleDefinitions").get(&template).is_none() {
                template.clone()
            } else {
                return Err(bad("A role definition with this templateId exists already."));
            };
            if d.docs("roleDefinitions").iter().any(|one| one["displayName"] == body["displayName"]) {
                return Err(bad("A role definition with this displayName exists already."));
            }
            let mut role = json!({"id": id, "templateId": template, "isBuiltIn": false, "description": null,
                "version": null, "resourceScopes": ["/"]});
            for (name, value) in &body {
                role[name] = value.clone();
            }
            d.docs_mut("roleDefinitions").insert(&id, role.clone());
            Ok(Reply::json(201, &role))
        }
        ("PATCH", ["roleDefinitions", id]) => {
            let body = call.object()?;
            check_definition(&body)?;
            let role = d.docs_mut("roleDefinitions").get_mut(id).ok_or_else(|| missing(id))?;
            if role["isBuiltIn"] == json!(true) {
                return Err(denied());
            }
            // A PATCH leaves what it does not name.
            for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
                role[name] = value.clone();
            }
            Ok(Reply::empty())
        }
        ("DELETE", ["roleDefinitions", id]) => {
            let role = d.docs("roleDefinitions").get(id).ok_or_else(|| missing(id))?;
            if role["isBuiltIn"] == json!(true) {
                return Err(denied());
            }
            let is_of_role =
                |one: &Value| one["roleDefinitionId"] == json!(id) && is_listed_still(call, d, one, false);
            if d.docs("roleAssignments").iter().any(is_of_role) {
                return Err(bad("The role definition is assigned and cannot be deleted."));
            }
            d.docs_mut("roleDefinitions").remove(id);
            Ok(Reply::empty())
        }
        _ => Err(super::error::no_segment(rest.first().unwrap_or(&""))),
    }
}
