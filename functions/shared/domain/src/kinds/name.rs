//! The names of kinds, and what only data can say of a kind: which one it means.
//!
//! Nothing outside the table makes a [`KindName`] from text, and neither type can be compared with text. A question
//! about a kind is a field of its row: code that asks for a name would have to be found again for the next kind.

use super::{Kind, find, get};
use crate::Result;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The name of a row of the table. Stable: it is in keys, paths and stored bytes.
///
/// Nothing else makes one, and it compares with names alone:
///
/// ```compile_fail
/// let kind = domain::kinds::KINDS[0];
/// assert!(kind.name == "users");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct KindName(&'static str);

impl KindName {
    /// For the table alone.
    pub(super) const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The text, for the lookups of this module.
    pub(super) fn text(self) -> &'static str {
        self.0
    }

    /// The row of that name.
    ///
    /// # Errors
    /// `Invalid` when the table has no such row, which the table's own tests rule out.
    pub fn row(self) -> Result<&'static Kind> {
        get(self.0)
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

/// A kind as stored or sent data names it: a row of the table, or a name that this program does not know.
///
/// An unknown name is kept as it was written, so that what a later program stored can be read and shown. Like
/// [`KindName`] it does not compare with text:
///
/// ```compile_fail
/// let named = domain::kinds::NamedKind::from(domain::kinds::KINDS[0].name);
/// assert!(named == "users");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct NamedKind(Cow<'static, str>);

impl NamedKind {
    /// The row that is meant; none when this program does not know the name.
    pub fn find(&self) -> Option<&'static Kind> {
        find(&self.0)
    }

    /// The row that is meant.
    ///
    /// # Errors
    /// `Invalid`, naming every kind that there is, when there is none.
    pub fn get(&self) -> Result<&'static Kind> {
        get(&self.0)
    }
}

impl From<KindName> for NamedKind {
    fn from(name: KindName) -> Self {
        Self(Cow::Borrowed(name.0))
    }
}

impl PartialEq<KindName> for NamedKind {
    fn eq(&self, other: &KindName) -> bool {
        self.0 == other.0
    }
}

impl<'de> Deserialize<'de> for NamedKind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Ok(find(&text).map_or(Self(Cow::Owned(text)), |kind| kind.name.into()))
    }
}

impl fmt::Display for NamedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NamedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Both names are plain text to whoever reads a document of the API.
macro_rules! schema_of_text {
    ($name:ty) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                String::schema_name()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                String::json_schema(generator)
            }
        }
    };
}
schema_of_text!(KindName);
schema_of_text!(NamedKind);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;
    use serde_json::{from_value, json};

    #[test]
    fn the_name_of_a_row_is_read_as_that_row_and_written_as_it_was() {
        for kind in KINDS {
            let named: NamedKind = from_value(json!(kind.name)).unwrap();
            assert_eq!(named, kind.name);
            assert_eq!(named.find().map(|k| k.name), Some(kind.name));
            assert_eq!(json!(named), json!(kind.name.to_string()));
        }
    }

    #[test]
    fn a_name_of_a_later_program_is_kept_as_it_was_written() {
        let named: NamedKind = from_value(json!("printers")).unwrap();
        assert!(named.find().is_none());
        assert_eq!(json!(named), json!("printers"));
        assert!(named.get().unwrap_err().to_string().contains("\"printers\""));
    }
}
