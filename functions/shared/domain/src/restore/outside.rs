//! What device policies refer to and is gone: it is named, and the rest is written without it. A filter apart: an
//! assignment is never sent without the filter that narrows it.

use super::draft::Planner;
use super::{Cause, Item};
use crate::kinds::{Named, OUTSIDE, Outside, named_in};
use serde_json::{Map, Value};

/// Whether it is known that the collection has no such object.
fn is_gone(planner: &Planner<'_>, outside: &Outside, id: &str) -> bool {
    planner.inputs.outside.get(outside.name).is_some_and(|known| !known.contains(id))
}

/// What the target of an assignment names and is gone, for a person.
pub(super) fn gone_from_target(planner: &Planner<'_>, target: &Map<String, Value>) -> Option<String> {
    let of_targets = OUTSIDE.iter().filter(|outside| outside.property().is_none());
    let mut gone =
        of_targets.filter(|outside| outside.ids(target).iter().any(|id| is_gone(planner, outside, id)));
    gone.next().map(|outside| {
        let label = outside.label;
        format!("its {label} is not there; without the {label} it would reach more than it did, so it is not assigned")
    })
}

/// Takes out of the value of a property what is gone, and names it as impossible.
pub(super) fn without_gone(planner: &mut Planner<'_>, item: &Item, property: &str, value: &mut Value) {
    if !item.kind.writing.typed {
        return;
    }
    for outside in OUTSIDE.iter().filter(|outside| outside.property() == Some(property)) {
        let is_gone = |id: &str| is_gone(planner, outside, id);
        let names_gone = |part: &Value, member: &str| {
            part.as_object().and_then(|p| named_in(p, member)).is_some_and(is_gone)
        };
        let lost: Vec<String> = outside
            .ids(&Map::from_iter([(property.to_owned(), value.clone())]))
            .into_iter()
            .filter(|id| is_gone(id))
            .collect();
        match (outside.named, &mut *value) {
            (Named::InList(_), Value::Array(ids)) => ids.retain(|id| !id.as_str().is_some_and(is_gone)),
            (Named::InPart { member, .. }, part) if names_gone(part, member) => *part = Value::Null,
            (Named::InItems { items, member, .. }, Value::Array(outer)) => {
                for inner in outer.iter_mut().filter_map(|item| item.get_mut(items)?.as_array_mut()) {
                    inner.retain(|one| !names_gone(one, member));
                }
            }
            _ => {}
        }
        for id in lost {
            let why = format!("the {} is not there; the policy is written without it", outside.label);
            planner.impossible(item, &format!("{property}/{id}"), Cause::TargetMissing, &why);
        }
    }
}
