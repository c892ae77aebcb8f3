//! Values that one object of a tenant alone can have, such as the name by which somebody signs in, pass from one object to
//! the next: whoever gets one is written after whoever gives it up. Where people have each other's, one of them has a name
//! that nobody else has meanwhile.

use super::{Phase, Step, Warning, WriteAction};
use crate::kinds::{Shown, Update};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The values that one object alone can have, of what a step says of its object on one side; in lower case.
pub fn only_ones(step: &Step, side: Option<&Value>) -> BTreeSet<String> {
    let (Some(kind), Some(object)) = (step.kind.find(), side.and_then(Value::as_object)) else {
        return BTreeSet::new();
    };
    let places = kind.writing.places.iter().filter(|place| place.is_unique);
    places.flat_map(|place| place.values(object)).map(str::to_lowercase).collect()
}

/// What comes of the steps of a plan where values are given up and given.
pub(super) struct InTurn {
    /// The steps, in an order in which each value is given up before another object gets it.
    pub steps: Vec<Step>,
    /// What no step writes, since another object has the value and keeps it: the step that was to write it, and the property.
    pub kept_by_others: Vec<(Step, &'static str)>,
}

/// Puts steps in turn. `taken` says of values that are to be given which object has each now.
pub(super) fn in_turn(steps: Vec<Step>, taken: &BTreeMap<String, String>) -> InTurn {
    let Settled { steps, late, kept_by_others } = settle(steps, taken);
    let mut placed = Vec::with_capacity(steps.len());
    let mut rest = steps.into_iter().peekable();
    while let Some(first) = rest.next() {
        let (phase, changes) = (first.phase, is_change(&first));
        let mut alike = vec![first];
        while let Some(next) = rest.next_if(|next| next.phase == phase && is_change(next) == changes) {
            alike.push(next);
        }
        placed.extend(if changes { passed_on(alike) } else { alike });
    }
    if !late.is_empty() {
        // Who has a value and is deleted gives it up with that: before somebody who is to have it comes into a unit that
        // keeps others from writing them.
        let holders: BTreeSet<String> = late.iter().map(|(_, holder)| holder.clone()).collect();
        let is_awaited = |step: &Step| is_deletion(step) && holders.contains(&step.id);
        let (awaited, others): (Vec<Step>, Vec<Step>) = placed.into_iter().partition(is_awaited);
        placed = others;
        let at = placed.iter().position(|step| step.phase >= Phase::RestrictedLinks).unwrap_or(placed.len());
        let given = passed_on(late.into_iter().map(|(step, _)| step).collect());
        placed.splice(at..at, awaited.into_iter().chain(given));
    }
    InTurn { steps: placed, kept_by_others }
}

/// Steps of which it is known when they can have the values that others have.
struct Settled {
    steps: Vec<Step>,
    /// Those that come after a deletion, each with the id of what is deleted.
    late: Vec<(Step, String)>,
    kept_by_others: Vec<(Step, &'static str)>,
}

fn settle(steps: Vec<Step>, taken: &BTreeMap<String, String>) -> Settled {
    if taken.is_empty() {
        return Settled { steps, late: vec![], kept_by_others: vec![] };
    }
    let mut given_up: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        let values = differing(step, step.before.as_ref(), step.after.as_ref());
        given_up.extend(values.map(|(_, value)| ((value, step.id.as_str()), at)));
    }
    let deleted: BTreeSet<&str> =
        steps.iter().filter(|step| is_deletion(step)).map(|step| step.id.as_str()).collect();
    let mut waits: BTreeMap<usize, String> = BTreeMap::new();
    let mut never: BTreeSet<(usize, &'static str)> = BTreeSet::new();
    // Until nothing changes: who waits for somebody who waits comes later still, and who gets nothing gives nothing up.
    loop {
        let (late_before, never_before) = (waits.len(), never.len());
        for (at, step) in steps.iter().enumerate() {
            for (property, value) in gained(step) {
                let Some(holder) = taken.get(&value).filter(|holder| **holder != step.id) else { continue };
                let gives = given_up.get(&(value, holder.as_str()));
                if let Some(of) = gives.filter(|of| !never.contains(&(**of, property))) {
                    if let Some(later) = waits.get(of).cloned() {
                        waits.entry(at).or_insert(later);
                    }
                } else if deleted.contains(holder.as_str()) {
                    waits.entry(at).or_insert_with(|| holder.clone());
                } else {
                    never.insert((at, property));
                }
            }
        }
        if (late_before, never_before) == (waits.len(), never.len()) {
            break;
        }
    }
    let mut settled = Settled { steps: vec![], late: vec![], kept_by_others: vec![] };
    let never: Vec<(usize, &'static str)> = never.into_iter().collect();
    for (at, mut step) in steps.into_iter().enumerate() {
        for (_, property) in never.iter().filter(|(of, _)| *of == at) {
            settled.kept_by_others.push((step.clone(), property));
            step = without(step, property);
        }
        let is_empty =
            matches!(&step.action, WriteAction::Update { properties, .. } if properties.is_empty());
        match waits.remove(&at) {
            _ if is_empty => {}
            Some(holder) => settled.late.push((step, holder)),
            None => settled.steps.push(step),
        }
    }
    settled
}

/// The values that a change gives its object and that one object alone can have, each with its property; in lower case. Which of
/// them somebody has is looked up for them.
pub fn gained(step: &Step) -> impl Iterator<Item = (&'static str, String)> {
    differing(step, step.after.as_ref(), step.before.as_ref())
}

/// The values that one side of a change has and the other has not.
fn differing<'a>(
    step: &'a Step,
    has: Option<&'a Value>,
    had: Option<&'a Value>,
) -> impl Iterator<Item = (&'static str, String)> {
    let kind = step.kind.find().filter(|_| is_change(step) && !step.is_fact());
    let text = |side: Option<&Value>, property: &str| {
        let text = side?.get(property)?.as_str()?.to_lowercase();
        Some(text).filter(|text| !text.is_empty())
    };
    let places = kind.into_iter().flat_map(|kind| kind.writing.places);
    let same = places.filter(|place| place.is_unique && place.shown == Shown::Same);
    same.filter_map(move |place| {
        let value = text(has, place.property)?;
        (text(had, place.property).as_ref() != Some(&value)).then_some((place.property, value))
    })
}

/// A change without one of its properties.
fn without(mut step: Step, property: &str) -> Step {
    if let WriteAction::Update { body, properties } = &mut step.action {
        body.remove(property);
        properties.retain(|other| other != property);
    }
    for side in [&mut step.before, &mut step.after] {
        side.as_mut().and_then(Value::as_object_mut).map(|side| side.remove(property));
    }
    step
}

fn is_deletion(step: &Step) -> bool {
    step.action == WriteAction::Delete && !step.is_fact()
}

fn is_change(step: &Step) -> bool {
    matches!(step.action, WriteAction::Update { .. })
}

/// Changes in such an order, with a name for a while where each in a circle waits for the next.
fn passed_on(steps: Vec<Step>) -> Vec<Step> {
    // Who gives up which value, and so who waits for whom.
    let mut given_up: BTreeMap<String, usize> = BTreeMap::new();
    let mut wanted: Vec<BTreeSet<String>> = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let (had, has) = (only_ones(step, step.before.as_ref()), only_ones(step, step.after.as_ref()));
        given_up.extend(had.difference(&has).map(|value| (value.clone(), at)));
        wanted.push(has.difference(&had).cloned().collect());
    }
    let mut waits: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (at, values) in wanted.iter().enumerate() {
        let before: BTreeSet<usize> =
            values.iter().filter_map(|value| given_up.get(value).copied()).filter(|of| *of != at).collect();
        if !before.is_empty() {
            waits.insert(at, before);
        }
    }
    if waits.is_empty() {
        return steps;
    }
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|at| !waits.contains_key(at)).collect();
    let mut left: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    let mut placed = Vec::with_capacity(left.len() + 1);
    loop {
        // The first that waits for nobody: so each comes as early as it can, and none before its place.
        if let Some(at) = ready.pop_first() {
            placed.extend(left.get_mut(at).and_then(Option::take));
            ready.extend(released(&mut waits, at));
            continue;
        }
        // All that are left wait for each other: one of them gives up its value first.
        let Some(at) = first_in_circle(&waits) else { break };
        match left.get_mut(at).and_then(Option::take).map(apart) {
            Some(Ok((leaves, arrives))) => {
                placed.push(leaves);
                left[at] = Some(arrives);
                ready.extend(released(&mut waits, at));
            }
            // Nothing can stand in its place: it is tried as it is, and Graph refuses that value alone.
            Some(Err(whole)) => {
                left[at] = Some(*whole);
                waits.remove(&at);
                ready.insert(at);
            }
            None => break,
        }
    }
    placed
}

/// Those that waited for that step alone: they wait for nobody any more.
fn released(waits: &mut BTreeMap<usize, BTreeSet<usize>>, at: usize) -> Vec<usize> {
    for before in waits.values_mut() {
        before.remove(&at);
    }
    let free: Vec<usize> =
        waits.iter().filter(|(_, before)| before.is_empty()).map(|(free, _)| *free).collect();
    for one in &free {
        waits.remove(one);
    }
    free
}

/// The first of those that wait, in the end, for themselves.
fn first_in_circle(waits: &BTreeMap<usize, BTreeSet<usize>>) -> Option<usize> {
    let leads_back = |to: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![to]);
        while let Some(at) = open.pop() {
            for next in waits.get(&at).into_iter().flatten() {
                if *next == to {
                    return true;
                }
                if seen.insert(*next) {
                    open.push(*next);
                }
            }
        }
        false
    };
    waits.keys().copied().find(|at| leads_back(*at))
}

/// A change as two: the object gives its name up for one that nobody has, and gets its own when that has come free. As it was
/// where it changes no such name.
fn apart(step: Step) -> Result<(Step, Step), Box<Step>> {
    let Some((property, name)) = name_given_up(&step) else { return Err(Box::new(step)) };
    let domain = name.split_once('@').map(|(_, domain)| domain).unwrap_or_default();
    let of = |value: &str| Map::from_iter([(property.to_owned(), Value::from(value))]);
    let (own, for_a_while) = (of(&name), of(&format!("restoring-{}@{domain}", step.id)));
    let mut warnings = step.warnings.clone();
    warnings.retain(|warning| *warning == Warning::Restricted);
    warnings.push(Warning::NameForAWhile);
    let leaves = Step {
        action: WriteAction::Update { body: for_a_while.clone(), properties: vec![property.to_owned()] },
        before: Some(Value::Object(own.clone())),
        after: Some(Value::Object(for_a_while.clone())),
        warnings,
        ..step.clone()
    };
    let mut before = step.before.clone().unwrap_or_default();
    if let Some(before) = before.as_object_mut() {
        before.extend(for_a_while);
    }
    let arrives = Step { before: Some(before), instead: Some(own), ..step };
    Ok((leaves, arrives))
}

/// The property by which only one object is known, and the name that a step takes from its object in it.
fn name_given_up(step: &Step) -> Option<(&'static str, String)> {
    let kind = step.kind.find().filter(|kind| kind.writing.update == Update::Patch)?;
    let property = kind.unique_property?;
    let of = |side: &'_ Option<Value>| Some(side.as_ref()?.get(property)?.as_str()?.to_owned());
    let (name, next) = (of(&step.before)?, of(&step.after)?);
    let is_another = !next.is_empty() && name.to_lowercase() != next.to_lowercase();
    (is_another && name.contains('@')).then_some((property, name))
}
