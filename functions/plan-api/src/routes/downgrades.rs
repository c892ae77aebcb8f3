//! Requests for downgrades, which the top partner decides.

use crate::PlanApi;
use crate::wire::downgrades::{DowngradeOut, DowngradesIn, RefuseIn};
use axum::Json;
use axum::extract::State;
use domain::DowngradeId;
use domain::rights::Action;
use engine::Listed;
use partners::commands::downgrades::Decision;
use runtime::http::{Asked, Input, Notes, PathOf, QueryOf, Route, listed, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Downgrades", description: "Requests for a lower product, which the top partner decides." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/downgrade-requests", "listDowngrades", list)
            .says(
                "Requests for downgrades.",
                "Lists the requests of the caller's partner and of what is below it, newest first.",
            )
            .right(Action::ReadPartner)
            .answers::<Listed<DowngradeOut>>(200),
        Route::post("/v1/downgrade-requests/{dwn}/approve", "approveDowngrade", approve)
            .says(
                "The downgrade takes effect.",
                "Approves a request, which takes effect at once. The top partner alone may.",
            )
            .right(Action::ApproveDowngrade)
            .answers::<DowngradeOut>(200),
        Route::post("/v1/downgrade-requests/{dwn}/refuse", "refuseDowngrade", refuse)
            .says(
                "The downgrade does not happen.",
                "Refuses a request, with a reason for whoever asked. The top partner alone may.",
            )
            .right(Action::ApproveDowngrade)
            .answers::<DowngradeOut>(200),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<DowngradesIn>,
) -> Reply<Json<Listed<DowngradeOut>>> {
    Ok(listed(api.downgrades.list(&caller, query.state, query.page()).await?))
}

async fn approve(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(DowngradeId,)>,
) -> Reply<Json<DowngradeOut>> {
    Ok(Json(api.downgrades.decide(&caller, &id, &Decision::Approve).await?.into()))
}

async fn refuse(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(DowngradeId,)>,
    Input(body): Input<RefuseIn>,
) -> Reply<Json<DowngradeOut>> {
    Ok(Json(api.downgrades.decide(&caller, &id, &Decision::Refuse(body.reason)).await?.into()))
}
