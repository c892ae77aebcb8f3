//! What needs somebody, worst first, and that somebody has looked at it.

use crate::PlanApi;
use crate::wire::attention::{AcknowledgeIn, AttentionIn, AttentionItemOut, AttentionOut};
use axum::Json;
use axum::extract::State;
use domain::OrganisationId;
use domain::attention::Cause;
use domain::rights::Action;
use http::StatusCode;
use runtime::http::{Asked, Input, Notes, PathOf, QueryOf, Route, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Attention",
    description: "What needs somebody: of all organisations the causes that are there, worst first.",
};

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/attention", "listAttention", list)
            .says(
                "What needs somebody, worst first.",
                "Lists what the organisations of the caller's partner, or of one below it, need somebody for, the worst \
                 first and of one cause the oldest, with how many need nobody. What has happened stays for a week, or until \
                 somebody acknowledges it; everything else closes itself when it is over. Of the caller's own partner it \
                 lists also what is to be decided there.",
            )
            .weighs(5)
            .right(Action::ReadPartner)
            .answers::<AttentionOut>(200),
        Route::post("/v1/attention/{org}/{cause}/acknowledge", "acknowledgeCause", acknowledge)
            .says(
                "Puts a cause aside for a while.",
                "Acknowledges a cause of an organisation as it was shown, for 7 to 90 days. It is in the list again when that \
                 time is over, and before, when what is so is no longer what was shown.",
            )
            .weighs(2)
            .right(Action::EditOrganisation)
            .answers::<AttentionItemOut>(200),
        Route::delete("/v1/attention/{org}/{cause}/acknowledge", "takeAcknowledgementBack", take_back)
            .says(
                "Shows a cause again.",
                "Takes an acknowledgement back: the cause is in the list again, as far as it is there.",
            )
            .right(Action::EditOrganisation)
            .answers_nothing(),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<AttentionIn>,
) -> Reply<Json<AttentionOut>> {
    Ok(Json(api.attention.list(&caller, &query.wanted(), &query.page()).await?.into()))
}

async fn acknowledge(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id, cause)): PathOf<(OrganisationId, Cause)>,
    Input(body): Input<AcknowledgeIn>,
) -> Reply<Json<AttentionItemOut>> {
    Ok(Json(api.attention.acknowledge(&caller, &id, cause, body.into()).await?.into()))
}

async fn take_back(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id, cause)): PathOf<(OrganisationId, Cause)>,
) -> Reply<StatusCode> {
    api.attention.take_back(&caller, &id, cause).await?;
    Ok(StatusCode::NO_CONTENT)
}
