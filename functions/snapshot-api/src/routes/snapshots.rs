//! Snapshots: taken, listed, read.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, UseSnapshots};
use crate::wire::{CoverageOut, DrillOut, PropertiesIn, PropertiesOut, SnapshotOut};
use axum::Json;
use axum::extract::State;
use domain::{OrganisationId, SnapshotId, kinds};
use engine::Listed;
use runtime::http::{Accepted, Notes, PageIn, PathOf, QueryOf, Route, Text, accepted, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Snapshots", description: "States of a tenant, sealed: taken, listed and read." };

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/snapshots", "takeSnapshot", take)
            .says(
                "Takes a snapshot now.",
                "Queues a snapshot of the organisation's tenant, beside those that are due by schedule. There is one \
                 at a time: while another is being taken the answer is 409. The customer's own people may ask for 50 \
                 in a day.",
            )
            .answers::<SnapshotOut>(202)
            .located(),
        Route::get("/v1/organisations/{org}/snapshots", "listSnapshots", list)
            .says(
                "Snapshots, newest first.",
                "Lists the snapshots of the organisation's tenant, without those that only served a comparison with \
                 the live tenant.",
            )
            .answers::<Listed<SnapshotOut>>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}", "readSnapshot", read)
            .says(
                "A snapshot.",
                "Reads one snapshot: how far it is or what it holds, and what it could not or never does hold.",
            )
            .answers::<SnapshotOut>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}/coverage", "readCoverage", coverage)
            .says(
                "What a snapshot holds, and what not.",
                "Says of each kind whether a sealed snapshot holds it, which of its properties and relations it does \
                 not hold, why, and which permission would give them. 409 while the snapshot is not sealed.",
            )
            .answers::<CoverageOut>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}/coverage/{kind}", "readPropertyCoverage", properties)
            .says(
                "The properties of a kind, and what becomes of each.",
                "Looks at the objects of one kind of a sealed snapshot and tells each property that any of them has in one \
                 line, whether or not Holdfast knows it: captured, compared and put back, or not, and why. The objects may come \
                 in several parts, whose counts add up.",
            )
            .weighs(HEAVY)
            .answers::<PropertiesOut>(200),
        Route::get("/v1/organisations/{org}/snapshots/{snp}/drill", "readDrill", drill)
            .says(
                "What it would take to put all of a snapshot back.",
                "Says what a restore of everything that a sealed snapshot holds into an empty tenant would take, on paper: \
                 between which numbers of writes, how long at Microsoft's limits, and what could not come back, with the \
                 reasons of a preview. It follows from what the snapshot counts; no object is read, and no tenant. 409 \
                 while the snapshot is not sealed.",
            )
            .answers::<DrillOut>(200),
    ];
    under(&TAG, rows)
}

async fn take(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
) -> Reply<Accepted<SnapshotOut>> {
    let tenant = admitted.live()?;
    let id = api.snapshots.ask(tenant, &admitted.asker()).await?;
    let snapshot = api.browse.get(tenant, &id).await?;
    let location = format!("/v1/organisations/{}/snapshots/{id}", admitted.organisation());
    Ok(accepted(location, snapshot.into()))
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<SnapshotOut>>> {
    let tenant = admitted.stored()?;
    let Listed { items, next } = api.browse.list(tenant, query.page()).await?;
    let mut good = api.marks.known_good(tenant, items.iter().map(|row| &row.id)).await?;
    let shown = items.into_iter().map(|row| {
        let mark = good.remove(&row.id);
        SnapshotOut::from(row).known_good(mark)
    });
    Ok(Json(Listed { items: shown.collect(), next }))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id)): PathOf<(OrganisationId, SnapshotId)>,
) -> Reply<Json<SnapshotOut>> {
    let tenant = admitted.stored()?;
    let row = api.browse.get(tenant, &id).await?;
    let mark = api.marks.known_good(tenant, std::iter::once(&id)).await?.remove(&id);
    Ok(Json(SnapshotOut::with_unread(row).known_good(mark)))
}

async fn coverage(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id)): PathOf<(OrganisationId, SnapshotId)>,
) -> Reply<Json<CoverageOut>> {
    let view = api.browse.open(admitted.stored()?, &id).await?;
    Ok(Json(view.manifest().into()))
}

async fn properties(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id, Text(kind))): PathOf<(OrganisationId, SnapshotId, Text)>,
    QueryOf(query): QueryOf<PropertiesIn>,
) -> Reply<Json<PropertiesOut>> {
    let (kind, cursor) = (kinds::get(&kind)?, query.cursor.as_deref());
    Ok(Json(api.browse.properties(admitted.stored()?, &id, kind, cursor).await?.into()))
}

async fn drill(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id)): PathOf<(OrganisationId, SnapshotId)>,
) -> Reply<Json<DrillOut>> {
    let view = api.browse.open(admitted.stored()?, &id).await?;
    Ok(Json(view.manifest().into()))
}
