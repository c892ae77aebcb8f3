//! Comparisons.

use super::{Accepted, accepted};
use crate::SnapshotApi;
use crate::door::Reach;
use crate::wire::{ComparisonIn, ComparisonOut, PageIn};
use axum::Json;
use axum::extract::State;
use domain::changes::Change;
use domain::rights::Action;
use domain::{DiffId, OrganisationId};
use engine::Listed;
use engine::records::Side;
use runtime::http::{Asked, Input, PathOf, QueryOf};
use runtime::problem::Reply;

pub async fn start(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org,)): PathOf<(OrganisationId,)>,
    Input(body): Input<ComparisonIn>,
) -> Reply<Accepted<ComparisonOut>> {
    let tenant = api.admit(&caller, &org, Action::Compare, Reach::Kept).await?;
    let new = body.read()?;
    if new.after == Side::Live {
        api.admit(&caller, &org, Action::Compare, Reach::Live).await?;
    }
    let diff = api.commands.start_comparison(&tenant, new).await?;
    Ok(accepted(format!("/v1/organisations/{org}/comparisons/{}", diff.id), diff.into()))
}

pub async fn read(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, DiffId)>,
) -> Reply<Json<ComparisonOut>> {
    let tenant = api.admit(&caller, &org, Action::Compare, Reach::Kept).await?;
    Ok(Json(api.commands.get_comparison(&tenant, &id).await?.into()))
}

pub async fn changes(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, DiffId)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<Change>>> {
    let tenant = api.admit(&caller, &org, Action::Compare, Reach::Kept).await?;
    Ok(Json(api.commands.list_changes(&tenant, &id, query.page()).await?))
}
