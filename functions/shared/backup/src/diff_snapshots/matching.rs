//! Old ids and new ids: an object that was created again is the same object.

use domain::kinds::{Identity, Kind};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The map from an id to the one that the object has now.
pub(crate) struct NewIds {
    by_old: HashMap<String, String>,
    new: HashSet<String>,
}

impl NewIds {
    /// Pairs of an old id and the new one.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let by_old: HashMap<String, String> = pairs.into_iter().collect();
        let new = by_old.values().cloned().collect();
        Self { by_old, new }
    }

    /// Whether nothing was ever created again.
    pub(super) fn is_empty(&self) -> bool {
        self.by_old.is_empty()
    }

    /// Whether an object was created again under that id, or had that id before.
    pub(super) fn concerns(&self, id: &str) -> bool {
        self.by_old.contains_key(id) || self.new.contains(id)
    }

    /// The same for a key: for the id that it is, or an id in it.
    pub(super) fn concern_key(&self, kind: &Kind, key: &str) -> bool {
        match kind.identity {
            Identity::Id => self.concerns(key),
            Identity::Natural(_) => ids_of(key).any(|id| self.concerns(id)),
        }
    }

    /// Whether the object that had this id was created again under another.
    pub(super) fn was_replaced(&self, id: &str) -> bool {
        self.by_old.contains_key(id)
    }

    /// The newest id of the object that had this one.
    pub(crate) fn newest<'a>(&'a self, id: &'a str) -> &'a str {
        let mut id = id;
        // Why bounded: a ring in the rows must not hang a comparison.
        for _ in 0..64 {
            match self.by_old.get(id) {
                Some(next) => id = next,
                None => break,
            }
        }
        id
    }

    /// The key of an object, with the newest ids in it.
    pub(crate) fn key(&self, kind: &Kind, key: &str) -> String {
        match kind.identity {
            Identity::Id => self.newest(key).to_owned(),
            Identity::Natural(_) => {
                key.split('|').map(|part| self.within(part)).collect::<Vec<_>>().join("|")
            }
        }
    }

    /// An id that may stand behind a prefix (`/administrativeUnits/{id}`) or before a suffix
    /// (`{id}!exclude`).
    pub(crate) fn within(&self, text: &str) -> String {
        let (before, id, after) = inner(text);
        format!("{before}{}{after}", self.newest(id))
    }

    /// An object with the newest ids in its references, and its own.
    pub(crate) fn object(&self, kind: &Kind, mut object: Map<String, Value>) -> Map<String, Value> {
        let own = kind.references.iter().map(|r| r.property).chain(["id"]);
        for property in own {
            if let Some(Value::String(text)) = object.get_mut(property) {
                *text = self.within(text);
            }
        }
        object
    }

    /// The value of a link, with the newest ids in it.
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

/// The ids in the key of a fact, one in each part.
pub(super) fn ids_of(key: &str) -> impl Iterator<Item = &str> {
    key.split('|').map(|part| inner(part).1)
}

/// The text before an id, the id, and the text after it.
fn inner(text: &str) -> (&str, &str, &str) {
    let start = text.rfind('/').map_or(0, |at| at + 1);
    let end = text[start..].find('!').map_or(text.len(), |at| start + at);
    (&text[..start], &text[start..end], &text[end..])
}
