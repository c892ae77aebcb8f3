//! Licences are shared out before anything is written: what a restore takes away is free for what it gives, and what
//! there is no unit for is named and not tried.

use super::draft::Planner;
use super::{Cause, Impossible, Step, Units, WriteAction};
use crate::kinds::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Makes the licence steps of a plan such as can be carried out with the units that there are: each comes when what it gives
/// is free, and what has no unit is taken out.
pub(super) fn share_out(planner: &mut Planner<'_>) {
    let Some(units) = &planner.inputs.units else { return };
    let (licences, others): (Vec<Step>, Vec<Step>) = std::mem::take(&mut planner.steps)
        .into_iter()
        .partition(|step| matches!(step.action, WriteAction::AssignLicences { .. }));
    planner.steps = others;
    let free_now: Free = units
        .iter()
        .map(|(sku, units)| (sku.clone(), i128::from(units.there) - i128::from(units.given)))
        .collect();
    let mut free = free_now.clone();
    for step in &licences {
        give_back(step, &mut free);
    }
    // In the order of the plan each new licence takes a unit, as long as there is one.
    let mut kept = Vec::with_capacity(licences.len());
    for mut step in licences {
        let new = new_skus(&step);
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
            kept.push(step);
        }
    }
    planner.steps.extend(in_turn(kept, free_now));
}

/// How many units are free, by SKU.
type Free = BTreeMap<String, i128>;

/// Steps with their places in the plan.
type Placed = (usize, Step);

/// The steps in an order in which each finds the units that it needs. Who frees no unit comes last: a unit that comes free goes to
/// who frees another. Where all who free one wait, one of them takes first and gives in a call of its own: people who exchange two
/// licences cost one call more, all together.
fn in_turn(steps: Vec<Step>, mut free: Free) -> Vec<Step> {
    let mut placed = Vec::with_capacity(steps.len());
    let mut last: Vec<Placed> = Vec::new();
    // Who frees a unit, by what they need: of those who need the same each can be next or none.
    let mut waiting: BTreeMap<Vec<String>, VecDeque<Placed>> = BTreeMap::new();
    for (at, step) in steps.into_iter().enumerate() {
        if removed(&step).is_empty() {
            last.push((at, step));
        } else {
            waiting.entry(new_skus(&step)).or_default().push_back((at, step));
        }
    }
    loop {
        let is_free = |sku: &String| free.get(sku).is_some_and(|free| *free > 0);
        let ready = waiting.iter().filter(|(needs, _)| needs.iter().all(is_free));
        let next = ready.filter_map(|(needs, all)| Some((all.front()?.0, needs.clone()))).min();
        if let Some((_, needs)) = next
            && let Some((_, step)) = waiting.get_mut(&needs).and_then(VecDeque::pop_front)
        {
            for sku in needs {
                *free.entry(sku).or_default() -= 1;
            }
            give_back(&step, &mut free);
            placed.push(step);
            continue;
        }
        // All wait: the first that has what somebody waits for takes it away now and is given the rest later.
        let needed_last: Vec<String> = last.iter().flat_map(|(_, step)| new_skus(step)).collect();
        let left = waiting.iter().filter(|(_, all)| !all.is_empty());
        let needed: BTreeSet<&String> = left.flat_map(|(needs, _)| needs).chain(&needed_last).collect();
        let frees = |(_, step): &Placed| removed(step).iter().any(|sku| needed.contains(sku));
        let first = waiting.iter().filter_map(|(needs, all)| {
            let nth = all.iter().position(frees)?;
            Some((all.get(nth)?.0, nth, needs.clone()))
        });
        let Some((at, nth, needs)) = first.min() else { break };
        if let Some((_, step)) = waiting.get_mut(&needs).and_then(|all| all.remove(nth)) {
            let (takes, gives) = apart(step);
            give_back(&takes, &mut free);
            placed.push(takes);
            last.push((at, gives));
        }
    }
    // And those who wait for what nobody gives back.
    last.extend(waiting.into_values().flatten());
    last.sort_by_key(|(at, _)| *at);
    placed.extend(last.into_iter().map(|(_, step)| step));
    placed
}

/// The SKUs that a step takes away, of which each frees a unit.
fn removed(step: &Step) -> &[String] {
    match &step.action {
        WriteAction::AssignLicences { remove, .. } if takes_units(step) => remove,
        _ => &[],
    }
}

fn give_back(step: &Step, free: &mut Free) {
    for sku in removed(step) {
        if let Some(free) = free.get_mut(sku) {
            *free += 1;
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

/// The SKUs that a step gives to who has none of them, each of which takes a unit: another choice of plans takes no further
/// one.
fn new_skus(step: &Step) -> Vec<String> {
    if !takes_units(step) {
        return vec![];
    }
    let held: Vec<&str> =
        step.before.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(sku_of).collect();
    let mut skus = skus(step);
    skus.retain(|sku| !held.contains(&sku.as_str()));
    skus
}

/// A step as two: it takes away what somebody else waits for, and gives when others have taken too.
fn apart(step: Step) -> (Step, Step) {
    let WriteAction::AssignLicences { add, remove } = &step.action else { return (step.clone(), step) };
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
    (takes, gives)
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
