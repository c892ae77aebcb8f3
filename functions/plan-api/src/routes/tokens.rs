//! API tokens of the partner, and an organisation's own.

use crate::PlanApi;
use crate::wire::PageIn;
use crate::wire::tokens::{NewTokenIn, TokenOut};
use axum::Json;
use axum::extract::State;
use domain::{OrganisationId, TokenId};
use engine::Listed;
use http::{HeaderName, StatusCode, header};
use runtime::http::{Asked, Input, PathOf, QueryOf};
use runtime::problem::Reply;

type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

fn created(location: String, token: TokenOut) -> Created<TokenOut> {
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(token))
}

pub async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewTokenIn>,
) -> Reply<Created<TokenOut>> {
    let made = api.tokens.create(&caller, body.into()).await?;
    Ok(created(format!("/v1/tokens/{}", made.entry.id), made.into()))
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<TokenOut>>> {
    let found = api.tokens.list(&caller, query.page()).await?;
    Ok(Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next }))
}

pub async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(TokenId,)>,
) -> Reply<Json<TokenOut>> {
    Ok(Json(api.tokens.get(&caller, &id).await?.into()))
}

pub async fn revoke(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(TokenId,)>,
) -> Reply<StatusCode> {
    api.tokens.revoke(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn rotate(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(TokenId,)>,
) -> Reply<Created<TokenOut>> {
    let made = api.tokens.rotate(&caller, &id).await?;
    Ok(created(format!("/v1/tokens/{id}"), made.into()))
}

pub async fn own(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Json<TokenOut>> {
    let (view, organisation) = api.tokens.get_of_organisation(&caller, &id).await?;
    Ok(Json(TokenOut::from(view).of(organisation)))
}

pub async fn renew(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Created<TokenOut>> {
    let (made, organisation) = api.tokens.rotate_of_organisation(&caller, &id).await?;
    Ok(created(format!("/v1/organisations/{id}/token"), TokenOut::from(made).of(organisation)))
}

pub async fn end(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<StatusCode> {
    api.tokens.revoke_of_organisation(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
