//! What differs: one [`Change`] for each object, with its attributes one by one and its links one by one.
//!
//! Pure: the archive finds which records differ, this module says what that means. Volatile properties,
//! order and spelling of dates never make a change; an object created again under a new id is the same.

mod attributes;
mod put_back;
mod shape;

pub use attributes::{compare_objects, equal_values};
pub use put_back::{Apart, PutBack, is_within, property_of, put_back, value_at};
pub use shape::{Everywhere, OneSided, Tally, one_sided, type_of};

use crate::kinds::NamedKind;
use crate::{SnapshotId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeChange {
    /// The top-level property.
    pub property: String,
    /// Where in it: `jobTitle`, `employeeOrgData/division`,
    /// `settings[device_vendor_msft_…]/choiceSettingValue/value`. A restore can name it, to take back this alone.
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
    /// Its attributes that differ; of modified objects alone.
    pub attributes: Vec<AttributeChange>,
    /// Links from it that differ. A link that is gone because its far end is gone, or new because its far
    /// end is new, is told among that object's `consequences` instead.
    pub links: Vec<LinkChange>,
    /// How many links of others to this object came or went with it (created and deleted objects).
    pub consequences: u64,
    /// Whether it changes who may do what. The activation of a role does not: that somebody may activate it was told when
    /// they were made eligible.
    pub privileged: bool,
}
