//! Lists that are read page by page.

use schemars::JsonSchema;
use serde::Serialize;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ListOf{T}")]
pub struct Listed<T> {
    /// The items of this part.
    pub items: Vec<T>,
    /// Where the next part begins, as an opaque text; none at the end. May be set though nothing more follows.
    pub next: Option<String>,
}
