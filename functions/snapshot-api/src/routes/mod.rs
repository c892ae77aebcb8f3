//! The routes, by what they are about: each file has its handlers and their rows.

mod across;
mod comparisons;
mod downloads;
mod jobs;
mod marks;
mod objects;
mod restores;
mod sets;
mod snapshots;

use crate::SnapshotApi;
use runtime::http::{Notes, Route};

/// What a request weighs that reads many blobs: two seconds of an instance. What it did not need is given back.
const HEAVY: u32 = 20;

/// The table of the data plane, in the order of the document.
pub fn all<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let mut all = snapshots::routes();
    all.extend(objects::routes());
    all.extend(comparisons::routes());
    all.extend(across::routes());
    all.extend(restores::routes());
    all.extend(sets::routes());
    all.extend(downloads::routes());
    all.extend(marks::routes());
    all.extend(jobs::routes());
    all
}
