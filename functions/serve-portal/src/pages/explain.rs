//! Why something in an object was a change of a comparison, or was none.

use super::about;
use crate::asked::{Answer, Asked, Page};
use crate::json::Fields;
use crate::view::form::{Field, filter};
use crate::view::{facts, name, plain, shown};
use axum::extract::{Path, Query};
use maud::html;
use serde::Deserialize;
use tokio::try_join;

/// What is to be explained.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    kind: String,
    key: String,
    path: String,
}

pub(super) async fn page(
    asked: Asked,
    Path((org, dif)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let l = asked.language;
    let is_asked = [&wanted.kind, &wanted.key, &wanted.path].iter().all(|text| !text.is_empty());
    let (me, organisation) = about(&asked, &org).await?;
    let explained = async {
        if !is_asked {
            return Ok(None);
        }
        let at = asked.of(&org, &["comparisons", &dif, "explain"])?.with("kind", &wanted.kind);
        asked.get(at.with("key", &wanted.key).with("path", &wanted.path)).await.map(Some)
    };
    // Why with the comparison: an address of one that is not there explains nothing.
    let comparison = asked.get(asked.of(&org, &["comparisons", &dif])?);
    let (explained, faults) = match try_join!(explained, comparison) {
        Ok((explained, _)) => (explained, Vec::new()),
        Err(failure) if !failure.faults().is_empty() => (None, failure.faults().to_vec()),
        Err(failure) => return Err(failure),
    };
    let fields = [
        Field::line("kind", &l.say("head-kind"), &wanted.kind).with_fault(&faults),
        Field::line("key", &l.say("head-id"), &wanted.key).with_fault(&faults),
        Field::typed("path", &l.say("explain-path"), &wanted.path, "text", true, &l.say("explain-hint"))
            .with_fault(&faults),
    ];
    let here = format!("/e/{org}/comparisons/{dif}");
    let body = html! {
        p { a href=(here) { (l.say("explain-back")) } }
        (filter(&format!("{here}/explain"), &fields, &l.say("explain-button")))
        @if let Some(explained) = &explained {
            p role="status" { strong { (l.word("verdict", explained.text("verdict"))) } ": " (name(explained.text("because"))) }
            (facts(&[
                (l.say("head-object"), html! { (plain(&wanted.kind)) " " code { (wanted.key) } }),
                (l.say("explain-path"), html! { code { (wanted.path) } }),
                (l.say("compare-before"), shown(l, explained.field("before"))),
                (l.say("compare-after"), shown(l, explained.field("after"))),
            ]))
        } @else { p.empty { (l.say("explain-how")) } }
    };
    let page = Page::inside(&organisation, &l.say("explain-title"), body);
    Ok(asked.show_or_refuse(&me, &page, !faults.is_empty()))
}
