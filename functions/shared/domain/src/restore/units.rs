//! Licences are shared out before anything is written: what a restore takes away is free for what it gives, and what
//! there is no unit for is named and not tried.

use super::draft::Planner;
use super::{Cause, Impossible, Step, Units, WriteAction};
use crate::kinds::Kind;
use serde_json::Value;
use std::collections::BTreeMap;

/// Makes the licence steps of a plan such as can be carried out with the units that there are: removals of what is
/// scarce come in steps of their own, which are sorted before the others; what has no unit is taken out.
pub(super) fn share_out(planner: &mut Planner<'_>) {
    let Some(units) = &planner.inputs.units else { return };
    let (licences, others): (Vec<Step>, Vec<Step>) = std::mem::take(&mut planner.steps)
        .into_iter()
        .partition(|step| matches!(step.action, WriteAction::AssignLicences { .. }));
    planner.steps = others;
    // How many units would have to be found beside those that are free now, by SKU.
    let mut wanted: BTreeMap<&str, i128> = BTreeMap::new();
    let mut free: BTreeMap<&str, i128> = BTreeMap::new();
    for (sku, units) in units {
        free.insert(sku, i128::from(units.there) - i128::from(units.given));
    }
    for step in licences.iter().filter(|step| takes_units(step)) {
        for sku in new_skus(step) {
            *wanted.entry(units.get_key_value(&sku).map_or("", |(known, _)| known)).or_default() += 1;
        }
    }
    let is_scarce =
        |sku: &str| wanted.get(sku).is_some_and(|wanted| free.get(sku).is_none_or(|free| free < wanted));
    let licences: Vec<Step> = licences.into_iter().flat_map(|step| apart(step, &is_scarce)).collect();
    for step in licences.iter().filter(|step| takes_units(step)) {
        let WriteAction::AssignLicences { remove, .. } = &step.action else { continue };
        for sku in remove {
            if let Some(free) = free.get_mut(sku.as_str()) {
                *free += 1;
            }
        }
    }
    // In the order of the plan each new licence takes a unit, as long as there is one.
    for mut step in licences {
        let new = if takes_units(&step) { new_skus(&step) } else { vec![] };
        let mut refused = Vec::new();
        for sku in skus(&step) {
            match free.get_mut(sku.as_str()) {
                None => refused.push((sku, Cause::NotSubscribed)),
                Some(free) if new.contains(&sku) && *free <= 0 => refused.push((sku, Cause::NoFreeLicence)),
                Some(free) if new.contains(&sku) => *free -= 1,
                Some(_) => {}
            }
        }
        for (sku, cause) in refused {
            without(&mut step, &sku);
            planner.impossible.push(impossible(&step, &sku, cause, units.get(&sku)));
        }
        let is_left = matches!(&step.action, WriteAction::AssignLicences { add, remove } if !(add.is_empty() && remove.is_empty()));
        if is_left || step.is_exact() {
            planner.steps.push(step);
        }
    }
}

/// Whether what is given takes a unit for each: a group's licences take one for each member, which Graph counts.
fn takes_units(step: &Step) -> bool {
    !step.kind.find().is_some_and(Kind::is_group)
}

fn sku_of(licence: &Value) -> Option<&str> {
    licence.get("skuId")?.as_str()
}

/// The SKUs that a step gives.
fn skus(step: &Step) -> Vec<String> {
    let WriteAction::AssignLicences { add, .. } = &step.action else { return vec![] };
    add.iter().filter_map(sku_of).map(str::to_owned).collect()
}

/// The SKUs that a step gives to who has none of them: another choice of plans takes no further unit.
fn new_skus(step: &Step) -> Vec<String> {
    let held: Vec<&str> =
        step.before.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(sku_of).collect();
    let mut skus = skus(step);
    skus.retain(|sku| !held.contains(&sku.as_str()));
    skus
}

/// A step that takes away what somebody else waits for, as two: it takes first, and gives when others have taken too.
fn apart(step: Step, is_scarce: &dyn Fn(&str) -> bool) -> Vec<Step> {
    let WriteAction::AssignLicences { add, remove } = &step.action else { return vec![step] };
    if add.is_empty() || !remove.iter().any(|sku| is_scarce(sku)) {
        return vec![step];
    }
    let (add, remove) = (add.clone(), remove.clone());
    let stays = |licence: &&Value| sku_of(licence).is_none_or(|sku| !remove.iter().any(|gone| gone == sku));
    let between =
        step.before.as_ref().and_then(Value::as_array).map(|all| all.iter().filter(stays).cloned().collect());
    let between: Option<Value> = between.map(Value::Array);
    let takes = Step {
        action: WriteAction::AssignLicences { add: vec![], remove: remove.clone() },
        after: between.clone(),
        ..step.clone()
    };
    let gives = Step { action: WriteAction::AssignLicences { add, remove: vec![] }, before: between, ..step };
    vec![takes, gives]
}

/// Takes a SKU out of what a step gives.
fn without(step: &mut Step, sku: &str) {
    let stays = |licence: &Value| sku_of(licence) != Some(sku);
    if let WriteAction::AssignLicences { add, .. } = &mut step.action {
        add.retain(stays);
    }
    if let Some(Value::Array(after)) = &mut step.after {
        after.retain(stays);
    }
}

fn impossible(step: &Step, sku: &str, cause: Cause, units: Option<&Units>) -> Impossible {
    let called = units.and_then(|units| units.name.as_deref()).unwrap_or(sku);
    let why = if cause == Cause::NotSubscribed {
        format!("the tenant has no subscription to {called} any more")
    } else {
        format!("all licences of {called} are given; free or buy one, then restore it again")
    };
    Impossible {
        kind: step.kind.clone(),
        key: step.key.clone(),
        name: step.name.clone(),
        what: format!("{}/{sku}", super::licences::PROPERTY),
        cause,
        why,
    }
}
