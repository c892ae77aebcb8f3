//! Of a stored object only what is asked about, taken apart: a filter looks at a hundred thousand, and at a few properties of each.

use crate::{Error, Result};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// Those of the properties that the object has.
///
/// # Errors
/// `Corrupt` when the bytes are no object.
pub fn pick(properties: &[&str], object: &[u8]) -> Result<Map<String, Value>> {
    if object.is_empty() {
        return Ok(Map::new());
    }
    let mut json = serde_json::Deserializer::from_slice(object);
    let picked = Picked(properties).deserialize(&mut json);
    picked
        .and_then(|picked| json.end().map(|()| picked))
        .map_err(|e| Error::corrupt("a stored object cannot be read").caused_by(e))
}

struct Picked<'a>(&'a [&'a str]);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Picked<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Picked<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = Map::new();
        while let Some(Key(key)) = map.next_key()? {
            if self.0.contains(&key.as_ref()) {
                picked.insert(key.into_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(picked)
    }
}

#[cfg(test)]
mod tests {
    use super::pick;
    use serde_json::json;

    #[test]
    fn only_what_is_asked_about_is_taken_and_what_is_no_object_is_an_error() {
        let object = json!({ "a": { "b": [1] }, "c\"": 2, "d": null, "e": "x" }).to_string();
        let picked = pick(&["a", "c\"", "d", "f"], object.as_bytes()).unwrap();
        assert_eq!(json!(picked), json!({ "a": { "b": [1] }, "c\"": 2, "d": null }));
        assert!(pick(&["a"], b"").unwrap().is_empty());
        for wrong in ["[]", "{", "{\"a\":1}}", "{\"b\":nul}"] {
            assert!(pick(&["a"], wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
