//! The rest: organization, getByIds, counts, attribute definitions, activated roles, grants of an application.

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::collection::Wanted;
use super::error::{Failure, bad, failure, malformed, missing, no_segment};
use super::render::{self, How};
use super::{lists, refs, roles};
use crate::inner::Inner;
use crate::schema;
use crate::state::{Directory, Kind};

/// Answers how many there are, as text.
pub(super) fn count(call: &Call, d: &Directory, kind: Kind) -> Outcome {
    if !call.header("consistencylevel").eq_ignore_ascii_case("eventual") {
        return Err(bad("$count is not currently supported."));
    }
    Ok(Reply::text(Wanted::of_count(call, kind)?.count(d, d.list(kind)).to_string()))
}

pub(super) fn by_ids(call: &Call, d: &Directory) -> Outcome {
    let body = call.object()?;
    let ids = body.get("ids").and_then(Value::as_array).ok_or_else(|| malformed("ids are required."))?;
    if ids.len() > 1000 {
        return Err(bad("Too many ids: at most 1000 are allowed."));
    }
    let types: Option<Vec<&str>> =
        body.get("types").and_then(Value::as_array).map(|l| l.iter().filter_map(Value::as_str).collect());
    let mut out = render::open_page(&call.context("directoryObjects"));
    for id in ids {
        // Why no error: an id that does not exist is left out.
        let Some(index) = id.as_str().and_then(|id| d.find(id)) else { continue };
        let kind = d.object(index).kind;
        let wanted = types.as_ref().is_none_or(|types| {
            types.is_empty()
                || types
                    .iter()
                    .any(|t| t.eq_ignore_ascii_case(schema::of(kind).entity) || *t == "directoryObject")
        });
        if wanted {
            let how = How { typed: true, ..How::default() };
            render::object(&mut out, call, d, index, &refs::loose(call, kind), how);
        }
    }
    render::close_page(&mut out, None);
    Ok(Reply::bytes(200, out))
}

/// Answers an object by its id, of whatever type it is.
pub(super) fn any_object(call: &Call, d: &Directory, id: &str) -> Outcome {
    let index = d.find(id).ok_or_else(|| missing(id))?;
    let context = call.context("directoryObjects/$entity");
    let chosen = refs::loose(call, d.object(index).kind);
    Ok(render::alone(call, d, index, &chosen, How { context: Some(&context), typed: true, ..How::default() }))
}

/// Answers an application or a service principal by its id, or by `(appId='...')`.
pub(super) fn registered(call: &Call, d: &Directory, kind: Kind, id: &str) -> Outcome {
    let by_app = id.strip_prefix("(appId='").map(|id| id.trim_end_matches("')"));
    let prefix = if kind == Kind::Application { "app" } else { "sp" };
    let index = match by_app {
        Some(app) => d.names.get(&format!("{prefix}:{}", app.to_lowercase())).copied(),
        None => d.find_kind(id, kind),
    };
    let index = index.ok_or_else(|| missing(id))?;
    Ok(lists::write_single(call, d, index, 200, &refs::loose(call, kind)))
}

/// Answers the application permissions that were granted by consent.
pub(super) fn app_roles(inner: &Inner, call: &Call, d: &Directory, id: &str) -> Outcome {
    let index = d.find_kind(id, Kind::ServicePrincipal).ok_or_else(|| missing(id))?;
    let app_id = lists::property(d, index, "appId");
    let app = app_id.as_str().and_then(|app| inner.app_index(app));
    let grant = app.and_then(|app| inner.grant(call.token.tenant, app));
    let list: Vec<Value> = grant
        .map(|grant| grant.permissions)
        .unwrap_or_default()
        .into_iter()
        .map(|permission| {
            json!({"principalId": id, "resourceDisplayName": "Microsoft Graph", "appRoleId": permission,
                "principalType": "ServicePrincipal"})
        })
        .collect();
    Ok(Reply::json(200, &json!({"@odata.context": call.context("appRoleAssignments"), "value": list})))
}

pub(super) fn organization(call: &Call, d: &Directory) -> Outcome {
    let Some(one) = d.docs("organization").iter().next() else { return Err(missing("organization")) };
    if call.path.len() > 1 {
        let id = &call.path[1];
        return if one["id"] == json!(id) { Ok(Reply::json(200, one)) } else { Err(missing(id)) };
    }
    roles::page(call, d.docs("organization"), "organization", 100, 999, Value::clone)
}

/// The domains of a tenant besides its default one, as the organization lists them.
fn domains(d: &Directory) -> impl Iterator<Item = &Value> {
    d.docs("organization").iter().filter_map(|one| one["verifiedDomains"].as_array()).flatten()
}

/// Whether a domain is verified, so that users may have names in it.
pub(super) fn is_verified(d: &Directory, domain: &str) -> bool {
    let is_it = |other: &str| other.eq_ignore_ascii_case(domain);
    is_it(&d.domain) || domains(d).any(|one| one["name"].as_str().is_some_and(is_it))
}

/// The domain that the tenant began with, which issues the identities of its users.
/// Source: learn.microsoft.com/graph/api/resources/objectidentity.
pub(super) fn initial_domain(d: &Directory) -> &str {
    let initial = domains(d).find(|one| one["isInitial"] == json!(true));
    initial.and_then(|one| one["name"].as_str()).unwrap_or(&d.domain)
}

/// Verifies one more domain of the tenant.
pub(crate) fn add_domain(d: &mut Directory, domain: &str, is_initial: bool) {
    let Some(id) = d.docs("organization").iter().find_map(|one| one["id"].as_str()).map(str::to_owned) else {
        return;
    };
    let one = json!({"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": false,
        "isInitial": is_initial, "name": domain, "type": "Managed"});
    let organization = d.docs_mut("organization").get_mut(&id);
    if let Some(list) = organization.and_then(|one| one["verifiedDomains"].as_array_mut()) {
        list.retain(|known| known["name"] != json!(domain));
        list.push(one);
    }
}

pub(super) fn update_organization(call: &Call, d: &mut Directory) -> Outcome {
    const SETTABLE: &[&str] =
        &["marketingNotificationEmails", "privacyProfile", "technicalNotificationMails"];
    let id = call.path[1].clone();
    let body = call.object()?;
    if let Some(name) = body.keys().find(|name| !name.contains('@') && !SETTABLE.contains(&name.as_str())) {
        return Err(bad(format!("Property '{name}' is read-only and cannot be set.")));
    }
    let one = d.docs_mut("organization").get_mut(&id).ok_or_else(|| missing(&id))?;
    for (name, value) in body {
        one[name] = value;
    }
    Ok(Reply::empty())
}

fn held(d: &Directory, role: &str) -> Vec<crate::state::Index> {
    d.docs("roleAssignments")
        .iter()
        .filter(|one| one["roleDefinitionId"] == json!(role) && one["directoryScopeId"] == json!("/"))
        .filter_map(|one| d.index(one["principalId"].as_str()?))
        .filter(|index| d.listed(*index))
        .collect()
}

/// Answers the built-in roles that somebody holds, all on one page.
pub(super) fn directory_roles(call: &Call, d: &Directory, rest: &[&str]) -> Outcome {
    let shown = |role: &Value| {
        json!({"id": role["id"], "roleTemplateId": role["templateId"], "displayName": role["displayName"],
            "description": role["description"], "deletedDateTime": null})
    };
    match rest {
        [] => {
            let list: Vec<Value> = d
                .docs("roleDefinitions")
                .iter()
                .filter(|role| role["isBuiltIn"] == json!(true))
                .filter(|role| !held(d, role["id"].as_str().unwrap_or_default()).is_empty())
                .map(shown)
                .collect();
            Ok(Reply::json(200, &json!({"@odata.context": call.context("directoryRoles"), "value": list})))
        }
        [id] => Ok(Reply::json(200, &shown(d.docs("roleDefinitions").get(id).ok_or_else(|| missing(id))?))),
        [id, "members"] => {
            let mut out = render::open_page(&call.context("directoryObjects"));
            for index in held(d, id) {
                let chosen = refs::loose(call, d.object(index).kind);
                render::object(&mut out, call, d, index, &chosen, How { typed: true, ..How::default() });
            }
            render::close_page(&mut out, None);
            Ok(Reply::bytes(200, out))
        }
        [name, ..] => Err(no_segment(name)),
    }
}

pub(super) fn definitions(call: &Call, d: &Directory, name: &str, rest: &[&str]) -> Outcome {
    let set = format!("directory/{name}");
    let expanded = call.query.get("$expand").is_some_and(|expand| expand.contains("allowedValues"));
    let show = |one: &Value| {
        let mut one = one.clone();
        if !expanded && let Some(map) = one.as_object_mut() {
            map.remove("allowedValues");
        }
        one
    };
    match rest {
        [] => roles::page(call, d.docs(name), &set, 100, 999, show),
        [id] => Ok(Reply::json(200, &show(d.docs(name).get(id).ok_or_else(|| missing(id))?))),
        [id, "allowedValues"] => {
            let one = d.docs(name).get(id).ok_or_else(|| missing(id))?;
            let list = one.get("allowedValues").cloned().unwrap_or_else(|| json!([]));
            Ok(Reply::json(200, &json!({"@odata.context": call.context("allowedValues"), "value": list})))
        }
        [_, other, ..] => Err(no_segment(other)),
    }
}

pub(super) fn write_definition(call: &Call, d: &mut Directory, name: &str, rest: &[&str]) -> Outcome {
    let body = call.object()?;
    match (call.method.as_str(), rest) {
        ("POST", []) => {
            let id = if name == "attributeSets" {
                body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
            } else {
                let set = body.get("attributeSet").and_then(Value::as_str).unwrap_or_default();
                if d.docs("attributeSets").get(set).is_none() {
                    return Err(bad("The attribute set does not exist."));
                }
                format!("{set}_{}", body.get("name").and_then(Value::as_str).unwrap_or_default())
            };
            if id.is_empty() || d.docs(name).get(&id).is_some() {
                return Err(bad("The definition has no name, or exists already."));
            }
            let mut made = Value::Object(body);
            made["id"] = json!(id);
            d.docs_mut(name).insert(&id, made.clone());
            Ok(Reply::json(201, &made))
        }
        ("PATCH", [id]) => {
            let settable: &[&str] = if name == "attributeSets" {
                &["description", "maxAttributesPerSet"]
            } else {
                &["description", "status", "usePreDefinedValuesOnly"]
            };
            if let Some(name) = body.keys().find(|name| !settable.contains(&name.as_str())) {
                return Err(bad(format!("Property '{name}' is read-only and cannot be set.")));
            }
            let one = d.docs_mut(name).get_mut(id).ok_or_else(|| missing(id))?;
            for (name, value) in body {
                one[name] = value;
            }
            Ok(Reply::empty())
        }
        _ => Err::<Reply, Failure>(failure(
            405,
            "Request_BadRequest",
            "Definitions of security attributes cannot be deleted.",
        )),
    }
}
