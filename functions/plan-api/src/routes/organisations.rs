//! Organisations.

use super::life::{Versioned, versioned};
use crate::PlanApi;
use crate::wire::{NewOrganisationIn, OrganisationOut, SearchIn};
use axum::Json;
use axum::extract::State;
use domain::OrganisationId;
use engine::commands::Listed;
use engine::commands::organisations::NewOrganisation;
use http::{HeaderName, StatusCode, header};
use runtime::http::{Asked, Input, PathOf, QueryOf};
use runtime::problem::Reply;

type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

pub async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewOrganisationIn>,
) -> Reply<Created<OrganisationOut>> {
    let new = NewOrganisation {
        name: body.name,
        email: body.email,
        details: body.details,
        plan: body.plan,
        seats: body.seats,
    };
    let organisation = api.organisations.create(&caller, new).await?;
    let location = format!("/v1/organisations/{}", organisation.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(organisation.into())))
}

pub async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Versioned> {
    Ok(versioned(api.organisations.get(&caller, &id).await?))
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<SearchIn>,
) -> Reply<Json<Listed<OrganisationOut>>> {
    let found = api
        .organisations
        .list(&caller, query.partner.as_ref(), query.search.as_deref(), query.page())
        .await?;
    Ok(Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next }))
}
