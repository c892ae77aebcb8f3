//! Properties that a whole type of objects has on one side alone: Graph gives them since lately, or no longer. That is a
//! change of what Graph says, and not of the objects.
//!
//! What was given and empty is `null` and there; only what is not in an object at all counts as absent.

use super::AttributeChange;
use super::attributes::{is_annotation, says_nothing};
use super::collections::identify;
use crate::canonical::Sorting;
use crate::kinds::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Of fewer objects than this nothing is taken for a property of them all: each is told.
const FEW: u64 = 5;
/// Of how many in a hundred the property has to be there.
const HUNDREDTHS: u64 = 99;

/// A property that one side of an object has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OneSided {
    /// Where it is, as in [`AttributeChange::path`], with `[]` in place of each `[…]`.
    pub path: String,
    /// Whether the later side has it; else the earlier one.
    pub came: bool,
}

/// What Graph calls the type of an object; empty where it does not say.
pub fn type_of(object: &Map<String, Value>) -> &str {
    object.get("@odata.type").and_then(Value::as_str).unwrap_or_default()
}

/// The properties of an object, at whatever depth, that one side has and says something in, and that are not in the other
/// at all. Items of collections are compared where they say which they are; that an item came or went is no such
/// property.
pub fn one_sided(kind: &Kind, before: &Map<String, Value>, after: &Map<String, Value>) -> BTreeSet<OneSided> {
    let mut found = BTreeSet::new();
    let numbered = kind.sorting != Sorting::All;
    for (property, one, other) in pairs(before, after).filter(|(p, ..)| kind.compares(p) && *p != TYPE) {
        meet(&mut found, property.clone(), (one, other), numbered);
    }
    found
}

const TYPE: &str = "@odata.type";

/// The properties of two objects, annotations not among them, with what each side has.
fn pairs<'a>(
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, Option<&'a Value>, Option<&'a Value>)> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).filter(|k| !is_annotation(k)).collect();
    keys.into_iter().map(|key| (key, before.get(key), after.get(key)))
}

fn meet(
    found: &mut BTreeSet<OneSided>,
    path: String,
    sides: (Option<&Value>, Option<&Value>),
    numbered: bool,
) {
    match sides {
        (None, Some(value)) | (Some(value), None) if !says_nothing(value) => {
            found.insert(OneSided { path, came: sides.0.is_none() });
        }
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (key, one, other) in pairs(before, after).filter(|(k, ..)| !(numbered && *k == "id")) {
                meet(found, format!("{path}/{key}"), (one, other), numbered);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            let Some((before, after)) = identify(before, after) else { return };
            for (id, one) in before {
                let other = after.iter().find(|(other, _)| *other == id);
                if let Some((_, other)) = other {
                    meet(found, format!("{path}[]"), (Some(one), Some(*other)), numbered);
                }
            }
        }
        _ => {}
    }
}

/// How many objects of one side have a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Having {
    /// Objects in which there is a place for it.
    objects: u64,
    /// Of these, those with it in one place at least,
    some: u64,
    /// and those with it in each place.
    all: u64,
}

/// How many objects of a type have a property, on either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tally {
    before: Having,
    after: Having,
}

impl Tally {
    /// Whether so many objects show it that it may be a property of them all.
    pub fn is_worth_it(seen: u64) -> bool {
        seen >= FEW
    }

    /// Counts an object of the later side, or of the earlier one.
    pub fn add(&mut self, path: &str, object: &Map<String, Value>, is_after: bool) {
        let segments: Vec<&str> = path.split('/').collect();
        let (places, held) = places(object, &segments);
        let of = if is_after { &mut self.after } else { &mut self.before };
        of.objects += u64::from(places > 0);
        of.some += u64::from(held > 0);
        of.all += u64::from(places > 0 && held == places);
    }

    /// Whether no object of one side has it and as good as all of the other do: of the later side where it came.
    pub fn is_everywhere(&self, came: bool) -> bool {
        let (without, with) = if came { (self.before, self.after) } else { (self.after, self.before) };
        without.some == 0 && with.objects >= FEW && with.all * 100 >= with.objects * HUNDREDTHS
    }

    /// How many objects have it, on the side that has it.
    pub fn objects(&self) -> u64 {
        self.before.some.max(self.after.some)
    }
}

/// In how many places of an object a property could be, and in how many of these it is.
fn places(object: &Map<String, Value>, path: &[&str]) -> (u64, u64) {
    let Some((first, rest)) = path.split_first() else { return (0, 0) };
    if let Some(collection) = first.strip_suffix("[]") {
        let items = object.get(collection).and_then(Value::as_array).into_iter().flatten();
        return items
            .filter_map(Value::as_object)
            .map(|item| places(item, rest))
            .fold((0, 0), |(p, h), (places, held)| (p + places, h + held));
    }
    match object.get(*first) {
        held if rest.is_empty() => (1, u64::from(held.is_some())),
        Some(Value::Object(inner)) => places(inner, rest),
        _ => (0, 0),
    }
}

/// Properties that a type of objects has on one side alone, in as good as each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Everywhere(Vec<(String, OneSided)>);

impl Everywhere {
    /// Those properties, each with the type of objects that it is of.
    pub fn new(properties: impl IntoIterator<Item = (String, OneSided)>) -> Self {
        Self(properties.into_iter().collect())
    }

    /// Whether the change of an attribute of an object of that type is that it has such a property.
    pub fn explains(&self, of_type: &str, change: &AttributeChange) -> bool {
        self.0.iter().any(|(of, property)| {
            let is_gone = if property.came { &change.before } else { &change.after };
            of == of_type
                && change.items.is_empty()
                && is_gone.is_none()
                && general(&change.path) == property.path
        })
    }
}

/// A path with `[]` in place of each `[…]`.
fn general(path: &str) -> String {
    let mut general = String::with_capacity(path.len());
    let mut depth = 0_usize;
    for c in path.chars() {
        if c == '[' {
            depth += 1;
            if depth == 1 {
                general.push_str("[]");
            }
        } else if c == ']' {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            general.push(c);
        }
    }
    general
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::compare_objects;
    use crate::kinds;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("an object") };
        map
    }

    fn paths(before: Value, after: Value) -> Vec<String> {
        let kind = kinds::get("ConfigurationPolicies").unwrap();
        let found = one_sided(kind, &map(before), &map(after)).into_iter();
        found.map(|p| format!("{}{}", if p.came { '+' } else { '-' }, p.path)).collect()
    }

    fn setting(what: &str, more: Value) -> Value {
        let mut instance = map(json!({ "settingDefinitionId": what, "value": 1 }));
        instance.extend(map(more));
        json!({ "id": "0", "settingInstance": instance })
    }

    #[test]
    fn a_property_that_is_not_in_the_other_side_at_all_is_named_and_one_that_was_empty_is_not() {
        let before = json!({ "id": "1", "name": null, "old": 1, "kept": { "a": 1 }, "settings": [] });
        let after = json!({ "id": "1", "name": "x", "new": 1, "none": null, "kept": { "a": 2, "b": 3 }, "settings": [setting("s", json!({}))] });
        assert_eq!(paths(before, after), ["+kept/b", "+new", "-old"]);
    }

    #[test]
    fn a_property_inside_settings_is_one_path_whichever_setting_it_is_in_and_a_setting_that_came_is_none() {
        let before = json!({ "id": "1", "settings": [setting("a", json!({})), setting("b", json!({}))] });
        let new = json!({ "scope": "all" });
        let after = json!({ "id": "1", "settings": [setting("a", new.clone()), setting("b", new.clone()), setting("c", new)] });
        assert_eq!(paths(before.clone(), after.clone()), ["+settings[]/settingInstance/scope"]);
        let kind = kinds::get("ConfigurationPolicies").unwrap();
        let everywhere = Everywhere::new(
            one_sided(kind, &map(before.clone()), &map(after.clone()))
                .into_iter()
                .map(|p| (String::new(), p)),
        );
        let changes = compare_objects(kind, &map(before), &map(after));
        let told: Vec<&str> =
            changes.iter().filter(|c| !everywhere.explains("", c)).map(|c| c.path.as_str()).collect();
        assert_eq!((changes.len(), told), (3, vec!["settings[c]"]));
    }

    #[test]
    fn it_is_everywhere_from_five_objects_and_99_in_a_hundred_on_and_never_where_one_had_it_before() {
        let tally = |before: u64, without: u64, with: u64| {
            let mut tally = Tally::default();
            let (has, lacks) = (map(json!({ "new": null })), map(json!({ "other": 1 })));
            for n in 0..without + with {
                tally.add("new", if n < before { &has } else { &lacks }, false);
                tally.add("new", if n < with { &has } else { &lacks }, true);
            }
            tally.is_everywhere(true)
        };
        assert!(tally(0, 0, 5) && tally(0, 1, 99) && tally(0, 2, 198));
        assert!(!tally(0, 0, 4), "few objects are told one by one");
        assert!(!tally(0, 2, 98), "it is not in all of them");
        assert!(!tally(1, 0, 100), "one had it before");
    }

    #[test]
    fn objects_without_a_place_for_it_do_not_count() {
        let mut tally = Tally::default();
        for n in 0..100 {
            let inner = |new: bool| {
                if new { json!({ "kept": { "a": 1, "b": 2 } }) } else { json!({ "kept": { "a": 1 } }) }
            };
            let nowhere = map(json!({ "kept": null }));
            tally.add("kept/b", &if n < 5 { map(inner(false)) } else { nowhere.clone() }, false);
            tally.add("kept/b", &if n < 5 { map(inner(true)) } else { nowhere }, true);
        }
        assert!(tally.is_everywhere(true) && !tally.is_everywhere(false));
        assert_eq!(tally.objects(), 5);
    }
}
