//! Organisations.

use super::life::{Versioned, versioned};
use crate::PlanApi;
use crate::csv::Table;
use crate::wire::{Format, NewOrganisationIn, OrganisationOut, SearchIn};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::{OrganisationId, PartnerId};
use engine::Listed;
use engine::ports::Page;
use http::{HeaderName, StatusCode, header};
use partners::commands::Caller;
use partners::commands::organisations::{NewOrganisation, Wanted};
use runtime::http::{Asked, Input, PathOf, QueryOf, etag};
use runtime::problem::Reply;

pub async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewOrganisationIn>,
) -> Reply<(StatusCode, [(HeaderName, String); 2], Json<OrganisationOut>)> {
    let new = NewOrganisation {
        name: body.name.into(),
        email: body.email,
        details: body.details,
        plan: body.plan,
        seats: body.seats,
    };
    let organisation = api.organisations.create(&caller, new).await?;
    let location = format!("/v1/organisations/{}", organisation.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location), etag(1)], Json(organisation.into())))
}

pub async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Versioned> {
    Ok(versioned(api.organisations.get(&caller, &id).await?))
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<SearchIn>,
) -> Reply<Response> {
    let (partner, wanted) = (query.partner.clone(), query.wanted());
    if let Some(Format::Csv) = query.format {
        return Ok(csv_of(&api, &caller, partner.as_ref(), &wanted).await?);
    }
    let found = api.organisations.list(&caller, partner.as_ref(), &wanted, query.page()).await?;
    let items: Vec<OrganisationOut> = found.items.into_iter().map(Into::into).collect();
    Ok(Json(Listed { items, next: found.next }).into_response())
}

/// All that are wanted, a line for each.
async fn csv_of(
    api: &PlanApi,
    caller: &Caller,
    partner: Option<&PartnerId>,
    wanted: &Wanted,
) -> domain::Result<Response> {
    let mut table = Table::new(&["id", "name", "email", "state", "plan", "seats", "tenant", "createdAt"])?;
    let mut after = None;
    loop {
        let page = Page { after, limit: CSV_PAGE, descending: false };
        let found = api.organisations.list(caller, partner, wanted, page).await?;
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
            return table.into_response("organisations");
        }
    }
}

/// Rows that are read at a time for a text.
const CSV_PAGE: usize = 200;
