//! Deleted items: list, restore, delete for good. Source: "Restore deleted directory object item".

use super::call::{Call, Outcome, Reply};
use super::collection::{Places, Wanted};
use super::error::{Failure, bad, conflict, denied, malformed, missing};
use super::render::{self, How, Selection};
use super::{lists, refs, users};
use crate::schema;
use crate::state::{BIN_SECONDS, Directory, Index, Kind, Life};
use crate::switches::BinShows;

fn find(d: &Directory, id: &str) -> Option<Index> {
    let index = d.index(id)?;
    match d.object(index).life {
        Life::Deleted { at } if at > d.now() - BIN_SECONDS => Some(index),
        _ => None,
    }
}

fn may(call: &Call, kind: Kind, writes: bool) -> bool {
    let wanted: &[&str] = match (kind, writes) {
        (Kind::User, true) => &["User.ReadWrite.All", "User.DeleteRestore.All"],
        (Kind::User, false) => &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"],
        (Kind::Group, true) => &["Group.ReadWrite.All"],
        (Kind::Group, false) => &["Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"],
        (Kind::Unit, true) => &["AdministrativeUnit.ReadWrite.All"],
        (Kind::Unit, false) => {
            &["AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All", "Directory.Read.All"]
        }
        (Kind::ServicePrincipal | Kind::Application, true) => &["Application.ReadWrite.All"],
        (Kind::ServicePrincipal | Kind::Application, false) => {
            &["Application.Read.All", "Application.ReadWrite.All"]
        }
    };
    wanted.iter().any(|permission| call.may(permission))
}

/// One deleted object, or the deleted objects of a type.
pub(super) fn get(call: &Call, d: &Directory, id: &str) -> Outcome {
    if refs::is_cast(id) {
        return list(call, d, refs::cast(id)?);
    }
    let index = find(d, id).ok_or_else(|| missing(id))?;
    let kind = d.object(index).kind;
    if !may(call, kind, false) {
        return Err(denied());
    }
    let selects = call.query.get("$select").is_some();
    let chosen = match call.switches.bin_shows {
        BinShows::Refused if selects => {
            return Err(malformed("Query option 'Select' is not allowed."));
        }
        BinShows::Selected => refs::loose(call, kind),
        BinShows::Defaults | BinShows::Refused => Selection::defaults(schema::of(kind)),
    };
    let context = call.context("directoryObjects/$entity");
    let how = How { context: Some(&context), typed: true, ..How::default() };
    let reply = render::alone(call, d, index, &chosen, how);
    Ok(if call.switches.bin_renames_users && kind == Kind::User { renamed(reply, id) } else { reply })
}

/// The answer with the name that a user has in the recycle bin: their id comes before the one that they had.
fn renamed(reply: Reply, id: &str) -> Reply {
    let Ok(mut user) = serde_json::from_slice::<serde_json::Value>(&reply.body) else { return reply };
    if let Some(name) = user["userPrincipalName"].as_str() {
        user["userPrincipalName"] = format!("{}{name}", id.replace('-', "")).into();
    }
    Reply { body: user.to_string().into_bytes(), ..reply }
}

fn list(call: &Call, d: &Directory, kind: Kind) -> Outcome {
    if !may(call, kind, false) {
        return Err(denied());
    }
    let mut chosen = lists::selection(call, kind)?;
    if !chosen.explicit
        && let Some(property) = schema::of(kind).property("deletedDateTime")
    {
        chosen.mask |= 1 << property;
    }
    let bin: Vec<Index> = d.bin().filter(|index| d.object(*index).kind == kind).collect();
    let places = Places { positions: bin.len(), at: &|place| Some(bin[place]), maximum: 999 };
    let context = call.context(schema::of(kind).set);
    Wanted::of(call, kind)?.page(call, d, &context, &places, |out, index| {
        render::object(out, call, d, index, &chosen, How::default());
    })
}

pub(super) fn restore(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id).ok_or_else(|| missing(id))?;
    let kind = d.object(index).kind;
    if !may(call, kind, true) {
        return Err(denied());
    }
    let body = call.object_or_empty()?;
    let known = ["autoReconcileProxyConflict", "newUserPrincipalName"];
    if body.keys().any(|key| !key.contains('@') && !known.contains(&key.as_str())) {
        return Err(malformed("The body has a property that restore does not know."));
    }
    if kind == Kind::User {
        users::require_role(call, d, index)?;
    }
    let schema = schema::of(kind);
    let before = d.object(index).row.clone();
    if let Some(name) = body.get("newUserPrincipalName").and_then(|v| v.as_str()) {
        if kind != Kind::User {
            return Err(bad("newUserPrincipalName is for users only."));
        }
        d.set(index, &[(schema.at("userPrincipalName"), Some(format!("\"{name}\"")))]);
    }
    let frees = body.get("autoReconcileProxyConflict").and_then(serde_json::Value::as_bool) == Some(true);
    if let Err(refused) = settle_names(d, index, frees) {
        if kind == Kind::User {
            let name = schema.at("userPrincipalName");
            let old = before.text(name).map(|text| serde_json::json!(text).to_string());
            d.set(index, &[(name, old)]);
        }
        return Err(refused);
    }
    d.restore(index, !call.switches.undelete_is_silent);
    if call.switches.undeletes_replicate {
        d.replicate(index);
    }
    let context = call.context("directoryObjects/$entity");
    let how = How { context: Some(&context), typed: true, ..How::default() };
    Ok(render::alone(call, d, index, &refs::loose(call, kind), how))
}

/// While the object was in the bin others may have taken its names: a user name has to be changed by the caller, a
/// user's address is dropped where the caller allows it.
fn settle_names(d: &mut Directory, index: Index, frees: bool) -> Result<(), Failure> {
    let is_taken = |name: &String| d.names.get(name).is_some_and(|holder| *holder != index);
    let taken: Vec<String> = d.claimed(index).into_iter().filter(is_taken).collect();
    let names =
        [("upn:", "userPrincipalName"), ("immutable:", "onPremisesImmutableId"), ("unique:", "uniqueName")];
    for (prefix, property) in names {
        if taken.iter().any(|name| name.starts_with(prefix)) {
            return Err(conflict(property));
        }
    }
    if !taken.is_empty() {
        if d.object(index).kind != Kind::User || !frees {
            return Err(conflict("proxyAddresses"));
        }
        leave_addresses(d, index, &taken);
    }
    Ok(())
}

/// Takes those addresses from an object, which others have by now.
fn leave_addresses(d: &mut Directory, index: Index, taken: &[String]) {
    let schema = schema::of(d.object(index).kind);
    let row = d.object(index).row.clone();
    let is_kept = |address: &str| !taken.contains(&address.to_lowercase());
    let mut changes = Vec::new();
    if let Some(property) = schema.property("proxyAddresses") {
        let mut left: Vec<String> =
            row.get(property).and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        left.retain(|address| is_kept(address));
        changes.push((property, Some(serde_json::json!(left).to_string())));
    }
    let mail = schema.at("mail");
    if row.text(mail).is_some_and(|text| !is_kept(&format!("smtp:{text}"))) {
        changes.push((mail, None));
    }
    d.set(index, &changes);
}

pub(super) fn purge(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id).ok_or_else(|| missing(id))?;
    let kind = d.object(index).kind;
    if !may(call, kind, true) {
        return Err(denied());
    }
    if kind == Kind::Unit {
        return Err(bad("An administrative unit cannot be deleted for good through the API."));
    }
    d.purge(index);
    Ok(Reply::empty())
}
