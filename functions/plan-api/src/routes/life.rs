//! An organisation's life: edited, suspended, unsubscribed, deleted, and back.

use crate::PlanApi;
use crate::wire::OrganisationOut;
use crate::wire::life::{CertificateIn, CertificateOut, DeletionIn, FeaturesIn, OrganisationEditIn};
use axum::Json;
use axum::extract::State;
use domain::OrganisationId;
use domain::organisations::Act;
use engine::records::Found;
use http::HeaderName;
use partners::commands::Caller;
use partners::commands::organisations::{Hold, OrganisationView};
use runtime::http::{Asked, IfMatch, Input, PathOf, QueryOf, etag};
use runtime::problem::Reply;

/// An organisation with its version.
pub type Versioned = ([(HeaderName, String); 1], Json<OrganisationOut>);

pub fn versioned(found: Found<OrganisationView>) -> Versioned {
    ([etag(found.version)], Json(found.value.into()))
}

pub async fn edit(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<OrganisationEditIn>,
) -> Reply<Versioned> {
    Ok(versioned(api.organisations.edit(&caller, &id, version, body.into()).await?))
}

pub async fn set_features(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<FeaturesIn>,
) -> Reply<Versioned> {
    Ok(versioned(api.organisations.set_features(&caller, &id, version, &body.features).await?))
}

async fn act(
    api: &PlanApi,
    caller: &Caller,
    id: &OrganisationId,
    version: u64,
    act: Act,
    hold: Hold,
) -> Reply<Versioned> {
    Ok(versioned(api.organisations.act(caller, id, version, act, &hold).await?))
}

pub async fn suspend(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned> {
    act(&api, &caller, &id, version, Act::Suspend, Hold::default()).await
}

pub async fn reactivate(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned> {
    act(&api, &caller, &id, version, Act::Reactivate, Hold::default()).await
}

pub async fn unsubscribe(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned> {
    act(&api, &caller, &id, version, Act::Unsubscribe, Hold::default()).await
}

pub async fn delete(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<DeletionIn>,
) -> Reply<Versioned> {
    act(&api, &caller, &id, version, Act::Delete, body.into()).await
}

pub async fn cancel_deletion(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned> {
    act(&api, &caller, &id, version, Act::CancelDeletion, Hold::default()).await
}

pub async fn certificate(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    QueryOf(query): QueryOf<CertificateIn>,
) -> Reply<Json<CertificateOut>> {
    Ok(Json(api.organisations.certificate(&caller, query.partner.as_ref(), &id).await?.into()))
}
