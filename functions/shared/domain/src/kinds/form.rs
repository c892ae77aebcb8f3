//! The form in which an object of a kind is stored and compared. Pure.

use super::Kind;
use crate::canonical;
use serde_json::{Map, Value};

impl Kind {
    /// An object of this kind in canonical form: without annotations and links, its unordered collections sorted.
    pub fn canonical(&self, object: Map<String, Value>) -> Map<String, Value> {
        let is_link = |key: &str| self.links.iter().any(|link| link.relation == key);
        let kept =
            object.into_iter().filter(|(key, _)| !canonical::is_dropped_annotation(key) && !is_link(key));
        let clean = kept.map(|(key, value)| {
            let mut value = canonical::strip(value);
            self.sorting.apply(&key, &mut value);
            (key, value)
        });
        clean.collect()
    }
}
