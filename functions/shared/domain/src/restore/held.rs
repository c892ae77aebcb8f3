//! What one side, a snapshot or the live tenant, has of an object.

use crate::kinds::{Kind, LinkType};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A link as one side has it.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldLink {
    /// The type of the link, such as `groups.members`.
    pub link: &'static LinkType,
    /// The id of the object at the far end; of a policy's assignment its key.
    pub to: String,
    /// What the link says besides its ends, such as the filter of an assignment.
    pub value: Map<String, Value>,
}

/// An object with all its links, as one side has it: canonical.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// The object, facets included.
    pub object: Map<String, Value>,
    /// Every link of every type of its kind.
    pub links: Vec<HeldLink>,
    /// Properties, facets and relations that are not known: not asked for, or not readable. What the object has of
    /// them says nothing, and links that are not there may be.
    pub unknown: BTreeSet<&'static str>,
}

impl Held {
    /// Whether it is not known what a property is. A directory extension is known where the object has it, if need be as
    /// `null`: its name was asked for then.
    pub fn lacks(&self, kind: &Kind, property: &str) -> bool {
        self.unknown.contains(property) || kind.is_extension(property) && !self.object.contains_key(property)
    }
}
