//! Downloads: files of what is backed up, made when somebody asks for one, and fetched while they are there.

use super::{ROWS, about, newest};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Choice, Field, Form, form};
use crate::view::{Table, address, badge, facts, more, name, plain, plain_list};
use axum::extract::{Path, Query};
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::try_join;

/// The forms that a file can have, the one for people first.
const FORMATS: [&str; 2] = ["csv", "json-lines"];
/// How many snapshots can be chosen from.
const SNAPSHOTS: &str = "50";

/// What a new download is to be of, where a link says so; and which part of the list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    snapshot: String,
    kind: String,
    cursor: String,
}

pub(super) async fn list(asked: Asked, Path(org): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["downloads"])?.with("limit", ROWS).with("cursor", &wanted.cursor);
    let ((me, organisation), list, snapshots) =
        try_join!(about(&asked, &org), asked.list(at), newest(&asked, &org, "snapshots", SNAPSHOTS))?;
    let heads = ["asked", "of", "state", "records", "ends"].map(|key| l.say(&format!("head-{key}")));
    let rows = list.items.iter().map(|download| {
        vec![
            html! { a href={ "/e/" (org) "/downloads/" (download.text("id")) } { (asked.times().at(download.text("requestedAt"))) } },
            of(l, &org, download),
            badge(l, "job", download.text("state")),
            html! { span.number { (download.number("records").unwrap_or(0)) } },
            asked.times().at(download.text("endsAt")),
        ]
    });
    let table = Table {
        caption: &l.count("downloads-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("downloads-empty"),
    };
    let path = format!("/e/{org}/downloads");
    let next = list.next.as_deref().map(|cursor| address(&path, &[("cursor", cursor)]));
    let snapshots = snapshots.map(|list| list.items).unwrap_or_default();
    let sealed: Vec<&Value> = snapshots.iter().filter(|s| s.text("state") == "done").collect();
    let body = html! {
        (table.show())
        (more(l, next.as_deref()))
        @if may(&me, "download") {
            section {
                h2 { (l.say("downloads-new")) }
                @if sealed.is_empty() { p.empty { (l.say("dashboard-no-snapshot")) } }
                @else { (new(&asked, &org, &wanted, &sealed).await?) }
            }
        }
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-downloads"), body)))
}

/// The form that asks for a file of a snapshot.
async fn new(asked: &Asked, org: &str, wanted: &Wanted, sealed: &[&Value]) -> Result<Markup, Failure> {
    let l = asked.language;
    let first = sealed.first().map_or("", |snapshot| snapshot.text("id"));
    let chosen = if wanted.snapshot.is_empty() { first } else { &wanted.snapshot };
    let coverage = asked.find(asked.of(org, &["snapshots", chosen, "coverage"])?).await?;
    let held = coverage.iter().flat_map(|coverage| coverage.items("kinds")).filter(|kind| kind.is("held"));
    let kinds = held.map(|kind| kind.text("kind"));
    let kinds = kinds.map(|kind| Choice::plain(kind, &plain(kind), kind == wanted.kind));
    let any = Choice::plain("", &l.say("downloads-all-kinds"), wanted.kind.is_empty());
    let said = |snapshot: &Value| asked.times().plain(snapshot.text("sealedAt"));
    let snapshots = sealed.iter().map(|s| Choice::plain(s.text("id"), &said(s), s.text("id") == chosen));
    Ok(form(&Form {
        action: &format!("/e/{org}/downloads"),
        key: &asked.key(),
        fields: &[
            Field::Choice {
                name: "snapshot",
                label: l.say("snapshot-title"),
                options: snapshots.collect(),
                cards: false,
            },
            Field::Choice {
                name: "kind",
                label: l.say("head-kind"),
                options: std::iter::once(any).chain(kinds).collect(),
                cards: false,
            },
            formats(l),
        ],
        submit: &l.say("downloads-make"),
        danger: false,
    }))
}

/// The choice of the file's form.
fn formats(l: Language) -> Field {
    let options =
        FORMATS.iter().map(|format| Choice::plain(format, &l.word("format", format), *format == "csv"));
    Field::Choice {
        name: "format",
        label: l.say("downloads-format"),
        options: options.collect(),
        cards: false,
    }
}

/// The form that asks for a file of what those fields name, folded away on the page of the thing itself.
pub(super) fn make(asked: &Asked, org: &str, mut fields: Vec<Field>) -> Markup {
    let l = asked.language;
    fields.push(formats(l));
    html! {
        details {
            summary { (l.say("downloads-new")) }
            (form(&Form {
                action: &format!("/e/{org}/downloads"),
                key: &asked.key(),
                fields: &fields,
                submit: &l.say("downloads-make"),
                danger: false,
            }))
        }
    }
}

pub(super) async fn start(asked: Asked, Path(org): Path<String>, posted: Posted) -> Answer {
    let mut body = Map::new();
    body.insert("format".to_owned(), json!(posted.needed("format")?));
    for name in ["snapshot", "comparison", "key"] {
        // Why not its value: the key of a form is the one under which it is done once.
        let field = if name == "key" { "object" } else { name };
        if posted.ticked(field) {
            body.insert(name.to_owned(), json!(posted.text(field)));
        }
    }
    if posted.ticked("kind") {
        body.insert("kinds".to_owned(), json!([posted.text("kind")]));
    }
    let body = Value::Object(body);
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.of(&org, &["downloads"])?, with).await?;
    Ok(then(&format!("/e/{org}/downloads/{}", made.text("id"))))
}

pub(super) async fn one(asked: Asked, Path((org, dow)): Path<(String, String)>) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["downloads", &dow])?;
    let ((me, organisation), download) = try_join!(about(&asked, &org), asked.get(at))?;
    let under_way = matches!(download.text("state"), "queued" | "running");
    let (times, number) = (asked.times(), |field: &str| download.number(field).unwrap_or(0));
    let body = html! {
        @if under_way { (super::snapshots::waits(l, &asked.address)) }
        @if let Some(error) = download.some("error") { p.problem { (error) } }
        @if download.some("link").is_some() {
            div.actions { a.button href={ "/e/" (org) "/downloads/" (dow) "/file" } { (l.say("downloads-fetch")) } }
        }
        (facts(&[
            (l.say("head-of"), of(l, &org, &download)),
            (l.say("downloads-format"), html! { (l.word("format", download.text("format"))) }),
            (l.say("head-state"), badge(l, "job", download.text("state"))),
            (l.say("head-records"), html! { (number("records"))
                @if let Some(all) = download.number("expected") { " " (l.tell("downloads-expected", &[("count", &all.to_string())])) } }),
            (l.say("downloads-bytes"), html! { (number("bytes")) }),
            (l.say("restore-by"), name(download.text("requestedBy"))),
            (l.say("head-asked"), times.at(download.text("requestedAt"))),
            (l.say("head-ended"), times.at(download.text("doneAt"))),
            (l.say("head-ends"), times.at(download.text("endsAt"))),
        ]))
        p { a href={ "/e/" (org) "/downloads" } { (l.say("page-downloads")) } }
    };
    let page = Page { polls: under_way, ..Page::inside(&organisation, &l.say("downloads-one"), body) };
    Ok(asked.show(&me, &page))
}

/// Leads to the file. Why not on the page: whoever has the link has the file, so it stands in none.
pub(super) async fn file(asked: Asked, Path((org, dow)): Path<(String, String)>) -> Answer {
    let download = asked.get(asked.of(&org, &["downloads", &dow])?).await?;
    Ok(then(download.some("link").unwrap_or(&format!("/e/{org}/downloads/{dow}"))))
}

/// What a download is of.
fn of(l: Language, org: &str, download: &Value) -> Markup {
    let kinds = plain_list(download.items("kinds").iter().filter_map(Value::as_str));
    html! {
        @if let Some(snapshot) = download.some("snapshot") {
            a href={ "/e/" (org) "/snapshots/" (snapshot) } { (l.say("snapshot-title")) } " "
        }
        @if let Some(comparison) = download.some("comparison") {
            a href={ "/e/" (org) "/comparisons/" (comparison) } { (l.say("compare-title")) } " "
        }
        (kinds)
        @if let Some(key) = download.some("key") { " " code { (key) } }
    }
}
