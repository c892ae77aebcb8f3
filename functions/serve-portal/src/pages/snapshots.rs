//! Snapshots of an organisation: all of them, and one with what it holds and what it does not.

use super::{ROWS, about, marks};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, may, then};
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Field, Form, button, form};
use crate::view::{Table, address, badge, facts, more, path, plain, plain_list};
use axum::extract::{Path, Query};
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use tokio::try_join;

/// The run of Microsoft's own log.
const LOG: &str = "audit";

/// Which part of a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    pub(super) cursor: String,
}

pub(super) async fn list(asked: Asked, Path(org): Path<String>, Query(part): Query<Part>) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["snapshots"])?.with("limit", ROWS).with("cursor", &part.cursor);
    let ((me, organisation), list) = try_join!(about(&asked, &org), asked.list(at))?;
    let heads = ["snapshot", "reason", "state", "objects"].map(|key| l.say(&format!("head-{key}")));
    let rows = list.items.iter().map(|snapshot| {
        vec![
            html! { a href={ "/e/" (org) "/snapshots/" (snapshot.text("id")) } { (asked.times().at(snapshot.text("requestedAt"))) } },
            html! { (l.word("reason", snapshot.text("reason"))) },
            html! { (how(l, snapshot)) (marks::good(l, snapshot)) },
            html! { span.number { (objects(snapshot)) } },
        ]
    });
    let table = Table {
        caption: &l.count("snapshots-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("snapshots-empty"),
    };
    let here = format!("/e/{org}/snapshots");
    let next = list.next.as_deref().map(|cursor| address(&here, &[("cursor", cursor)]));
    let body = html! {
        @if may(&me, "useSnapshots") { div.actions { (button(&here, &asked.key(), &l.say("snapshots-take"), false)) } }
        (table.show())
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-snapshots"), body)))
}

pub(super) async fn take(asked: Asked, Path(org): Path<String>, posted: Posted) -> Answer {
    let with = With { key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.of(&org, &["snapshots"])?, with).await?;
    Ok(then(&format!("/e/{org}/snapshots/{}", made.text("id"))))
}

pub(super) async fn one(asked: Asked, Path((org, snp)): Path<(String, String)>) -> Answer {
    let l = asked.language;
    let ((me, organisation), snapshot) =
        try_join!(about(&asked, &org), asked.get(asked.of(&org, &["snapshots", &snp])?))?;
    let is_done = snapshot.text("state") == "done";
    let coverage =
        if is_done { asked.find(asked.of(&org, &["snapshots", &snp, "coverage"])?).await? } else { None };
    let under_way = matches!(snapshot.text("state"), "queued" | "running");
    let times = asked.times();
    let body = html! {
        @if under_way { (waits(l, &asked.address)) }
        (facts(&[
            (l.say("head-state"), html! { (how(l, &snapshot)) (marks::good(l, &snapshot)) }),
            (l.say("head-reason"), html! { (l.word("reason", snapshot.text("reason"))) }),
            (l.say("head-asked"), times.at(snapshot.text("requestedAt"))),
            (l.say("head-sealed"), times.at(snapshot.text("sealedAt"))),
            (l.say("head-objects"), html! { (objects(&snapshot)) }),
            (l.say("head-requests"), html! { (snapshot.number("/spent/requests").unwrap_or(0)) }),
        ]))
        @if let Some(error) = snapshot.some("error") { p.problem { (error) } }
        @if is_done { div.actions {
            @if may(&me, "compare") {
                (form(&Form {
                    action: &format!("/e/{org}/compare"),
                    key: &asked.key(),
                    fields: &[Field::Hidden("before", snp.clone()), Field::Hidden("after", "live".to_owned())],
                    submit: &l.say("compare-with-live"),
                    danger: false,
                }))
            }
            (marks::ask(&asked, &me, (&org, &snp), &snapshot))
            a href=(address(&format!("/e/{org}/search"), &[("snapshot", &snp)])) { (l.say("snapshot-search")) }
            @if may(&me, "download") { " " a href=(address(&format!("/e/{org}/downloads"), &[("snapshot", &snp)])) { (l.say("snapshot-download")) } }
        } }
        @if let Some(coverage) = &coverage { (covered(&asked, (&org, &snp), coverage)) }
    };
    let page = Page { polls: under_way, ..Page::inside(&organisation, &l.say("snapshot-title"), body) };
    Ok(asked.show(&me, &page))
}

/// What is said while something is under way: it is looked at again by the script, or by the link.
pub(super) fn waits(l: Language, again: &str) -> Markup {
    html! { p.waits role="status" { (l.say("job-under-way")) " " a href=(again) { (l.say("job-refresh")) } } }
}

/// How a snapshot is: what is not whole is never shown as done.
pub(super) fn how(l: Language, snapshot: &Value) -> Markup {
    let lacking = snapshot.items("notCovered");
    html! {
        @if snapshot.text("state") == "done" && !lacking.is_empty() {
            span.badge.fair {
                (l.tell("snapshot-complete-but", &[("what", &plain_list(lacking.iter().map(|n| n.text("source"))))]))
            }
        } @else if snapshot.text("state") == "done" { span.badge.good { (l.say("snapshot-complete")) } }
        @else { (badge(l, "job", snapshot.text("state"))) }
    }
}

/// How many records a snapshot holds.
pub(super) fn objects(snapshot: &Value) -> i64 {
    let counts = snapshot.field("counts").as_object();
    // Why without a dot: runs of links are named by the kind and the link, such as `groups.members`. Microsoft's log is no
    // object of the tenant's.
    let objects = counts.into_iter().flatten().filter(|(run, _)| !run.contains('.') && *run != LOG);
    objects.map(|(_, count)| count.number("records").unwrap_or(0)).sum()
}

fn covered(asked: &Asked, (org, snp): (&str, &str), coverage: &Value) -> Markup {
    let l = asked.language;
    let heads = ["kind", "held", "full", "not-read"].map(|key| l.say(&format!("head-{key}")));
    let rows = coverage.items("kinds").iter().map(|kind| {
        vec![
            html! { @if kind.is("held") {
                a href=(path(&["e", org, "snapshots", snp, "coverage", kind.text("kind")])) { (plain(kind.text("kind"))) }
            } @else { (plain(kind.text("kind"))) } },
            html! { (l.say(if kind.is("held") { "value-yes" } else { "value-no" })) },
            asked.times().at(kind.text("fullAt")),
            html! {
                @for gap in kind.items("unread") { div { (gap.text("part")) ": " (gap.text("why")) } }
                @if !kind.items("never").is_empty() {
                    details { summary { (l.say("snapshot-never")) }
                        @for never in kind.items("never") { div { (never.text("what")) ": " (never.text("why")) } } }
                }
            },
        ]
    });
    Table {
        caption: &l.say("snapshot-coverage"),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("value-nothing"),
    }
    .show()
}
