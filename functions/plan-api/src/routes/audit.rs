//! The audit log: read, exported, verified.

use crate::PlanApi;
use crate::wire::audit::{
    AuditEntryOut, AuditIn, CSV_HEADER, ExportFormat, ExportIn, VerifiedOut, VerifyIn, csv_line,
};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::Entry;
use domain::rights::Action;
use engine::Listed;
use http::{HeaderValue, header};
use runtime::http::{Asked, Notes, PageIn, QueryOf, Route, listed, under};
use runtime::openapi::Tag;
use runtime::problem::{Problem, Reply};

const TAG: Tag =
    Tag { name: "Audit", description: "The log of who asked what, which cannot be changed unseen." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/audit", "listAudit", list)
            .says(
                "The audit log, newest first.",
                "Lists the entries of a partner's log. A call that changes something has two entries: one before it is \
                 done, and with the status that it was answered with.",
            )
            .right(Action::ReadAudit)
            .answers::<Listed<AuditEntryOut>>(200),
        Route::get("/v1/audit/export", "exportAudit", export)
            .says(
                "The audit log, oldest first, as lines of JSON or as CSV.",
                "Exports a part of a partner's log, to be kept elsewhere. The `Link` of the answer leads to the next \
                 part.",
            )
            .weighs(20)
            .right(Action::ExportAudit)
            .answers_text(200, "application/jsonl")
            .answers_text(200, "text/csv"),
        Route::get("/v1/audit/verify", "verifyAudit", verify)
            .says(
                "Whether the audit log is unbroken.",
                "Walks the chains of a partner's log and checks that each entry follows from the one before and that each \
                 chain ends where its head says, for as long as one call may; go on with `after` until there is no `next`.",
            )
            .weighs(20)
            .right(Action::ExportAudit)
            .answers::<VerifiedOut>(200),
        Route::get("/v1/audit/heads", "exportAuditHeads", heads)
            .says(
                "Signed statements of where the audit log ended each day.",
                "Exports the statements by which the installation has signed where the chains of a partner's log ended on \
                 each day that is over, one JSON Web Signature a line, oldest first. Kept beside an export of the log, and \
                 with the answer of `/v1/signing-keys`, they show that nothing in it was changed since. The `Link` of the \
                 answer leads to the next part.",
            )
            .right(Action::ExportAudit)
            .answers_text(200, "text/plain"),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<AuditIn>,
) -> Reply<Json<Listed<AuditEntryOut>>> {
    let page = PageIn { cursor: query.cursor, limit: query.limit }.page();
    Ok(listed(api.audit.list(&caller, query.partner.as_ref(), page).await?))
}

async fn export(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<ExportIn>,
) -> Reply<Response> {
    let found = api.audit.export(&caller, query.partner.as_ref(), query.page()).await?;
    let (kind, text) = match query.format {
        ExportFormat::Jsonl => {
            ("application/jsonl", found.items.iter().map(json_line).collect::<Reply<String>>()?)
        }
        ExportFormat::Csv => {
            let lines: String = found.items.into_iter().map(csv_line).collect::<domain::Result<_>>()?;
            let header = if query.cursor.is_none() { CSV_HEADER } else { "" };
            ("text/csv; charset=utf-8", format!("{header}{lines}"))
        }
    };
    let mut reply = ([(header::CONTENT_TYPE, kind)], text).into_response();
    if let Some(next) = found.next {
        let link = link_to_next(&query, &next);
        let link = HeaderValue::from_str(&link).map_err(|e| Problem::internal(e.to_string()))?;
        reply.headers_mut().insert(header::LINK, link);
    }
    Ok(reply)
}

fn json_line(entry: &Entry) -> Reply<String> {
    let text = serde_json::to_string(entry).map_err(|e| Problem::internal(e.to_string()))?;
    Ok(format!("{text}\n"))
}

/// The value of the header `Link` with the address of the next part, as RFC 8288 writes it.
fn link_to_next(query: &ExportIn, cursor: &str) -> String {
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    if let Some(partner) = &query.partner {
        next.append_pair("partner", partner.as_str());
    }
    if query.format == ExportFormat::Csv {
        next.append_pair("format", "csv");
    }
    if let Some(limit) = query.limit {
        next.append_pair("limit", &limit.to_string());
    }
    format!("</v1/audit/export?{}>; rel=\"next\"", next.append_pair("cursor", cursor).finish())
}

async fn verify(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<VerifyIn>,
) -> Reply<Json<VerifiedOut>> {
    let after = query.after.as_deref();
    Ok(Json(api.audit.verify(&caller, query.partner.as_ref(), after).await?.into()))
}

async fn heads(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<AuditIn>,
) -> Reply<Response> {
    let page = PageIn { cursor: query.cursor, limit: query.limit }.page();
    let found = api.audit.statements(&caller, query.partner.as_ref(), page).await?;
    let lines =
        found.items.into_iter().fold(String::new(), |lines, statement| lines + &statement.signed + "\n");
    let mut reply = ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response();
    if let Some(next) = found.next {
        let mut link = url::form_urlencoded::Serializer::new(String::new());
        if let Some(partner) = &query.partner {
            link.append_pair("partner", partner.as_str());
        }
        if let Some(limit) = query.limit {
            link.append_pair("limit", &limit.to_string());
        }
        let link = format!("</v1/audit/heads?{}>; rel=\"next\"", link.append_pair("cursor", &next).finish());
        let link = HeaderValue::from_str(&link).map_err(|e| Problem::internal(e.to_string()))?;
        reply.headers_mut().insert(header::LINK, link);
    }
    Ok(reply)
}
