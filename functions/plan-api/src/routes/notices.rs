//! What a partner was told, newest first.

use crate::PlanApi;
use crate::wire::notices::{NoticeOut, NoticesIn};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use engine::Listed;
use runtime::http::{Asked, Notes, QueryOf, Route, listed, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag { name: "Notices", description: "What a partner was told of its organisations." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/notices", "listNotices", list)
            .says(
                "What the partner was told, newest first.",
                "Lists the notices that the caller's partner, or one below it, was told of, newest first: of organisations \
                 that the caller sees, and of topics that the caller's role may hear of. They are kept for a hundred days. A \
                 part may be short, or empty, though more follows.",
            )
            .weighs(3)
            .right(Action::ReadPartner)
            .answers::<Listed<NoticeOut>>(200),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<NoticesIn>,
) -> Reply<Json<Listed<NoticeOut>>> {
    Ok(listed(api.notices.list(&caller, &query.wanted(), query.page()).await?))
}
