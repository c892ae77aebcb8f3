//! The way into an organisation's portal: the link, and the session that it is exchanged for. The pages are
//! `serve-portal`'s.

use super::NOT_KEPT;
use crate::PlanApi;
use crate::wire::access::{AccessIn, AccessLinkOut, SessionOut};
use axum::extract::State;
use axum::{Extension, Json};
use domain::rights::Action;
use domain::{ErrorKind, OrganisationId};
use engine::metrics::ACCESS_REFUSED;
use http::{HeaderName, StatusCode};
use runtime::http::{AlsoLogged, Asked, AuditTrail, Input, Named, Notes, PathOf, Route, under};
use runtime::metrics::count_now;
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Access", description: "The way of an end user into the portal of an organisation." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/access-link", "makeAccessLink", link)
            .says(
                "A link to the organisation's portal, good once.",
                "Makes a link by which an end user opens the portal of the organisation. It is good once and for a \
                 short time, and shown this once. Its session opens the features that are switched on now, and no others.",
            )
            .right(Action::EditOrganisation)
            .answers::<AccessLinkOut>(201),
        Route::post("/v1/access", "openAccess", open)
            .says(
                "A session of an hour for a link's token.",
                "Exchanges the token of an access link for a session. The token is the proof: nobody has to sign in.",
            )
            .answers::<SessionOut>(201)
            .problems(&[404]),
    ];
    under(&TAG, rows)
}

/// A reply that shows a secret.
type Secret<T> = (StatusCode, [(HeaderName, &'static str); 1], Json<T>);

async fn link(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Secret<AccessLinkOut>> {
    let link = api.access.link(&caller, &id).await?;
    Ok((StatusCode::CREATED, NOT_KEPT, Json(link.into())))
}

async fn open(
    State(api): State<PlanApi>,
    trail: AuditTrail,
    Input(body): Input<AccessIn>,
) -> Reply<(Extension<AlsoLogged>, Secret<SessionOut>)> {
    let named = api
        .access
        .whose(&body.token)
        .await?
        .map(|(partner, organisation)| Named { partner, subjects: vec![("org", organisation.to_string())] });
    trail.begin(named).await?;
    let opened = api.access.open(&body.token).await;
    // Why counted: here anybody may try, and who guesses is seen by nothing else.
    if opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        count_now(&ACCESS_REFUSED);
    }
    let session = opened?;
    let also = AlsoLogged {
        partner: session.partner.clone(),
        who: Some(session.made_by.clone()),
        subjects: vec![("made", session.id.to_string())],
    };
    Ok((Extension(also), (StatusCode::CREATED, NOT_KEPT, Json(session.into()))))
}
