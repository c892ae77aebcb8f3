//! The parts of a write that could be sent without each other, by their names, and the write of some of them.

use domain::Result;
use domain::kinds::{self, Kind, LinkEnd, Update, assignment_key};
use domain::restore::{Step, WriteAction};
use engine::ports::{DirectoryWrite, LiveObject};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A write of several parts. A part has several names where it is several properties that go together or not at all.
pub(super) struct Parcel {
    call: DirectoryWrite,
    /// What the object has of the properties that the call writes, where it writes all of them at once.
    before: Map<String, Value>,
    parts: Vec<Vec<String>>,
}

impl Parcel {
    /// The parts of a step's write; none where it has one part alone that has no name.
    pub fn of(step: &Step, call: &DirectoryWrite, live: Option<&LiveObject>) -> Self {
        let before = step.before.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let single = |name: String| vec![name];
        let parts = match call {
            DirectoryWrite::AddLinks { link, to, .. } => {
                to.iter().map(|(id, _)| single(format!("{}/{id}", link.name))).collect()
            }
            DirectoryWrite::Update { kind, .. } if kind.writing.update == Update::Put => match &step.action {
                WriteAction::Update { properties, .. } => properties.iter().cloned().map(single).collect(),
                _ => vec![],
            },
            DirectoryWrite::Update { kind, body, .. } => properties(kind, body.keys()),
            DirectoryWrite::AssignLicences { add, remove, .. } => {
                let given = add.iter().map(sku).map(licence);
                given.chain(remove.iter().map(|sku| licence(sku))).map(single).collect()
            }
            DirectoryWrite::Assign { link, assignments, .. } => {
                let there: BTreeSet<&str> = live
                    .into_iter()
                    .flat_map(|live| &live.links)
                    .filter(|(of, _, end)| of.name == link.name && *end != LinkEnd::Gone)
                    .map(|(_, to, _)| to.as_str())
                    .collect();
                let keys =
                    assignments.iter().map(|a| assignment_key(a.get("target").unwrap_or(&Value::Null)));
                let new = keys.filter(|key| !there.contains(key.as_str()));
                new.map(|key| single(format!("{}/{key}", link.name))).collect()
            }
            _ => vec![],
        };
        Self { call: call.clone(), before, parts }
    }

    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether these parts take something for which these others, which Graph took already, give nothing: nobody loses in an
    /// exchange what they had for something that is refused.
    pub fn only_takes(&self, parts: &[usize], taken: &[usize]) -> bool {
        let DirectoryWrite::AssignLicences { add, .. } = &self.call else { return false };
        // Those that are given come first.
        let gives = |parts: &[usize]| parts.iter().any(|part| *part < add.len());
        !add.is_empty() && !gives(parts) && !gives(taken)
    }

    /// The names of these parts.
    pub fn names(&self, parts: &[usize]) -> BTreeSet<String> {
        parts.iter().filter_map(|part| self.parts.get(*part)).flatten().cloned().collect()
    }

    /// The write of these parts, after those that Graph took already.
    pub fn only(&self, parts: &[usize], taken: &[usize]) -> DirectoryWrite {
        let all: BTreeSet<String> = self.parts.iter().flatten().cloned().collect();
        let (sent, held) = (self.names(parts), self.names(taken));
        let mut call = self.call.clone();
        match &mut call {
            DirectoryWrite::AddLinks { link, to, .. } => {
                to.retain(|(id, _)| sent.contains(&format!("{}/{id}", link.name)));
            }
            DirectoryWrite::Update { kind, body, .. } if kind.writing.update == Update::Put => {
                // It replaces the whole object, so it carries what was taken, too.
                for name in all.iter().filter(|name| !sent.contains(*name) && !held.contains(*name)) {
                    match self.before.get(name) {
                        Some(value) => body.insert(name.clone(), value.clone()),
                        None => body.remove(name),
                    };
                }
            }
            DirectoryWrite::Update { body, .. } => {
                body.retain(|name, _| name.starts_with('@') || sent.contains(name));
            }
            DirectoryWrite::AssignLicences { add, remove, .. } => {
                add.retain(|given| sent.contains(&licence(sku(given))));
                remove.retain(|sku| sent.contains(&licence(sku)));
            }
            DirectoryWrite::Assign { link, assignments, .. } => assignments.retain(|assignment| {
                // It replaces all assignments, so it carries those that there are.
                let name = assignment_name(link.name, assignment);
                !all.contains(&name) || sent.contains(&name) || held.contains(&name)
            }),
            _ => {}
        }
        call
    }
}

/// The properties of a body, those together of which Graph takes one with the others alone.
pub(super) fn properties<'a>(kind: &Kind, names: impl Iterator<Item = &'a String>) -> Vec<Vec<String>> {
    let rules = kind.links.iter().filter_map(|link| link.ruled_by);
    let ruled: BTreeSet<&str> = rules.flat_map(|rule| [rule.mark.property, rule.property]).collect();
    let (together, apart): (Vec<String>, Vec<String>) =
        names.filter(|name| !name.starts_with('@')).cloned().partition(|name| ruled.contains(name.as_str()));
    let mut parts = Vec::new();
    if !together.is_empty() {
        parts.push(together);
    }
    parts.extend(apart.into_iter().map(|name| vec![name]));
    parts
}

/// The step without the parts of these names: what it is to leave once Graph has refused those.
pub(super) fn without(step: &Step, names: &BTreeSet<String>) -> Result<Step> {
    let mut left = step.clone();
    let before = step.before.clone();
    match &mut left.action {
        WriteAction::AddLinks { link, to } => to.retain(|end| !names.contains(&format!("{link}/{}", end.id))),
        WriteAction::Update { body, properties } => {
            let is_put = step.kind()?.writing.update == Update::Put;
            properties.retain(|name| !names.contains(name));
            let before = before.as_ref().and_then(Value::as_object);
            let take_out = |map: &mut Map<String, Value>| {
                for name in names {
                    match before.and_then(|before| before.get(name)).filter(|_| is_put) {
                        Some(value) => map.insert(name.clone(), value.clone()),
                        None => map.remove(name),
                    };
                }
            };
            take_out(body);
            left.after.as_mut().and_then(Value::as_object_mut).into_iter().for_each(take_out);
        }
        WriteAction::Assign { link, assignments } => {
            assignments.retain(|assignment| !names.contains(&assignment_name(link, assignment)));
            if let Some(after) = left.after.as_mut().and_then(Value::as_array_mut) {
                let is_left = |a: &Value| {
                    let map = a.as_object();
                    map.is_none_or(|a| !names.contains(&assignment_name(link, a)))
                };
                after.retain(is_left);
            }
        }
        WriteAction::AssignLicences { add, remove } => {
            let refused = |of: &str| names.contains(&licence(of));
            let kept = before.as_ref().and_then(Value::as_array).into_iter().flatten();
            let kept = kept.filter(|given| refused(sku(given))).cloned();
            if let Some(after) = left.after.as_mut().and_then(Value::as_array_mut) {
                after.retain(|given| !refused(sku(given)));
                after.extend(kept);
            }
            add.retain(|given| !refused(sku(given)));
            remove.retain(|of| !refused(of));
        }
        _ => {}
    }
    Ok(left)
}

/// The id of the object that a part's name leads to; none of a property.
pub(super) fn far_end(name: &str) -> Option<&str> {
    let (link, end) = name.split_once('/')?;
    kinds::link(link).ok()?;
    end.split('!').next()
}

pub(super) fn assignment_name(link: &str, assignment: &Map<String, Value>) -> String {
    format!("{link}/{}", assignment_key(assignment.get("target").unwrap_or(&Value::Null)))
}

fn licence(sku: &str) -> String {
    format!("assignedLicenses/{sku}")
}

fn sku(licence: &Value) -> &str {
    licence.get("skuId").and_then(Value::as_str).unwrap_or_default()
}
