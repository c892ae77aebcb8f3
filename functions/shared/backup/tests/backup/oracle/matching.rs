//! Old ids and new ids: an object that was created again is the same object.

use domain::kinds::{Identity, Kind};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Leads from an id to the one that the object has now.
pub(super) struct NewIds<'a>(pub(super) &'a HashMap<String, String>);

impl NewIds<'_> {
    /// The newest id of what had this one.
    pub(super) fn newest<'a>(&'a self, id: &'a str) -> &'a str {
        let mut id = id;
        // Why: bounded, so that a ring in the rows cannot hold a comparison for ever.
        for _ in 0..64 {
            match self.0.get(id) {
                Some(next) => id = next,
                None => break,
            }
        }
        id
    }

    /// The key of an object with the newest ids in it.
    pub(super) fn key(&self, kind: &Kind, key: &str) -> String {
        match kind.identity {
            Identity::Id => self.newest(key).to_owned(),
            Identity::Natural(_) => {
                key.split('|').map(|part| self.within(part)).collect::<Vec<_>>().join("|")
            }
        }
    }

    /// An id that may stand behind a prefix (`/administrativeUnits/{id}`) or before a suffix
    /// (`{id}!exclude`).
    pub(super) fn within(&self, text: &str) -> String {
        let start = text.rfind('/').map_or(0, |at| at + 1);
        let end = text[start..].find('!').map_or(text.len(), |at| start + at);
        format!("{}{}{}", &text[..start], self.newest(&text[start..end]), &text[end..])
    }

    /// An object with the newest ids in its references, and its own.
    pub(super) fn object(&self, kind: &Kind, mut object: Map<String, Value>) -> Map<String, Value> {
        let own = kind.references.iter().map(|r| r.property).chain(["id"]);
        for property in own {
            if let Some(Value::String(text)) = object.get_mut(property) {
                *text = self.within(text);
            }
        }
        object
    }

    /// What a link says, with the newest ids.
    pub(super) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) if domain::ids::is_guid(&text) => {
                Value::String(self.newest(&text).to_owned())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(|v| self.value(v)).collect()),
            Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, self.value(v))).collect()),
            other => other,
        }
    }
}
