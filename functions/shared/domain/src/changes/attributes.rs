//! Two objects of a kind, attribute by attribute.

use super::collections::{Named, ORDER, bare, differing, identify, moved};
use super::{AttributeChange, Class, ItemChange, PartChange, What};
use crate::canonical;
use crate::canonical::Sorting;
use crate::kinds::{Kind, Order};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Collections of device policies whose items have an id that only says their position.
const NUMBERED: [&str; 2] = ["settings", "scheduledActionsForRule"];

/// Compares two objects of a kind, attribute by attribute, sorted by path. Volatile properties are left
/// out; spelling of dates, nothing against an empty collection, and an order that says nothing are no differences.
pub fn compare_objects(
    kind: &Kind,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Vec<AttributeChange> {
    let mut properties: Vec<&String> = before.keys().chain(after.keys()).collect();
    properties.sort_unstable();
    properties.dedup();
    let mut changes = Vec::new();
    for property in properties {
        if !kind.compares(property) || is_annotation(property) {
            continue;
        }
        // Why: one way of reading may name the type and another may not; a type never changes.
        if property == "@odata.type" && !(before.contains_key(property) && after.contains_key(property)) {
            continue;
        }
        // Why: nobody changed what one way of making an object says and another leaves unsaid.
        let silent = kind.said_by_silence(property);
        let says = |object: &Map<String, Value>| match object.get(property) {
            None | Some(Value::Null) => silent.map(str::to_owned),
            Some(value) => value.as_str().map(str::to_owned),
        };
        if silent.is_some() && says(before).is_some() && says(before) == says(after) {
            continue;
        }
        changes.extend(compare_property(kind, property, before.get(property), after.get(property)));
    }
    derive(kind, &mut changes);
    changes
}

/// Compares one property of two objects of a kind, whatever the kind says of it.
pub(super) fn compare_property(
    kind: &Kind,
    property: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<AttributeChange> {
    let mut changes = Vec::new();
    let mut walk =
        Walk { property, sense: Sense::of(kind, property), is_inside: false, changes: &mut changes };
    walk.compare(property.to_owned(), property, before, after);
    changes
}

/// Says of each that follows from another that it does.
fn derive(kind: &Kind, changes: &mut [AttributeChange]) {
    let differ: Vec<String> = changes.iter().map(|change| change.property.clone()).collect();
    for change in changes {
        if kind.is_derived(&change.property, differ.iter().map(String::as_str)) {
            change.class = Class::Derived;
        }
    }
}

/// Whether two values say the same: collections as sets, instants by their time, nothing and empty alike.
pub fn equal_values(before: &Value, after: &Value) -> bool {
    is_same(before, after, Sense::PLAIN, "")
}

/// The same of a property of an object of that kind: an order that says something counts.
pub fn equal_in(kind: &Kind, property: &str, before: &Value, after: &Value) -> bool {
    is_same(before, after, Sense::of(kind, property), property)
}

/// Whether a value says as much as none at all.
pub(super) fn says_nothing(value: &Value) -> bool {
    normal(value, Sense::PLAIN, "").is_null()
}

/// What counts in a property besides its values.
#[derive(Clone, Copy)]
struct Sense {
    /// Its items have an id that only says their position.
    numbered: bool,
    order: Order,
}

impl Sense {
    const PLAIN: Self = Self { numbered: false, order: Order::Nowhere };

    fn of(kind: &Kind, property: &str) -> Self {
        let numbered = kind.sorting != Sorting::All && NUMBERED.contains(&property);
        Self { numbered, order: kind.order }
    }
}

/// Whether two values of the property `key` say the same.
fn is_same(before: &Value, after: &Value, sense: Sense, key: &str) -> bool {
    canonical::text(&normal(before, sense, key)) == canonical::text(&normal(after, sense, key))
}

struct Walk<'a> {
    property: &'a str,
    sense: Sense,
    /// Whether it compares two items of a collection in which nothing tells one from the other.
    is_inside: bool,
    changes: &'a mut Vec<AttributeChange>,
}

impl Walk<'_> {
    /// Compares what is at a path; `key` is the name of the innermost property there.
    fn compare(&mut self, path: String, key: &str, before: Option<&Value>, after: Option<&Value>) {
        let null = Value::Null;
        if is_same(before.unwrap_or(&null), after.unwrap_or(&null), self.sense, key) {
            return;
        }
        match (before, after) {
            (Some(Value::Object(b)), Some(Value::Object(a))) => {
                let mut keys: Vec<&String> = b.keys().chain(a.keys()).collect();
                keys.sort_unstable();
                keys.dedup();
                let numbered = self.sense.numbered;
                for key in keys.into_iter().filter(|k| !(is_annotation(k) || numbered && *k == "id")) {
                    self.compare(at_key(&path, key), key, b.get(key), a.get(key));
                }
            }
            (Some(Value::Array(b)), Some(Value::Array(a))) => self.compare_items(path, key, b, a),
            _ => self.told(path, before.cloned(), after.cloned(), Vec::new()),
        }
    }

    /// Items that say which they are, are compared by that; other collections item by item.
    fn compare_items(&mut self, path: String, key: &str, before: &[Value], after: &[Value]) {
        let is_list = self.sense.order.counts_in(key);
        let Some((b, a)) = identify(before, after) else {
            if self.is_inside {
                return self.told(path, Some(before.into()), Some(after.into()), Vec::new());
            }
            let said = |item: &Value| canonical::text(&normal(item, self.sense, ""));
            let mut items = differing(before, after, is_list, said);
            self.pair(&mut items, before, after);
            return self.told(path, None, None, items);
        };
        let mut ids: Vec<&str> = b.iter().chain(&a).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let find = |items: &Named<'_>| -> Option<Value> {
                items.iter().find(|(other, _)| *other == id).map(|(_, v)| (*v).clone())
            };
            match (find(&b), find(&a)) {
                // Why bare: that it came or went is told, and what Graph notes of it says nothing more.
                (None, Some(came)) if !self.is_inside => {
                    self.told(at_item(&path, id), None, Some(bare(&came)), Vec::new());
                }
                (Some(went), None) if !self.is_inside => {
                    self.told(at_item(&path, id), Some(bare(&went)), None, Vec::new());
                }
                (before, after) => self.compare(at_item(&path, id), "", before.as_ref(), after.as_ref()),
            }
        }
        let moved = if is_list { moved(&b, &a) } else { Vec::new() };
        if !moved.is_empty() {
            self.told(at_key(&path, ORDER), None, None, moved);
        }
    }

    fn told(&mut self, path: String, before: Option<Value>, after: Option<Value>, items: Vec<ItemChange>) {
        self.changes.push(AttributeChange {
            property: self.property.to_owned(),
            path,
            before: before.filter(|v| !v.is_null()),
            after: after.filter(|v| !v.is_null()),
            items,
            ..AttributeChange::default()
        });
    }

    /// Makes of as many items that went as came one change each of their parts, where most of their parts are the same.
    fn pair(&self, items: &mut Vec<ItemChange>, before: &[Value], after: &[Value]) {
        let places = |what: What, of: fn(&ItemChange) -> Option<usize>| -> Vec<usize> {
            items.iter().filter(|item| item.what == what).filter_map(of).collect()
        };
        let (went, came) = (places(What::Deleted, |i| i.was_at), places(What::Created, |i| i.is_at));
        if went.len() != came.len() {
            return;
        }
        for (was_at, is_at) in went.into_iter().zip(came) {
            let (was, is) = (&before[was_at], &after[is_at]);
            if !(was.is_object() && is.is_object()) {
                continue;
            }
            let mut parts = Vec::new();
            let mut inner =
                Walk { property: self.property, sense: self.sense, is_inside: true, changes: &mut parts };
            inner.compare(String::new(), "", Some(was), Some(is));
            if parts.len() * 2 > leaves(was) {
                continue;
            }
            items.retain(|i| !(i.what == What::Created && i.is_at == Some(is_at)));
            if let Some(item) = items.iter_mut().find(|i| i.was_at == Some(was_at)) {
                (item.what, item.is_at, item.item) = (What::Modified, Some(is_at), Value::Null);
                item.parts = parts
                    .into_iter()
                    .map(|p| PartChange {
                        path: p.path.trim_start_matches('/').to_owned(),
                        before: p.before,
                        after: p.after,
                    })
                    .collect();
            }
        }
    }
}

/// How many plain values are in a value.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.iter().filter(|(k, _)| !is_annotation(k)).map(|(_, v)| leaves(v)).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// The path of a part of what is at a path.
pub(super) fn at_key(path: &str, key: &str) -> String {
    format!("{path}/{key}")
}

/// The path of an item of the collection that is at a path.
pub(super) fn at_item(path: &str, id: &str) -> String {
    format!("{path}[{id}]")
}

pub(super) fn is_annotation(key: &str) -> bool {
    key != "@odata.type" && key.contains("@odata.")
}

/// A value of the property `key` in the form in which two that mean the same are equal: without annotations and numbering,
/// and sorted where its order says nothing.
fn normal(value: &Value, sense: Sense, key: &str) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(k, _)| !(is_annotation(k) || sense.numbered && *k == "id"));
            let said: Map<String, Value> =
                kept.map(|(k, v)| (k.clone(), normal(v, sense, k))).filter(|(_, v)| !v.is_null()).collect();
            if said.is_empty() { Value::Null } else { Value::Object(said) }
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => {
            let mut said: Vec<Value> = items.iter().map(|v| normal(v, sense, "")).collect();
            if !sense.order.counts_in(key) {
                said.sort_by_cached_key(canonical::text);
            }
            Value::Array(said)
        }
        Value::String(text) => instant(text).map_or_else(|| value.clone(), |t| Value::from(t.to_string())),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "only whole numbers that fit exactly")]
            Some(f) if f.fract() == 0.0 && f.abs() < 9e15 => Value::from(f as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    (bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T').then(|| text.parse().ok()).flatten()
}
