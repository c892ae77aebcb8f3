//! Relations: lists of linked objects, and `$ref`.

use serde_json::{Map, Value};

use super::call::{Call, Outcome, Reply};
use super::collection::{Places, Wanted};
use super::error::{Failure, bad, denied, malformed, missing};
use super::groups;
use super::render::{self, How, Selection};
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation};

/// A type's name without its namespace, which has a short form: `graph.user` is `microsoft.graph.user`.
fn without_namespace(name: &str) -> Option<&str> {
    name.strip_prefix("microsoft.graph.").or_else(|| name.strip_prefix("graph."))
}

/// Whether a segment names a type and not an object.
pub(crate) fn is_cast(name: &str) -> bool {
    without_namespace(name).is_some()
}

/// The kind that a cast such as `microsoft.graph.user` names.
pub(crate) fn cast(name: &str) -> Result<Kind, Failure> {
    crate::state::KINDS
        .into_iter()
        .find(|kind| {
            without_namespace(name).is_some_and(|name| name.eq_ignore_ascii_case(schema::of(*kind).entity))
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
    let references = call.path.last().is_some_and(|last| last == "$ref");
    // Why by position: a member that leaves between two pages moves no other one out of sight.
    let at = |place: usize| {
        let target = links.at(place).filter(|target| !hidden && d.listed(*target))?;
        only.is_none_or(|only| only == d.object(target).kind).then_some(target)
    };
    let places = Places { positions: links.positions(), at: &at, maximum: 999 };
    let context = call.context("directoryObjects");
    Wanted::of_linked(call, only)?.page(call, d, &context, &places, |out, target| {
        if references {
            if out.last() != Some(&b'[') {
                out.push(b',');
            }
            let url = format!("{}/directoryObjects/{}", call.root(), d.object(target).id);
            out.extend_from_slice(serde_json::json!({"@odata.id": url}).to_string().as_bytes());
        } else {
            let how = How { typed: only.is_none(), ..How::default() };
            render::object(out, call, d, target, &loose(call, d.object(target).kind), how);
        }
    })
}

/// Answers these objects, of one type only where a cast says so.
pub(crate) fn write_all(call: &Call, d: &Directory, found: &[Index], only: Option<Kind>) -> Outcome {
    let at = |place: usize| {
        Some(found[place]).filter(|index| only.is_none_or(|only| only == d.object(*index).kind))
    };
    let places = Places { positions: found.len(), at: &at, maximum: 999 };
    let context = call.context("directoryObjects");
    Wanted::of_linked(call, only)?.page(call, d, &context, &places, |out, index| {
        let how = How { typed: only.is_none(), ..How::default() };
        render::object(out, call, d, index, &loose(call, d.object(index).kind), how);
    })
}

/// Answers the objects that link to this one.
pub(crate) fn back(call: &Call, d: &Directory, kind: Kind, id: &str, relation: Relation) -> Outcome {
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    let found: Vec<Index> = d.object(index).back(relation).filter(|source| d.listed(*source)).collect();
    write_all(call, d, &found, None)
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
