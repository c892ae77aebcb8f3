//! The data plane's JSON. Changes and steps are written as the domain keeps them; all else is only here.

mod comparisons;
mod objects;
mod restores;
mod snapshots;

pub use comparisons::{ComparisonIn, ComparisonOut, SideText};
pub use objects::{FoundOut, ObjectLinkOut, ObjectOut, ObjectSummaryOut, ObjectsIn};
pub use restores::{ObjectRefIn, OutcomeOut, PlanOut, RestoreIn, RestoreOut, StepOut};
pub use snapshots::SnapshotOut;

use engine::ports::Page;
use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;

/// Items of a list when nothing is said.
const PAGE_ITEMS: usize = 50;

/// Which part of a list.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageIn {
    /// The `next` of the part before.
    #[garde(length(max = 4_000))]
    pub cursor: Option<String>,
    /// At most so many.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl PageIn {
    /// As the engine wants it.
    pub fn page(self) -> Page {
        Page { after: self.cursor, limit: self.limit.unwrap_or(PAGE_ITEMS), descending: false }
    }
}
