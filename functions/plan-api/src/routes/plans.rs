//! Plans: made, assigned to partners below, edited.

use crate::PlanApi;
use crate::wire::plans::{NewPlanIn, OwnLicenceIn, PlanEditIn, PlanOut, PlanViewOut};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use domain::{PartnerId, PlanId};
use engine::Listed;
use engine::records::Plan;
use http::StatusCode;
use runtime::http::{
    Asked, CreatedVersion, IfMatch, Input, Notes, PageIn, PathOf, QueryOf, Route, Versioned, created_version,
    under, versioned,
};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag { name: "Plans", description: "What is sold to organisations, and for how much." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/plans", "createPlan", create)
            .says("Makes a plan.", "Makes a plan of the caller's partner, or of one below it that is named.")
            .right(Action::ManagePlans)
            .answers::<PlanOut>(201)
            .located()
            .versioned(),
        Route::get("/v1/plans", "listPlans", list)
            .says(
                "The plans assigned to the caller's partner, newest first.",
                "Lists the plans of the caller's partner, newest first, then those that partners above assigned to it.",
            )
            .right(Action::ReadPartner)
            .answers::<Listed<PlanOut>>(200),
        Route::get("/v1/plans/{pln}", "readPlan", read)
            .says(
                "A plan, with how many organisations are on it.",
                "Reads one plan that the caller's partner may sell, with the version that an edit takes.",
            )
            .weighs(4)
            .right(Action::ReadPartner)
            .answers::<PlanViewOut>(200)
            .versioned(),
        Route::patch("/v1/plans/{pln}", "editPlan", edit)
            .says(
                "Changes a plan's name, price or visibility.",
                "Changes what the body names of a plan, and leaves the rest. What was used before a new price keeps the \
                 old one.",
            )
            .right(Action::ManagePlans)
            .answers::<PlanViewOut>(200)
            .versioned(),
        Route::put("/v1/plans/{pln}/partners/{prt}", "assignPlan", assign)
            .says("A partner below may sell the plan.", "Lets a partner below the caller's sell the plan.")
            .right(Action::ManagePlans)
            .answers_nothing(),
        Route::delete("/v1/plans/{pln}/partners/{prt}", "unassignPlan", unassign)
            .says(
                "The partner below may no longer sell the plan.",
                "Takes the plan from a partner below the caller's. While organisations of that partner are on it the \
                 answer is 409.",
            )
            .right(Action::ManagePlans)
            .answers_nothing(),
        Route::post("/v1/partner/own-licence", "createOwnLicence", create_own_licence)
            .says(
                "Makes the partner's plan not for resale.",
                "Makes a plan that costs nothing, by which the partner protects its own tenant.",
            )
            .right(Action::ManagePlans)
            .answers::<PlanOut>(201)
            .located()
            .versioned(),
    ];
    under(&TAG, rows)
}

async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewPlanIn>,
) -> Reply<CreatedVersion<PlanOut>> {
    let partner = body.partner.clone();
    Ok(made(api.plans.create(&caller, partner.as_ref(), body.into()).await?))
}

async fn create_own_licence(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<OwnLicenceIn>,
) -> Reply<CreatedVersion<PlanOut>> {
    Ok(made(api.plans.create_own_licence(&caller, body.product, body.currency).await?))
}

fn made(plan: Plan) -> CreatedVersion<PlanOut> {
    created_version(format!("/v1/plans/{}", plan.id), plan.into())
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PlanOut>>> {
    let (found, shows_price) = api.plans.list(&caller, query.page()).await?;
    let items = found.items.into_iter().map(|plan| PlanOut::shown(plan, shows_price)).collect();
    Ok(Json(Listed { items, next: found.next }))
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PlanId,)>,
) -> Reply<Versioned<PlanViewOut>> {
    let view = api.plans.get(&caller, &id).await?;
    Ok(versioned(view.version, view.into()))
}

async fn edit(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PlanId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<PlanEditIn>,
) -> Reply<Versioned<PlanViewOut>> {
    let view = api.plans.edit(&caller, &id, expected, body.into()).await?;
    Ok(versioned(view.version, view.into()))
}

async fn assign(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((plan, partner)): PathOf<(PlanId, PartnerId)>,
) -> Reply<StatusCode> {
    api.plans.assign(&caller, &plan, &partner).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unassign(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((plan, partner)): PathOf<(PlanId, PartnerId)>,
) -> Reply<StatusCode> {
    api.plans.unassign(&caller, &plan, &partner).await?;
    Ok(StatusCode::NO_CONTENT)
}
