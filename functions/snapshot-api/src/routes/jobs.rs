//! Work that people asked for, over all organisations of a partner.

use crate::SnapshotApi;
use crate::wire::{JobsIn, JobsOut};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use runtime::http::{Asked, Notes, QueryOf, Route, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag { name: "Jobs", description: "What was asked for in all organisations of a partner." };

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::get("/v1/jobs", "listJobs", list)
            .says(
                "The jobs of a partner, newest first.",
                "Lists the snapshots, comparisons, restores and downloads that somebody asked for in the organisations of the \
                 caller's partner, or of one below it, the last asked for first, for 400 days: of organisations that the \
                 caller sees, and of types that the caller may ask for. What the schedule starts by itself is in the lists of \
                 each organisation and told by notices. A part may be short, or empty, though more follows.",
            )
            .weighs(5)
            .right(Action::ReadPartner)
            .answers::<JobsOut>(200),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<JobsIn>,
) -> Reply<Json<JobsOut>> {
    Ok(Json(api.jobs.list(&caller, &query.wanted(), query.page()).await?.into()))
}
