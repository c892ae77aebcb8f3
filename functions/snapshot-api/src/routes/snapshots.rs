//! Snapshots.

use super::{Accepted, accepted, listed};
use crate::SnapshotApi;
use crate::door::Reach;
use crate::wire::{PageIn, SnapshotOut};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use domain::{OrganisationId, SnapshotId};
use engine::Listed;
use runtime::http::{Asked, PathOf, QueryOf};
use runtime::problem::Reply;

pub async fn take(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org,)): PathOf<(OrganisationId,)>,
) -> Reply<Accepted<SnapshotOut>> {
    let tenant = api.admit(&caller, &org, Action::UseSnapshots, Reach::Live).await?;
    let snapshot = api.commands.take_snapshot(&tenant).await?;
    Ok(accepted(format!("/v1/organisations/{org}/snapshots/{}", snapshot.id), snapshot.into()))
}

pub async fn list(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org,)): PathOf<(OrganisationId,)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<SnapshotOut>>> {
    let tenant = api.admit(&caller, &org, Action::UseSnapshots, Reach::Kept).await?;
    Ok(listed(api.commands.list_snapshots(&tenant, query.page()).await?))
}

pub async fn read(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, SnapshotId)>,
) -> Reply<Json<SnapshotOut>> {
    let tenant = api.admit(&caller, &org, Action::UseSnapshots, Reach::Kept).await?;
    Ok(Json(SnapshotOut::with_unread(api.commands.get_snapshot(&tenant, &id).await?)))
}
