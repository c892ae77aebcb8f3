//! What people hear of by mail: read and chosen, by themselves or by whoever manages them.

use crate::PlanApi;
use crate::wire::ListFormat;
use crate::wire::notifications::{NotificationListIn, NotificationsIn, NotificationsOut, csv};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::rights::Action;
use domain::{Error, PersonId};
use engine::Listed;
use engine::records::{Found, Person};
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use runtime::http::{Asked, IfMatch, Input, Notes, PathOf, QueryOf, Route, Versioned, under, versioned};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Notifications",
    description: "What people hear of by mail, how often, at which hour, and whether mail reaches them.",
};

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let mut rows = own();
    rows.extend(of_others());
    under(&TAG, rows)
}

fn own<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::get("/v1/me/notifications", "readOwnNotifications", read_own)
            .says(
                "What the caller hears of by mail.",
                "Reads what mails the caller gets, who is a person, with the version that a change takes.",
            )
            .answers::<NotificationsOut>(200)
            .versioned(),
        Route::put("/v1/me/notifications", "chooseOwnNotifications", choose_own)
            .says(
                "Sets what the caller hears of by mail.",
                "Sets everything that the caller chooses: hour, time zone, and how often they hear of each topic, of \
                 single organisations, and of partners with what is below them. The narrowest choice decides; a topic \
                 that is not named follows the role. It holds for what happens from now on: what was to be told \
                 before is told as it was to be.",
            )
            .weighs(5)
            .answers::<NotificationsOut>(200)
            .versioned(),
    ]
}

fn of_others<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::get("/v1/notifications", "listNotifications", list)
            .says(
                "What the people of the partner hear of by mail.",
                "Lists what mails each person of the caller's partner gets, and whether mail reaches them. With \
                 `format=csv` the same part of the list is a text with a line for each subscription, and the header \
                 `Link` leads to the next part.",
            )
            .right(Action::ManagePeople)
            .answers::<Listed<NotificationsOut>>(200)
            .answers_text(200, "text/csv"),
        Route::get("/v1/people/{per}/notifications", "readNotifications", read)
            .says(
                "What a person hears of by mail.",
                "Reads what mails a person of the caller's partner gets, with the version that a change takes.",
            )
            .right(Action::ManagePeople)
            .answers::<NotificationsOut>(200)
            .versioned(),
        Route::put("/v1/people/{per}/notifications", "chooseNotifications", choose)
            .says(
                "Sets what a person hears of by mail.",
                "Sets everything that is chosen for a person of the caller's partner, as they could themselves.",
            )
            .weighs(5)
            .right(Action::ManagePeople)
            .answers::<NotificationsOut>(200)
            .versioned(),
        Route::delete("/v1/people/{per}/mail-state", "tryMailAgain", try_again)
            .says(
                "Has mail sent again to whom none reached.",
                "Forgets that no mail reaches a person, so that mail is sent to them again. Where the mail service \
                 itself still sends nothing to the address, that comes back, and is noted anew.",
            )
            .right(Action::ManagePeople)
            .answers_nothing(),
    ]
}

fn shown(found: Found<Person>) -> Versioned<NotificationsOut> {
    versioned(found.version, found.value.into())
}

async fn read_own(State(api): State<PlanApi>, Asked(caller): Asked) -> Reply<Versioned<NotificationsOut>> {
    Ok(shown(api.notifications.get(&caller, None).await?))
}

async fn choose_own(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    IfMatch(expected): IfMatch,
    Input(body): Input<NotificationsIn>,
) -> Reply<Versioned<NotificationsOut>> {
    Ok(shown(api.notifications.choose(&caller, None, expected, &body.into()).await?))
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<NotificationListIn>,
) -> Reply<Response> {
    let Listed { items, next } = api.notifications.list(&caller, query.page()).await?;
    if let Some(ListFormat::Csv) = query.format {
        let mut reply = csv(items)?;
        if let Some(next) = next {
            reply.headers_mut().insert(LINK, link(&query, &next)?);
        }
        return Ok(reply);
    }
    let items: Vec<NotificationsOut> = items.into_iter().map(Into::into).collect();
    Ok(Json(Listed { items, next }).into_response())
}

/// Where the next part of the list is, as CSV too.
fn link(query: &NotificationListIn, next: &str) -> domain::Result<HeaderValue> {
    let mut asked = url::form_urlencoded::Serializer::new(String::new());
    asked.append_pair("format", "csv");
    if let Some(limit) = query.limit {
        asked.append_pair("limit", &limit.to_string());
    }
    let link = format!("</v1/notifications?{}>; rel=\"next\"", asked.append_pair("cursor", next).finish());
    HeaderValue::from_str(&link).map_err(|e| Error::corrupt("a cursor is not fit for a header").caused_by(e))
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<Versioned<NotificationsOut>> {
    Ok(shown(api.notifications.get(&caller, Some(&id)).await?))
}

async fn choose(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
    IfMatch(expected): IfMatch,
    Input(body): Input<NotificationsIn>,
) -> Reply<Versioned<NotificationsOut>> {
    Ok(shown(api.notifications.choose(&caller, Some(&id), expected, &body.into()).await?))
}

async fn try_again(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(PersonId,)>,
) -> Reply<StatusCode> {
    api.notifications.try_again(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
