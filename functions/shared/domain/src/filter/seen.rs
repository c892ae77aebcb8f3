//! An object of a snapshot as a filter sees it: what the snapshot does not know of it is unknown, and all else that is not
//! there `null`. FORMAT.md section 9.

use super::{Derived, Filter, Subject};
use crate::kinds::Kind;
use crate::stored::Manifest;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What it means in one snapshot that an object does not have a property, for each property that a filter asks about.
#[derive(Clone, Debug)]
pub struct Beliefs(BTreeMap<String, Belief>);

#[derive(Clone, Debug)]
struct Belief {
    /// Whether a property that is not in the object has no value.
    of_absent: bool,
    /// Whether one that is `null`, or an empty collection, is known to be that.
    of_empty: bool,
    origin: Origin,
    /// Items that a collection may have besides those that are known; none where it may have any.
    rest: Option<Vec<Value>>,
}

/// Where a property comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It is one that objects of the kind are known to have.
    Kind,
    /// It is in some object, or is a slip.
    Object,
    /// It follows from links and grants.
    Links,
}

impl Beliefs {
    /// Those of a snapshot, about objects of a kind.
    pub fn of(manifest: &Manifest, kind: &Kind, filter: &Filter) -> Self {
        let belief = |property: &str| {
            if let Some(derived) = Derived::find(kind, property) {
                let rest = derived.is_held(manifest).then(Vec::new);
                return Belief { of_absent: false, of_empty: true, origin: Origin::Links, rest };
            }
            if kind.facets().any(|facet| facet == property) {
                let is_held = manifest.runs.contains_key(&kind.part(property));
                let (of_absent, of_empty, rest) = (is_held, is_held, Some(Vec::new()));
                return Belief { of_absent, of_empty, origin: Origin::Kind, rest };
            }
            let empty: Map<String, Value> = [(property.to_owned(), json!(null))].into_iter().collect();
            Belief {
                of_absent: !manifest.is_unknown(kind, property, &Map::new()),
                of_empty: !manifest.is_unknown(kind, property, &empty),
                origin: if kind.keeps_all() || property.contains('@') {
                    Origin::Object
                } else {
                    Origin::Kind
                },
                rest: Some(Vec::new()),
            }
        };
        Self(filter.properties().map(|property| (property.to_owned(), belief(property))).collect())
    }

    /// That what follows from links or grants may have these items besides those that are known, for members may be hidden.
    pub fn may_have(&mut self, derived: Derived, items: Vec<Value>) {
        if let Some(rest) = self.0.get_mut(derived.name()).and_then(|belief| belief.rest.as_mut()) {
            rest.extend(items);
        }
    }

    /// That it may have any items besides those that are known.
    pub fn may_have_any(&mut self, derived: Derived) {
        if let Some(belief) = self.0.get_mut(derived.name()) {
            belief.rest = None;
        }
    }
}

/// An object as it is stored, with its facets.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The properties, or those that the filter asks about.
    pub object: &'a Map<String, Value>,
    /// What it means that one is not there.
    pub beliefs: &'a Beliefs,
    /// Whether it is as an earlier snapshot had it, since it could not be read: then it is known by its id, and by what
    /// leads to it.
    pub is_stale: bool,
}

impl Subject for Seen<'_> {
    fn property(&self, name: &str) -> Option<&Value> {
        let belief = self.beliefs.0.get(name)?;
        if self.is_stale && belief.origin != Origin::Links && name != "id" {
            return None;
        }
        match self.object.get(name) {
            None => belief.of_absent.then_some(&Value::Null),
            Some(value) => {
                let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
                (!is_empty || belief.of_empty).then_some(value)
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
            || self.beliefs.0.get(name).is_some_and(|belief| belief.origin != Origin::Object)
    }

    fn rest(&self, name: &str) -> Option<&[Value]> {
        self.beliefs.0.get(name)?.rest.as_deref()
    }
}
