//! Objects of a snapshot: listed, searched by a part of the name, read with their links.

use crate::SnapshotApi;
use crate::door::Reach;
use crate::ports::ObjectQuery;
use crate::wire::{FoundOut, ObjectOut, ObjectsIn, PageIn};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use domain::{OrganisationId, SnapshotId, kinds};
use runtime::http::{Asked, PathOf, QueryOf, Text};
use runtime::problem::Reply;

pub async fn list(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id)): PathOf<(OrganisationId, SnapshotId)>,
    QueryOf(query): QueryOf<ObjectsIn>,
) -> Reply<Json<FoundOut>> {
    let tenant = api.admit(&caller, &org, Action::UseSnapshots, Reach::Kept).await?;
    let kind = query.kind.as_deref().map(kinds::get).transpose()?;
    let page = PageIn { cursor: query.cursor, limit: query.limit }.page();
    let wanted = ObjectQuery { kind, name: query.name };
    Ok(Json(api.commands.list_objects(&tenant, &id, wanted, page).await?.into()))
}

pub async fn read(
    State(api): State<SnapshotApi>,
    Asked(caller): Asked,
    PathOf((org, id, Text(kind), Text(key))): PathOf<(OrganisationId, SnapshotId, Text, Text)>,
) -> Reply<Json<ObjectOut>> {
    let tenant = api.admit(&caller, &org, Action::UseSnapshots, Reach::Kept).await?;
    let kind = kinds::get(&kind)?;
    Ok(Json(api.commands.get_object(&tenant, &id, kind, &key).await?.into()))
}
