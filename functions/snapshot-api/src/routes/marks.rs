//! Marks: made, listed, taken back.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, MarkThings, UseSnapshots};
use crate::wire::{MarkIn, MarkOut, MarksIn};
use axum::extract::State;
use axum::{Extension, Json};
use domain::OrganisationId;
use engine::Listed;
use engine::records::MarkOf;
use http::StatusCode;
use runtime::http::{AlsoAbout, Input, Notes, PathOf, QueryOf, Route, Text, listed, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Marks",
    description: "What people know of a tenant: accounts for emergencies, good snapshots, changes that were expected.",
};

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/marks", "makeMark", make)
            .says(
                "Marks something that is known.",
                "Marks an account as kept for emergencies (break-glass), a snapshot as known to be good, or a comparison or one of its changes as \
                 expected. What is marked has to be there. From then on changes of such an account, of its roles, and of links to it \
                 weigh 100 in new comparisons; what was expected is shown as before and asks nobody for attention. The same mark made \
                 again is answered as it is, with 200; with other words it is 409. There are at most 50 accounts and 400 snapshots of a \
                 tenant and 200 changes of a comparison.",
            )
            .weighs(HEAVY)
            .answers::<MarkOut>(201)
            .answers::<MarkOut>(200),
        Route::get("/v1/organisations/{org}/marks", "listMarks", list)
            .says(
                "The marks.",
                "Lists what is marked in the organisation's tenant, by whom, when and why: all, of one sort, or on one comparison \
                 and its changes. Of snapshots that are known to be good the newest comes first.",
            )
            .answers::<Listed<MarkOut>>(200),
        Route::delete("/v1/organisations/{org}/marks/{mrk}", "takeMarkBack", take_back)
            .says(
                "Takes a mark back.",
                "Takes a mark back, as if it had never been made. What comparisons weighed while it was there stays as it is.",
            )
            .answers_nothing(),
    ];
    under(&TAG, rows)
}

async fn make(
    State(api): State<SnapshotApi>,
    admitted: Admitted<MarkThings>,
    Input(body): Input<MarkIn>,
) -> Reply<(StatusCode, Extension<AlsoAbout>, Json<MarkOut>)> {
    let new = body.checked()?;
    let (mark, is_new) = api.marks.put(admitted.stored()?, &admitted.asker().name, new).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    // What it is on is in the audit log for good; the mark may be taken back.
    let mut about = vec![("mrk", mark.of.id())];
    match &mark.of {
        MarkOf::BreakGlass { .. } => {}
        MarkOf::KnownGood { snapshot } => about.push(("snp", snapshot.to_string())),
        MarkOf::Expected { comparison, .. } => about.push(("dif", comparison.to_string())),
    }
    Ok((status, Extension(AlsoAbout(about)), Json(mark.into())))
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    QueryOf(query): QueryOf<MarksIn>,
) -> Reply<Json<Listed<MarkOut>>> {
    let wanted = (query.sort, query.comparison.as_ref());
    Ok(listed(api.marks.list(admitted.stored()?, wanted, query.page()).await?))
}

async fn take_back(
    State(api): State<SnapshotApi>,
    admitted: Admitted<MarkThings>,
    PathOf((_, Text(id))): PathOf<(OrganisationId, Text)>,
) -> Reply<StatusCode> {
    api.marks.take_back(admitted.stored()?, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
