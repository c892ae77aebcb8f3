//! Subscriptions: what organisations pay for.

use crate::PlanApi;
use crate::wire::downgrades::DowngradeOut;
use crate::wire::subscriptions::{SubscriptionEditIn, SubscriptionOut};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::OrganisationId;
use domain::rights::Action;
use http::StatusCode;
use partners::commands::subscriptions::Changed;
use runtime::http::{Asked, IfMatch, Input, Notes, PathOf, Route, Versioned, etag, under, versioned};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag { name: "Subscriptions", description: "What organisations pay for: a plan, and seats." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/organisations/{org}/subscription", "readSubscription", read)
            .says(
                "What an organisation pays for.",
                "Reads the plan and the seats that an organisation pays for, beside the seats that are in use.",
            )
            .right(Action::ReadPartner)
            .answers::<SubscriptionOut>(200)
            .versioned(),
        Route::patch("/v1/organisations/{org}/subscription", "changeSubscription", change)
            .says(
                "Changes seats or plan; a downgrade is asked for.",
                "Changes what the body names of a subscription: at once and answered 200, or, where the product \
                 becomes a lower one, asked of the top partner and answered 202.",
            )
            .right(Action::ChangeSubscription)
            .answers::<SubscriptionOut>(200)
            .answers::<DowngradeOut>(202)
            .versioned(),
    ];
    under(&TAG, rows)
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Versioned<SubscriptionOut>> {
    let view = api.subscriptions.get(&caller, &id).await?;
    Ok(versioned(view.version, view.into()))
}

async fn change(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<SubscriptionEditIn>,
) -> Reply<Response> {
    Ok(match api.subscriptions.change(&caller, &id, expected, body.into()).await? {
        Changed::Now(view) => versioned(view.version, SubscriptionOut::from(*view)).into_response(),
        Changed::Asked(request, version) => {
            (StatusCode::ACCEPTED, [etag(version)], Json(DowngradeOut::from(*request))).into_response()
        }
    })
}
