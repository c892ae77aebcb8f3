//! Licences: only those that were given directly; what comes through a group comes by itself.

use super::draft::{Draft, Planner};
use super::{AttributeMode, Cause, Held, Item, LeftBy, Phase, Warning, WriteAction, unread};
use crate::kinds::Kind;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The property of users and groups that holds their licences.
pub const PROPERTY: &str = "assignedLicenses";
/// The property that says which of a user's came through a group.
const STATES: &str = "licenseAssignmentStates";

/// The licences of a user or group that were not inherited, as `{skuId, disabledPlans}`, sorted.
pub fn direct_licences(object: &Map<String, Value>) -> Vec<Value> {
    let list = |property: &str| object.get(property).and_then(Value::as_array);
    let states = list(STATES);
    // Why: groups have no states, and inherit nothing.
    let source = states.or_else(|| list(PROPERTY)).into_iter().flatten();
    let direct = source.filter(|s| s.get("assignedByGroup").is_none_or(Value::is_null));
    let by_sku: BTreeMap<&str, Vec<&str>> = direct
        .filter_map(|s| {
            let plans = s.get("disabledPlans").and_then(Value::as_array).into_iter().flatten();
            let mut plans: Vec<_> = plans.filter_map(Value::as_str).collect();
            plans.sort_unstable();
            Some((s.get("skuId")?.as_str()?, plans))
        })
        .collect();
    by_sku.into_iter().map(|(sku, plans)| json!({ "skuId": sku, "disabledPlans": plans })).collect()
}

/// The SKUs of an object's own licences that are not in effect, with Graph's word for why (`CountViolation`).
/// Source: learn.microsoft.com/graph/api/resources/licenseassignmentstate.
fn in_error(object: &Map<String, Value>) -> Vec<(&str, &str)> {
    let states = object.get(STATES).and_then(Value::as_array).into_iter().flatten();
    let failed =
        states.filter(|s| s["state"] == "Error" && s.get("assignedByGroup").is_none_or(Value::is_null));
    failed.filter_map(|s| Some((s["skuId"].as_str()?, s["error"].as_str().unwrap_or("Other")))).collect()
}

/// Whether a property of objects that can be licensed says which licences they have: it is planned here, path by path.
pub(super) fn is_about(kind: &Kind, property: &str) -> bool {
    kind.writing.licences && [PROPERTY, STATES].contains(&property)
}

/// Whether a side knows the object's own licences.
pub(super) fn knows(held: &Held) -> bool {
    !held.unknown.contains(PROPERTY) && !held.unknown.contains(STATES)
}

/// The step that makes the licences of an item what they shall be.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: &Held, live: Option<&Held>) {
    let is_all = item.chooses(PROPERTY) || item.chooses(STATES);
    let paths = item.paths_in(PROPERTY).chain(item.paths_in(STATES));
    let chosen: BTreeSet<&str> = paths.filter_map(|path| path.split(['[', ']']).nth(1)).collect();
    if !item.kind.writing.licences || !is_all && chosen.is_empty() {
        return;
    }
    if !knows(wanted) || live.is_some_and(|live| !knows(live)) {
        return planner.impossible(item, PROPERTY, Cause::NotRead, unread::why(knows(wanted)));
    }
    let (mut then, now) =
        (direct_licences(&wanted.object), live.map(|l| direct_licences(&l.object)).unwrap_or_default());
    let sku = |licence: &Value| licence["skuId"].as_str().unwrap_or_default().to_owned();
    if !is_all {
        // Licences of which nothing was chosen stay as they are.
        let is_chosen = |licence: &Value| chosen.contains(sku(licence).as_str());
        then.retain(is_chosen);
        then.extend(now.iter().filter(|licence| !is_chosen(licence)).cloned());
        then.sort_by_key(sku);
    }
    for (sku, error) in live.into_iter().flat_map(|live| in_error(&live.object)) {
        if then.iter().any(|licence| licence["skuId"] == sku) {
            let why = format!("it is assigned, and Microsoft says that it is not in effect: {error}");
            planner.impossible(item, &format!("{PROPERTY}/{sku}"), Cause::LicenceInError, &why);
        }
    }
    let add: Vec<Value> = then.iter().filter(|l| !now.contains(l)).cloned().collect();
    let mut remove: Vec<String> =
        now.iter().map(sku).filter(|s| !then.iter().any(|l| sku(l) == *s)).collect();
    if planner.inputs.attributes == AttributeMode::Merge && !remove.is_empty() {
        planner.left(item, PROPERTY, std::mem::take(&mut remove), LeftBy::Attributes);
    }
    // What cannot be seen in the recycle bin is taken away when it can.
    let is_exact = item.returns() && live.is_none() && planner.inputs.attributes == AttributeMode::Overwrite;
    if add.is_empty() && remove.is_empty() && !is_exact {
        return;
    }
    let mut after: Vec<Value> = now
        .iter()
        .filter(|l| !remove.contains(&sku(l)) && !add.iter().any(|a| sku(a) == sku(l)))
        .cloned()
        .collect();
    after.extend(add.iter().cloned());
    after.sort_by_key(sku);
    planner.step(
        item,
        Draft {
            phase: Phase::Licences,
            action: WriteAction::AssignLicences { add, remove },
            before: live.map(|_| Value::Array(now)),
            after: Some(Value::Array(after)),
            warnings: if is_exact { vec![Warning::EmptiesLater] } else { vec![] },
        },
    );
}
