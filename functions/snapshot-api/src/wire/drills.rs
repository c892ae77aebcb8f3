//! A restore of all that a snapshot holds, on paper, on the wire.

use super::coverage::GapOut;
use domain::SnapshotId;
use domain::restore::{OnPaper, on_paper};
use domain::stored::Manifest;
use schemars::JsonSchema;
use serde::Serialize;

/// What it would take to put all of a snapshot back into an empty tenant.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillOut {
    /// The id of the snapshot.
    snapshot: SnapshotId,
    /// What it takes, and what does not come back.
    #[serde(flatten)]
    paper: OnPaper,
    /// What the snapshot itself does not hold, so that no restore brings it.
    not_held: Vec<GapOut>,
}

impl From<&Manifest> for DrillOut {
    fn from(manifest: &Manifest) -> Self {
        let gaps = domain::coverage::of(manifest).into_iter().flat_map(|cover| cover.gaps);
        Self {
            snapshot: manifest.snapshot.clone(),
            paper: on_paper(manifest),
            not_held: gaps.map(GapOut::from).collect(),
        }
    }
}
