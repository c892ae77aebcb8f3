//! Properties of an object that comes out of the recycle bin: what it shows there is compared in the preview, and all of it
//! once more when the object is back.

use super::draft::Planner;
use super::properties::{self, Difference, goal, one_entry, parcels, update, writable};
use super::values::is_empty;
use super::{AttributeMode, Cause, Held, Item, Warning, extensions, licences, unread};
use crate::kinds::{Form, Kind};
use serde_json::{Map, Value};

/// The steps that follow when an object came out of the recycle bin. What the bin shows is compared now, and once more
/// when the object is back; what it does not show, only then.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: &Held, binned: Option<&Held>) {
    if let Some(binned) = binned {
        properties::plan(planner, item, wanted, binned);
    }
    let kind = item.kind;
    // What an object is called is not shown there as it will be: a user's name is changed for as long as it lies there.
    let is_seen = |property: &str| {
        binned.is_some_and(|held| !held.lacks(kind, property)) && kind.unique_property != Some(property)
    };
    let is_exact = planner.inputs.attributes == AttributeMode::Overwrite;
    let mut all = writable(kind, &wanted.object);
    for (property, _) in kind.writing.forms.iter().filter(|(_, form)| *form == Form::One) {
        one_entry(&mut all, property);
    }
    if is_exact {
        // What had no value then is emptied, too, where it can be.
        let of_row = kind.reading.iter().flat_map(|source| source.select).chain(kind.writing.alone).copied();
        for property in of_row.chain(wanted.object.keys().map(String::as_str)) {
            let is_value = property != "id" && !property.contains('@') && kind.link(property).is_none();
            let is_known = is_value && !wanted.lacks(kind, property);
            let is_empty = is_known && is_empty(wanted.object.get(property));
            let is_written = kind.writing.takes(property) && !kind.writing.never_empty.contains(&property);
            if is_empty && is_written && kind.compares(property) && property != licences::PROPERTY {
                all.insert(property.to_owned(), Value::Null);
            }
        }
    }
    kind.say_what_is_silent(&mut all);
    // Where nothing followed from a rule, Graph takes that no sooner than the rule that came since is gone, in whatever mode.
    for rule in kind.links.iter().filter_map(|link| link.ruled_by) {
        if all.contains_key(rule.mark.property) && !rule.mark.is_on(&wanted.object) {
            all.entry(rule.property).or_insert(Value::Null);
        }
    }
    extensions::take_out(planner, item, &mut all);
    let alone = kind.writing.alone.iter().filter_map(|p| Some((*p, wanted.object.get(*p)?)));
    all.extend(alone.filter(|(_, v)| !is_empty(Some(v))).map(|(p, v)| (p.to_owned(), v.clone())));
    // What the bin shows was told above, where it is compared.
    for property in wanted.unknown.iter().copied().filter(|property| !is_seen(property)) {
        let is_written = kind.can_update(property) && !kind.is_relation(property);
        if is_written && property != licences::PROPERTY && item.chooses(property) {
            planner.impossible(item, property, Cause::NotRead, unread::why(false));
        }
    }
    // Whatever an unknown value looks like, it is none.
    all.retain(|property, _| {
        kind.can_update(property) && !is_seen(property) && !wanted.lacks(kind, property)
    });
    let unseen: Vec<Difference> = all
        .into_iter()
        .map(|(property, after)| Difference { property, before: Value::Null, after })
        .collect();
    let warnings = if is_exact { vec![Warning::EmptiesLater] } else { vec![] };
    for parcel in parcels(kind, unseen) {
        update(planner, item, &parcel, None, warnings.clone());
    }
}

/// What a property of an object that came back is to become, where it is `now` as it can be seen at last.
pub fn at_last(
    kind: &Kind,
    property: &str,
    wanted: &Value,
    now: &Map<String, Value>,
    is_exact: bool,
) -> Value {
    let mode = if is_exact { AttributeMode::Overwrite } else { AttributeMode::Merge };
    let (form, before) = (kind.writing.form(property), now.get(property));
    let is_whole = matches!(form, Some(Form::Identities));
    let goal = if is_whole { None } else { goal(mode, form, before, Some(wanted), now) };
    goal.unwrap_or_else(|| wanted.clone())
}
