//! What a caller may ask for, apart from HTTP. Each is a struct with its ports as fields.
//!
//! A command checks its caller through [`Gate`] first, then its input, then acts in one conditional write.

pub mod access;
pub mod audit;
pub mod browse;
pub mod connect;
pub mod diffs;
pub mod downgrades;
pub mod idempotency;
pub mod invitations;
pub mod organisations;
pub mod partners;
pub mod people;
pub mod plans;
pub mod restores;
pub mod search;
pub mod sign_in;
pub mod snapshots;
pub mod subscriptions;
pub mod tokens;
pub mod usage;

mod caller;

pub use caller::{Caller, Gate, Member};

use domain::{Error, ErrorKind, Result};
use schemars::JsonSchema;
use serde::Serialize;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ListOf{T}")]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on; none at the end. Opaque. May be set though nothing more follows.
    pub next: Option<String>,
}

/// The outcome of an edit of a named version: who was slower by a moment is told as one who was by a day.
fn stale_if_slower(written: Result<()>, what: &str) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::Conflict => {
            Err(Error::stale(format!("{what} was changed meanwhile")))
        }
        other => other,
    }
}
