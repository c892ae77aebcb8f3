//! Organisations that go to another partner.

use super::life::{Versioned, versioned};
use crate::PlanApi;
use crate::wire::PageIn;
use crate::wire::life::{AcceptIn, OfferIn, OfferOut, OfferedOut};
use axum::Json;
use axum::extract::State;
use domain::OrganisationId;
use engine::commands::Listed;
use http::StatusCode;
use runtime::http::{Asked, IfMatch, Input, PathOf, QueryOf};
use runtime::problem::Reply;

pub async fn offer(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<OfferIn>,
) -> Reply<(StatusCode, Json<OfferOut>)> {
    let offer = api.organisations.offer(&caller, &id, version, &body.to).await?;
    Ok((StatusCode::CREATED, Json(offer.into())))
}

/// By the giver: taken back; by the one who was to take it: refused.
pub async fn withdraw(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<StatusCode> {
    api.organisations.withdraw_offer(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<OfferedOut>>> {
    let found = api.organisations.offers(&caller, query.page()).await?;
    Ok(Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next }))
}

pub async fn accept(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    Input(body): Input<AcceptIn>,
) -> Reply<Versioned> {
    Ok(versioned(api.organisations.accept_offer(&caller, &id, &body.plan).await?))
}
