//! Organisations: made, listed, edited, suspended, unsubscribed, and back.

use crate::PlanApi;
use crate::csv::Table;
use crate::wire::ListFormat;
use crate::wire::fleet::OrganisationsOut;
use crate::wire::health::View;
use crate::wire::organisations::{
    ApprovalsIn, FeaturesIn, NewOrganisationIn, OrganisationEditIn, OrganisationOut, ScheduleIn, SearchIn,
};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::OrganisationId;
use domain::organisations::Act;
use domain::rights::Action;
use engine::ports::Page;
use engine::records::Found;
use http::header::LINK;
use partners::commands::Caller;
use partners::commands::organisations::{Hold, OrganisationView};
use runtime::http::{
    Asked, CreatedVersion, IfMatch, Input, Notes, PathOf, QueryOf, Route, Versioned, created_version,
    next_link, under, versioned,
};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Organisations", description: "Customers of partners, and where each is in its life." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let mut rows = general();
    rows.extend(life());
    under(&TAG, rows)
}

fn general<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::post("/v1/organisations", "createOrganisation", create)
            .says(
                "Makes an organisation.",
                "Makes an organisation of the caller's partner, on a plan that this may sell. Nothing is backed up \
                 until its tenant is connected.",
            )
            .right(Action::ManageOrganisation)
            .answers::<OrganisationOut>(201)
            .located()
            .versioned(),
        Route::get("/v1/organisations", "listOrganisations", list)
            .says(
                "The organisations that the caller sees.",
                "Lists the organisations of the caller's partner, or of one below it, oldest first. A part may be \
                 short, or empty, though more follows. With `format=csv` up to 5,000 of them are one text; where more \
                 follow, the reply's `Link` leads to the next. With `view=health` it is told how each is \
                 protected: sorted as is asked for, with how many there are in each state, of 2,000 at the most \
                 (`complete` says whether these are all).",
            )
            .weighs(4)
            .right(Action::ReadPartner)
            .answers::<OrganisationsOut>(200)
            .answers_text(200, "text/csv"),
        Route::get("/v1/organisations/{org}", "readOrganisation", read)
            .says(
                "An organisation.",
                "Reads one organisation with what is known of its tenant, and the version that an edit takes.",
            )
            .right(Action::ReadPartner)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::patch("/v1/organisations/{org}", "editOrganisation", edit)
            .says(
                "Changes an organisation's general information.",
                "Changes what the body names of an organisation, and leaves the rest.",
            )
            .right(Action::EditOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::put("/v1/organisations/{org}/features", "setFeatures", set_features)
            .says(
                "Switches what its end users may do.",
                "Switches the named features on for the end users of an organisation, and all others off.",
            )
            .right(Action::ManageOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::put("/v1/organisations/{org}/approvals", "setApprovals", set_approvals)
            .says(
                "Says which restores somebody else approves.",
                "Says which restores of an organisation wait until somebody else than whoever asked for them has \
                 approved them. What its end users ask for always waits. What was run before and is queued goes on: it is \
                 cancelled where it should not.",
            )
            .right(Action::SetApprovals)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::put("/v1/organisations/{org}/schedule", "setSchedule", set_schedule)
            .says(
                "Sets how often it is backed up.",
                "Sets how many snapshots of an organisation's tenant fall due in a day, evenly spread, at times of the \
                 tenant's own. What is due sooner stays due.",
            )
            .right(Action::ManageOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
    ]
}

fn life<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::post("/v1/organisations/{org}/suspend", "suspendOrganisation", suspend)
            .says(
                "Its people no longer sign in; backups go on.",
                "Suspends an organisation: its end users no longer sign in, while backups and invoices go on.",
            )
            .right(Action::ManageOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::post("/v1/organisations/{org}/reactivate", "reactivateOrganisation", reactivate)
            .says(
                "Everything works again.",
                "Brings an organisation back that was suspended, or was unsubscribed and is not deleted yet.",
            )
            .right(Action::ManageOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::post("/v1/organisations/{org}/unsubscribe", "unsubscribeOrganisation", unsubscribe)
            .says(
                "Backups stop; the data is kept for 45 days.",
                "Ends an organisation's subscription: backups and invoices stop, and after 45 days its data is \
                 deleted.",
            )
            .right(Action::EndOrganisation)
            .answers::<OrganisationOut>(200)
            .versioned(),
    ]
}

async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewOrganisationIn>,
) -> Reply<CreatedVersion<OrganisationOut>> {
    let organisation = api.organisations.create(&caller, body.into()).await?;
    Ok(created_version(format!("/v1/organisations/{}", organisation.id), organisation.into()))
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.get(&caller, &id).await?))
}

/// An organisation with its version.
pub fn shown(found: Found<OrganisationView>) -> Versioned<OrganisationOut> {
    versioned(found.version, found.value.into())
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    RawQuery(asked): RawQuery,
    QueryOf(query): QueryOf<SearchIn>,
) -> Reply<Response> {
    if let Some(ListFormat::Csv) = query.format {
        if query.view.is_some() {
            return Err(Error::invalid_field("view", "is not written as CSV").into());
        }
        return Ok(csv_of(&api, &caller, &query, &asked.unwrap_or_default()).await?);
    }
    let partner = query.partner.as_ref();
    if let Some(View::Health) = query.view {
        let sort = query.sort.unwrap_or_default().into();
        let found = api.organisations.health(&caller, partner, &query.wanted(), sort, query.page()).await?;
        return Ok(Json(OrganisationsOut::from(found)).into_response());
    }
    if query.sort.is_some() {
        return Err(Error::invalid_field("sort", "goes with `view=health`").into());
    }
    let found = api.organisations.list(&caller, partner, &query.wanted(), query.page()).await?;
    let items: Vec<OrganisationOut> = found.items.into_iter().map(Into::into).collect();
    Ok(Json(OrganisationsOut { items, next: found.next, health: None }).into_response())
}

/// How many rows are read at a time for a CSV.
const CSV_PAGE: usize = 1_000;
/// How often, for one text: up to 5,000 organisations, fewer where most of them are not wanted.
const CSV_PAGES: usize = 5;

/// The organisations that are as wanted, from the cursor on, as a CSV with a line for each. Where more follow, the reply's
/// `Link` leads to them.
async fn csv_of(api: &PlanApi, caller: &Caller, query: &SearchIn, asked: &str) -> domain::Result<Response> {
    let mut table = Table::new(&["id", "name", "email", "state", "plan", "seats", "tenant", "createdAt"])?;
    let mut after = query.cursor.clone();
    for _ in 0..CSV_PAGES {
        let page = Page { after, limit: CSV_PAGE, descending: false };
        let found = api.organisations.list(caller, query.partner.as_ref(), &query.wanted(), page).await?;
        for row in found.items {
            let tenant = row.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
            let (seats, created) = (row.seats.to_string(), row.created_at.to_string());
            let cells = [
                row.id.as_str(),
                &row.name,
                &row.email,
                row.state.label(),
                row.plan.as_str(),
                &seats,
                &tenant,
            ];
            table.line(cells.into_iter().chain([created.as_str()]))?;
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    let mut reply = table.into_response("organisations")?;
    if let Some(next) = &after {
        reply.headers_mut().insert(LINK, next_link(asked, next)?);
    }
    Ok(reply)
}

async fn edit(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<OrganisationEditIn>,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.edit(&caller, &id, version, body.into()).await?))
}

async fn set_features(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<FeaturesIn>,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.set_features(&caller, &id, version, &body.features).await?))
}

async fn set_approvals(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<ApprovalsIn>,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.set_approvals(&caller, &id, version, body.restores).await?))
}

async fn set_schedule(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
    Input(body): Input<ScheduleIn>,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.set_schedule(&caller, &id, version, body.snapshots_per_day).await?))
}

async fn suspend(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.act(&caller, &id, version, Act::Suspend, &Hold::default()).await?))
}

async fn reactivate(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.act(&caller, &id, version, Act::Reactivate, &Hold::default()).await?))
}

async fn unsubscribe(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    IfMatch(version): IfMatch,
) -> Reply<Versioned<OrganisationOut>> {
    Ok(shown(api.organisations.act(&caller, &id, version, Act::Unsubscribe, &Hold::default()).await?))
}
