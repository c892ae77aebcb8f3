//! Restores: previewed, looked at, run, reported.

use super::{Accepted, accepted};
use crate::SnapshotApi;
use crate::door::Reach;
use crate::wire::{PageIn, PlanOut, RestoreIn, RestoreOut};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use domain::{Error, OrganisationId, RestoreId};
use engine::records::RestoreState;
use runtime::http::{Asked, Input, PathOf, QueryOf};
use runtime::problem::Reply;

pub async fn preview(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org,)): PathOf<(OrganisationId,)>,
    Input(body): Input<RestoreIn>,
) -> Reply<Accepted<RestoreOut>> {
    let tenant = api.admit(&caller, &org, Action::PreviewRestore, Reach::Live).await?;
    let new = body.read(&caller.member()?.token)?;
    let restore = api.commands.preview_restore(&tenant, new).await?;
    Ok(accepted(format!("/v1/organisations/{org}/restores/{}", restore.id), restore.into()))
}

pub async fn read(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, RestoreId)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<PlanOut>> {
    let tenant = api.admit(&caller, &org, Action::PreviewRestore, Reach::Kept).await?;
    let restore = api.commands.get_restore(&tenant, &id).await?;
    let plan = api.commands.read_plan(&tenant, &id, query.page()).await?;
    Ok(Json(PlanOut::new(restore, plan)))
}

pub async fn run(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, RestoreId)>,
) -> Reply<Accepted<RestoreOut>> {
    let tenant = api.admit(&caller, &org, Action::RunRestore, Reach::Live).await?;
    let restore = api.commands.run_restore(&tenant, &id, &caller.member()?.token).await?;
    Ok(accepted(format!("/v1/organisations/{org}/restores/{id}"), restore.into()))
}

pub async fn report(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, RestoreId)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<PlanOut>> {
    let tenant = api.admit(&caller, &org, Action::PreviewRestore, Reach::Kept).await?;
    let restore = api.commands.get_restore(&tenant, &id).await?;
    if restore.started_at.is_none() || !matches!(restore.state, RestoreState::Done | RestoreState::Failed) {
        return Err(Error::conflict("the restore has not been run to its end").into());
    }
    let plan = api.commands.read_plan(&tenant, &id, query.page()).await?;
    Ok(Json(PlanOut::new(restore, plan)))
}
