//! What a caller may ask for, apart from HTTP. Each is a struct with its ports as fields.
//!
//! A command checks its caller through [`Gate`] first, then its input, then acts in one conditional write.

pub mod browse;
pub mod connect;
pub mod diffs;
pub mod invitations;
pub mod organisations;
pub mod partners;
pub mod people;
pub mod plans;
pub mod restores;
pub mod sign_in;
pub mod snapshots;
pub mod tokens;

mod caller;

pub use caller::{Caller, Gate, Member};

use serde::Serialize;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on; none at the end. Opaque. May be set though nothing more follows.
    pub next: Option<String>,
}
