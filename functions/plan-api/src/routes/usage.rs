//! The routes of usage and invoices, each answered as JSON or as CSV.

use crate::PlanApi;
use crate::wire::Format;
use crate::wire::usage::{InvoiceIn, UsageIn, UsageOut, csv};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::rights::Action;
use domain::usage::Month;
use http::{HeaderMap, header};
use runtime::http::{Asked, Notes, PathOf, QueryOf, Route, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Usage", description: "What organisations used in a month, and what is invoiced." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/usage", "readUsage", read)
            .says(
                "What the organisations of a partner used in a month.",
                "Reads the seats of each day and what they cost, of a month that has begun; of one that goes on, up \
                 to and with today.",
            )
            .weighs(20)
            .right(Action::ReadMoney)
            .answers::<UsageOut>(200)
            .answers_text(200, "text/csv"),
        Route::get("/v1/invoices/{month}", "readInvoice", invoice)
            .says(
                "A month of the caller's partner.",
                "Reads the invoice of a month that has ended. It is the same each time that it is read; while the \
                 month goes on the answer is 409.",
            )
            .weighs(20)
            .right(Action::ReadMoney)
            .answers::<UsageOut>(200)
            .answers_text(200, "text/csv"),
    ];
    under(&TAG, rows)
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<UsageIn>,
    headers: HeaderMap,
) -> Reply<Response> {
    let month = query.month.parse::<Month>().map_err(|e| Error::invalid_field("month", e.summary()))?;
    let used = api.usage.of_month(&caller, query.partner.as_ref(), month).await?;
    written("usage", &used.into(), query.format, &headers)
}

async fn invoice(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((month,)): PathOf<(Month,)>,
    QueryOf(query): QueryOf<InvoiceIn>,
    headers: HeaderMap,
) -> Reply<Response> {
    let used = api.usage.invoice(&caller, query.partner.as_ref(), month).await?;
    written("invoice", &UsageOut::invoice(used), query.format, &headers)
}

/// The reply in the form that the query names, else in the one that the header `Accept` names, else as JSON.
fn written(what: &str, out: &UsageOut, format: Option<Format>, headers: &HeaderMap) -> Reply<Response> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepts.flat_map(|value| value.split(',')).map(|t| t.split(';').next().unwrap_or("").trim());
    let wants_csv = types.any(|media_type| media_type.eq_ignore_ascii_case("text/csv"));
    let vary = (header::VARY, "accept".to_owned());
    Ok(match format {
        Some(Format::Csv) => as_csv(what, out, vary)?,
        None if wants_csv => as_csv(what, out, vary)?,
        _ => ([vary], Json(out)).into_response(),
    })
}

fn as_csv(what: &str, out: &UsageOut, vary: (http::HeaderName, String)) -> Reply<Response> {
    let name = format!("attachment; filename=\"{what}-{}.csv\"", out.month);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        vary,
    ];
    Ok((headers, csv(out)?).into_response())
}
