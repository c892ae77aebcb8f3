//! What differs: one [`Change`] for each object, with its attributes one by one and its links one by one.
//!
//! Pure: the archive finds which records differ, this module says what that means. Volatile properties,
//! spelling of dates and an order that says nothing never make a change; an object created again under a new id is the same.

mod attributes;
mod chosen;
mod class;
mod collections;
mod explain;
mod observed;
mod parts;
mod put_back;
mod shape;
#[cfg(test)]
mod tests;
mod weight;

pub use attributes::{compare_objects, equal_in, equal_values};
pub use chosen::{Chosen, Happened};
pub use class::{Class, How, Rating};
pub use explain::{Explained, Verdict, explain};
pub use observed::observe_objects;
pub use parts::MOST_LINKS;
pub use put_back::{Apart, PutBack, is_within, property_of, put_back, value_at};
pub use shape::{Everywhere, OneSided, Tally, one_sided, type_of};
pub use weight::Reason;

use crate::kinds::NamedKind;
use crate::{SnapshotId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What happened to an object or a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// It is on the later side alone.
    Created,
    /// It is on the earlier side alone.
    Deleted,
    /// It is on both sides and differs.
    Modified,
    /// It is on both sides, and only its place among others differs: of items of a list alone.
    Moved,
    /// A role that somebody was eligible for was activated, and ends by itself: nobody was given anything.
    Activated,
    /// Such an activation ended.
    Ended,
}

impl What {
    /// Whether it is about the activation of a role.
    pub fn is_activation(self) -> bool {
        matches!(self, Self::Activated | Self::Ended)
    }
}

/// One attribute that differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeChange {
    /// The top-level property.
    pub property: String,
    /// Where in it: `jobTitle`, `employeeOrgData/division`,
    /// `settings[device_vendor_msft_…]/choiceSettingValue/value`. In brackets is what an item is known by; nothing, where it
    /// is the only one. `homeScreenPages/@order` is the order of such items. A restore can name it, to take back this alone.
    pub path: String,
    /// Its value before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value after; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The items that differ, of a collection whose items say nothing by which one is known again, or of an order: all
    /// others are the same on both sides. `before` and `after` are absent then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemChange>,
    /// What sort of difference it is; absent where somebody made it.
    #[serde(default, skip_serializing_if = "Class::is_change")]
    pub class: Class,
    /// The names of what the values refer to, by id, as far as one of the sides knows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
}

impl AttributeChange {
    /// What was there and what is there, for a person: of a collection the items that differ alone, each with its place
    /// where only that is another one.
    pub fn shown(&self) -> (Option<Value>, Option<Value>) {
        if self.items.is_empty() {
            return (self.before.clone(), self.after.clone());
        }
        let side = |place: fn(&ItemChange) -> Option<usize>, part: fn(&PartChange) -> Option<&Value>| {
            let one = |item: &ItemChange| {
                let at = place(item)?;
                Some(match item.what {
                    What::Moved => json!({ "place": at + 1, "item": item.item }),
                    What::Modified => {
                        item.parts.iter().filter_map(|p| Some((p.path.clone(), part(p)?.clone()))).collect()
                    }
                    _ => item.item.clone(),
                })
            };
            let mut all: Vec<Value> = self.items.iter().filter_map(one).collect();
            if all.len() > 1 { Some(Value::Array(all)) } else { all.pop() }
        };
        (
            side(|item| item.was_at, |part| part.before.as_ref()),
            side(|item| item.is_at, |part| part.after.as_ref()),
        )
    }
}

/// One item of a collection that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemChange {
    /// Whether it came, went, is at another place, or differs in parts.
    pub what: What,
    /// At which place it was before, from 0; absent where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_at: Option<usize>,
    /// At which place it is now, from 0; absent where it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_at: Option<usize>,
    /// The item, without notes of Graph's where it only moved; of an order what it is known by. Absent where it differs in
    /// parts.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub item: Value,
    /// In which parts it differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartChange>,
}

impl ItemChange {
    /// An item that came, went or moved.
    pub fn new(what: What, was_at: Option<usize>, is_at: Option<usize>, item: Value) -> Self {
        Self { what, was_at, is_at, item, parts: Vec::new() }
    }
}

/// One part of an item that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartChange {
    /// Where in the item, as in the path of an attribute.
    pub path: String,
    /// Its value before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value after; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// One link that differs. It is a change of the object that it leads from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkChange {
    /// The link type, such as `groups.members`.
    pub link: String,
    /// The far end: an object's id; for policies an assignment key.
    pub to: String,
    /// The far end's name, where one of the sides knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_name: Option<String>,
    /// Whether the link came, went, or was changed (the filter of an assignment).
    pub what: What,
    /// What the link said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it says after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What sort of difference it is: derived where a rule decides who is linked; absent where somebody made it.
    #[serde(default, skip_serializing_if = "Class::is_change")]
    pub class: Class,
}

/// One object that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The key in the kind's run: the object's id, or the fact itself (`principal|role|scope|app`). Of the
    /// earlier side where it is there.
    pub key: String,
    /// Its id now, where it was created again under another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_key: Option<String>,
    /// Its name, where it has one; for facts a sentence such as `Ann Lee: Global Administrator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the object came, went or was changed; of roles, whether one was activated.
    pub what: What,
    /// When an activation ends by itself, where Graph says so; of activations alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// The snapshot that it was compared with, where that is an older one than the comparison's own: those between the two
    /// did not hold what changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<SnapshotId>,
    /// Its attributes that differ, and what was observed of it; of modified objects alone.
    pub attributes: Vec<AttributeChange>,
    /// Links from it that differ. A link that is gone because its far end is gone, or new because its far
    /// end is new, is told among that object's `consequences` instead. So are those of an object that came or went, unless
    /// it is a group that can hold roles: then they say who has them.
    pub links: Vec<LinkChange>,
    /// How many links of others to this object came or went with it (created and deleted objects).
    pub consequences: u64,
    /// Whether it changes who may do what. The activation of a role does not: that somebody may activate it was told when
    /// they were made eligible.
    pub privileged: bool,
    /// How the object came or went, what sort of difference it is, and how much it matters, with the reasons.
    #[serde(default, flatten)]
    pub rating: Rating,
}
