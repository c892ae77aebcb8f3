//! What an object is a member of, also by groups in groups. Source: "List memberOf", "List transitiveMemberOf",
//! "checkMemberGroups", "getMemberGroups" and their kin.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, malformed, missing};
use super::{groups, refs};
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation};

/// How many ids one check may name.
const CHECKED: usize = 20;

/// What it is a member of by itself: groups and administrative units.
fn direct(d: &Directory, index: Index) -> Vec<Index> {
    d.object(index).back(Relation::Members).filter(|source| d.listed(*source)).collect()
}

/// The same, and the groups that those groups are in. A unit holds what is put into it, and not the members of its groups.
fn transitive(d: &Directory, index: Index) -> Vec<Index> {
    let mut found = direct(d, index);
    let mut known: HashSet<Index> = found.iter().copied().collect();
    let mut at = 0;
    while let Some(one) = found.get(at).copied() {
        at += 1;
        if d.object(one).kind == Kind::Group {
            let above = direct(d, one).into_iter().filter(|above| d.object(*above).kind == Kind::Group);
            found.extend(above.filter(|above| known.insert(*above)));
        }
    }
    found
}

pub(super) fn list(
    call: &Call,
    d: &Directory,
    (kind, id): (Kind, &str),
    name: &str,
    only: Option<&str>,
) -> Outcome {
    let only = only.map(refs::cast).transpose()?;
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    let found = if name == "memberOf" { direct(d, index) } else { transitive(d, index) };
    refs::write_all(call, d, &found, only)
}

/// Answers the members of a group and of the groups in it.
pub(super) fn below(call: &Call, d: &Directory, id: &str, only: Option<&str>) -> Outcome {
    let only = only.map(refs::cast).transpose()?;
    let index = d.find_kind(id, Kind::Group).ok_or_else(|| missing(id))?;
    let mut found: Vec<Index> = Vec::new();
    let mut known = HashSet::from([index]);
    let mut open = vec![index];
    while let Some(group) = open.pop() {
        if groups::hides(call, d, group, Relation::Members) {
            continue;
        }
        for member in d.object(group).links(Relation::Members).iter().filter(|member| d.listed(*member)) {
            if known.insert(member) {
                found.push(member);
                if d.object(member).kind == Kind::Group {
                    open.push(member);
                }
            }
        }
    }
    refs::write_all(call, d, &found, only)
}

fn texts(call: &Call, list: &[String]) -> Reply {
    Reply::json(200, &json!({"@odata.context": call.context("Collection(Edm.String)"), "value": list}))
}

fn ids(d: &Directory, list: impl Iterator<Item = Index>) -> Vec<String> {
    list.map(|index| d.object(index).id.to_string()).collect()
}

/// The object that is asked about; under `directoryObjects` it may be of any type.
fn subject(call: &Call, d: &Directory, id: &str) -> Result<Index, Failure> {
    let kind = match call.path.first().map(String::as_str) {
        Some("users") => return super::users::find(d, id),
        Some("groups") => Kind::Group,
        Some("servicePrincipals") => Kind::ServicePrincipal,
        _ => return d.find(id).ok_or_else(|| missing(id)),
    };
    d.find_kind(id, kind).ok_or_else(|| missing(id))
}

/// Answers which of the ids in the body it is a member of.
pub(super) fn check(call: &Call, d: &Directory, id: &str, name: &str) -> Outcome {
    let index = subject(call, d, id)?;
    let only_groups = name == "checkMemberGroups";
    let field = if only_groups { "groupIds" } else { "ids" };
    let body = call.object()?;
    let asked = body.get(field).and_then(Value::as_array).filter(|asked| !asked.is_empty());
    let asked = asked.ok_or_else(|| malformed(format!("{field} are required.")))?;
    if asked.len() > CHECKED {
        return Err(bad(format!("Too many ids: at most {CHECKED} are allowed.")));
    }
    let wanted = |above: &Index| {
        let above = d.object(*above);
        let id = json!(above.id.to_string());
        (above.kind == Kind::Group || !only_groups) && asked.contains(&id)
    };
    Ok(texts(call, &ids(d, transitive(d, index).into_iter().filter(wanted))))
}

/// Answers the ids of all that it is a member of.
pub(super) fn get(call: &Call, d: &Directory, id: &str, name: &str) -> Outcome {
    let index = subject(call, d, id)?;
    let only_groups = name == "getMemberGroups";
    let body = call.object()?;
    let only_security = body.get("securityEnabledOnly").and_then(Value::as_bool);
    let only_security = only_security.ok_or_else(|| malformed("securityEnabledOnly is required."))?;
    let is_secure = schema::of(Kind::Group).at("securityEnabled");
    let wanted = |above: &Index| {
        let above = d.object(*above);
        match above.kind {
            Kind::Group => !only_security || above.row.is_true(is_secure),
            _ => !only_groups,
        }
    };
    Ok(texts(call, &ids(d, transitive(d, index).into_iter().filter(wanted))))
}
