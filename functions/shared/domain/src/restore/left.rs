//! What differs and stays as it is, since the mode that was chosen does not write it.

use super::draft::Planner;
use super::{Item, LinkMode};
use crate::kinds::NamedKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which mode of a restore leaves a difference as it is; another mode would try to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LeftBy {
    /// Attributes are merged: what was empty at the snapshot keeps the value that it has.
    Attributes,
    /// Links are merged: those that came since stay. Or they are skipped, and all stay as they are.
    Links,
}

/// A difference between the snapshot and the live tenant that stays, since the chosen mode does not write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LeftByMode")]
pub struct Left {
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The object's key in the snapshot.
    pub key: String,
    /// The object's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which part: a property, or a type of links such as `groups.members`.
    pub what: String,
    /// Of links their far ends, of licences their SKU ids; otherwise none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// The mode that leaves it.
    pub mode: LeftBy,
}

/// Notes that links stay as they are: `add` are missing, `extra` came since. A merge adds, and a skip does neither.
pub(super) fn links(planner: &mut Planner<'_>, item: &Item, link: &str, add: &[&str], extra: &[&str]) {
    let left: Vec<String> = match planner.inputs.links {
        LinkMode::Rollback => return,
        LinkMode::Merge => extra.iter().map(ToString::to_string).collect(),
        LinkMode::Skip => add.iter().chain(extra).map(ToString::to_string).collect(),
    };
    if !left.is_empty() {
        planner.left(item, link, left, LeftBy::Links);
    }
}
