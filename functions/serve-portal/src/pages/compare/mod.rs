//! Comparisons: which two sides, and what differs between them, to be ticked and put back.

mod wanted;

use super::dashboard::newest_sealed;
use super::downloads::make;
use super::history::history_address;
use super::snapshots::Part;
use super::{ROWS, about, marks};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, may, then};
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Choice, Field, Form, filter, form};
use crate::view::{
    Times, address, badge, class, facts, may_be_chosen, more, name, plain, plain_list, what_differs,
    who_made_it,
};
use axum::extract::{Path, Query};
use http::Method;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};
use tokio::try_join;
use wanted::Wanted;

/// The most bytes that the changes of a page have with their parts: Lambda answers 6 MB at most, with the heads of all.
const MOST_BYTES: usize = 3_000_000;
/// What is counted of a comparison, in this order.
const KINDS_OF_CHANGE: [&str; 5] = ["created", "deleted", "modified", "activated", "ended"];
/// What is counted of a comparison besides those.
const COUNTED_TOO: [&str; 3] = ["privileged", "observed", "byService"];

pub(super) async fn choose(asked: Asked, Path(org): Path<String>, Query(part): Query<Part>) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["snapshots"])?.with("limit", "100").with("cursor", &part.cursor);
    let ((me, organisation), list) = try_join!(about(&asked, &org), asked.list(at))?;
    let mut done: Vec<Value> = list.items.into_iter().filter(|s| s.text("state") == "done").collect();
    if done.is_empty() && part.cursor.is_empty() {
        done.extend(newest_sealed(&asked, &organisation, &[]).await?);
    }
    let next = list.next.map(|cursor| address(&format!("/e/{org}/compare"), &[("cursor", &cursor)]));
    let said = |s: &Value| asked.times().plain(s.text("sealedAt"));
    let options = |live: bool| -> Vec<Choice> {
        let live = live.then(|| Choice::plain("live", &l.say("compare-live"), true));
        let has_live = live.is_some();
        let snapshots =
            done.iter().enumerate().map(|(n, s)| Choice::plain(s.text("id"), &said(s), n == 0 && !has_live));
        live.into_iter().chain(snapshots).collect()
    };
    let body = html! {
        @if done.is_empty() {
            p.empty { (l.say(if next.is_some() { "list-nothing-yet" } else { "dashboard-no-snapshot" })) }
        } @else {
            (form(&Form {
                action: &format!("/e/{org}/compare"),
                key: &asked.key(),
                fields: &[
                    Field::Choice { name: "before", label: l.say("compare-before"), options: options(false), cards: false },
                    Field::Choice { name: "after", label: l.say("compare-after"), options: options(true), cards: false },
                ],
                submit: &l.say("compare-button"),
                danger: false,
            }))
        }
        @if next.is_some() { p.quiet { (l.say("compare-older")) } }
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-compare"), body)))
}

pub(super) async fn start(asked: Asked, Path(org): Path<String>, posted: Posted) -> Answer {
    let mut body = json!({ "before": posted.needed("before")?, "after": posted.needed("after")? });
    if posted.ticked("object") {
        body["kinds"] = json!([posted.needed("kind")?]);
        body["object"] = json!(posted.text("object"));
    }
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.of(&org, &["comparisons"])?, with).await?;
    Ok(then(&format!("/e/{org}/comparisons/{}", made.text("id"))))
}

pub(super) async fn one(
    asked: Asked,
    Path((org, dif)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let l = asked.language;
    let ((me, organisation), comparison) =
        try_join!(about(&asked, &org), asked.get(asked.of(&org, &["comparisons", &dif])?))?;
    let under_way = matches!(comparison.text("state"), "queued" | "running");
    let found = if comparison.text("state") == "done" {
        Some(asked.list(wanted.at(&asked, &org, &dif)?.with("limit", ROWS)).await?)
    } else {
        None
    };
    let path = format!("/e/{org}/comparisons/{dif}");
    let body = html! {
        @if under_way { (super::snapshots::waits(l, &asked.address)) }
        (sides(&asked, &org, &comparison))
        @if let Some(error) = comparison.some("error") { p.problem { (error) } }
        @if let Some(found) = &found {
            div.actions { (again(&asked, &org, &comparison)) " " a href=(wanted.address(&format!("{path}/changes.csv"), "")) { (l.say("list-csv")) }
                " " a href={ (path) "/explain" } { (l.say("explain-title")) } }
            @if may(&me, "download") { (make(&asked, &org, vec![Field::Hidden("comparison", dif.clone())])) }
            (not_compared(l, &comparison))
            (filter(&path, &wanted.fields(l, &comparison), &l.say("list-filter")))
            p { (l.count("compare-shown", i64::try_from(found.items.len()).unwrap_or(i64::MAX))) }
            @if found.items.is_empty() { p.empty { (l.say(wanted.nothing(found.next.is_some()))) } }
            @else { (choose_changes(&asked, &me, &org, &dif, &found.items)) }
            (more(l, found.next.as_deref().map(|cursor| wanted.address(&path, cursor)).as_deref()))
        }
    };
    let page = Page { polls: under_way, ..Page::inside(&organisation, &l.say("compare-title"), body) };
    Ok(asked.show(&me, &page))
}

/// How a comparison is: one that could not compare everything is never shown as good.
pub(super) fn how(l: Language, comparison: &Value) -> Markup {
    let lacking = comparison.items("notCompared");
    html! {
        @if comparison.text("state") == "done" && !lacking.is_empty() {
            span.badge.fair {
                (l.tell("compare-done-but", &[("what", &plain_list(lacking.iter().map(|n| n.text("source"))))]))
            }
        } @else { (badge(l, "job", comparison.text("state"))) }
    }
}

/// All changes that a filter lets through, as a table.
pub(super) async fn csv(
    asked: Asked,
    Path((org, dif)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    asked.table(wanted.at(&asked, &org, &dif)?, "changes").await
}

fn sides(asked: &Asked, org: &str, comparison: &Value) -> Markup {
    let l = asked.language;
    let side = |id: &str| match id {
        "live" => html! { (l.say("compare-live")) },
        id => {
            html! { a href={ "/e/" (org) "/snapshots/" (id) } { (l.say("compare-snapshot")) } " " code { (id) } }
        }
    };
    let counts = comparison.field("counts");
    let counted = KINDS_OF_CHANGE.iter().chain(&COUNTED_TOO).filter_map(|key| {
        let count = counts.number(key).filter(|count| *count > 0)?;
        Some(l.count(&format!("changes-{key}"), count))
    });
    let counted = counted.collect::<Vec<_>>().join(", ");
    facts(&[
        (l.say("compare-before"), side(comparison.text("before"))),
        (l.say("compare-after"), side(comparison.text("after"))),
        (l.say("head-state"), how(l, comparison)),
        (l.say("compare-done"), asked.times().at(comparison.text("doneAt"))),
        (
            l.say("compare-counts"),
            // Why nothing where it is not done: what was not compared has no count, and not none.
            html! { @if comparison.text("state") != "done" { "–" } @else if counted.is_empty() { (l.say("compare-none")) } @else { (counted) } },
        ),
    ])
}

/// What was compared with the live tenant grows old, so that it can be done again.
fn again(asked: &Asked, org: &str, comparison: &Value) -> Markup {
    let fields = ["before", "after"].map(|side| Field::Hidden(side, comparison.text(side).to_owned()));
    form(&Form {
        action: &format!("/e/{org}/compare"),
        key: &asked.key(),
        fields: &fields,
        submit: &asked.language.say("compare-again"),
        danger: false,
    })
}

fn not_compared(l: Language, comparison: &Value) -> Markup {
    let lacking = comparison.items("notCompared");
    html! {
        @if !lacking.is_empty() {
            p.warning { (l.say("compare-not-compared")) " " (plain_list(lacking.iter().map(|n| n.text("source")))) }
        }
    }
}

/// The changes, each with boxes for whoever may put them back.
fn choose_changes(asked: &Asked, me: &Value, org: &str, dif: &str, changes: &[Value]) -> Markup {
    let (l, ticks) = (asked.language, may(me, "previewRestore"));
    let explain = format!("/e/{org}/comparisons/{dif}/explain");
    let all = all_changes(asked.times(), changes, ticks, (org, &explain));
    if !ticks {
        return all;
    }
    let made_since = changes.iter().any(|change| change.text("what") == "created");
    let tick = |name, key: &str| Field::Tick {
        name,
        value: "1".to_owned(),
        label: html! { (l.say(key)) },
        on: false,
    };
    let mut fields = vec![Field::Note(all), Field::Hidden("comparison", dif.to_owned())];
    fields.extend(made_since.then(|| tick("deleteCreated", "restore-delete-created")));
    fields.extend([
        tick("comeBackBlocked", "restore-blocked"),
        Field::typed("reason", &l.say("restore-reason"), "", "text", false, &l.say("restore-reason-hint")),
        Field::typed("ticket", &l.say("restore-ticket"), "", "text", false, ""),
    ]);
    html! {
        p { (l.say("compare-tick")) }
        (form(&Form {
            action: &format!("/e/{org}/restores"),
            key: &asked.key(),
            fields: &fields,
            submit: &l.say("compare-put-back"),
            danger: false,
        }))
        details {
            summary { (l.say("compare-everything")) }
            (form(&Form {
                action: &format!("/e/{org}/restores"),
                key: &asked.key(),
                fields: &[Field::Hidden("comparison", dif.to_owned()), Field::Hidden("all", "1".to_owned()), tick("deleteCreated", "restore-delete-created")],
                submit: &l.say("compare-everything-button"),
                danger: false,
            }))
        }
    }
}

/// All of them, as far as a page holds them whole: of the others the heads, each with the way to its parts.
fn all_changes(times: Times, changes: &[Value], ticks: bool, at: (&str, &str)) -> Markup {
    let mut room = MOST_BYTES;
    let mut all = String::new();
    for change in changes {
        let whole = one_change(times, change, ticks, at, true).into_string();
        let shown = if whole.len() <= room {
            whole
        } else {
            one_change(times, change, ticks, at, false).into_string()
        };
        room = room.saturating_sub(shown.len());
        all.push_str(&shown);
    }
    PreEscaped(all)
}

fn one_change(
    times: Times,
    change: &Value,
    ticks: bool,
    (org, explain): (&str, &str),
    with_parts: bool,
) -> Markup {
    let ticks = ticks && may_be_chosen(change);
    let l = times.language;
    let (kind, key) = (change.text("kind"), change.text("key"));
    let heading = html! {
        strong { (name(change.some("name").unwrap_or(key))) } " "
        (plain(kind)) ", " (l.word("what", change.text("what")))
        @if change.is("privileged") { " " span.badge.bad { (l.say("compare-is-privileged")) } }
        (class(l, change))
    };
    html! {
        article.change {
            @if ticks {
                label.tick { input type="checkbox" name="object" value=(json!({ "kind": kind, "key": key }).to_string()); span { (heading) } }
            } @else { p { (heading) } }
            (marks::expected(l, change))
            (who_made_it(times, change))
            small { a href=(history_address(org, kind, key, "", "")) { (l.say("object-history")) } }
            @if with_parts { (what_differs(l, change, ticks, explain)) } @else {
                @let alone = address(explain.trim_end_matches("/explain"), &[("kind", kind), ("name", key)]);
                p.warning { (l.say("change-too-long")) " " a href=(alone) { (l.say("change-alone")) } }
            }
        }
    }
}
