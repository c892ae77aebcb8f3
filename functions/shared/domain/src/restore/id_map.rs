//! Old ids and the ids under which the same objects were created again.

use super::held::{Held, HeldLink};
use crate::kinds::{Kind, LinkWrite};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// From old ids to new ones. What was created again twice is followed to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdMap(BTreeMap<String, String>);

impl IdMap {
    /// Notes that the object with the id `old` was created again as `new`.
    pub fn insert(&mut self, old: impl Into<String>, new: impl Into<String>) {
        self.0.insert(old.into(), new.into());
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object of another id was created again as this one.
    pub fn leads_to(&self, id: &str) -> bool {
        self.0.values().any(|new| new == id)
    }

    /// The id that the object has, as far as is known.
    pub fn resolve<'a>(&'a self, id: &'a str) -> &'a str {
        let mut at = id;
        // Why: bounded, so that a circle of rows cannot hang a restore.
        for _ in 0..=self.0.len() {
            match self.0.get(at) {
                Some(next) => at = next,
                None => return at,
            }
        }
        id
    }

    /// A text with every id in it resolved: `p|r|/administrativeUnits/a|`, `g!exclude`, a membership rule.
    pub fn rewrite(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_of_id(c)).unwrap_or(rest.len());
            let (token, tail) = rest.split_at(end);
            out.push_str(self.resolve(token));
            let end = tail.find(is_of_id).unwrap_or(tail.len());
            out.push_str(&tail[..end]);
            rest = &tail[end..];
        }
        out
    }

    /// The same object with the ids that it refers to resolved; its own id and what merely looks like an
    /// id (a role's `templateId`, a description) are left.
    pub fn object(&self, kind: &Kind, mut object: Map<String, Value>) -> Map<String, Value> {
        if !self.is_empty() {
            for property in referring(kind) {
                if let Some(Value::String(text)) = object.get_mut(property) {
                    *text = self.rewrite(text);
                }
            }
        }
        object
    }

    /// Every text at any depth rewritten: for values that consist of ids, and for assignment targets.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.rewrite(text)),
            Value::Array(items) => Value::Array(items.iter().map(|v| self.value(v)).collect()),
            Value::Object(map) => Value::Object(self.map(map)),
            other => other.clone(),
        }
    }

    /// Every text at any depth of an object rewritten, as by [`IdMap::value`].
    pub fn map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().map(|(k, v)| (k.clone(), self.value(v))).collect()
    }

    /// An object and its links with every reference resolved.
    pub fn held(&self, kind: &Kind, held: Held) -> Held {
        let links = held.links.into_iter().map(|l| HeldLink {
            to: self.rewrite(&l.to),
            value: if l.link.write == LinkWrite::AssignAll { self.map(&l.value) } else { l.value },
            link: l.link,
        });
        Held { links: links.collect(), object: self.object(kind, held.object), unknown: held.unknown }
    }
}

fn is_of_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The properties of a kind whose text has ids of other objects in it.
pub(super) fn referring(kind: &Kind) -> impl Iterator<Item = &'static str> {
    // `memberOf` rules name groups by id.
    kind.references.iter().map(|r| r.property).chain(["membershipRule", "appScopeId"])
}

/// The parts of a text that may be ids of objects.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_of_id(c)).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_created_again_twice_is_found_under_its_last_id() {
        let mut ids = IdMap::default();
        ids.insert("a", "b");
        ids.insert("b", "c");
        assert_eq!(ids.resolve("a"), "c");
        assert_eq!(ids.rewrite("p|r|/administrativeUnits/a|"), "p|r|/administrativeUnits/c|");
        assert_eq!(ids.rewrite("a!exclude"), "c!exclude");
        assert_eq!(ids.rewrite("aa-a"), "aa-a");
    }

    #[test]
    fn a_circle_of_ids_ends() {
        let mut ids = IdMap::default();
        ids.insert("a", "b");
        ids.insert("b", "a");
        assert_eq!(ids.resolve("a"), "a");
    }
}
