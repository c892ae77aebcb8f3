//! Rules that lead in a circle: two new groups, each with a rule that names the other, or one with a rule that names
//! itself. Each is made without its rule, and gets it when all of them have their ids.

use super::order::in_order;
use super::{Phase, Step, WriteAction, id_map};
use crate::kinds::{Kind, Rule};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The steps with the rules taken out of creations that cannot be made with them, and put into steps of their own.
pub(super) fn opened(steps: Vec<Step>) -> Vec<Step> {
    let has_rules = |step: &Step| match (&step.action, step.kind.find()) {
        (WriteAction::Create { body }, Some(kind)) => !rules(kind, body).is_empty(),
        _ => false,
    };
    if !steps.iter().any(has_rules) {
        return steps;
    }
    let (_, stuck) = in_order(steps.clone());
    let makes = |step: &&Step| matches!(step.action, WriteAction::Create { .. });
    let needs: BTreeMap<&str, &[String]> =
        stuck.iter().filter(makes).map(|step| (step.id.as_str(), step.depends_on.as_slice())).collect();
    // What merely waits for a circle is made with its rule, once the circle is opened.
    let is_stuck = |step: &Step| needs.contains_key(step.id.as_str()) && leads_back(&needs, &step.id);
    let mut opened = Vec::with_capacity(steps.len());
    let mut given = Vec::new();
    for step in steps {
        match apart(&step).filter(|_| is_stuck(&step) || names_itself(&step)) {
            Some((without, rule)) => {
                opened.push(without);
                given.push(rule);
            }
            None => opened.push(step),
        }
    }
    // After all that is made, before links and whatever else comes later.
    let at = opened.iter().position(|step| step.phase >= Phase::Links).unwrap_or(opened.len());
    opened.splice(at..at, given);
    opened
}

/// Whether what an object needs leads back to it.
fn leads_back(needs: &BTreeMap<&str, &[String]>, to: &str) -> bool {
    let of = |id: &str| needs.get(id).copied().unwrap_or_default();
    let mut open: Vec<&str> = of(to).iter().map(String::as_str).filter(|id| *id != to).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if id == to {
            return true;
        }
        if seen.insert(id) {
            open.extend(of(id).iter().map(String::as_str).filter(|next| *next != id));
        }
    }
    false
}

/// The rules of an object that is created, where its links follow from them.
fn rules(kind: &Kind, body: &Map<String, Value>) -> Vec<Rule> {
    let rules = kind.links.iter().filter_map(|link| link.ruled_by);
    rules.filter(|rule| rule.mark.is_on(body)).collect()
}

fn names_itself(step: &Step) -> bool {
    let (WriteAction::Create { body }, Some(kind)) = (&step.action, step.kind.find()) else { return false };
    rules(kind, body).iter().any(|rule| {
        let text = body.get(rule.property).and_then(Value::as_str).unwrap_or_default();
        id_map::tokens(text).any(|token| token == step.id)
    })
}

/// A creation without the rule, and the step that gives it; none where there is no rule.
fn apart(step: &Step) -> Option<(Step, Step)> {
    let WriteAction::Create { body } = &step.action else { return None };
    let rules = rules(step.kind.find()?, body);
    if rules.is_empty() {
        return None;
    }
    let is_of_rule =
        |property: &str| rules.iter().any(|rule| rule.is_about(property) || rule.state == property);
    let given: Map<String, Value> = body
        .iter()
        .filter(|(property, _)| is_of_rule(property))
        .map(|(p, v)| (p.clone(), v.clone()))
        .collect();
    let ruled = |side: &mut Map<String, Value>| {
        for rule in &rules {
            side.remove(rule.property);
            match side.get_mut(rule.mark.property) {
                Some(Value::Array(values)) => values.retain(|value| value != rule.mark.value),
                _ => drop(side.remove(rule.mark.property)),
            }
        }
        side.retain(|property, _| {
            !is_of_rule(property) || rules.iter().any(|rule| rule.mark.property == property)
        });
    };
    let mut without = step.clone();
    if let WriteAction::Create { body } = &mut without.action {
        ruled(body);
    }
    without.after.as_mut().and_then(Value::as_object_mut).into_iter().for_each(ruled);
    let refers = |step: &mut Step| {
        let refers: Vec<String> = step.refers_to();
        step.depends_on.retain(|id| refers.contains(id));
    };
    let properties = given.keys().cloned().collect();
    let rule = Step {
        after: Some(Value::Object(given.clone())),
        action: WriteAction::Update { body: given, properties },
        before: None,
        warnings: vec![],
        ..step.clone()
    };
    refers(&mut without);
    Some((without, rule))
}
