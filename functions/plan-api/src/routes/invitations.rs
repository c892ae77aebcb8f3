//! Who is invited to become a person of the partner.

use crate::PlanApi;
use crate::wire::invitations::{AcceptInvitationIn, InvitationOut, NewInvitationIn};
use crate::wire::people::PersonOut;
use axum::extract::State;
use axum::{Extension, Json};
use domain::InvitationId;
use domain::rights::Action;
use engine::Listed;
use http::StatusCode;
use runtime::http::{
    AlsoLogged, Asked, AuditTrail, Created, Input, Named, Notes, PageIn, PathOf, QueryOf, Route, created,
    listed, under,
};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Invitations", description: "How somebody becomes a person of the caller's partner." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/invitations", "invite", invite)
            .says(
                "Invites a person by mail.",
                "Makes an invitation and mails its code. Whoever signs in and shows the code becomes the person. A partner \
                 makes at most 100 in a day: beyond that the answer is 429.",
            )
            .right(Action::ManagePeople)
            .answers::<InvitationOut>(201)
            .located(),
        Route::get("/v1/invitations", "listInvitations", list)
            .says("Invitations that are open.", "Lists the invitations of the caller's partner, newest first; those that were accepted say when.")
            .right(Action::ManagePeople)
            .answers::<Listed<InvitationOut>>(200),
        Route::delete("/v1/invitations/{inv}", "withdrawInvitation", withdraw)
            .says("Takes an invitation back.", "Ends an invitation: its code is no longer good.")
            .right(Action::ManagePeople)
            .answers_nothing(),
        Route::post("/v1/invitations/accept", "acceptInvitation", accept)
            .says(
                "Whoever is signed in becomes the person that was invited.",
                "Makes a person of whoever is signed in and shows the code that was mailed.",
            )
            .answers::<PersonOut>(201)
            .located(),
    ];
    under(&TAG, rows)
}

async fn invite(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewInvitationIn>,
) -> Reply<Created<InvitationOut>> {
    let invitation = api.invitations.create(&caller, body.into()).await?;
    Ok(created(format!("/v1/invitations/{}", invitation.id), invitation.into()))
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<InvitationOut>>> {
    Ok(listed(api.invitations.list(&caller, query.page()).await?))
}

async fn withdraw(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(InvitationId,)>,
) -> Reply<StatusCode> {
    api.invitations.withdraw(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn accept(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    trail: AuditTrail,
    Input(body): Input<AcceptInvitationIn>,
) -> Reply<(Extension<AlsoLogged>, Created<PersonOut>)> {
    let named = api
        .invitations
        .whose(&body.token)
        .await?
        .map(|(partner, invitation)| Named { partner, subjects: vec![("inv", invitation.to_string())] });
    trail.begin(named).await?;
    let person = api.invitations.accept(&caller, &body.token).await?;
    let subjects = vec![("per", person.id.to_string())];
    // Why: whoever accepts was no person of any partner when the call came, so no log is theirs yet.
    let also = AlsoLogged { partner: person.partner.clone(), who: None, subjects };
    Ok((Extension(also), created(format!("/v1/people/{}", person.id), person.into())))
}
