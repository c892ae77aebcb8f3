//! Organisations that go to another partner.

use super::organisations::shown;
use crate::PlanApi;
use crate::wire::organisations::OrganisationOut;
use crate::wire::transfers::{AcceptTransferIn, OfferIn, OfferOut, OfferedOut};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::OrganisationId;
use domain::rights::Action;
use engine::Listed;
use http::StatusCode;
use runtime::http::{
    AlsoLogged, Asked, IfMatch, Input, Notes, PageIn, PathOf, QueryOf, Route, listed, under,
};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag { name: "Transfers", description: "Organisations that go from one partner to another." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/transfer", "offerTransfer", offer)
            .says(
                "Offers it to another partner.",
                "Offers an organisation to another partner, anywhere in the installation. Nothing changes until that \
                 accepts.",
            )
            .right(Action::EndOrganisation)
            .answers::<OfferOut>(201),
        Route::delete("/v1/organisations/{org}/transfer", "withdrawTransfer", withdraw)
            .says(
                "Takes an offer back, or refuses it.",
                "Ends an offer: by the giver it is taken back, by the partner that was to take it, refused.",
            )
            .right(Action::EndOrganisation)
            .answers_nothing(),
        Route::post("/v1/organisations/{org}/transfer/accept", "acceptTransfer", accept)
            .says(
                "Takes what is offered, on one of the caller's plans.",
                "Takes an organisation that is offered to the caller's partner. Its tenant, snapshots and history \
                 stay with it.",
            )
            .right(Action::EndOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::get("/v1/transfers", "listTransfers", list)
            .says(
                "What is offered to the caller's partner.",
                "Lists the organisations that other partners offer to the caller's.",
            )
            .right(Action::EndOrganisation)
            .answers::<Listed<OfferedOut>>(200),
    ];
    under(&TAG, rows)
}

async fn offer(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<OfferIn>,
) -> Reply<(StatusCode, Json<OfferOut>)> {
    let offer = api.organisations.offer(&caller, &id, version, &body.to).await?;
    Ok((StatusCode::CREATED, Json(offer.into())))
}

async fn withdraw(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<StatusCode> {
    api.organisations.withdraw_offer(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<OfferedOut>>> {
    Ok(listed(api.organisations.offers(&caller, query.page()).await?))
}

async fn accept(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    Input(body): Input<AcceptTransferIn>,
) -> Reply<Response> {
    let accepted = api.organisations.accept_offer(&caller, &id, &body.plan).await?;
    let giver = accepted.value.organisation.former_partners.last().cloned();
    // Why an entry in the giver's log too: otherwise it would end with the offer.
    let also = giver.map(|partner| AlsoLogged { partner, who: None, subjects: Vec::new() });
    Ok((also.map(Extension), shown(accepted)).into_response())
}
