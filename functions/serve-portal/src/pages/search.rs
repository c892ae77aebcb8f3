//! Search in a snapshot, and one object of it with its properties and links.

use super::{ROWS, about};
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Choice, Field, Form, filter, form};
use crate::view::{Table, address, more, name, plain, shown};
use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::try_join;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    snapshot: String,
    name: String,
    kind: String,
    id: String,
    cursor: String,
}

pub(super) async fn page(asked: Asked, Path(org): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let (me, organisation) = about(&asked, &org).await?;
    let newest = organisation.text("/tenant/lastSealed");
    let snapshot = if wanted.snapshot.is_empty() { newest } else { wanted.snapshot.as_str() };
    if snapshot.is_empty() {
        let body = html! { p.empty { (l.say("dashboard-no-snapshot")) } };
        return Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-search"), body)));
    }
    let coverage = asked.get(asked.of(&org, &["snapshots", snapshot, "coverage"])?).await?;
    let looks = [&wanted.name, &wanted.kind, &wanted.id].iter().any(|text| !text.trim().is_empty());
    let found = if looks {
        let at = asked.of(&org, &["snapshots", snapshot, "objects"])?.with("limit", ROWS);
        let at = at.with("name", wanted.name.trim()).with("kind", &wanted.kind).with("id", wanted.id.trim());
        Some(asked.get(at.with("cursor", &wanted.cursor)).await?)
    } else {
        None
    };
    let path = format!("/e/{org}/search");
    let body = html! {
        (filter(&path, &fields(l, &wanted, snapshot, &coverage), &l.say("search-button")))
        @match &found {
            Some(found) => { (results(&asked, &org, snapshot, found)?) (more(l, go_on(&path, &wanted, snapshot, found).as_deref())) }
            None => p.empty { (l.say("search-how")) },
        }
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-search"), body)))
}

fn go_on(path: &str, wanted: &Wanted, snapshot: &str, found: &Value) -> Option<String> {
    let cursor = found.some("next")?;
    let same = [("snapshot", snapshot), ("name", &wanted.name), ("kind", &wanted.kind), ("id", &wanted.id)];
    Some(address(path, &[&same[..], &[("cursor", cursor)]].concat()))
}

fn fields(l: Language, wanted: &Wanted, snapshot: &str, coverage: &Value) -> [Field; 4] {
    let any = Choice::plain("", &l.say("list-any"), wanted.kind.is_empty());
    let kinds = coverage.items("kinds").iter().map(|kind| kind.text("kind"));
    let kinds = kinds.map(|kind| Choice::plain(kind, &plain(kind), kind == wanted.kind));
    let options = std::iter::once(any).chain(kinds).collect();
    [
        Field::typed("name", &l.say("search-name"), &wanted.name, "search", false, ""),
        Field::typed("id", &l.say("search-id"), &wanted.id, "text", false, ""),
        Field::Choice { name: "kind", label: l.say("head-kind"), options, cards: false },
        Field::Hidden("snapshot", snapshot.to_owned()),
    ]
}

fn results(asked: &Asked, org: &str, snapshot: &str, found: &Value) -> Result<Markup, Failure> {
    let l = asked.language;
    let items = found.field("items").as_array().ok_or(Failure::NoAnswer)?;
    let heads = ["name", "kind", "id"].map(|key| l.say(&format!("head-{key}")));
    let rows = items.iter().map(|item| {
        let to = object_address(org, item.text("kind"), item.text("key"), snapshot);
        vec![
            html! { a href=(to) { (name(item.some("name").unwrap_or(item.text("key")))) } },
            html! { (plain(item.text("kind"))) },
            html! { code { (item.text("key")) } },
        ]
    });
    let table = Table {
        caption: &l.count("search-caption", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        // Why two: of a part that is empty though more follows nothing is said to be nowhere.
        empty: &l.say(if found.some("next").is_some() { "search-nothing-yet" } else { "search-nothing" }),
    };
    Ok(html! {
        p.quiet { (l.say("search-as-of")) " " (asked.times().on(found.text("/searched/asOf"))) ". "
            (l.say(if found.is("complete") { "search-complete" } else { "search-not-complete" })) }
        (table.show())
        @for lacking in found.field("searched").items("notHeld") {
            p.warning { (plain(lacking.text("kind"))) " " (lacking.text("part")) ": " (l.say("search-not-held")) " " (lacking.text("why")) }
        }
    })
}

/// The address of an object of a snapshot.
pub(super) fn object_address(org: &str, kind: &str, key: &str, snapshot: &str) -> String {
    let mut url = url::Url::parse("http://portal.invalid/").expect("a constant address is one");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(["e", org, "objects", kind, key]);
    }
    address(url.path(), &[("snapshot", snapshot)])
}

/// Which snapshot an object is looked at in, and which part of its links.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    snapshot: String,
    cursor: String,
}

pub(super) async fn object(
    asked: Asked,
    Path((org, kind, key)): Path<(String, String, String)>,
    Query(at): Query<At>,
) -> Answer {
    let l = asked.language;
    let (me, organisation) = about(&asked, &org).await?;
    let newest = organisation.text("/tenant/lastSealed");
    let snapshot = if at.snapshot.is_empty() { newest } else { at.snapshot.as_str() };
    let place = asked.of(&org, &["snapshots", snapshot, "objects", &kind, &key])?.with("cursor", &at.cursor);
    let (object, of) = try_join!(asked.get(place), asked.get(asked.of(&org, &["snapshots", snapshot])?))?;
    let title = format!("{} ({})", object.some("name").unwrap_or(&key), plain(&kind));
    let next = object.some("next").map(|cursor| {
        address(&object_address(&org, &kind, &key, snapshot), &[("cursor", cursor)])
            .replacen("?cursor", "&cursor", 1)
    });
    let ticks = may(&me, "previewRestore");
    let parts = html! {
        (properties(l, &object, ticks))
        (links(&asked, &org, snapshot, &object, ticks))
    };
    let body = html! {
        p { (l.say("object-as-of")) " " a href={ "/e/" (org) "/snapshots/" (snapshot) } { (asked.times().on(of.text("sealedAt"))) }
            " " code { (key) } }
        @if may(&me, "compare") { p.actions { (compare_one(&asked, &org, snapshot, &kind, &key)) } }
        @if ticks { (put_back(&asked, &org, snapshot, &kind, &key, &parts)) } @else { (parts) }
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &title, body)))
}

fn compare_one(asked: &Asked, org: &str, snapshot: &str, kind: &str, key: &str) -> Markup {
    form(&Form {
        action: &format!("/e/{org}/compare"),
        key: &asked.key(),
        fields: &[
            Field::Hidden("before", snapshot.to_owned()),
            Field::Hidden("after", "live".to_owned()),
            Field::Hidden("kind", kind.to_owned()),
            Field::Hidden("object", key.to_owned()),
        ],
        submit: &asked.language.say("compare-with-live"),
        danger: false,
    })
}

/// The object with boxes: without a tick all of it is put back, otherwise what is ticked.
fn put_back(asked: &Asked, org: &str, snapshot: &str, kind: &str, key: &str, parts: &Markup) -> Markup {
    let l = asked.language;
    let whole = json!({ "kind": kind, "key": key }).to_string();
    let fields = [
        Field::Note(parts.clone()),
        Field::Hidden("snapshot", snapshot.to_owned()),
        Field::Hidden("whole", whole),
        Field::Tick {
            name: "exactly",
            value: "1".to_owned(),
            label: html! { (l.say("object-exactly")) },
            on: false,
        },
        Field::typed("reason", &l.say("restore-reason"), "", "text", false, &l.say("restore-reason-hint")),
        Field::typed("ticket", &l.say("restore-ticket"), "", "text", false, ""),
    ];
    form(&Form {
        action: &format!("/e/{org}/restores"),
        key: &asked.key(),
        fields: &fields,
        submit: &l.say("object-put-back"),
        danger: false,
    })
}

fn properties(l: Language, object: &Value, ticks: bool) -> Markup {
    let (kind, key) = (object.text("kind"), object.text("key"));
    let heads = ["property", "value"].map(|key| l.say(&format!("head-{key}")));
    let rows = object.field("object").as_object().into_iter().flatten().map(|(property, value)| {
        let part = json!({ "kind": kind, "key": key, "path": property }).to_string();
        let cell = html! {
            @if ticks { label.tick { input type="checkbox" name="part" value=(part); (property) } } @else { (property) }
        };
        vec![cell, shown(l, value)]
    });
    Table {
        caption: &l.say("object-properties"),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("value-nothing"),
    }
    .show()
}

fn links(asked: &Asked, org: &str, snapshot: &str, object: &Value, ticks: bool) -> Markup {
    let l = asked.language;
    let (kind, key) = (object.text("kind"), object.text("key"));
    let heads = ["link", "direction", "other"].map(|key| l.say(&format!("head-{key}")));
    let rows = object.items("links").iter().map(|link| {
        let (other, way) = match link.some("to") {
            Some(to) => (to, "to"),
            None => (link.text("from"), "from"),
        };
        let part = json!({ "kind": kind, "key": key, "link": link.text("link"), "to": other }).to_string();
        let label = plain(link.text("link"));
        vec![
            html! { @if ticks && way == "to" { label.tick { input type="checkbox" name="part" value=(part); (label) } } @else { (label) } },
            html! { (l.word("way", way)) },
            html! { (name(link.some("name").unwrap_or(other))) " "
                small { a href=(address(&format!("/e/{org}/search"), &[("snapshot", snapshot), ("id", other)])) { (l.say("object-look-up")) } } },
        ]
    });
    let none = l.say("object-no-links");
    Table { caption: &l.say("object-links"), heads: &heads, rows: rows.collect(), empty: &none }.show()
}
