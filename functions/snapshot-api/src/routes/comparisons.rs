//! Comparisons: started, followed, read.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, Compare};
use crate::wire::{
    ChangesIn, ChangesOut, ComparisonIn, ComparisonOut, ComparisonsIn, ExplainIn, ExplainedOut, FormatIn,
    ObjectChangeIn, ObjectChangeOut, readable, table,
};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use backup::commands::diffs::NewComparison;
use backup::commands::explained::AskedPlace;
use backup::commands::who::AuthoredPart;
use domain::{DiffId, OrganisationId, kinds};
use engine::Listed;
use engine::records::Side;
use http::{HeaderName, StatusCode, header};
use runtime::http::{Accepted, Input, Notes, PathOf, QueryOf, Route, Text, accepted, next_link, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

/// What `notKnown` is in an answer that is no JSON.
const NOT_KNOWN: HeaderName = HeaderName::from_static("holdfast-not-known");

const TAG: Tag = Tag {
    name: "Comparisons",
    description: "What differs between two snapshots, or between one and the live tenant.",
};

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/comparisons", "startComparison", start)
            .says(
                "Compares two snapshots, or one with the live tenant.",
                "Queues a comparison of a snapshot with a later one or with the live tenant, of everything, of some \
                 kinds, or of one object. Two snapshots are compared once: where there is that comparison, it is answered, with \
                 200. At most 5 comparisons of a tenant are open, 3 of one person, and its own people \
                 ask for 50 in a day: beyond that the answer is 429.",
            )
            .answers::<ComparisonOut>(202)
            .answers::<ComparisonOut>(200)
            .located(),
        Route::get("/v1/organisations/{org}/comparisons", "listComparisons", list)
            .says(
                "The comparisons.",
                "Lists the comparisons of the organisation, by their later side, the newest first: what was asked for by people, \
                 and those that follow each snapshot. With `snapshot` only those of which that snapshot is a side; others can be \
                 left out by state, by who asked, and by when. A part may be short, or empty, though more follows.",
            )
            .answers::<Listed<ComparisonOut>>(200),
        Route::get("/v1/organisations/{org}/comparisons/{dif}", "readComparison", read)
            .says("A comparison.", "Reads how far a comparison is, and how much differs once it is done.")
            .answers::<ComparisonOut>(200),
        Route::get("/v1/organisations/{org}/comparisons/{dif}/changes", "listChanges", changes)
            .says(
                "What differs.",
                "Lists the changes that a comparison found, attribute by attribute and link by link, each with how much it \
                 matters and why, and with who made it where Microsoft's own log says so, or why that is not known. They \
                 can be chosen by kind, by what happened, by class, weight, name, property and actor, and come by key or by \
                 weight; a part may be short, or empty, though more follows. `format` has them as JSON, as a table for a \
                 spreadsheet, or as text; the header `Holdfast-Not-Known` then says what `notKnown` does. A change with more than \
                 1,000 links goes on in the next ones, which say `continued`. While the comparison is not done the \
                 answer is 409.",
            )
            .weighs(HEAVY)
            .answers::<ChangesOut>(200)
            .answers_text(200, "text/csv")
            .answers_text(200, "text/plain"),
        Route::get("/v1/organisations/{org}/comparisons/{dif}/explain", "explainChange", explain)
            .says(
                "Why something was a change, or was none.",
                "Says of a path in an object what both sides have there, and what the comparison makes of it: a change, \
                 something that follows from another or was only observed, or which rule makes it none.",
            )
            .weighs(HEAVY)
            .answers::<ExplainedOut>(200),
        Route::get("/v1/organisations/{org}/changes/{kind}/{*key}", "readObjectChange", object_change)
            .says(
                "What changed of one object between two snapshots.",
                "Answers at once what the comparison of two sealed snapshots tells of one object, with who made it: from that \
                 comparison where it is done, else by looking. Where so much differs between the two that this would take too \
                 long the answer is 409, and a comparison has to be started. The live tenant is compared by a comparison.",
            )
            .weighs(HEAVY)
            .answers::<ObjectChangeOut>(200),
    ];
    under(&TAG, rows)
}

async fn object_change(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    PathOf((_, Text(kind), Text(key))): PathOf<(OrganisationId, Text, Text)>,
    QueryOf(query): QueryOf<ObjectChangeIn>,
) -> Reply<Json<ObjectChangeOut>> {
    let (kind, sides) = (kinds::get(&kind)?, (&query.from, query.to.as_ref()));
    Ok(Json(api.diffs.object_change(admitted.stored()?, (kind, &key), sides).await?.into()))
}

async fn start(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    Input(body): Input<ComparisonIn>,
) -> Reply<Accepted<ComparisonOut>> {
    let new = NewComparison::try_from(body)?;
    let tenant = if new.after == Side::Live { admitted.live()? } else { admitted.stored()? };
    let started = api.diffs.start_or_find(tenant, admitted.asker(), new).await?;
    let location = format!("/v1/organisations/{}/comparisons/{}", admitted.organisation(), started.diff.id);
    let (status, headers, body) = accepted(location, started.diff.into());
    Ok((if started.is_new { status } else { StatusCode::OK }, headers, body))
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    QueryOf(query): QueryOf<ComparisonsIn>,
) -> Reply<Json<Listed<ComparisonOut>>> {
    let wanted = query.wanted();
    let tenant = admitted.stored()?;
    let Listed { items, next } = api.diffs.list(tenant, &wanted, query.page()).await?;
    let mut marks = api.marks.expected(tenant, items.iter().map(|row| &row.id)).await?;
    let shown = items.into_iter().map(|row| {
        let mark = marks.remove(&row.id);
        ComparisonOut::from(row).expected(mark)
    });
    Ok(Json(Listed { items: shown.collect(), next }))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    PathOf((_, id)): PathOf<(OrganisationId, DiffId)>,
) -> Reply<Json<ComparisonOut>> {
    let tenant = admitted.stored()?;
    let row = api.diffs.get(tenant, &id).await?;
    let mark = api.marks.expected(tenant, std::iter::once(&id)).await?.remove(&id);
    Ok(Json(ComparisonOut::from(row).expected(mark)))
}

async fn changes(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    PathOf((_, id)): PathOf<(OrganisationId, DiffId)>,
    QueryOf(query): QueryOf<ChangesIn>,
    RawQuery(asked): RawQuery,
) -> Reply<Response> {
    let (tenant, wanted, actor) = (admitted.stored()?, query.asked()?, query.actor.as_deref());
    // Why not always with authors: a table and a text do not show them.
    let (items, next, not_known) = if query.format != FormatIn::Json && actor.is_none() {
        let Listed { items, next } = api.diffs.changes_where(tenant, &id, &wanted, query.page()).await?;
        (items, next, 0)
    } else {
        let part = api.diffs.authored(tenant, &id, &wanted, query.page(), actor).await?;
        if query.format == FormatIn::Json {
            return Ok(Json(ChangesOut::from(part)).into_response());
        }
        let AuthoredPart { items, next, not_known } = part;
        (items.into_iter().map(|authored| authored.change).collect(), next, not_known)
    };
    let (kind, text) = match query.format {
        FormatIn::Csv => ("text/csv; charset=utf-8", table(&items, query.cursor.is_none())?),
        _ => ("text/plain; charset=utf-8", readable(&items)),
    };
    let mut reply = ([(header::CONTENT_TYPE, kind)], text).into_response();
    if not_known > 0 {
        reply.headers_mut().insert(NOT_KNOWN, not_known.into());
    }
    if let Some(next) = next {
        reply.headers_mut().insert(header::LINK, next_link(&asked.unwrap_or_default(), &next)?);
    }
    Ok(reply)
}

async fn explain(
    State(api): State<SnapshotApi>,
    admitted: Admitted<Compare>,
    PathOf((_, id)): PathOf<(OrganisationId, DiffId)>,
    QueryOf(query): QueryOf<ExplainIn>,
) -> Reply<Json<ExplainedOut>> {
    let place = AskedPlace::try_from(query)?;
    Ok(Json(api.diffs.explain(admitted.stored()?, &id, &place).await?.into()))
}
