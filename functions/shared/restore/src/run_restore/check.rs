//! Compares a live object with what a step found when it was planned and with what it is to leave.

use domain::Result;
use domain::kinds::{self, Kind, LinkEnd, LinkType, LinkWrite, Update};
use domain::restore::{
    ACCESS_PASS, End, LICENCES, SCHEDULE, ScheduleEnd, Step, WriteAction, at_last, content, direct_licences,
    same, same_in,
};
use engine::ports::{DirectoryWrite, LiveObject};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a look at the live object says about a step.
#[derive(Debug, PartialEq)]
pub(super) enum Check {
    /// The object is as the step wants it.
    So,
    /// The object is as it was when the step was planned: this call is to be written, and these parts differ.
    Write(Box<DirectoryWrite>, Vec<String>),
    /// The object is neither as planned nor as wanted, in these parts.
    Changed(Vec<String>),
    /// The object is not there.
    Gone,
}

/// The type of the links that have to be read for a step, if any.
pub(super) fn link_of(step: &Step) -> Result<Option<&'static LinkType>> {
    match &step.action {
        WriteAction::AddLinks { link, .. }
        | WriteAction::RemoveLink { link, .. }
        | WriteAction::RemoveOtherLinks { link, .. }
        | WriteAction::Assign { link, .. } => kinds::link(link).map(Some),
        _ => Ok(None),
    }
}

/// Judges a step whose ids are those of today.
pub(super) fn check(step: &Step, live: Option<&LiveObject>) -> Result<Check> {
    let kind = step.kind()?;
    let id = step.id.clone();
    // Without a live object only these actions have something to do; a deletion has nothing left to do.
    let Some(live) = live else {
        return Ok(match &step.action {
            WriteAction::Undelete { new_name, without } => {
                let (new_name, frees_addresses) = (new_name.clone(), !without.is_empty());
                let call = DirectoryWrite::Undelete { kind, id, new_name, frees_addresses };
                write(call, vec!["object".to_owned()])
            }
            WriteAction::Create { body } => {
                write(DirectoryWrite::Create { kind, body: body.clone() }, vec!["object".to_owned()])
            }
            WriteAction::Delete => Check::So,
            _ => Check::Gone,
        });
    };
    match &step.action {
        // The schedule of a role that is there may end at another time: then somebody gave it otherwise.
        WriteAction::Create { body } if step.is_fact() && ends_otherwise(body, &live.object) => {
            Ok(Check::Changed(vec![SCHEDULE.to_owned()]))
        }
        WriteAction::Undelete { .. } | WriteAction::Adopt { .. } | WriteAction::Create { .. } => {
            Ok(Check::So)
        }
        // A schedule is not changed in place: another end is asked for by a request of its own.
        WriteAction::Update { body, .. } if step.is_fact() => Ok(schedule(kind, step, body, live)),
        WriteAction::Update { body, .. } => Ok(update(kind, step, body, live)),
        WriteAction::Act { property, argument } => act(kind, step, property, argument, live),
        WriteAction::AddLinks { link, to } => {
            let link = kinds::link(link)?;
            let now = ends(live, link);
            let missing: Vec<_> = to.iter().filter(|e| !now.contains(&e.id.as_str())).collect();
            if missing.is_empty() {
                return Ok(Check::So);
            }
            // A single link, such as a manager, replaces what is there: it may only replace what the preview showed,
            // and of an object that was not there it showed none.
            let shown = step.before.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let is_other = !shown.iter().filter_map(Value::as_str).eq(now.iter().copied());
            if link.write == LinkWrite::Single && is_other && !step.is_compared_later() {
                return Ok(Check::Changed(vec![link.name.to_owned()]));
            }
            let what = missing.iter().map(|e| format!("{}/{}", link.name, e.id)).collect();
            let to = missing.into_iter().map(|e| (e.id.clone(), e.odata_type.clone())).collect();
            Ok(write(DirectoryWrite::AddLinks { link, from: id, to }, what))
        }
        WriteAction::RemoveLink { link, to } => {
            let link = kinds::link(link)?;
            if !ends(live, link).contains(&to.id.as_str()) {
                return Ok(Check::So);
            }
            let what = vec![format!("{}/{}", link.name, to.id)];
            Ok(write(DirectoryWrite::RemoveLink { link, from: id, to: to.id.clone() }, what))
        }
        // One by one: each is judged as a removal of its own. So the call takes the first, and all are named.
        WriteAction::RemoveOtherLinks { link, keep } => {
            let link = kinds::link(link)?;
            let others = others(live, link, keep);
            let Some(first) = others.first() else { return Ok(Check::So) };
            let call = DirectoryWrite::RemoveLink { link, from: id, to: first.clone() };
            Ok(write(call, others.iter().map(|other| format!("{}/{other}", link.name)).collect()))
        }
        // Sent as a whole, so compared as a whole: if one entry is neither old nor new, all is left.
        WriteAction::Assign { link, assignments } => {
            let link = kinds::link(link)?;
            let call = DirectoryWrite::Assign { link, from: id, assignments: assignments.clone() };
            Ok(side_by_side(step, &targets(live, link), call, link.name))
        }
        // Nothing of it shows at the object.
        WriteAction::IssuePass { .. } => Ok(Check::Changed(vec![ACCESS_PASS.to_owned()])),
        WriteAction::AssignLicences { add, remove } => Ok(licences(kind, step, add, remove, live)),
        WriteAction::Delete => Ok(delete(kind, step, live)),
    }
}

fn write(call: DirectoryWrite, what: Vec<String>) -> Check {
    Check::Write(Box::new(call), what)
}

fn update(kind: &'static Kind, step: &Step, body: &Map<String, Value>, live: &LiveObject) -> Check {
    let now = content(kind, &live.object);
    let empty = Map::new();
    let side = |v: &'_ Option<Value>| v.as_ref().and_then(Value::as_object).cloned();
    let (before, mut after) = (side(&step.before), side(&step.after).unwrap_or_else(|| empty.clone()));
    let mut body = body.clone();
    if step.is_compared_later() {
        // The object is out of the recycle bin, and what it is to become follows from what it shows now.
        for (property, value) in &mut after {
            *value = at_last(kind, property, value, &now, step.is_exact());
            body.insert(property.clone(), value.clone());
        }
    }
    let differs: Vec<String> = after
        .iter()
        .filter(|(p, v)| !same_in(kind, p, now.get(*p), Some(v)))
        .map(|(p, _)| p.clone())
        .collect();
    if differs.is_empty() {
        return Check::So;
    }
    if let Some(before) = before.filter(|_| !step.is_compared_later()) {
        let is_as = |p: &str, then: &Map<String, Value>| same_in(kind, p, now.get(p), then.get(p));
        let is_other = |p: &&String| !is_as(p, &before) && !is_as(p, &after);
        let others: Vec<String> = after.keys().filter(is_other).cloned().collect();
        if !others.is_empty() {
            return Check::Changed(others);
        }
        return write(DirectoryWrite::Update { kind, id: step.id.clone(), body }, differs);
    }
    // The object kept its values in the recycle bin: only what differs is written.
    if kind.writing.update == Update::Patch {
        body.retain(|p, _| p.starts_with('@') || differs.contains(p));
    }
    write(DirectoryWrite::Update { kind, id: step.id.clone(), body }, differs)
}

/// Whether a schedule that was asked for has another end than the one that is there. What was asked for without a schedule,
/// such as a plain role assignment, has no end to compare.
fn ends_otherwise(asked: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    asked.contains_key(SCHEDULE) && ScheduleEnd::of(asked) != ScheduleEnd::of(live)
}

/// The change of a schedule, which is a request that names all of it.
fn schedule(kind: &'static Kind, step: &Step, body: &Map<String, Value>, live: &LiveObject) -> Check {
    let end = |o: Option<&Value>| o.and_then(Value::as_object).map_or(ScheduleEnd::Never, ScheduleEnd::of);
    let (now, before, after) =
        (ScheduleEnd::of(&live.object), end(step.before.as_ref()), end(step.after.as_ref()));
    let what = vec![SCHEDULE.to_owned()];
    if now == after {
        Check::So
    } else if now == before {
        write(DirectoryWrite::Create { kind, body: body.clone() }, what)
    } else {
        Check::Changed(what)
    }
}

fn act(
    kind: &'static Kind,
    step: &Step,
    property: &str,
    argument: &Value,
    live: &LiveObject,
) -> Result<Check> {
    let action = kind.writing.actions.iter().find(|a| a.property == property);
    let action = action.ok_or_else(|| domain::Error::corrupt("a stored plan names an unknown action"))?;
    let now = content(kind, &live.object).get(property).cloned().unwrap_or_default();
    let body = Map::from_iter([(action.argument.to_owned(), argument.clone())]);
    let call = DirectoryWrite::Act { kind, id: step.id.clone(), path: action.path, body };
    Ok(side_by_side(step, &now, call, property))
}

fn licences(kind: &'static Kind, step: &Step, add: &[Value], remove: &[String], live: &LiveObject) -> Check {
    let now = direct_licences(&live.object);
    let what = "assignedLicenses";
    if step.before.is_some() && !step.is_compared_later() {
        let call = DirectoryWrite::AssignLicences {
            kind,
            id: step.id.clone(),
            add: add.to_vec(),
            remove: remove.to_vec(),
        };
        return side_by_side(step, &Value::Array(now), call, what);
    }
    let missing: Vec<Value> = add.iter().filter(|l| !now.contains(l)).cloned().collect();
    let sku = |licence: &Value| licence.get("skuId").and_then(Value::as_str).map(str::to_owned);
    let kept: Vec<Value> = step.after.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let is_kept = |of: &String| kept.iter().filter_map(sku).any(|kept| kept == *of);
    let mut extra: Vec<String> = now.iter().filter_map(sku).collect();
    extra.retain(|of| remove.contains(of) || (step.is_exact() && !is_kept(of)));
    if missing.is_empty() && extra.is_empty() {
        return Check::So;
    }
    let call = DirectoryWrite::AssignLicences { kind, id: step.id.clone(), add: missing, remove: extra };
    write(call, vec![what.to_owned()])
}

fn delete(kind: &'static Kind, step: &Step, live: &LiveObject) -> Check {
    let before = step.before.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let (then, now) = (content(kind, &before), content(kind, &live.object));
    // What licences come through a group is not the object's own: they change with the group's.
    let is_licences = |p: &str| kind.writing.licences && p == LICENCES;
    let compared =
        |p: &&String| kind.compares(p) && !is_licences(p) && !same_in(kind, p, then.get(*p), now.get(*p));
    let mut others: Vec<String> = then.keys().filter(compared).cloned().collect();
    if kind.writing.licences && direct_licences(&before) != direct_licences(&live.object) {
        others.push(LICENCES.to_owned());
    }
    if !others.is_empty() && !step.is_fact() {
        return Check::Changed(others);
    }
    let id = live.object.get("id").and_then(Value::as_str).unwrap_or(&step.id).to_owned();
    write(DirectoryWrite::Delete { kind, id, object: live.object.clone() }, vec!["object".to_owned()])
}

/// Judges a value that is replaced as one.
fn side_by_side(step: &Step, now: &Value, call: DirectoryWrite, what: &str) -> Check {
    if same(Some(now), step.after.as_ref()) {
        Check::So
    } else if step.before.is_none() || same(Some(now), step.before.as_ref()) {
        write(call, vec![what.to_owned()])
    } else {
        Check::Changed(vec![what.to_owned()])
    }
}

fn ends<'a>(live: &'a LiveObject, link: &LinkType) -> Vec<&'a str> {
    let of = live.links.iter().filter(|(l, _, end)| l.name == link.name && *end != LinkEnd::Gone);
    let mut ends: Vec<&str> = of.map(|(_, to, _)| to.as_str()).collect();
    ends.sort_unstable();
    ends
}

/// The far ends of the links of a type that are not among those to be kept.
pub(super) fn others(live: &LiveObject, link: &LinkType, keep: &[End]) -> Vec<String> {
    // Why a set: of a large group both are many thousands.
    let keep: BTreeSet<&str> = keep.iter().map(|end| end.id.as_str()).collect();
    ends(live, link).into_iter().filter(|id| !keep.contains(id)).map(str::to_owned).collect()
}

/// Assignments in the order of their keys, without what the service adds.
fn targets(live: &LiveObject, link: &LinkType) -> Value {
    let mut of: Vec<(&str, Value)> = live
        .links
        .iter()
        .filter(|(l, ..)| l.name == link.name)
        .filter_map(|(_, to, end)| match end {
            LinkEnd::Present(value) => {
                let target = value.get("target").cloned().unwrap_or_default();
                Some((to.as_str(), serde_json::json!({ "target": target })))
            }
            LinkEnd::Gone => None,
        })
        .collect();
    of.sort_by(|a, b| a.0.cmp(b.0));
    Value::Array(of.into_iter().map(|(_, target)| target).collect())
}
