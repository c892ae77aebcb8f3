//! Comparisons: started, followed, read.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, Compare};
use crate::wire::{ChangeOut, ChangesIn, ComparisonIn, ComparisonOut, ComparisonsIn};
use axum::Json;
use axum::extract::State;
use backup::commands::diffs::NewComparison;
use domain::{DiffId, OrganisationId};
use engine::Listed;
use engine::records::Side;
use runtime::http::{Accepted, Input, Notes, PathOf, QueryOf, Route, accepted, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Comparisons",
    description: "What differs between two snapshots, or between one and the live tenant.",
};

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/comparisons", "startComparison", start)
            .says(
                "Compares two snapshots, or one with the live tenant.",
                "Queues a comparison of a snapshot with a later one or with the live tenant, of everything, of some \
                 kinds, or of one object. At most 5 comparisons of a tenant are open, 3 of one person, and its own people \
                 ask for 50 in a day: beyond that the answer is 429.",
            )
            .answers::<ComparisonOut>(202)
            .located(),
        Route::get("/v1/organisations/{org}/comparisons", "listComparisons", list)
            .says(
                "The comparisons.",
                "Lists the comparisons of the organisation, those that were asked for last first: what was asked for by people, \
                 and those that follow each snapshot. With `snapshot` only those of which that snapshot is a side.",
            )
            .answers::<Listed<ComparisonOut>>(200),
        Route::get("/v1/organisations/{org}/comparisons/{dif}", "readComparison", read)
            .says("A comparison.", "Reads how far a comparison is, and how much differs once it is done.")
            .answers::<ComparisonOut>(200),
        Route::get("/v1/organisations/{org}/comparisons/{dif}/changes", "listChanges", changes)
            .says(
                "What differs.",
                "Lists the changes that a comparison found, attribute by attribute and link by link, each with who made it where \
                 Microsoft's own log says so, or why that is not known. With `actor` only what they made or may have made. \
                 While the comparison is not done the answer is 409.",
            )
            .weighs(HEAVY)
            .answers::<Listed<ChangeOut>>(200),
    ];
    under(&TAG, rows)
}

async fn start(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    Input(body): Input<ComparisonIn>,
) -> Reply<Accepted<ComparisonOut>> {
    let new = NewComparison::try_from(body)?;
    let tenant = if new.after == Side::Live { admitted.live()? } else { admitted.stored()? };
    let diff = api.diffs.start(tenant, admitted.asker(), new).await?;
    let location = format!("/v1/organisations/{}/comparisons/{}", admitted.organisation(), diff.id);
    Ok(accepted(location, diff.into()))
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    QueryOf(query): QueryOf<ComparisonsIn>,
) -> Reply<Json<Listed<ComparisonOut>>> {
    let side = query.snapshot.clone();
    let Listed { items, next } = api.diffs.list(admitted.stored()?, side.as_ref(), query.page()).await?;
    Ok(Json(Listed { items: items.into_iter().map(ComparisonOut::from).collect(), next }))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    PathOf((_, id)): PathOf<(OrganisationId, DiffId)>,
) -> Reply<Json<ComparisonOut>> {
    Ok(Json(api.diffs.get(admitted.stored()?, &id).await?.into()))
}

async fn changes(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    PathOf((_, id)): PathOf<(OrganisationId, DiffId)>,
    QueryOf(query): QueryOf<ChangesIn>,
) -> Reply<Json<Listed<ChangeOut>>> {
    let (tenant, actor) = (admitted.stored()?, query.actor.as_deref());
    let Listed { items, next } = api.diffs.authored(tenant, &id, query.page(), actor).await?;
    Ok(Json(Listed { items: items.into_iter().map(ChangeOut::from).collect(), next }))
}
