//! Plans.

use crate::PlanApi;
use crate::wire::{NewPlanIn, PageIn, PlanOut};
use axum::Json;
use axum::extract::State;
use domain::plans::Terms;
use engine::commands::Listed;
use http::StatusCode;
use runtime::http::{Asked, Input, QueryOf};
use runtime::problem::Reply;

pub async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewPlanIn>,
) -> Reply<(StatusCode, Json<PlanOut>)> {
    let terms = Terms {
        product: body.product,
        name: body.name,
        periodicity: body.periodicity,
        price: body.price,
        visible: body.visible,
    };
    let plan = api.plans.create(&caller, body.partner.as_ref(), terms).await?;
    Ok((StatusCode::CREATED, Json(plan.into())))
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PlanOut>>> {
    let found = api.plans.list(&caller, query.page()).await?;
    Ok(Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next }))
}
