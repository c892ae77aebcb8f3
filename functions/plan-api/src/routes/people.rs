//! The people of the partner.

use crate::PlanApi;
use crate::wire::people::{PersonChangeIn, PersonOut, RemovedPersonOut};
use axum::Json;
use axum::extract::State;
use domain::PersonId;
use domain::rights::Action;
use engine::Listed;
use runtime::http::{
    Asked, IfMatch, Input, Notes, PageIn, PathOf, QueryOf, Route, Versioned, listed, under, versioned,
};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "People", description: "The people of the caller's partner, and what they may do." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/people", "listPeople", list)
            .says("The people of the caller's partner.", "Lists the people of the caller's partner.")
            .right(Action::ManagePeople)
            .answers::<Listed<PersonOut>>(200),
        Route::get("/v1/people/{per}", "readPerson", read)
            .says("A person.", "Reads one person of the caller's partner, with the version that an edit takes.")
            .right(Action::ManagePeople)
            .answers::<PersonOut>(200)
            .versioned(),
        Route::patch("/v1/people/{per}", "changePerson", change)
            .says(
                "Changes a person's name, time zone, role or limitation.",
                "Changes what the body names of a person, and leaves the rest. Nobody gives a role above their own, \
                 and one Owner stays. API tokens that the person made, and that may do more than the person may then, \
                 are revoked or narrowed; the answer names them.",
            )
            .right(Action::ManagePeople)
            .answers::<PersonOut>(200)
            .versioned(),
        Route::delete("/v1/people/{per}", "removePerson", remove)
            .says(
                "The person leaves; the last Owner cannot.",
                "Removes a person of the caller's partner: they can no longer sign in, and get no more mail. Their \
                 sessions end, and the API tokens that they made are revoked; the answer names those.",
            )
            .right(Action::ManagePeople)
            .answers::<RemovedPersonOut>(200),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<PersonOut>>> {
    Ok(listed(api.people.list(&caller, query.page()).await?))
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<Versioned<PersonOut>> {
    let found = api.people.get(&caller, &id).await?;
    Ok(versioned(found.version, found.value.into()))
}

async fn change(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<PersonChangeIn>,
) -> Reply<Versioned<PersonOut>> {
    let changed = api.people.change(&caller, &id, expected, &body.into()).await?;
    Ok(versioned(changed.person.version, PersonOut::changed(changed)))
}

async fn remove(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<Json<RemovedPersonOut>> {
    Ok(Json(api.people.remove(&caller, &id).await?.into()))
}
