//! The routes of usage and invoices, each answered as JSON or as CSV.

use crate::PlanApi;
use crate::wire::ListFormat;
use crate::wire::usage::{InvoiceIn, UsageIn, UsageOut, csv, page};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::rights::Action;
use domain::usage::Month;
use http::{HeaderMap, header};
use runtime::http::{Asked, Notes, PathOf, QueryOf, Route, next_link, under};
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
                 to and with today. A part may be short, or empty, though more follows; as CSV the header `Link` leads to \
                 the next.",
            )
            .weighs(20)
            .right(Action::ReadMoney)
            .answers::<UsageOut>(200)
            .answers_text(200, "text/csv"),
        Route::get("/v1/invoices/{month}", "readInvoice", invoice)
            .says(
                "A month of the caller's partner.",
                "Reads the invoice of a month that has ended, a part at a time: its sums are those of all parts, added \
                 up. It is the same each time that it is read; while the month goes on the answer is 409. As CSV the \
                 header `Link` leads to the next part.",
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
    RawQuery(asked): RawQuery,
    QueryOf(query): QueryOf<UsageIn>,
    headers: HeaderMap,
) -> Reply<Response> {
    let month = query.month.parse::<Month>().map_err(|e| Error::invalid_field("month", e.summary()))?;
    let page = page(query.cursor, query.limit);
    let used = api.usage.of_month(&caller, query.partner.as_ref(), month, page).await?;
    written("usage", &used.into(), query.format, (&headers, &asked.unwrap_or_default()))
}

async fn invoice(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((month,)): PathOf<(Month,)>,
    RawQuery(asked): RawQuery,
    QueryOf(query): QueryOf<InvoiceIn>,
    headers: HeaderMap,
) -> Reply<Response> {
    let page = page(query.cursor, query.limit);
    let used = api.usage.invoice(&caller, query.partner.as_ref(), month, page).await?;
    written("invoice", &UsageOut::invoice(used), query.format, (&headers, &asked.unwrap_or_default()))
}

/// The reply in the form that the query names, else in the one that the header `Accept` names, else as JSON.
fn written(
    what: &str,
    out: &UsageOut,
    format: Option<ListFormat>,
    (headers, asked): (&HeaderMap, &str),
) -> Reply<Response> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepts.flat_map(|value| value.split(',')).map(|t| t.split(';').next().unwrap_or("").trim());
    let wants_csv = types.any(|media_type| media_type.eq_ignore_ascii_case("text/csv"));
    let vary = (header::VARY, "accept".to_owned());
    Ok(match format {
        Some(ListFormat::Csv) => as_csv(what, out, vary, asked)?,
        None if wants_csv => as_csv(what, out, vary, asked)?,
        _ => ([vary], Json(out)).into_response(),
    })
}

fn as_csv(what: &str, out: &UsageOut, vary: (http::HeaderName, String), asked: &str) -> Reply<Response> {
    let name = format!("attachment; filename=\"{what}-{}.csv\"", out.month);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        vary,
    ];
    let mut reply = (headers, csv(out)?).into_response();
    if let Some(next) = &out.next {
        reply.headers_mut().insert(header::LINK, next_link(asked, next)?);
    }
    Ok(reply)
}
