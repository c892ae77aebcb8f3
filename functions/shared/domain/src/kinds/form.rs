//! The form in which an object of a kind is stored and compared. Pure.

use super::Kind;
use crate::canonical;
use serde_json::{Map, Value};

impl Kind {
    /// What its objects say by leaving that property empty: that their links are made by hand has a name in some kinds.
    pub fn said_by_silence(&self, property: &str) -> Option<&'static str> {
        let rules = self.links.iter().filter_map(|link| link.ruled_by);
        rules.filter(|rule| rule.mark.property == property).find_map(|rule| rule.by_hand)
    }
    /// Says in an object what it says by leaving something empty; what it does not hold at all is not added.
    pub fn say_what_is_silent(&self, object: &mut Map<String, Value>) {
        for rule in self.links.iter().filter_map(|link| link.ruled_by) {
            if let (Some(value), Some(by_hand)) = (object.get_mut(rule.mark.property), rule.by_hand)
                && value.is_null()
            {
                *value = Value::from(by_hand);
            }
        }
    }

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
