//! The properties of a kind, as a snapshot has them: captured, compared, put back, or not, and why.

use super::about;
use super::snapshots::Part;
use crate::asked::{Answer, Asked, Page};
use crate::failure::Failure;
use crate::json::Fields;
use crate::view::{Table, address, badge, more, plain};
use axum::extract::{Path, Query};
use maud::html;
use tokio::try_join;

pub(super) async fn page(
    asked: Asked,
    Path((org, snp, kind)): Path<(String, String, String)>,
    Query(part): Query<Part>,
) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["snapshots", &snp, "coverage", &kind])?.with("cursor", &part.cursor);
    let ((me, organisation), found) = try_join!(about(&asked, &org), asked.get(at))?;
    let items = found.field("items").as_array().ok_or(Failure::NoAnswer)?;
    let heads = ["property", "reach", "number", "why"].map(|key| l.say(&format!("head-{key}")));
    let rows = items.iter().map(|property| {
        vec![
            html! { code { (property.text("property")) }
            @if property.is("isRelation") { " " small { (l.say("coverage-relation")) } } },
            badge(l, "reach", property.text("reach")),
            html! { span.number { (property.number("count").unwrap_or(0)) } },
            html! {
                @if let Some(limit) = property.some("limit") { div { (l.word("limit", limit)) } }
                @if let Some(gap) = property.some("gap") { div.warning { (l.word("gap", gap)) } }
            },
        ]
    });
    let table = Table {
        caption: &l.count("coverage-caption", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("coverage-empty"),
    };
    let path = crate::view::path(&["e", &org, "snapshots", &snp, "coverage", &kind]);
    let next = found.some("next").map(|cursor| address(&path, &[("cursor", cursor)]));
    let body = html! {
        p { a href={ "/e/" (org) "/snapshots/" (snp) } { (l.say("coverage-back")) } }
        p.quiet { (l.count("coverage-looked", found.number("objects").unwrap_or(0)))
            @if next.is_some() { " " (l.say("coverage-goes-on")) } }
        (table.show())
        (more(l, next.as_deref()))
    };
    let title = format!("{}: {}", l.say("coverage-title"), plain(&kind));
    Ok(asked.show(&me, &Page::inside(&organisation, &title, body)))
}
