//! Relations: lists of linked objects, and `$ref`.

use serde_json::{Map, Value};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, denied, malformed, missing};
use super::groups;
use super::paging::Paging;
use super::render::{self, How, Selection};
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation};

/// The kind that a cast such as `microsoft.graph.user` names.
pub(crate) fn cast(name: &str) -> Result<Kind, Failure> {
    crate::state::KINDS
        .into_iter()
        .find(|kind| {
            name.strip_prefix("microsoft.graph.")
                .is_some_and(|name| name.eq_ignore_ascii_case(schema::of(*kind).entity))
        })
        .ok_or_else(|| malformed(format!("Resource not found for the segment '{name}'.")))
}

/// `$select` over several types: a property that a type lacks is left out.
pub(crate) fn loose(call: &Call, kind: Kind) -> Selection {
    let schema = schema::of(kind);
    let Some(select) = call.query.get("$select") else { return Selection::defaults(schema) };
    let known: Vec<&str> = select
        .split(',')
        .map(str::trim)
        .filter(|name| *name == "id" || schema.property(name).is_some())
        .collect();
    Selection::parse(schema, Some(&known.join(",")), None).unwrap_or_else(|_| Selection::only_id())
}

pub(crate) fn list(
    call: &Call,
    d: &Directory,
    kind: Kind,
    id: &str,
    relation: Relation,
    only: Option<&str>,
) -> Outcome {
    let only = only.filter(|name| *name != "$ref").map(cast).transpose()?;
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    // Members that the caller may not see are left out without a word, or refused: which of the two is a switch.
    let hidden = groups::hides(call, d, index, relation);
    if hidden && call.switches.hidden_members_refused {
        return Err(denied());
    }
    let links = d.object(index).links(relation);
    let paging = Paging::of(call, links.positions(), 100, 999)?;
    let references = call.path.last().is_some_and(|last| last == "$ref");
    let mut out = render::open_page(&call.context("directoryObjects"));
    // Why by position: a member that leaves between two pages moves no other one out of sight.
    let next = paging.fill(links.positions(), |place| {
        let Some(target) = links.at(place).filter(|target| !hidden && d.listed(*target)) else {
            return false;
        };
        let target_kind = d.object(target).kind;
        if only.is_some_and(|only| only != target_kind) {
            return false;
        }
        if references {
            if out.last() != Some(&b'[') {
                out.push(b',');
            }
            let url = format!("{}/directoryObjects/{}", call.root(), d.object(target).id);
            out.extend_from_slice(serde_json::json!({"@odata.id": url}).to_string().as_bytes());
        } else {
            let how = How { typed: only.is_none(), ..How::default() };
            render::object(&mut out, call, d, target, &loose(call, target_kind), how);
        }
        true
    });
    let link = next.map(|next| paging.link(call, next));
    render::close_page(&mut out, link.as_deref().map(|link| ("@odata.nextLink", link)));
    Ok(Reply::bytes(200, out))
}

fn write_all(call: &Call, d: &Directory, found: &[Index]) -> Outcome {
    let paging = Paging::of(call, found.len(), 100, 999)?;
    let mut out = render::open_page(&call.context("directoryObjects"));
    let next = paging.fill(found.len(), |place| {
        let index = found[place];
        let kind = d.object(index).kind;
        render::object(&mut out, call, d, index, &loose(call, kind), How { typed: true, ..How::default() });
        true
    });
    let link = next.map(|next| paging.link(call, next));
    render::close_page(&mut out, link.as_deref().map(|link| ("@odata.nextLink", link)));
    Ok(Reply::bytes(200, out))
}

/// Answers the objects that link to this one.
pub(crate) fn back(call: &Call, d: &Directory, kind: Kind, id: &str, relation: Relation) -> Outcome {
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    let found: Vec<Index> = d.object(index).back(relation).filter(|source| d.listed(*source)).collect();
    write_all(call, d, &found)
}

pub(crate) fn member_of(call: &Call, d: &Directory, kind: Kind, id: &str, only: Option<&str>) -> Outcome {
    let only = only.map(cast).transpose()?;
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    let found: Vec<Index> = d
        .object(index)
        .back(Relation::Members)
        .filter(|source| d.listed(*source) && only.is_none_or(|only| d.object(*source).kind == only))
        .collect();
    write_all(call, d, &found)
}

/// The id in an `@odata.id`: its last segment.
fn referenced(url: &str) -> &str {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    last.split_once("('").map_or(last, |(_, id)| id.trim_end_matches("')"))
}

/// The object that a `$ref` body names; it must exist and have replicated.
pub(crate) fn target(d: &Directory, body: &Map<String, Value>) -> Result<Index, Failure> {
    let url = body.get("@odata.id").and_then(Value::as_str);
    let url = url.ok_or_else(|| malformed("The entity reference must have an @odata.id."))?;
    resolve(d, url)
}

pub(crate) fn resolve(d: &Directory, url: &str) -> Result<Index, Failure> {
    let id = referenced(url);
    if uuid::Uuid::parse_str(id).is_err() {
        return Err(bad(format!("Invalid object identifier '{id}'.")));
    }
    d.find(id).ok_or_else(|| missing(id))
}

/// The objects of a `members@odata.bind`.
pub(crate) fn bound(d: &Directory, value: &Value) -> Result<Vec<Index>, Failure> {
    let list = value.as_array().ok_or_else(|| malformed("odata.bind must be a list of references."))?;
    list.iter()
        .map(|url| resolve(d, url.as_str().ok_or_else(|| malformed("A reference must be a string."))?))
        .collect()
}

pub(crate) fn already(relation: Relation) -> Failure {
    bad(format!(
        "One or more added object references already exist for the following modified properties: '{}'.",
        relation.name()
    ))
}

pub(crate) fn remove(d: &mut Directory, kind: Kind, id: &str, relation: Relation, other: &str) -> Outcome {
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    let other_index = d.index(other).ok_or_else(|| missing(other))?;
    if d.unlink(index, relation, other_index) { Ok(Reply::empty()) } else { Err(missing(other)) }
}
