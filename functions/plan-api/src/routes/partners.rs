//! Partners: the caller's own, and those below it.

use crate::PlanApi;
use crate::wire::partners::{NewPartnerIn, NewPartnerOut, PartnerOut, SkuIn};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use engine::Listed;
use http::StatusCode;
use runtime::http::{Asked, Input, Notes, PageIn, QueryOf, Route, listed, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Partners", description: "Service providers: distributors and the resellers below them." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/partners", "createPartner", create)
            .says(
                "Makes a partner, its Owner and a first token.",
                "Makes a partner below the caller's, or a top partner where the operator of the installation asks. \
                 Its Owner is invited where people can sign in. The API token is shown this once; whoever may give no \
                 Owner's token gets none there.",
            )
            .right(Action::ManagePeople)
            .answers::<NewPartnerOut>(201),
        Route::get("/v1/partners", "listPartnersBelow", list_below)
            .says(
                "The partners below the caller's.",
                "Lists the partners below the caller's, however deep, oldest first.",
            )
            .right(Action::ReadPartner)
            .answers::<Listed<PartnerOut>>(200),
        Route::get("/v1/partner", "readPartner", read)
            .says("The caller's partner.", "Reads the partner that the caller is a person or a token of.")
            .right(Action::ReadPartner)
            .answers::<PartnerOut>(200),
        Route::post("/v1/partner/sku", "activateSku", activate_sku)
            .says(
                "Activates the Entra SKU.",
                "Lets a partner make plans that protect Entra ID. To activate it again changes nothing.",
            )
            .right(Action::ManagePlans)
            .answers::<PartnerOut>(200),
    ];
    under(&TAG, rows)
}

async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewPartnerIn>,
) -> Reply<(StatusCode, Json<NewPartnerOut>)> {
    let new = api.partners.create(&caller, &String::from(body.name), &body.owner.into()).await?;
    Ok((StatusCode::CREATED, Json(new.into())))
}

async fn list_below(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PartnerOut>>> {
    Ok(listed(api.partners.list_below(&caller, query.page()).await?))
}

async fn read(State(api): State<PlanApi>, Asked(caller): Asked) -> Reply<Json<PartnerOut>> {
    Ok(Json(api.partners.get(&caller).await?.into()))
}

async fn activate_sku(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<SkuIn>,
) -> Reply<Json<PartnerOut>> {
    Ok(Json(api.partners.activate_sku(&caller, body.partner.as_ref()).await?.into()))
}
