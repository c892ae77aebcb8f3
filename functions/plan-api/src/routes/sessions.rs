//! Sessions, and who the caller is.

use super::NOT_KEPT;
use crate::PlanApi;
use crate::wire::sessions::{MeOut, NewSessionIn, RightsOut, SessionInfoOut};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use domain::{OrganisationId, PersonId, SessionId};
use engine::Listed;
use http::{HeaderName, StatusCode};
use partners::commands::sessions::SessionView;
use runtime::http::{Asked, Notes, PathOf, QueryOf, Route, listed, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Sessions",
    description: "Who the caller is, and the sessions of people and of portals: listed, and ended.",
};

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let mut rows = own();
    rows.extend(of_others());
    under(&TAG, rows)
}

fn own<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::get("/v1/me", "readMe", me)
            .says(
                "Who the caller is, and what they may do.",
                "Reads who the caller is: a person, an API token or a portal; with the role, the organisations that it \
                 is limited to, and what it may do by the table of rights.",
            )
            .answers::<MeOut>(200),
        Route::get("/v1/rights", "readRights", rights)
            .says(
                "The table of rights.",
                "Reads what each role may do, and under which condition: the same table by which every request is judged.",
            )
            .answers::<RightsOut>(200),
        Route::post("/v1/sessions", "beginSession", create)
            .says(
                "Begins a session of the person who is signed in.",
                "Begins a session for a person who shows a token of the issuer that people sign in with. It is good \
                 for twelve hours at most, ends after thirty minutes without use, and its secret is shown this once. \
                 An API token or a session begins none.",
            )
            .answers::<SessionInfoOut>(201),
        Route::get("/v1/sessions", "listSessions", list)
            .says("The caller's own sessions.", "Lists the good sessions of the caller, oldest first. An API token has none.")
            .answers::<Listed<SessionInfoOut>>(200),
        Route::delete("/v1/sessions/{ses}", "endSession", end)
            .says(
                "Ends a session of the caller's own.",
                "Ends a session of the caller's own for good: it signs out. It may be taken for good for up to a minute.",
            )
            .answers_nothing(),
    ]
}

fn of_others<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::get("/v1/people/{per}/sessions", "listSessionsOfPerson", list_of_person)
            .says("The sessions of a person.", "Lists the good sessions of a person of the caller's partner, oldest first.")
            .right(Action::ManagePeople)
            .answers::<Listed<SessionInfoOut>>(200),
        Route::delete("/v1/people/{per}/sessions/{ses}", "endSessionOfPerson", end_of_person)
            .says(
                "Ends a session of a person.",
                "Ends a session of a person of the caller's partner for good. It may be taken for good for up to a minute.",
            )
            .right(Action::ManagePeople)
            .answers_nothing(),
        Route::get("/v1/organisations/{org}/sessions", "listSessionsOfPortal", list_of_portal)
            .says(
                "The sessions of an organisation's portal.",
                "Lists the good sessions that access links opened of an organisation's portal, oldest first.",
            )
            .right(Action::EditOrganisation)
            .answers::<Listed<SessionInfoOut>>(200),
        Route::delete("/v1/organisations/{org}/sessions/{ses}", "endSessionOfPortal", end_of_portal)
            .says(
                "Ends a session of an organisation's portal.",
                "Ends a session that an access link opened for good. It may be taken for good for up to a minute.",
            )
            .right(Action::EditOrganisation)
            .answers_nothing(),
    ]
}

async fn me(State(api): State<PlanApi>, Asked(caller): Asked) -> Reply<Json<MeOut>> {
    let me = api.sessions.me(&caller).await?;
    Ok(Json(MeOut::at(me, api.sessions.clock.now())))
}

async fn rights(Asked(_): Asked) -> Reply<Json<RightsOut>> {
    Ok(Json(RightsOut::all()))
}

/// A reply that shows a secret.
type Secret<T> = (StatusCode, [(HeaderName, &'static str); 1], Json<T>);

async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<NewSessionIn>,
) -> Reply<Secret<SessionInfoOut>> {
    let (token, session) = api.sessions.create(&caller, query.prompted).await?;
    Ok((StatusCode::CREATED, NOT_KEPT, Json(SessionInfoOut::begun(token, session))))
}

/// A list that is never longer than one page.
fn all(views: Vec<SessionView>) -> Json<Listed<SessionInfoOut>> {
    listed(Listed { items: views, next: None })
}

async fn list(State(api): State<PlanApi>, Asked(caller): Asked) -> Reply<Json<Listed<SessionInfoOut>>> {
    Ok(all(api.sessions.list(&caller).await?))
}

async fn end(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(SessionId,)>,
) -> Reply<StatusCode> {
    api.sessions.end(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_of_person(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<Json<Listed<SessionInfoOut>>> {
    Ok(all(api.sessions.list_of_person(&caller, &id).await?))
}

async fn end_of_person(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((person, id)): PathOf<(PersonId, SessionId)>,
) -> Reply<StatusCode> {
    api.sessions.end_of_person(&caller, &person, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_of_portal(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Json<Listed<SessionInfoOut>>> {
    Ok(all(api.sessions.list_of_portal(&caller, &id).await?))
}

async fn end_of_portal(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((organisation, id)): PathOf<(OrganisationId, SessionId)>,
) -> Reply<StatusCode> {
    api.sessions.end_of_portal(&caller, &organisation, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
