//! Partners.

use crate::PlanApi;
use crate::wire::{NewPartnerIn, NewPartnerOut, PartnerOut, SkuIn};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use runtime::http::{Asked, Input};
use runtime::problem::Reply;

pub async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewPartnerIn>,
) -> Reply<(StatusCode, Json<NewPartnerOut>)> {
    let new = api.partners.create(&caller, &String::from(body.name), &body.owner.into()).await?;
    let out = NewPartnerOut { partner: new.partner.into(), owner_token: new.owner_token };
    Ok((StatusCode::CREATED, Json(out)))
}

pub async fn read(State(api): State<PlanApi>, Asked(caller): Asked) -> Reply<Json<PartnerOut>> {
    Ok(Json(api.partners.get(&caller).await?.into()))
}

pub async fn activate_sku(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<SkuIn>,
) -> Reply<Json<PartnerOut>> {
    let partner = api.partners.activate_sku(&caller, body.partner.as_ref()).await?;
    Ok(Json(partner.into()))
}
