//! One object of a snapshot, or as of a time: its properties and links, and what can be asked about it or done with it.

use super::about;
use super::downloads::make;
use super::history::history_address;
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Field, Form, filter, form};
use crate::view::{Table, address, moment, more, name, path, plain, shown};
use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::try_join;

/// Which snapshot an object is looked at in, or the one of which time; and which part of its links.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct At {
    snapshot: String,
    as_of: String,
    cursor: String,
}

/// The object that a page is about.
struct Of<'a> {
    asked: &'a Asked,
    org: &'a str,
    kind: &'a str,
    key: &'a str,
    snapshot: &'a str,
}

pub(super) async fn page(
    asked: Asked,
    Path((org, kind, key)): Path<(String, String, String)>,
    Query(at): Query<At>,
) -> Answer {
    let l = asked.language;
    let (me, organisation) = about(&asked, &org).await?;
    let newest = organisation.text("/tenant/lastSealed");
    let is_of_a_time = !at.as_of.trim().is_empty();
    let snapshot = match (is_of_a_time, at.snapshot.as_str()) {
        (true, _) => snapshot_of(&asked, &org, &kind, &at.as_of).await,
        (false, "") => Ok(Some(newest.to_owned())),
        (false, named) => Ok(Some(named.to_owned())),
    };
    let (snapshot, faults) = match snapshot {
        Ok(snapshot) => (snapshot, Vec::new()),
        Err(failure) if !failure.faults().is_empty() => (None, failure.faults().to_vec()),
        Err(failure) => return Err(failure),
    };
    let time = Field::typed("asOf", &l.say("search-time"), &at.as_of, "datetime-local", true, "");
    let times = filter(
        &path(&["e", &org, "objects", &kind, &key]),
        &[time.with_fault(&faults)],
        &l.say("object-then"),
    );
    let read = match &snapshot {
        Some(snapshot) => read(&asked, &org, snapshot, (&kind, &key), &at.cursor).await,
        None => Err(Failure::NotFound),
    };
    let (title, shown) = match (&snapshot, read) {
        (Some(snapshot), Ok((object, sealed))) => {
            let of = Of { asked: &asked, org: &org, kind: &kind, key: &key, snapshot };
            let title = format!("{} ({})", object.some("name").unwrap_or(&key), plain(&kind));
            (title, of.show(&me, &object, &sealed))
        }
        // What was not there at a time is told here, with the field for another one.
        (_, Err(Failure::NotFound)) if is_of_a_time => {
            let told = if snapshot.is_some() { "object-not-then" } else { "search-before-all" };
            let history = history_address(&org, &kind, &key, "", "");
            let body = html! {
                @if faults.is_empty() { p.empty { (l.say(told)) " " a href=(history) { (l.say("object-history")) } } }
            };
            (format!("{key} ({})", plain(&kind)), body)
        }
        (_, Err(failure)) => return Err(failure),
        (None, Ok(_)) => return Err(Failure::NotFound),
    };
    let page = Page::inside(&organisation, &title, html! { (times) (shown) });
    Ok(asked.show_or_refuse(&me, &page, !faults.is_empty()))
}

/// The snapshot that there was at a time; none where there was none yet.
async fn snapshot_of(asked: &Asked, org: &str, kind: &str, as_of: &str) -> Result<Option<String>, Failure> {
    let at = asked.of(org, &["objects"])?.with("asOf", &moment(as_of)).with("kind", kind).with("limit", "1");
    match asked.get(at).await {
        Ok(found) => Ok(found.some("/searched/snapshot").map(str::to_owned)),
        Err(Failure::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn read(
    asked: &Asked,
    org: &str,
    snapshot: &str,
    (kind, key): (&str, &str),
    cursor: &str,
) -> Result<(Value, Value), Failure> {
    let place = asked.of(org, &["snapshots", snapshot, "objects", kind, key])?.with("cursor", cursor);
    try_join!(asked.get(place), asked.get(asked.of(org, &["snapshots", snapshot])?))
}

impl Of<'_> {
    fn show(&self, me: &Value, object: &Value, sealed: &Value) -> Markup {
        let (asked, l) = (self.asked, self.asked.language);
        let Self { org, kind, key, snapshot, .. } = *self;
        let ticks = may(me, "previewRestore");
        let parts = html! {
            (properties(l, object, ticks))
            (self.links(object, ticks))
        };
        let here = path(&["e", org, "objects", kind, key]);
        let next = object.some("next").map(|c| address(&here, &[("snapshot", snapshot), ("cursor", c)]));
        let download = || {
            make(
                asked,
                org,
                vec![
                    Field::Hidden("snapshot", snapshot.to_owned()),
                    Field::Hidden("kind", kind.to_owned()),
                    Field::Hidden("object", key.to_owned()),
                ],
            )
        };
        html! {
            p { (l.say("object-as-of")) " " a href={ "/e/" (org) "/snapshots/" (snapshot) } { (asked.times().on(sealed.text("sealedAt"))) }
                " " code { (key) } }
            div.actions {
                @if may(me, "compare") { (self.compare()) }
                a href=(history_address(org, kind, key, "", "")) { (l.say("object-history")) }
            }
            @if may(me, "download") { (download()) }
            @if ticks { (self.put_back(&parts)) } @else { (parts) }
            (more(l, next.as_deref()))
        }
    }

    fn compare(&self) -> Markup {
        form(&Form {
            action: &format!("/e/{}/compare", self.org),
            key: &self.asked.key(),
            fields: &[
                Field::Hidden("before", self.snapshot.to_owned()),
                Field::Hidden("after", "live".to_owned()),
                Field::Hidden("kind", self.kind.to_owned()),
                Field::Hidden("object", self.key.to_owned()),
            ],
            submit: &self.asked.language.say("compare-with-live"),
            danger: false,
        })
    }

    /// The object with boxes: without a tick all of it is put back, otherwise what is ticked.
    fn put_back(&self, parts: &Markup) -> Markup {
        let l = self.asked.language;
        let whole = json!({ "kind": self.kind, "key": self.key }).to_string();
        let fields = [
            Field::Note(parts.clone()),
            Field::Hidden("snapshot", self.snapshot.to_owned()),
            Field::Hidden("whole", whole),
            Field::Tick {
                name: "exactly",
                value: "1".to_owned(),
                label: html! { (l.say("object-exactly")) },
                on: false,
            },
            Field::typed(
                "reason",
                &l.say("restore-reason"),
                "",
                "text",
                false,
                &l.say("restore-reason-hint"),
            ),
            Field::typed("ticket", &l.say("restore-ticket"), "", "text", false, ""),
        ];
        form(&Form {
            action: &format!("/e/{}/restores", self.org),
            key: &self.asked.key(),
            fields: &fields,
            submit: &l.say("object-put-back"),
            danger: false,
        })
    }

    fn links(&self, object: &Value, ticks: bool) -> Markup {
        let l = self.asked.language;
        let heads = ["link", "direction", "other"].map(|key| l.say(&format!("head-{key}")));
        let rows = object.items("links").iter().map(|link| self.link(link, ticks));
        let none = l.say("object-no-links");
        Table { caption: &l.say("object-links"), heads: &heads, rows: rows.collect(), empty: &none }.show()
    }

    fn link(&self, link: &Value, ticks: bool) -> Vec<Markup> {
        let l = self.asked.language;
        let Self { org, kind, key, snapshot, .. } = *self;
        let (other, way) = match link.some("to") {
            Some(to) => (to, "to"),
            None => (link.text("from"), "from"),
        };
        let sort = link.text("link");
        let part = json!({ "kind": kind, "key": key, "link": sort, "to": other }).to_string();
        let label = plain(sort);
        let look_up = address(&format!("/e/{org}/search"), &[("snapshot", snapshot), ("id", other)]);
        vec![
            html! { @if ticks && way == "to" { label.tick { input type="checkbox" name="part" value=(part); (label) } } @else { (label) } },
            html! { (l.word("way", way)) },
            html! { (name(link.some("name").unwrap_or(other))) " " small { a href=(look_up) { (l.say("object-look-up")) } }
            @if way == "to" { " " small { a href=(history_address(org, kind, key, sort, other)) { (l.say("history-link")) } } } },
        ]
    }
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
