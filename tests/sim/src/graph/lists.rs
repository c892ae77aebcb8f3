//! Collections of directory objects, and single ones.

use serde_json::Value;

use super::call::{Call, Outcome, Reply};
use super::collection::{Places, Wanted};
use super::error::{Failure, denied, malformed, missing};
use super::filter::member;
use super::render::{self, How, Selection};
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation};
use crate::switches::Withheld;

/// What a call asks for with `$select` and `$expand`, where its token may read all of that.
pub(crate) fn selection(call: &Call, kind: Kind) -> Result<Selection, Failure> {
    let schema = schema::of(kind);
    let mut selection = Selection::parse(schema, call.query.get("$select"), call.query.get("$expand"))?;
    for expand in &selection.expand {
        let known =
            Relation::named(&expand.name).is_some_and(|relation| schema.relations.contains(&relation));
        if !known && expand.name != "memberOf" {
            return Err(malformed(format!(
                "Could not find a property named '{}' on type 'microsoft.graph.{}'.",
                expand.name, schema.entity
            )));
        }
    }
    if kind == Kind::User && selection.selects(schema, "customSecurityAttributes") && !reads_attributes(call)
    {
        return Err(denied());
    }
    withhold(call, kind, &mut selection)?;
    Ok(selection)
}

/// Withholds the date on which somebody leaves from a token without the permission for it.
/// Source: learn.microsoft.com/graph/tutorial-lifecycle-workflows-set-employeeleavedatetime.
pub(crate) fn withhold(call: &Call, kind: Kind, selection: &mut Selection) -> Result<(), Failure> {
    let schema = schema::of(kind);
    let may = call.may("User-LifeCycleInfo.Read.All") || call.may("User-LifeCycleInfo.ReadWrite.All");
    if may || kind != Kind::User || !selection.selects(schema, "employeeLeaveDateTime") {
        return Ok(());
    }
    let bit = 1 << schema.at("employeeLeaveDateTime");
    match call.switches.leave_date_withheld {
        Withheld::Null => selection.withheld |= bit,
        Withheld::Absent => selection.mask &= !bit,
        Withheld::Refused => return Err(denied()),
    }
    Ok(())
}

/// Whether the token may read custom security attributes, which need a permission of their own.
pub(crate) fn reads_attributes(call: &Call) -> bool {
    call.may("CustomSecAttributeAssignment.Read.All")
        || call.may("CustomSecAttributeAssignment.ReadWrite.All")
}

/// A property of an object as JSON, for `$filter`.
pub(crate) fn property(directory: &Directory, index: Index, path: &str) -> Value {
    let object = directory.object(index);
    let schema = schema::of(object.kind);
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    if name == "id" {
        return object.id.to_string().into();
    }
    let Some(number) = schema.property(name) else { return Value::Null };
    let value = directory.row(index).json(number);
    let value = value.unwrap_or_else(|| {
        serde_json::from_str(schema.props[usize::from(number)].default_json()).unwrap_or(Value::Null)
    });
    if rest.is_empty() { value } else { member(&value, rest) }
}

/// The context of a set: `users`, or `users(id,displayName)` when `$select` is there.
fn context(call: &Call, set: &str) -> String {
    match call.query.get("$select") {
        Some(select) => call.context(&format!("{set}({select})")),
        None => call.context(set),
    }
}

pub(crate) fn all(call: &Call, d: &Directory, kind: Kind) -> Outcome {
    let selection = selection(call, kind)?;
    let maximum =
        if call.query.get("$select").is_some_and(|s| s.contains("signInActivity")) { 500 } else { 999 };
    let context = context(call, schema::of(kind).set);
    let list = d.list(kind);
    let at = |place: usize| Some(list[place]).filter(|index| d.listed(*index));
    let places = Places { positions: list.len(), at: &at, maximum };
    Wanted::of(call, kind)?.page(call, d, &context, &places, |out, index| {
        render::object(out, call, d, index, &selection, How::default());
    })
}

pub(crate) fn write_single(
    call: &Call,
    d: &Directory,
    index: Index,
    status: u16,
    chosen: &Selection,
) -> Reply {
    let schema = schema::of(d.object(index).kind);
    let context = format!("{}/$entity", context(call, schema.set));
    let how = How { context: Some(&context), ..How::default() };
    Reply { status, ..render::alone(call, d, index, chosen, how) }
}

pub(crate) fn single(call: &Call, d: &Directory, kind: Kind, id: &str) -> Outcome {
    let chosen = selection(call, kind)?;
    let index = d.find_kind(id, kind).ok_or_else(|| missing(id))?;
    Ok(write_single(call, d, index, 200, &chosen))
}

/// The answer to a create: the new object with its default properties, and where it is.
pub(crate) fn created(call: &Call, d: &Directory, index: Index) -> Reply {
    let selection = Selection::defaults(schema::of(d.object(index).kind));
    let mut reply = write_single(call, d, index, 201, &selection);
    let url = format!("{}{}/{}", call.base, call.raw_path, d.object(index).id);
    reply.headers.push(("Location", url));
    reply
}
