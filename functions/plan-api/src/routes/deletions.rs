//! The end of an organisation's data: asked for, cancelled, certified.

use super::organisations::shown;
use crate::PlanApi;
use crate::wire::deletions::{CertificateIn, CertificateOut, DeletionIn};
use crate::wire::organisations::OrganisationOut;
use axum::Json;
use axum::extract::State;
use domain::OrganisationId;
use domain::organisations::Act;
use domain::rights::Action;
use partners::commands::organisations::Hold;
use runtime::http::{Asked, IfMatch, Input, Notes, PathOf, QueryOf, Route, Versioned, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Deletions", description: "The end of an organisation's data, and the proof of it." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/deletion", "deleteOrganisation", delete)
            .says(
                "Its data is deleted after a hold.",
                "Has the data of an organisation deleted once the hold is over: backups stop now, and until then the \
                 deletion can be cancelled.",
            )
            .right(Action::EndOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::delete("/v1/organisations/{org}/deletion", "cancelDeletion", cancel)
            .says(
                "The deletion does not happen.",
                "Cancels a deletion that has not begun: the organisation is as it was before.",
            )
            .right(Action::EndOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::get("/v1/organisations/{org}/deletion-certificate", "readDeletionCertificate", certificate)
            .says(
                "That its data was deleted, and when.",
                "Reads the certificate that the data of an organisation was deleted and its key destroyed. It is \
                 signed, and outlives the organisation.",
            )
            .right(Action::EndOrganisation)
            .answers::<CertificateOut>(200),
    ];
    under(&TAG, rows)
}

async fn delete(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<DeletionIn>,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.act(&caller, &id, version, Act::Delete, &body.into()).await?))
}

async fn cancel(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.act(&caller, &id, version, Act::CancelDeletion, &Hold::default()).await?))
}

async fn certificate(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    QueryOf(query): QueryOf<CertificateIn>,
) -> Reply<Json<CertificateOut>> {
    Ok(Json(api.organisations.certificate(&caller, query.partner.as_ref(), &id).await?.into()))
}
