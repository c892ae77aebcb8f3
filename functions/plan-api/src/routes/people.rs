//! The people of the partner, and who is invited to become one.

use crate::PlanApi;
use crate::wire::people::{AcceptIn, InvitationOut, NewInvitationIn, PersonChangeIn, PersonOut};
use crate::wire::{PageIn, PartnerOut};
use axum::extract::State;
use axum::{Extension, Json};
use domain::{InvitationId, PersonId};
use engine::Listed;
use http::{HeaderName, StatusCode, header};
use runtime::http::{AlsoTold, Asked, IfMatch, Input, PathOf, QueryOf, etag};
use runtime::problem::Reply;

type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);
type Versioned<T> = ([(HeaderName, String); 1], Json<T>);

fn listed<T, O: From<T>>(found: Listed<T>) -> Json<Listed<O>> {
    Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next })
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PersonOut>>> {
    Ok(listed(api.people.list(&caller, query.page()).await?))
}

pub async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<Versioned<PersonOut>> {
    let found = api.people.get(&caller, &id).await?;
    Ok(([etag(found.version)], Json(found.value.into())))
}

pub async fn change(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<PersonChangeIn>,
) -> Reply<Versioned<PersonOut>> {
    let found = api.people.change(&caller, &id, expected, &body.into()).await?;
    Ok(([etag(found.version)], Json(found.value.into())))
}

pub async fn remove(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<StatusCode> {
    api.people.remove(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn invite(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewInvitationIn>,
) -> Reply<Created<InvitationOut>> {
    let invitation = api.invitations.create(&caller, body.into()).await?;
    let location = format!("/v1/invitations/{}", invitation.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(invitation.into())))
}

pub async fn invited(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<InvitationOut>>> {
    Ok(listed(api.invitations.list(&caller, query.page()).await?))
}

pub async fn withdraw(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(InvitationId,)>,
) -> Reply<StatusCode> {
    api.invitations.withdraw(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn accept(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<AcceptIn>,
) -> Reply<(Extension<AlsoTold>, Created<PersonOut>)> {
    let person = api.invitations.accept(&caller, &body.token).await?;
    let location = format!("/v1/people/{}", person.id);
    let subjects = vec![("per", person.id.to_string())];
    let told = AlsoTold { partner: person.partner.clone(), who: None, subjects };
    Ok((Extension(told), (StatusCode::CREATED, [(header::LOCATION, location)], Json(person.into()))))
}

pub async fn partners_below(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PartnerOut>>> {
    Ok(listed(api.partners.list_below(&caller, query.page()).await?))
}
