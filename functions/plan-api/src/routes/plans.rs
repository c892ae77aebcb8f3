//! Plans.

use crate::PlanApi;
use crate::wire::plans::{OwnLicenceIn, PlanEditIn, PlanViewOut};
use crate::wire::{NewPlanIn, PageIn, PlanOut};
use axum::Json;
use axum::extract::State;
use domain::plans::Terms;
use domain::{PartnerId, PlanId};
use engine::Listed;
use engine::records::Plan;
use http::{HeaderName, StatusCode, header};
use runtime::http::{Asked, IfMatch, Input, PathOf, QueryOf, etag};
use runtime::problem::Reply;

type Created = (StatusCode, [(HeaderName, String); 2], Json<PlanOut>);
type Versioned = ([(HeaderName, String); 1], Json<PlanViewOut>);

pub async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewPlanIn>,
) -> Reply<Created> {
    let terms = Terms {
        product: body.product,
        name: body.name.into(),
        periodicity: body.periodicity,
        price: body.price,
        visible: body.visible,
    };
    Ok(created(api.plans.create(&caller, body.partner.as_ref(), terms).await?))
}

pub async fn create_own_licence(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<OwnLicenceIn>,
) -> Reply<Created> {
    Ok(created(api.plans.create_own_licence(&caller, body.product, body.currency).await?))
}

fn created(plan: Plan) -> Created {
    let location = (header::LOCATION, format!("/v1/plans/{}", plan.id));
    // A row that was just made is of version 1.
    (StatusCode::CREATED, [location, etag(1)], Json(plan.into()))
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PlanOut>>> {
    let (found, shows_price) = api.plans.list(&caller, query.page()).await?;
    let items = found.items.into_iter().map(|plan| PlanOut::shown(plan, shows_price)).collect();
    Ok(Json(Listed { items, next: found.next }))
}

pub async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PlanId,)>,
) -> Reply<Versioned> {
    let view = api.plans.get(&caller, &id).await?;
    Ok(([etag(view.version)], Json(view.into())))
}

pub async fn edit(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PlanId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<PlanEditIn>,
) -> Reply<Versioned> {
    let view = api.plans.edit(&caller, &id, expected, body.into()).await?;
    Ok(([etag(view.version)], Json(view.into())))
}

pub async fn assign(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((plan, partner)): PathOf<(PlanId, PartnerId)>,
) -> Reply<StatusCode> {
    api.plans.assign(&caller, &plan, &partner).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn unassign(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((plan, partner)): PathOf<(PlanId, PartnerId)>,
) -> Reply<StatusCode> {
    api.plans.unassign(&caller, &plan, &partner).await?;
    Ok(StatusCode::NO_CONTENT)
}
