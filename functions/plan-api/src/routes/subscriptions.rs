//! Subscriptions, requests for downgrades, and the way into an organisation's portal.

use crate::PlanApi;
use crate::wire::subscriptions::{
    AccessIn, AccessLinkOut, DowngradeOut, DowngradesIn, RefuseIn, SessionOut, SubscriptionEditIn,
    SubscriptionOut,
};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::{DowngradeId, OrganisationId};
use engine::Listed;
use http::{HeaderName, StatusCode, header};
use partners::commands::downgrades::Decision;
use partners::commands::subscriptions::Changed;
use runtime::http::{AlsoTold, Asked, IfMatch, Input, PathOf, QueryOf, etag};
use runtime::problem::Reply;

type Versioned<T> = ([(HeaderName, String); 1], Json<T>);
type Secret<T> = (StatusCode, [(HeaderName, &'static str); 1], Json<T>);

/// What is shown once is kept by nobody on its way.
const NOT_KEPT: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

pub async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Versioned<SubscriptionOut>> {
    let view = api.money.subscriptions.get(&caller, &id).await?;
    Ok(([etag(view.version)], Json(view.into())))
}

pub async fn change(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<SubscriptionEditIn>,
) -> Reply<Response> {
    Ok(match api.money.subscriptions.change(&caller, &id, expected, body.into()).await? {
        Changed::Now(view) => ([etag(view.version)], Json(SubscriptionOut::from(*view))).into_response(),
        Changed::Asked(request, version) => {
            (StatusCode::ACCEPTED, [etag(version)], Json(DowngradeOut::from(*request))).into_response()
        }
    })
}

pub async fn list_downgrades(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<DowngradesIn>,
) -> Reply<Json<Listed<DowngradeOut>>> {
    let found = api.money.downgrades.list(&caller, query.state, query.page()).await?;
    Ok(Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next }))
}

pub async fn approve_downgrade(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(DowngradeId,)>,
) -> Reply<Json<DowngradeOut>> {
    Ok(Json(api.money.downgrades.decide(&caller, &id, &Decision::Approve).await?.into()))
}

pub async fn refuse_downgrade(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(DowngradeId,)>,
    Input(body): Input<RefuseIn>,
) -> Reply<Json<DowngradeOut>> {
    let decision = Decision::Refuse(body.reason);
    Ok(Json(api.money.downgrades.decide(&caller, &id, &decision).await?.into()))
}

pub async fn access_link(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Secret<AccessLinkOut>> {
    let link = api.money.access.link(&caller, &id).await?;
    Ok((StatusCode::CREATED, NOT_KEPT, Json(link.into())))
}

/// Without a caller: the link's token is the proof.
pub async fn open_access(
    State(api): State<PlanApi>,
    Input(body): Input<AccessIn>,
) -> Reply<(Extension<AlsoTold>, Secret<SessionOut>)> {
    let session = api.money.access.open(&body.token).await?;
    let told = AlsoTold {
        partner: session.partner.clone(),
        who: Some(session.made_by.clone()),
        subjects: vec![("org", session.organisation.to_string()), ("made", session.name.clone())],
    };
    Ok((Extension(told), (StatusCode::CREATED, NOT_KEPT, Json(session.into()))))
}
