//! The canonical form: one object, one text, however Graph put it.
//!
//! Keys are sorted; OData annotations are dropped except types and ids; what has no promised order is
//! sorted; everything else, known or not, is kept as it came. FORMAT.md section 3 is normative.
//! Invariant: the canonical form of a canonical form is itself.

use crate::{Error, Result};
use serde_json::Value;
use serde_json::value::RawValue;

/// Whether a key is an annotation that the stored form leaves out.
///
/// Kept are `@odata.type`, `@odata.id` and `property@odata.type`: a custom security attribute cannot be
/// written back without its type. Left out are links, contexts, counts, etags and bound actions.
pub fn is_dropped_annotation(key: &str) -> bool {
    match key.split_once("@odata.") {
        Some((_, "type") | ("", "id")) => false,
        Some(_) => true,
        None => key.starts_with("#microsoft.graph.") || key.ends_with("@delta") || key.starts_with('@'),
    }
}

/// How the order inside collections is treated when an object is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorting {
    /// Graph promises no order anywhere in this kind: every collection is sorted.
    All,
    /// Only these properties at the top of the object are sorted.
    Only(&'static [&'static str]),
}

impl Sorting {
    /// Sorts what has no promised order in the value of a top-level property.
    pub fn apply(self, property: &str, value: &mut Value) {
        match self {
            Self::All => sort_collections(value),
            Self::Only(keys) if keys.contains(&property) => sort_collection(value),
            Self::Only(_) => {}
        }
    }
}

/// A value without the annotations that the stored form leaves out, at any depth.
pub fn strip(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter().filter(|(k, _)| !is_dropped_annotation(k)).map(|(k, v)| (k, strip(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(strip).collect()),
        other => other,
    }
}

/// Appends the canonical text of a property's value as it came. The same as [`strip`], sorting and [`text`],
/// without taking apart what is canonical already, as most values are.
///
/// # Errors
/// `Unavailable` when it is not JSON.
pub fn append_property(sorting: Sorting, property: &str, raw: &RawValue, out: &mut Vec<u8>) -> Result<()> {
    let came = raw.get();
    let is_canonical = match came.as_bytes() {
        [b't' | b'f' | b'n', ..] | b"[]" | b"{}" => true,
        [b'"', inner @ ..] => !inner.contains(&b'\\'),
        [b'-' | b'0'..=b'9', ..] => {
            came.len() < 18 && came != "-0" && came.bytes().skip(1).all(|b| b.is_ascii_digit())
        }
        _ => false,
    };
    if is_canonical {
        out.extend_from_slice(came.as_bytes());
        return Ok(());
    }
    let mut value = strip(parse(raw)?);
    sorting.apply(property, &mut value);
    out.extend_from_slice(text(&value).as_bytes());
    Ok(())
}

/// A value as it came, taken apart.
///
/// # Errors
/// `Unavailable` when it is not JSON.
pub fn parse(raw: &RawValue) -> Result<Value> {
    serde_json::from_str(raw.get())
        .map_err(|e| Error::unavailable("Graph's answer cannot be read").caused_by(e))
}

/// Appends a string as JSON.
pub fn append_text(text: &str, out: &mut Vec<u8>) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}

/// Sorts every collection at any depth by the canonical text of its items.
pub fn sort_collections(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(sort_collections),
        Value::Array(items) => {
            items.iter_mut().for_each(sort_collections);
            sort_collection(value);
        }
        _ => {}
    }
}

/// Sorts one collection; items that say which setting they are sort by that, whatever their number is.
fn sort_collection(value: &mut Value) {
    if let Value::Array(items) = value {
        items.sort_by_cached_key(|item| {
            let setting = item.pointer("/settingInstance/settingDefinitionId").and_then(Value::as_str);
            (setting.unwrap_or_default().to_owned(), text(item))
        });
    }
}

/// The canonical text: no white space, keys in byte order, numbers and strings as `serde_json` writes them.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            // Why: not relying on the order of serde_json's map, which a feature of any crate may change.
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use proptest::prelude::*;
    use serde_json::json;

    fn canonical(kind: &str, value: &Value) -> Value {
        Value::Object(kinds::get(kind).unwrap().canonical(value.as_object().unwrap().clone()))
    }

    #[test]
    fn unknown_properties_survive_and_annotations_do_not() {
        let seen = json!({
            "@odata.context": "c", "@odata.type": "#microsoft.graph.user", "id": "1", "newThing": {"x": [2, 1]},
            "manager@odata.navigationLink": "l", "#microsoft.graph.assign": {}, "manager": {"id": "2"},
            "customSecurityAttributes": {"Eng": {"N@odata.type": "#Int32", "N": 4}}
        });
        assert_eq!(
            canonical("users", &seen),
            json!({
                "@odata.type": "#microsoft.graph.user", "id": "1", "newThing": {"x": [1, 2]},
                "customSecurityAttributes": {"Eng": {"N@odata.type": "#Int32", "N": 4}}
            })
        );
    }

    #[test]
    fn settings_are_ordered_by_what_they_set_not_by_their_number() {
        let setting =
            |id: &str, what: &str| json!({"id": id, "settingInstance": {"settingDefinitionId": what}});
        for numbers in [["0", "1"], ["1", "0"]] {
            let came = json!({"id": "p", "settings": [setting(numbers[0], "b"), setting(numbers[1], "a")]});
            let kept = canonical("ConfigurationPolicies", &came);
            let order: Vec<_> = kept["settings"].as_array().unwrap().iter().map(|s| &s["id"]).collect();
            assert_eq!(order, [numbers[1], numbers[0]]);
        }
    }

    #[test]
    fn a_number_that_reads_as_another_text_is_not_taken_as_it_came() {
        let kind = kinds::get("users").unwrap();
        for came in ["-0", "1e3", "1.50", "-7", "12345678901234567", "1234567890123456789012345"] {
            let mut out = Vec::new();
            append_property(kind.sorting, "x", &RawValue::from_string(came.to_owned()).unwrap(), &mut out)
                .unwrap();
            let read: Value = serde_json::from_str(came).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text(&read), "{came}");
        }
    }

    #[test]
    fn a_text_has_one_form_however_its_signs_were_escaped() {
        let kind = kinds::get("users").unwrap();
        for (came, kept) in
            [(r#""\u0041nn""#, r#""Ann""#), (r#""a\/b""#, r#""a/b""#), (r#""\u000a""#, r#""\n""#)]
        {
            let mut out = Vec::new();
            append_property(kind.sorting, "x", &RawValue::from_string(came.to_owned()).unwrap(), &mut out)
                .unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), kept, "{came}");
        }
    }

    #[test]
    fn a_collection_inside_a_collection_has_no_order_either() {
        let sorted = |mut value: Value| {
            sort_collections(&mut value);
            value
        };
        let one = json!([{"to": ["b", "a"]}, [2, 1]]);
        assert_eq!(sorted(one), sorted(json!([[1, 2], {"to": ["a", "b"]}])));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z@#.]{1,6}", inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_property_taken_as_it_came_is_the_property_taken_apart(value in any_json(), pretty in any::<bool>()) {
            let kind = kinds::get("users").unwrap();
            let came = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let raw = RawValue::from_string(came.unwrap()).unwrap();
            let mut out = Vec::new();
            append_property(kind.sorting, "x", &raw, &mut out).unwrap();
            let mut apart = strip(value);
            sort_collections(&mut apart);
            prop_assert_eq!(String::from_utf8(out).unwrap(), text(&apart));
        }

        #[test]
        fn a_string_is_written_as_json_writes_it(text in any::<String>()) {
            let mut out = Vec::new();
            append_text(&text, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), Value::from(text).to_string());
        }

        #[test]
        fn the_canonical_form_is_a_fixed_point(map in prop::collection::btree_map("[a-z]{1,5}", any_json(), 0..8)) {
            let value = Value::Object(map.into_iter().collect());
            let once = canonical("users", &value);
            prop_assert_eq!(text(&canonical("users", &once)), text(&once));
            let parsed: Value = serde_json::from_str(&text(&once)).unwrap();
            prop_assert_eq!(parsed, once);
        }
    }
}
