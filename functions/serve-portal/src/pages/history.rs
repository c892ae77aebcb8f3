//! What became of an object, or of one link of it: when, what, by whom, and from what to what, the newest first.

use super::search::object_address;
use super::{about, newest};
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::view::{Table, address, more, name, path, plain, was_is, who_made_it};
use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use tokio::try_join;

/// Of how many versions it is looked up who made them; of the others a link says where that stands. Why not all: each is a
/// call of the API.
const AUTHORS_OF: usize = 5;
/// Among how many comparisons, the newest, the one that followed a snapshot is looked for.
const COMPARISONS: &str = "200";

/// Of which link, and which part of the history.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    link: String,
    to: String,
    cursor: String,
}

/// The address of the history of an object, or of the link of that type to that end.
pub(super) fn history_address(org: &str, kind: &str, key: &str, link: &str, to: &str) -> String {
    address(&path(&["e", org, "history", kind, key]), &[("link", link), ("to", to)])
}

pub(super) async fn page(
    asked: Asked,
    Path((org, kind, key)): Path<(String, String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["history", &kind, &key])?.with("link", &wanted.link).with("to", &wanted.to);
    let ((me, organisation), told) =
        try_join!(about(&asked, &org), asked.get(at.with("cursor", &wanted.cursor)))?;
    let versions = told.field("versions").as_array().ok_or(Failure::NoAnswer)?;
    let compared = if may(&me, "compare") { compared(&asked, &org).await? } else { Vec::new() };
    let mut rows = Vec::with_capacity(versions.len());
    for (number, version) in versions.iter().enumerate() {
        let comparison = between(&compared, version);
        let author = if let Some(comparison) = comparison {
            author(&asked, &org, &kind, version, comparison, number < AUTHORS_OF).await?
        } else {
            html! { (l.say("history-no-comparison")) }
        };
        rows.push(vec![
            when(&asked, &org, &kind, version),
            html! { (l.word("happened", version.text("what")))
            @if version.text("key") != key { " " small { code { (version.text("key")) } } } },
            author,
            from_to(&asked, &org, &kind, version),
        ]);
    }
    let heads = ["when", "what", "who", "from-to"].map(|key| l.say(&format!("head-{key}")));
    let table = Table {
        caption: &l.count("history-caption", i64::try_from(versions.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows,
        empty: &l.say(if told.some("next").is_some() { "history-nothing-yet" } else { "history-nothing" }),
    };
    let here = history_address(&org, &kind, &key, &wanted.link, &wanted.to);
    let next = told.some("next").map(|cursor| {
        let same = [("link", wanted.link.as_str()), ("to", &wanted.to), ("cursor", cursor)];
        address(here.split('?').next().unwrap_or_default(), &same)
    });
    let body = html! {
        p { a href=(object_address(&org, &kind, &key, "")) { (name(told.some("name").unwrap_or(&key))) } " "
            (plain(&kind)) " " code { (key) } }
        @if !wanted.link.is_empty() { p { (l.say("history-of-link")) " " strong { (plain(&wanted.link)) } " " code { (wanted.to) }
            " " a href=(history_address(&org, &kind, &key, "", "")) { (l.say("history-of-object")) } } }
        (table.show())
        (more(l, next.as_deref()))
        (how_whole(&asked, &org, &told))
    };
    let title = format!("{}: {}", l.say("history-title"), told.some("name").unwrap_or(&key));
    Ok(asked.show(&me, &Page::inside(&organisation, &title, body)))
}

/// The newest comparisons that are done; none where the person may not see any.
async fn compared(asked: &Asked, org: &str) -> Result<Vec<Value>, Failure> {
    let list = newest(asked, org, "comparisons", COMPARISONS).await?;
    let all = list.into_iter().flat_map(|list| list.items);
    Ok(all.filter(|comparison| comparison.text("state") == "done").collect())
}

/// The comparison of the two snapshots that bound a version, of everything.
fn between<'a>(compared: &'a [Value], version: &Value) -> Option<&'a Value> {
    compared.iter().find(|comparison| {
        comparison.text("before") == version.text("since")
            && comparison.text("after") == version.text("snapshot")
            && comparison.items("kinds").is_empty()
            && comparison.some("object").is_none()
    })
}

/// Who made a version, as the comparison of its two snapshots says; or the link to where that stands.
async fn author(
    asked: &Asked,
    org: &str,
    kind: &str,
    version: &Value,
    comparison: &Value,
    is_looked_up: bool,
) -> Result<Markup, Failure> {
    let (l, id, key) = (asked.language, comparison.text("id"), version.text("key"));
    let stands = address(&format!("/e/{org}/comparisons/{id}"), &[("kind", kind), ("name", key)]);
    let link = html! { a href=(stands) { (l.say("history-comparison")) } };
    if !is_looked_up {
        return Ok(link);
    }
    let at = asked.of(org, &["comparisons", id, "changes"])?.with("kind", kind).with("name", key);
    let found = asked.find_list(at.with("limit", "5")).await?;
    let changes = found.map(|list| list.items).unwrap_or_default();
    let change = changes.iter().find(|change| change.text("key") == key);
    Ok(html! { @if let Some(change) = change { (who_made_it(asked.times(), change)) } (link) })
}

fn when(asked: &Asked, org: &str, kind: &str, version: &Value) -> Markup {
    let l = asked.language;
    let (snapshot, key) = (version.text("snapshot"), version.text("key"));
    html! {
        a href=(object_address(org, kind, key, snapshot)) {
            @if let Some(at) = version.some("at") { (asked.times().at(at)) } @else { code { (snapshot) } }
        }
        div.quiet { (l.say("history-since")) " "
            @if let Some(at) = version.some("sinceAt") { (asked.times().at(at)) }
            @else { code { (version.text("since")) } }
        }
    }
}

fn from_to(asked: &Asked, org: &str, kind: &str, version: &Value) -> Markup {
    let l = asked.language;
    let key = version.text("key");
    html! {
        @if version.is("isContinued") { p.quiet { (l.say("history-continued")) } }
        @for attribute in version.items("attributes") {
            div { strong { (attribute.text("path")) } ": " (was_is(l, attribute.field("before"), attribute.field("after"))) }
        }
        @for link in version.items("links") {
            @let is_from = link.some("to").is_some();
            @let other = link.some("to").unwrap_or(link.text("from"));
            div {
                strong { (plain(link.text("link"))) } " " (l.word("way", if is_from { "to" } else { "from" })) " "
                (name(link.some("name").unwrap_or(other))) ": " (l.word("what", link.text("what")))
                @if link.text("what") == "modified" { " " (was_is(l, link.field("before"), link.field("after"))) }
                @if is_from { " " small { a href=(history_address(org, kind, key, link.text("link"), other)) { (l.say("history-link")) } } }
            }
        }
    }
}

/// Whether all is told, and what is not.
fn how_whole(asked: &Asked, org: &str, told: &Value) -> Markup {
    let l = asked.language;
    let snapshot = |id: &str| html! { a href={ "/e/" (org) "/snapshots/" (id) } { code { (id) } } };
    html! {
        @if let Some(since) = told.some("historySince") { p.quiet { (l.say("history-told-since")) " " (snapshot(since)) } }
        p.quiet { (l.say(if told.is("complete") { "history-complete" } else { "history-not-complete" })) }
        @for gap in told.items("gaps") {
            p.warning { (l.tell("history-gap", &[("what", &plain(gap.text("source")))])) " " (snapshot(gap.text("after")))
                @if let Some(until) = gap.some("until") { " – " (snapshot(until)) } }
        }
        @for lost in told.items("unreadable") {
            p.warning { (l.say("history-unreadable")) " " (snapshot(lost.as_str().unwrap_or_default())) }
        }
        @let known = told.items("knownAs");
        @if known.len() > 1 {
            details { summary { (l.say("history-known-as")) }
                ul { @for one in known { li { code { (one.text("key")) }
                    @if let Some(by) = one.some("guessedBy") { " " (l.tell("history-guessed", &[("property", by)])) } } } }
            }
        }
    }
}
