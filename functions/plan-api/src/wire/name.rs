//! A name on the wire: of a partner, a person, an organisation, a plan or a token.

use domain::text;
use garde::{Path, Report, Validate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// One line of visible text. Names stand in subjects of mails, in tables and on certificates; one that is more than a line
/// would be refused there, when nobody can change it any more.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    const MAX_CHARS: usize = 100;
}

impl Validate for Name {
    type Context = ();
    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> Path, report: &mut Report) {
        let fault = match text::fault_of_name(&self.0) {
            None if self.0.chars().count() > Self::MAX_CHARS => {
                Some("must not be longer than 100 characters")
            }
            fault => fault,
        };
        if let Some(fault) = fault {
            report.append(parent(), garde::Error::new(fault));
        }
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": Self::MAX_CHARS,
            "pattern": text::name_pattern(),
        })
    }
}

/// Without the white space at its ends.
impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.trim().to_owned()
    }
}
