//! The audit log: read, exported, verified.

use crate::PlanApi;
use crate::wire::PageIn;
use crate::wire::audit::{
    AuditEntryOut, AuditIn, CSV_HEADER, ExportIn, Format, VerifiedOut, VerifyIn, csv_line,
};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::Entry;
use engine::Listed;
use http::{HeaderValue, header};
use partners::commands::audit::Audit;
use runtime::http::{Asked, QueryOf};
use runtime::problem::{Problem, Reply};

fn audit(api: &PlanApi) -> Audit {
    Audit { gate: api.partners.gate.clone() }
}

pub async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<AuditIn>,
) -> Reply<Json<Listed<AuditEntryOut>>> {
    let page = PageIn { cursor: query.cursor, limit: query.limit }.page();
    let found = audit(&api).list(&caller, query.partner.as_ref(), page).await?;
    Ok(Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next }))
}

pub async fn export(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<ExportIn>,
) -> Reply<Response> {
    let found = audit(&api).export(&caller, query.partner.as_ref(), query.page()).await?;
    let (kind, text) = match query.format {
        Format::Jsonl => ("application/jsonl", found.items.iter().map(json_line).collect::<Reply<String>>()?),
        Format::Csv => {
            let lines: String = found.items.into_iter().map(csv_line).collect();
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

/// Where the export goes on, RFC 8288.
fn link_to_next(query: &ExportIn, cursor: &str) -> String {
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    if let Some(partner) = &query.partner {
        next.append_pair("partner", partner.as_str());
    }
    if query.format == Format::Csv {
        next.append_pair("format", "csv");
    }
    if let Some(limit) = query.limit {
        next.append_pair("limit", &limit.to_string());
    }
    format!("</v1/audit/export?{}>; rel=\"next\"", next.append_pair("cursor", cursor).finish())
}

pub async fn verify(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<VerifyIn>,
) -> Reply<Json<VerifiedOut>> {
    Ok(Json(audit(&api).verify(&caller, query.partner.as_ref(), query.after).await?.into()))
}
