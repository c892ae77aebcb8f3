//! Search over all snapshots: who was there once, from when to when, and how they left.

use super::history::history_address;
use super::search::object_address;
use super::{ROWS, about};
use crate::asked::{Answer, Asked, Page};
use crate::failure::Failure;
use crate::json::Fields;
use crate::view::form::{Field, filter};
use crate::view::{Table, address, more, name, plain, plain_list};
use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    name: String,
    id: String,
    cursor: String,
}

pub(super) async fn page(asked: Asked, Path(org): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let (me, organisation) = about(&asked, &org).await?;
    let (called, id) = (wanted.name.trim(), wanted.id.trim());
    let found = if called.is_empty() && id.is_empty() {
        Ok(None)
    } else {
        let at = asked.of(&org, &["search"])?.with("name", called).with("id", id).with("limit", ROWS);
        asked.get(at.with("cursor", &wanted.cursor)).await.map(Some)
    };
    let (found, faults) = match found {
        Ok(found) => (found, Vec::new()),
        Err(failure) if !failure.faults().is_empty() => (None, failure.faults().to_vec()),
        Err(failure) => return Err(failure),
    };
    let path = format!("/e/{org}/search/ever");
    let fields = [
        Field::typed("name", &l.say("search-name"), called, "search", false, "").with_fault(&faults),
        Field::typed("id", &l.say("search-id"), id, "text", false, "").with_fault(&faults),
    ];
    let body = html! {
        p { a href={ "/e/" (org) "/search" } { (l.say("ever-one")) } }
        (filter(&path, &fields, &l.say("search-button")))
        @match &found {
            Some(found) => {
                (results(&asked, &org, found)?)
                (more(l, found.some("next").map(|c| address(&path, &[("name", called), ("id", id), ("cursor", c)])).as_deref()))
            }
            None => p.empty { (l.say("ever-how")) },
        }
    };
    let page = Page::inside(&organisation, &l.say("ever-title"), body);
    Ok(asked.show_or_refuse(&me, &page, !faults.is_empty()))
}

fn results(asked: &Asked, org: &str, found: &Value) -> Result<Markup, Failure> {
    let l = asked.language;
    let items = found.field("items").as_array().ok_or(Failure::NoAnswer)?;
    let snapshot = |id: &str, key: &str| html! { a href={ "/e/" (org) "/snapshots/" (id) } { (l.say(key)) } };
    let heads = ["name", "kind", "held-from", "left", "actions"].map(|key| l.say(&format!("head-{key}")));
    let rows = items.iter().map(|item| {
        let (kind, key, last) = (item.text("kind"), item.text("key"), item.text("last"));
        vec![
            html! { a href=(object_address(org, kind, key, last)) { (name(item.some("name").unwrap_or(key))) } " " small { code { (key) } } },
            html! { (plain(kind)) },
            html! { (snapshot(item.text("first"), "ever-first")) " – " (snapshot(last, "ever-last"))
                @if !item.is("isWhole") { " " small { (l.say("ever-not-whole")) } } },
            html! { @match item.some("left") { Some(left) => (l.word("happened", left)), None => (l.say("ever-there")) } },
            html! { a href=(history_address(org, kind, key, "", "")) { (l.say("object-history")) } },
        ]
    });
    let table = Table {
        caption: &l.count("search-caption", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say(if found.some("next").is_some() { "search-nothing-yet" } else { "search-nothing" }),
    };
    let lacking = plain_list(found.items("notHeld").iter().filter_map(Value::as_str));
    Ok(html! {
        p.quiet { (l.say(if found.is("complete") { "search-complete" } else { "search-not-complete" })) " "
            (snapshot(found.text("searchedBackTo"), "ever-back-to")) }
        (table.show())
        @if !lacking.is_empty() { p.warning { (lacking) ": " (l.say("search-not-held")) } }
    })
}
