//! A property as it is live, with chosen parts of it as they were: parts are named by the paths of changes.
//!
//! It walks as the comparison does, so that each path that a change names leads to the same place here. Whatever is beside a
//! chosen path stays as it is.

use super::attributes::{at_item, at_key, is_annotation};
use super::collections::{Named, ORDER, all_named, identify};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ops::Bound;

/// What a property is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutBack {
    /// The value of the property; none where it is to have none.
    pub value: Option<Value>,
    /// Chosen paths that cannot be put back by themselves, with why.
    pub left: Vec<(String, Apart)>,
}

/// Why a part of a property cannot be put back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// Neither side has it.
    Nowhere,
    /// What it is in is on one side alone, or is something else on the other.
    WithoutItsPlace,
}

/// The property that a path leads into.
pub fn property_of(path: &str) -> &str {
    path.split(['/', '[']).next().unwrap_or_default()
}

/// Whether a path leads to that place, or to something in it.
pub fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

/// The value that a property has live, with these paths of it as they were then. Paths of other properties are passed over.
pub fn put_back<'a>(
    property: &str,
    then: Option<&Value>,
    now: Option<&Value>,
    paths: impl IntoIterator<Item = &'a str>,
) -> PutBack {
    let chosen: BTreeSet<&str> = paths.into_iter().filter(|path| is_within(path, property)).collect();
    let mut weaver = Weaver { chosen: &chosen, reached: BTreeSet::new() };
    let value = weaver.weave(property, then, now);
    let reached = weaver.reached;
    let mut left = Vec::new();
    for path in chosen.iter().filter(|path| !reached.contains(**path)) {
        let is_on = |side| value_at(property, side, path).is_some();
        let why = if is_on(then) || is_on(now) { Apart::WithoutItsPlace } else { Apart::Nowhere };
        left.push(((*path).to_owned(), why));
    }
    PutBack { value, left }
}

/// What a property has at a path; none where it has nothing there.
pub fn value_at<'a>(property: &str, value: Option<&'a Value>, path: &str) -> Option<&'a Value> {
    fn find<'a>(place: &str, value: &'a Value, path: &str) -> Option<&'a Value> {
        if place == path {
            return Some(value);
        }
        match value {
            _ if !is_within(path, place) => None,
            Value::Object(parts) => {
                parts.iter().find_map(|(key, part)| find(&at_key(place, key), part, path))
            }
            Value::Array(_) if path == at_key(place, ORDER) => Some(value),
            Value::Array(items) => {
                all_named(items).flatten().find_map(|(id, item)| find(&at_item(place, id), item, path))
            }
            _ => None,
        }
    }
    said(find(property, value?, path))
}

struct Weaver<'a> {
    chosen: &'a BTreeSet<&'a str>,
    /// The chosen paths that were put back, or are within one that was.
    reached: BTreeSet<&'a str>,
}

impl Weaver<'_> {
    /// The value at that path: as it was where it is chosen, as it is elsewhere.
    fn weave(&mut self, path: &str, then: Option<&Value>, now: Option<&Value>) -> Option<Value> {
        let (then_said, now_said) = (said(then), said(now));
        if self.chosen.contains(path) {
            if then_said.is_some() || now_said.is_some() {
                self.reached.extend(self.chosen.iter().copied().filter(|chosen| is_within(chosen, path)));
            }
            return then.cloned();
        }
        if !self.leads_on(path) {
            return now.cloned();
        }
        let reached = self.reached.len();
        let woven = match (then_said, now_said) {
            (Some(Value::Object(then)), Some(Value::Object(live))) => {
                if self.is_of_another_type(path, then, live) {
                    now.cloned()
                } else {
                    Some(self.keys(path, then, live))
                }
            }
            // A place that is on one side alone is made, or emptied, part by part, unless it says what it is: of a typed
            // object or a setting a part alone is none.
            (Some(Value::Object(then)), None) if is_plain(path, then) => {
                Some(self.keys(path, then, &Map::new()))
            }
            (None, Some(Value::Object(live))) if is_plain(path, live) => {
                Some(self.keys(path, &Map::new(), live))
            }
            (Some(Value::Array(then)), Some(Value::Array(live))) => Some(self.items(path, then, live)),
            (Some(Value::Array(then)), None) => Some(self.items(path, then, &[])),
            (None, Some(Value::Array(live))) => Some(self.items(path, &[], live)),
            _ => None,
        };
        // Where nothing was put back, no empty place is made.
        if self.reached.len() == reached { now.cloned() } else { woven }
    }

    /// Whether something within the path is chosen.
    fn leads_on(&self, path: &str) -> bool {
        ["/", "["].iter().any(|next| {
            let begin = format!("{path}{next}");
            let from = (Bound::Included(begin.as_str()), Bound::Unbounded);
            self.chosen.range::<str, _>(from).next().is_some_and(|chosen| chosen.starts_with(&begin))
        })
    }

    fn is_of_another_type(&self, path: &str, then: &Map<String, Value>, now: &Map<String, Value>) -> bool {
        let (then, now) = (then.get(TYPE), now.get(TYPE));
        then.is_some() && now.is_some() && then != now && !self.chosen.contains(at_key(path, TYPE).as_str())
    }

    fn keys(&mut self, path: &str, then: &Map<String, Value>, now: &Map<String, Value>) -> Value {
        let mut out = now.clone();
        let keys: BTreeSet<&String> =
            then.keys().chain(now.keys()).filter(|key| !is_annotation(key)).collect();
        for key in keys {
            let at = at_key(path, key);
            if !self.chosen.contains(at.as_str()) && !self.leads_on(&at) {
                continue;
            }
            match self.weave(&at, then.get(key), now.get(key)) {
                Some(value) => out.insert(key.clone(), value),
                None => out.remove(key),
            };
            if self.chosen.contains(at.as_str()) {
                // What Graph notes of a value, such as its type, goes with it.
                let is_of_key = |noted: &String| {
                    noted.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('@'))
                };
                out.retain(|noted, _| !is_of_key(noted));
                out.extend(
                    then.iter().filter(|(noted, _)| is_of_key(noted)).map(|(k, v)| (k.clone(), v.clone())),
                );
            }
        }
        Value::Object(out)
    }

    /// Items that say which they are; of other collections no item can be chosen.
    fn items(&mut self, path: &str, then: &[Value], now: &[Value]) -> Value {
        let Some((before, live)) = identify(then, now) else { return Value::Array(now.to_vec()) };
        let find = |items: &Named<'_>, id: &str| -> Option<Value> {
            items.iter().find(|(other, _)| *other == id).map(|(_, item)| (*item).clone())
        };
        // In the order of the live ones.
        let mut out: Vec<(&str, Value)> = Vec::new();
        for (id, item) in &live {
            let woven = self.weave(&at_item(path, id), find(&before, id).as_ref(), Some(item));
            out.extend(woven.map(|woven| (*id, woven)));
        }
        // What comes back stands before whatever it stood before; the last first, so that those that stood side by side do
        // so again.
        for (n, (id, item)) in before.iter().enumerate().rev() {
            if live.iter().any(|(other, _)| other == id) {
                continue;
            }
            if let Some(woven) = self.weave(&at_item(path, id), Some(item), None) {
                let followed_by =
                    |(other, _): &(&str, Value)| before[n + 1..].iter().any(|(b, _)| b == other);
                let at = out.iter().position(followed_by).unwrap_or(out.len());
                out.insert(at, (*id, woven));
            }
        }
        let order = self.chosen.get(at_key(path, ORDER).as_str());
        if let Some(order) = order.filter(|_| !before.is_empty() && !live.is_empty()) {
            self.reached.insert(*order);
            reorder(&mut out, &before);
        }
        Value::Array(out.into_iter().map(|(_, item)| item).collect())
    }
}

/// Puts the items that were there then in the order that they had; others keep their places.
fn reorder(items: &mut [(&str, Value)], then: &[(&str, &Value)]) {
    let rank = |id: &str| then.iter().position(|(other, _)| *other == id);
    let places: Vec<usize> = (0..items.len()).filter(|at| rank(items[*at].0).is_some()).collect();
    let mut sorted: Vec<(&str, Value)> = places.iter().map(|at| items[*at].clone()).collect();
    sorted.sort_by_key(|(id, _)| rank(id));
    for (at, item) in places.into_iter().zip(sorted) {
        items[at] = item;
    }
}

const TYPE: &str = "@odata.type";

/// A value, if it is one.
fn said(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Whether an object at that path is made of parts that can be there without each other.
fn is_plain(path: &str, object: &Map<String, Value>) -> bool {
    !path.ends_with(']') && !object.contains_key(TYPE)
}

#[cfg(test)]
mod tests {
    use super::super::compare_objects;
    use super::*;
    use crate::kinds;
    use proptest::prelude::*;
    use serde_json::json;

    fn put(then: &Value, now: &Value, paths: &[&str]) -> PutBack {
        put_back("p", Some(then), Some(now), paths.iter().copied())
    }

    fn setting(id: &str, value: &Value) -> Value {
        json!({"@odata.type": "#s", "settingDefinitionId": id, "value": value})
    }

    #[test]
    fn one_setting_is_as_it_was_and_the_others_are_as_they_are() {
        let then = json!([setting("a", &json!(1)), setting("b", &json!(1)), setting("gone", &json!(1))]);
        let now = json!([setting("a", &json!(2)), setting("b", &json!(2)), setting("new", &json!(2))]);
        let put = |paths: &[&str]| put(&then, &now, paths).value.unwrap();
        let of = |a: i32, more: &[Value]| {
            let mut all = vec![setting("a", &json!(a)), setting("b", &json!(2)), setting("new", &json!(2))];
            all.extend(more.iter().cloned());
            Value::Array(all)
        };
        assert_eq!(put(&["p[a]/value"]), of(1, &[]));
        assert_eq!(put(&["p[a]"]), of(1, &[]));
        assert_eq!(put(&["p[gone]"]), of(2, &[setting("gone", &json!(1))]));
        assert_eq!(put(&["p[new]"]), json!([setting("a", &json!(2)), setting("b", &json!(2))]));
        assert_eq!(put(&["p"]), then);
        assert_eq!(put(&[]), now);
        assert_eq!(put(&["other[a]"]), now, "another property");
    }

    #[test]
    fn what_graph_notes_of_a_value_goes_with_it() {
        let then = json!({"Eng": {"Level@odata.type": "#Int32", "Level": 1, "Site": "x"}});
        let now = json!({"Eng": {"Level@odata.type": "#String", "Level": "one", "Site": "y"}});
        let expected = json!({"Eng": {"Level@odata.type": "#Int32", "Level": 1, "Site": "y"}});
        assert_eq!(put(&then, &now, &["p/Eng/Level"]).value, Some(expected));
        let new = json!({"Eng": {"New@odata.type": "#String", "New": "n"}});
        assert_eq!(put(&json!({"Eng": {}}), &new, &["p/Eng/New"]).value, Some(json!({"Eng": {}})));
    }

    #[test]
    fn a_path_whose_place_is_gone_or_is_something_else_is_left_and_one_that_nobody_has_is_named() {
        let then = json!([setting("a", &json!(1))]);
        for (now, path, why) in [
            (json!([]), "p[a]/value", Apart::WithoutItsPlace),
            (json!([setting("a", &json!(1))]), "p[b]", Apart::Nowhere),
            (json!([setting("a", &json!(1))]), "p[a]/other", Apart::Nowhere),
            (json!([setting("a", &json!(1)), setting("a", &json!(2))]), "p[a]", Apart::WithoutItsPlace),
            (
                json!([{"@odata.type": "#t", "settingDefinitionId": "a", "value": 2}]),
                "p[a]/value",
                Apart::WithoutItsPlace,
            ),
        ] {
            let put = put(&then, &now, &[path]);
            assert_eq!((put.value.as_ref(), put.left), (Some(&now), vec![(path.to_owned(), why)]), "{path}");
        }
        // Parts that can be there without each other are put back all the same.
        let made = put_back("p", Some(&json!({"a": 1, "b": 2})), None, ["p/a"]);
        assert_eq!((made.value, made.left), (Some(json!({"a": 1})), vec![]));
        let emptied = put_back("p", None, Some(&json!({"a": 1, "b": 2})), ["p/a"]);
        assert_eq!((emptied.value, emptied.left), (Some(json!({"b": 2})), vec![]));
        // And no empty place is made for what is not.
        let beside =
            put_back("p", Some(&json!({"a": 1, "b": {"c": 1}})), Some(&json!({"a": 2})), ["p/a", "p/b/x"]);
        assert_eq!(beside.value, Some(json!({"a": 1})));
        assert_eq!(beside.left, [("p/b/x".to_owned(), Apart::Nowhere)]);
    }

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            (0..3).prop_map(Value::from),
            "[xy]".prop_map(Value::from),
            Just(json!(["v", "w"]))
        ]
    }

    /// A value as properties have them: parts of parts, settings with children, lists.
    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(4, 24, 4, |inner| {
            let parts = prop::collection::btree_map("[abc]", inner.clone(), 0..4);
            let settings = prop::collection::btree_map("[stu]", inner.clone(), 0..4);
            let shuffled = settings.prop_flat_map(|all| {
                Just(all.iter().map(|(id, value)| setting(id, value)).collect::<Vec<_>>()).prop_shuffle()
            });
            // With doubles, and items that say nothing of which they are.
            let unnamed = prop::collection::vec(("[st]?", inner), 0..3);
            prop_oneof![
                parts.prop_map(|parts| parts.into_iter().collect::<Value>()),
                shuffled.prop_map(Value::Array),
                unnamed.prop_map(|all| all.iter().map(|(id, value)| setting(id, value)).collect::<Value>()),
            ]
        })
    }

    fn changed(then: Option<&Value>, now: Option<&Value>) -> BTreeSet<String> {
        let side = |value: Option<&Value>| -> Map<String, Value> {
            value.map(|value| ("settings".to_owned(), value.clone())).into_iter().collect()
        };
        let kind = kinds::get("ConfigurationPolicies").unwrap();
        compare_objects(kind, &side(then), &side(now)).into_iter().map(|change| change.path).collect()
    }

    proptest! {
        #[test]
        fn exactly_the_chosen_changes_are_taken_back(
            then in prop::option::of(value()),
            now in prop::option::of(value()),
            bits in any::<u32>(),
        ) {
            let (then, now) = (then.as_ref(), now.as_ref());
            let all = changed(then, now);
            let put = |paths: &BTreeSet<String>| put_back("settings", then, now, paths.iter().map(String::as_str));
            let none = put(&BTreeSet::new());
            prop_assert_eq!((none.value.as_ref(), none.left), (now, vec![]));
            let whole = put(&all);
            prop_assert_eq!(changed(then, whole.value.as_ref()), BTreeSet::new());
            prop_assert_eq!(whole.left, vec![]);
            let chosen: BTreeSet<String> =
                all.iter().enumerate().filter(|(i, _)| bits >> (i % 32) & 1 == 1).map(|(_, path)| path.clone()).collect();
            let some = put(&chosen);
            prop_assert_eq!(some.left, vec![]);
            prop_assert_eq!(changed(some.value.as_ref(), now), chosen.clone());
            prop_assert_eq!(changed(then, some.value.as_ref()), all.difference(&chosen).cloned().collect::<BTreeSet<_>>());
        }

        #[test]
        fn whatever_the_paths_nothing_beside_them_is_touched(
            then in prop::option::of(value()),
            now in prop::option::of(value()),
            paths in prop::collection::btree_set("settings(/[abc]|\\[[st]?\\]|/value|/@order){0,4}", 0..4),
        ) {
            let put = put_back("settings", then.as_ref(), now.as_ref(), paths.iter().map(String::as_str));
            for path in changed(put.value.as_ref(), now.as_ref()) {
                let is_chosen = paths.iter().any(|chosen| is_within(&path, chosen) || is_within(chosen, &path));
                prop_assert!(is_chosen, "{}", path);
            }
            for (path, _) in &put.left {
                prop_assert!(paths.contains(path));
            }
        }
    }
}
