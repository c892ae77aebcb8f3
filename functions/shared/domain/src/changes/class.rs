//! What sort of difference something is: a change that somebody made, or one that follows from another, was merely observed,
//! or is Microsoft's own.

use super::{AttributeChange, Change, Reason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sort of difference it is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Somebody, or something that acts for them, made it.
    #[default]
    Change,
    /// It follows from another difference: Microsoft sets it when the other is written, or a rule does.
    Derived,
    /// It happened and cannot be put back, such as a new password: it is shown, and is no difference.
    Observed,
    /// Microsoft edited what it maintains itself, such as a built-in role.
    Service,
}

impl Class {
    /// Whether it is the usual one, which is not written down.
    pub fn is_change(&self) -> bool {
        *self == Self::Change
    }
}

/// How an object came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum How {
    /// It was neither there nor in the recycle bin before.
    New,
    /// It came out of the recycle bin.
    Restored,
    /// It was created again under another id by a restore.
    Recreated,
    /// It lies in the recycle bin, from which it can come back.
    SoftDeleted,
    /// It is gone for good: it does not lie in the recycle bin, or there is none for its kind.
    HardDeleted,
    /// What lay in the recycle bin was not read, so which of these it is is not known.
    Unknown,
}

/// What is known of a change beside what differs. Comparisons of older releases say nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Rating {
    /// How the object came or went, where the change is about that; absent where a role was given or taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// What sort of difference it is; absent where somebody made it. Of several sorts the first in the order of the list.
    #[serde(skip_serializing_if = "Class::is_change")]
    pub class: Class,
    /// How much it matters, from 1 to 100: what the gravest of its reasons weighs.
    pub weight: u8,
    /// Why it matters, the gravest first; empty where nothing makes it matter more than any other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// It goes on with the links of the change before it, which is of the same object and has more than one part may have.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continued: bool,
}

impl Change {
    /// Its attributes without those that were only observed, which cannot be put back.
    pub fn differing(&self) -> impl Iterator<Item = &AttributeChange> {
        self.attributes.iter().filter(|attribute| attribute.class != Class::Observed)
    }
}

/// The class of several parts together: a change where one of them is.
pub(super) fn class_of(attributes: &[AttributeChange], links: impl Iterator<Item = Class>) -> Class {
    attributes.iter().map(|attribute| attribute.class).chain(links).min().unwrap_or_default()
}
