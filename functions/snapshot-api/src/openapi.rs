//! The data plane's routes, for the OpenAPI document. A new route is a row here.

use crate::wire::{
    ComparisonIn, ComparisonOut, FoundOut, ObjectOut, ObjectsIn, PageIn, PlanOut, RestoreIn, RestoreOut,
    SnapshotOut,
};
use domain::changes::Change;
use domain::rights::Action;
use engine::Listed;
use runtime::openapi::Route;

/// The table. Every route asks for a tenant that is connected: else 409.
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    let all = vec![
        Route::post("/v1/organisations/{org}/snapshots", "takeSnapshot", "Takes a snapshot now.")
            .right(Action::UseSnapshots).answers::<SnapshotOut>(202).located(),
        Route::get("/v1/organisations/{org}/snapshots", "listSnapshots", "Snapshots, newest first.")
            .right(Action::UseSnapshots).query::<PageIn>().answers::<Listed<SnapshotOut>>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}", "readSnapshot", "A snapshot.")
            .right(Action::UseSnapshots).answers::<SnapshotOut>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}/objects", "listObjects", "Objects of a snapshot, by kind and name.")
            .right(Action::UseSnapshots).query::<ObjectsIn>().answers::<FoundOut>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}/objects/{kind}/{key}", "readObject", "An object with its links.")
            .right(Action::UseSnapshots).answers::<ObjectOut>(200).problems(&[400, 422]),
        Route::post("/v1/organisations/{org}/comparisons", "startComparison", "Compares two snapshots, or one with the live tenant.")
            .right(Action::Compare).body::<ComparisonIn>().answers::<ComparisonOut>(202).located(),
        Route::get("/v1/organisations/{org}/comparisons/{dif}", "readComparison", "A comparison.")
            .right(Action::Compare).answers::<ComparisonOut>(200),
        Route::get("/v1/organisations/{org}/comparisons/{dif}/changes", "listChanges", "What differs.")
            .right(Action::Compare).query::<PageIn>().answers::<Listed<Change>>(200),
        Route::post("/v1/organisations/{org}/restores", "previewRestore", "Previews a restore.")
            .right(Action::PreviewRestore).body::<RestoreIn>().answers::<RestoreOut>(202).located(),
        Route::get("/v1/organisations/{org}/restores/{rst}", "readRestore", "A restore with its steps.")
            .right(Action::PreviewRestore).query::<PageIn>().answers::<PlanOut>(200),
        Route::post("/v1/organisations/{org}/restores/{rst}/run", "runRestore", "Runs a previewed restore.")
            .right(Action::RunRestore).answers::<RestoreOut>(202).located(),
        Route::get("/v1/organisations/{org}/restores/{rst}/report", "readReport", "What became of a restore.")
            .right(Action::PreviewRestore).query::<PageIn>().answers::<PlanOut>(200),
    ];
    all.into_iter().map(|route| route.problems(&[409])).collect()
}
