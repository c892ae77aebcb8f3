//! A property that may be one of a whole type of objects, as it is kept while a comparison is suspended.

use domain::changes::{OneSided, Tally};
use serde::{Deserialize, Serialize};

/// A property that may be one of a whole type of objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    /// The kind of the objects, by the name of their run.
    pub(super) run: String,
    /// The `@odata.type` of the objects; empty where they have none.
    pub(super) of_type: String,
    #[serde(flatten)]
    pub(super) property: OneSided,
    /// How many objects that differ show it.
    pub(super) seen: u64,
    /// The objects that have it, counted on each side.
    pub(super) tally: Tally,
}

impl Candidate {
    /// Whether all objects of the type have it on that side, and none on the other.
    pub(super) fn is_everywhere(&self) -> bool {
        self.tally.is_everywhere(self.property.came)
    }
}
