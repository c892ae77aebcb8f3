//! Compares a live object with what a step found when it was planned and with what it is to leave.

use domain::Result;
use domain::kinds::{self, Kind, LinkEnd, LinkType, LinkWrite, Update};
use domain::restore::{Ending, Step, WriteAction, content, direct_licences, same};
use engine::ports::{DirectoryWrite, LiveObject};
use serde_json::{Map, Value};

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
            WriteAction::Undelete => write(DirectoryWrite::Undelete { kind, id }, vec!["object".to_owned()]),
            WriteAction::Create { body } => {
                write(DirectoryWrite::Create { kind, body: body.clone() }, vec!["object".to_owned()])
            }
            WriteAction::Delete => Check::So,
            _ => Check::Gone,
        });
    };
    match &step.action {
        WriteAction::Undelete | WriteAction::Adopt { .. } | WriteAction::Create { .. } => Ok(Check::So),
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
            // A single link, such as a manager, replaces what is there: it may only replace what the preview showed.
            let shown = step.before.as_ref().and_then(Value::as_array);
            let is_other = shown.is_some_and(|s| !s.iter().filter_map(Value::as_str).eq(now.iter().copied()));
            if link.write == LinkWrite::Single && is_other {
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
        WriteAction::Assign { link, assignments } => {
            let link = kinds::link(link)?;
            let call = DirectoryWrite::Assign { link, from: id, assignments: assignments.clone() };
            Ok(side_by_side(step, &targets(live, link), call, link.name))
        }
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
    let (before, after) = (side(&step.before), side(&step.after).unwrap_or_else(|| empty.clone()));
    let differs: Vec<String> =
        after.iter().filter(|(p, v)| !same(now.get(*p), Some(v))).map(|(p, _)| p.clone()).collect();
    if differs.is_empty() {
        return Check::So;
    }
    if let Some(before) = before {
        let is_other = |p: &&String| !same(now.get(*p), before.get(*p)) && !same(now.get(*p), after.get(*p));
        let others: Vec<String> = after.keys().filter(is_other).cloned().collect();
        if !others.is_empty() {
            return Check::Changed(others);
        }
        let body = body.clone();
        return write(DirectoryWrite::Update { kind, id: step.id.clone(), body }, differs);
    }
    // The object came out of the recycle bin, where it kept its values: only what differs is written.
    let mut body = body.clone();
    if kind.writing.update == Update::Patch {
        body.retain(|p, _| p.starts_with('@') || differs.contains(p));
    }
    write(DirectoryWrite::Update { kind, id: step.id.clone(), body }, differs)
}

/// The change of a schedule, which is a request that names all of it.
fn schedule(kind: &'static Kind, step: &Step, body: &Map<String, Value>, live: &LiveObject) -> Check {
    let end = |o: Option<&Value>| o.and_then(Value::as_object).map_or(Ending::Never, Ending::of);
    let (now, before, after) =
        (Ending::of(&live.object), end(step.before.as_ref()), end(step.after.as_ref()));
    let what = vec!["scheduleInfo".to_owned()];
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
    if step.before.is_some() {
        let call = DirectoryWrite::AssignLicences {
            kind,
            id: step.id.clone(),
            add: add.to_vec(),
            remove: remove.to_vec(),
        };
        return side_by_side(step, &Value::Array(now), call, what);
    }
    let missing: Vec<Value> = add.iter().filter(|l| !now.contains(l)).cloned().collect();
    if missing.is_empty() {
        return Check::So;
    }
    let call = DirectoryWrite::AssignLicences { kind, id: step.id.clone(), add: missing, remove: vec![] };
    write(call, vec![what.to_owned()])
}

fn delete(kind: &'static Kind, step: &Step, live: &LiveObject) -> Check {
    let before = step.before.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let (then, now) = (content(kind, &before), content(kind, &live.object));
    let compared = |p: &&String| kind.compares(p) && !same(then.get(*p), now.get(*p));
    let others: Vec<String> = then.keys().filter(compared).cloned().collect();
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
