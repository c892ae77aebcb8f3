//! Organisations that go to another partner.

use super::life::versioned;
use crate::PlanApi;
use crate::wire::PageIn;
use crate::wire::life::{AcceptIn, OfferIn, OfferOut, OfferedOut};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::OrganisationId;
use engine::Listed;
use http::StatusCode;
use runtime::http::{AlsoTold, Asked, IfMatch, Input, PathOf, QueryOf};
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
) -> Reply<Response> {
    let accepted = api.organisations.accept_offer(&caller, &id, &body.plan).await?;
    let giver = accepted.value.organisation.former_partners.last().cloned();
    // Why: the giver's log would end at the offer.
    let told = giver.map(|partner| AlsoTold { partner, who: None, subjects: Vec::new() });
    Ok((told.map(Extension), versioned(accepted)).into_response())
}
