//! The jobs of an organisation in one list: snapshots, comparisons, restores and downloads, newest first.

use super::{about, newest};
use crate::asked::{Answer, Asked, Page};
use crate::json::Fields;
use crate::texts::Language;
use crate::view::{Table, badge};
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;
use tokio::try_join;

/// How many of each sort are shown.
const MOST: &str = "25";

/// How a job is, as its own page says it.
fn how(l: Language, sort: &str, job: &Value) -> Markup {
    match sort {
        "snapshots" => super::snapshots::how(l, job),
        "comparisons" => super::compare::how(l, job),
        "restores" => super::restores::how(l, job),
        _ => badge(l, "job", job.text("state")),
    }
}

pub(super) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let ((me, organisation), snapshots, comparisons, restores, downloads) = try_join!(
        about(&asked, &org),
        newest(&asked, &org, "snapshots", MOST),
        newest(&asked, &org, "comparisons", MOST),
        newest(&asked, &org, "restores", MOST),
        newest(&asked, &org, "downloads", MOST),
    )?;
    let mut jobs: Vec<(&str, Value)> = Vec::new();
    let sorts = [
        ("snapshots", snapshots),
        ("comparisons", comparisons),
        ("restores", restores),
        ("downloads", downloads),
    ];
    let are_more = sorts.iter().any(|(_, list)| list.as_ref().is_some_and(|list| list.next.is_some()));
    for (sort, list) in sorts {
        jobs.extend(list.into_iter().flat_map(|list| list.items).map(|job| (sort, job)));
    }
    jobs.sort_by(|(_, a), (_, b)| b.text("requestedAt").cmp(a.text("requestedAt")));
    let is_under_way = |job: &Value| matches!(job.text("state"), "queued" | "running" | "previewing");
    let under_way = jobs.iter().any(|(_, job)| is_under_way(job));
    let heads = ["job", "asked", "state", "ended"].map(|key| l.say(&format!("head-{key}")));
    let rows = jobs.iter().map(|(sort, job)| {
        let ended = job.some("doneAt").unwrap_or(job.text("sealedAt"));
        vec![
            html! { a href={ "/e/" (org) "/" (sort) "/" (job.text("id")) } { (l.word("job-of", sort)) } },
            asked.times().at(job.text("requestedAt")),
            how(l, sort, job),
            asked.times().at(ended),
        ]
    });
    let table = Table {
        caption: &l.count("jobs-caption", i64::try_from(jobs.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("jobs-empty"),
    };
    let body = html! {
        @if under_way { (super::snapshots::waits(l, &asked.address)) }
        (table.show())
        @if are_more { p.quiet { (l.say("jobs-more")) } }
    };
    let page = Page { polls: under_way, ..Page::inside(&organisation, &l.say("page-jobs"), body) };
    Ok(asked.show(&me, &page))
}
