//! One restore: its preview, its run, and what became of each step, as it was read back.

use super::restores::how;
use super::{ROWS, about, snapshots};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, fresh, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Field, Form, button, form};
use crate::view::{Table, address, badge, facts, more, name, plain, steps, was_is};
use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::Method;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::try_join;

/// Beyond so many steps whoever runs a restore writes the organisation's name.
const MANY_STEPS: i64 = 100;
/// The most bytes of a file: Lambda answers 6 MB at most.
const MAX_FILE: usize = 5_000_000;
/// Beyond so many properties those of a step are folded.
const UNFOLDED: usize = 3;

/// Which part of its steps is asked for, and which of what is left to people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parts {
    cursor: String,
    left: String,
}

pub(super) async fn one(
    asked: Asked,
    Path((org, rst)): Path<(String, String)>,
    Query(part): Query<Parts>,
) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["restores", &rst])?.with("limit", "100").with("cursor", &part.cursor);
    let ((me, organisation), restore) = try_join!(about(&asked, &org), asked.get(at))?;
    let state = restore.text("state").to_owned();
    let under_way = matches!(state.as_str(), "previewing" | "queued" | "running");
    let ended = matches!(state.as_str(), "done" | "failed" | "cancelled");
    let left = if ended && restore.some("startedAt").is_some() {
        let at =
            asked.of(&org, &["restores", &rst, "completion"])?.with("limit", ROWS).with("cursor", &part.left);
        asked.find_ended(at).await?
    } else {
        None
    };
    let path = format!("/e/{org}/restores/{rst}");
    let next = restore.some("next").map(|cursor| address(&path, &[("cursor", cursor)]));
    let body = html! {
        (steps(&["choose", "preview", "run", "receipt"].map(|key| l.say(&format!("restore-step-{key}"))), step_at(&state)))
        @if under_way { (snapshots::waits(l, &asked.address)) }
        (head(&asked, &org, &restore))
        @if let Some(error) = restore.some("error") { p.problem { (error) } }
        @if state == "previewed" { (warnings(l, &restore)) }
        (what_to_do(&asked, &me, &organisation, &restore, &path))
        (plan(l, &restore))
        (more(l, next.as_deref()))
        (impossible(l, &restore))
        (left_by_mode(l, &restore))
        @if let Some(left) = &left { (completion(l, left, &path)) }
    };
    let key = if ended { "restore-receipt" } else { "restore-title" };
    let page = Page { polls: under_way, ..Page::inside(&organisation, &l.say(key), body) };
    Ok(asked.show(&me, &page))
}

fn step_at(state: &str) -> usize {
    match state {
        "previewing" | "previewed" => 1,
        "queued" | "running" => 2,
        _ => 3,
    }
}

fn head(asked: &Asked, org: &str, restore: &Value) -> Markup {
    let (l, times) = (asked.language, asked.times());
    let counts = restore.field("counts");
    let count = |key: &str| counts.number(key).unwrap_or(0);
    let mut all = vec![
        (
            l.say("head-state"),
            html! { (how(l, restore))
            @if restore.is("waitsForApproval") { " " (l.say("restore-waits")) } },
        ),
        (
            l.say("head-asked"),
            html! { (times.at(restore.text("requestedAt"))) " " (l.say("restore-by")) " " (name(restore.text("requestedBy"))) },
        ),
        (l.say("head-steps"), html! { (count("steps")) }),
        (l.say("head-impossible"), html! { (count("impossible")) }),
    ];
    if restore.some("startedAt").is_some() {
        let said = [
            ("verified", count("done")),
            ("unverified", count("unverified")),
            ("failed", count("failed")),
            ("skipped", count("skipped")),
        ];
        let said = said.map(|(key, count)| l.count(&format!("restore-count-{key}"), count)).join(", ");
        all.push((l.say("restore-counts"), html! { (said) }));
        all.push((l.say("restore-began"), times.at(restore.text("startedAt"))));
    }
    for (key, value) in [
        ("restore-reason", "reason"),
        ("restore-ticket", "ticket"),
        ("restore-approved-by", "approvedBy"),
        ("restore-run-by", "runBy"),
    ] {
        // Whoever runs what needs no second person approves it by that; nobody else did.
        if value == "approvedBy" && !restore.is("approvedBySecond") {
            continue;
        }
        if let Some(text) = restore.some(value) {
            all.push((l.say(key), name(text)));
        }
    }
    for (key, value) in
        [("restore-expected", "expectedAt"), ("restore-expires", "expiresAt"), ("restore-ended", "doneAt")]
    {
        if let Some(text) = restore.some(value) {
            all.push((l.say(key), times.at(text)));
        }
    }
    if let Some(comparison) = restore.some("comparison") {
        let to = format!("/e/{org}/comparisons/{comparison}");
        all.push((l.say("restore-of"), html! { a href=(to) { (l.say("compare-title")) } }));
    }
    if let Some(other) = restore.some("undoes") {
        let to = format!("/e/{org}/restores/{other}");
        all.push((l.say("restore-undoes"), html! { a href=(to) { code { (other) } } }));
    }
    if let Some(plan) = restore.some("plan") {
        all.push((l.say("restore-plan"), html! { code { (plan) } }));
    }
    facts(&all)
}

/// What whoever runs it should know first.
fn warnings(l: Language, restore: &Value) -> Markup {
    html! {
        @for remark in restore.items("remarks").iter().filter_map(Value::as_str) {
            p.warning { (l.word("remark", remark)) }
        }
        @for lacking in restore.items("notPermitted") {
            p.warning { (l.tell("restore-not-permitted", &[("what", lacking.text("what"))])) }
        }
        @for conflict in restore.items("conflicts") {
            p.warning { (l.tell("restore-conflict", &[("property", conflict.text("property")), ("value", conflict.text("value"))]))
                " " (name(conflict.some("name").unwrap_or(conflict.text("key")))) }
        }
    }
}

/// The buttons of its state, for whoever has the right.
fn what_to_do(asked: &Asked, me: &Value, organisation: &Value, restore: &Value, path: &str) -> Markup {
    let (l, state) = (asked.language, restore.text("state"));
    let does =
        |act: &str, key: &str, danger| button(&format!("{path}/{act}"), &asked.key(), &l.say(key), danger);
    let may_run = may(me, "runRestore");
    let has_steps = restore.number("/counts/steps").unwrap_or(0) > 0;
    html! {
        div.actions {
            @if state == "previewed" && restore.is("waitsForApproval") && may(me, "approveRestore") { (does("approve", "restore-approve", false)) }
            @if state == "previewed" && !restore.is("waitsForApproval") && may_run && has_steps { (run(asked, organisation, restore, path)) }
            @if matches!(state, "previewing" | "previewed" | "queued" | "running") && may_run { (does("cancel", "restore-cancel", true)) }
            @if matches!(state, "previewed" | "failed" | "cancelled") { (does("again", "restore-again", false)) }
            @if matches!(state, "done" | "failed" | "cancelled") {
                @if may_run && restore.some("startedAt").is_some() { (does("undo", "restore-undo", false)) }
                a href={ (path) "/receipt" } { (l.say("restore-export")) }
            }
        }
    }
}

fn needs_name(restore: &Value) -> bool {
    restore.is("privileged") || restore.number("/counts/steps").unwrap_or(0) > MANY_STEPS
}

fn run(asked: &Asked, organisation: &Value, restore: &Value, path: &str) -> Markup {
    let l = asked.language;
    let hint = l.tell("restore-confirm-hint", &[("name", organisation.text("name"))]);
    let confirm = Field::typed("confirm", &l.say("restore-confirm"), "", "text", true, &hint);
    let fields: Vec<Field> = needs_name(restore).then_some(confirm).into_iter().collect();
    let submit = l.count("restore-run", restore.number("/counts/steps").unwrap_or(0));
    form(&Form {
        action: &format!("{path}/run"),
        key: &asked.key(),
        fields: &fields,
        submit: &submit,
        danger: true,
    })
}

fn plan(l: Language, restore: &Value) -> Markup {
    let items = restore.items("items");
    // Without a preview there is no plan, and nothing is known of what is to be written.
    if items.is_empty() && restore.text("state") != "previewed" {
        return html! {};
    }
    let heads = ["step", "object", "action", "outcome"].map(|key| l.say(&format!("head-{key}")));
    let rows = items.iter().map(|step| {
        vec![
            html! { (step.number("number").unwrap_or(0)) },
            html! { (name(step.some("name").unwrap_or(step.text("key")))) " " small { (plain(step.text("kind"))) } },
            html! {
                (action(l, step.field("action")))
                (values(l, step.field("before"), step.field("after")))
                @for warning in step.items("warnings").iter().filter_map(Value::as_str) { div.warning { (l.word("warning", warning)) } }
            },
            outcome(l, step.field("outcome")),
        ]
    });
    let is_so = restore.items("leftByMode").is_empty() && restore.items("impossible").is_empty();
    let empty = l.say(if is_so { "restore-no-steps" } else { "restore-nothing-written" });
    let caption = l.count("restore-caption", i64::try_from(items.len()).unwrap_or(i64::MAX));
    Table { caption: &caption, heads: &heads, rows: rows.collect(), empty: &empty }.show()
}

/// What a step finds and what it leaves, property by property; what is empty on both sides is left out, and many are folded.
fn values(l: Language, before: &Value, after: &Value) -> Markup {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    let properties = |of: &Value| -> BTreeSet<String> {
        of.as_object().into_iter().flat_map(|all| all.keys().cloned()).collect()
    };
    let all: BTreeSet<String> = properties(before).union(&properties(after)).cloned().collect();
    let told: Vec<&String> =
        all.iter().filter(|name| !is_empty(before.field(name)) || !is_empty(after.field(name))).collect();
    let list = html! {
        @for property in &told { div { (name(property)) ": " (was_is(l, before.field(property), after.field(property))) } }
    };
    html! {
        @if told.len() > UNFOLDED {
            details { summary { (l.count("restore-properties", i64::try_from(told.len()).unwrap_or(i64::MAX))) } (list) }
        } @else { (list) }
    }
}

fn action(l: Language, action: &Value) -> Markup {
    let properties =
        action.items("properties").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    let to = action.items("to").iter().map(|end| end.some("name").unwrap_or(end.text("id")).to_owned());
    let to = to
        .chain(action.some("/to/name").or(action.some("/to/id")).map(str::to_owned))
        .collect::<Vec<_>>()
        .join(", ");
    html! {
        (l.word("action", action.text("type")))
        @if let Some(link) = action.some("link") { " " (plain(link)) }
        @if !properties.is_empty() { " " (name(&properties)) }
        @if let Some(property) = action.some("property") { " " (name(property)) }
        @if !to.is_empty() { ": " (name(&to)) }
    }
}

/// What became of a step: *verified* only where it was read back as asked.
fn outcome(l: Language, outcome: &Value) -> Markup {
    let (word, mood) = match (outcome.text("type"), outcome.text("/readBack/type")) {
        ("", _) => return html! { span.nothing { (l.say("outcome-none")) } },
        ("done", "asAsked") => ("verified", "good"),
        ("done", "differs" | "absent") => ("differs", "bad"),
        ("done", _) => ("unverified", "fair"),
        // Written, and not seen as asked when it was read again: that is no refusal, and the counts say so too.
        ("failed", _) if outcome.text("cause") == "notSeen" => ("unverified", "fair"),
        ("alreadySo", _) => ("already", "good"),
        ("skipped", _) => ("skipped", "fair"),
        ("failed", _) => ("failed", "bad"),
        _ => ("started", "plain"),
    };
    html! {
        span.badge.(mood) { (l.say(&format!("outcome-{word}"))) }
        @if let Some(cause) = outcome.some("cause") { " " (l.word("cause", cause)) }
        @if let Some(message) = outcome.some("message") { div { (message) } }
        @for said in outcome.items("said") { div { (said.text("said")) } }
        @for what in outcome.field("readBack").items("what").iter().filter_map(Value::as_str) { div { (what) } }
        @for part in outcome.items("refused") { div { (part.text("what")) ": " (l.word("cause", part.text("cause"))) } }
        @if let Some(id) = outcome.some("requestId") {
            details { summary { (l.say("failure-request")) } code { (id) } }
        }
    }
}

fn impossible(l: Language, restore: &Value) -> Markup {
    let heads = ["object", "what", "why"].map(|key| l.say(&format!("head-{key}")));
    let rows: Vec<Vec<Markup>> = restore
        .items("impossible")
        .iter()
        .map(|one| {
            vec![
                name(one.some("name").unwrap_or(one.text("key"))),
                name(one.text("what")),
                html! { (one.text("why")) },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() { (Table { caption: &l.say("restore-impossible"), heads: &heads, rows, empty: "" }.show()) }
    }
}

/// What differs and stays so: the modes do not write it. Nothing stays different in silence.
fn left_by_mode(l: Language, restore: &Value) -> Markup {
    let heads = ["object", "what", "why"].map(|key| l.say(&format!("head-{key}")));
    let rows: Vec<Vec<Markup>> = restore
        .items("leftByMode")
        .iter()
        .map(|one| {
            vec![
                html! { (name(one.some("name").unwrap_or(one.text("key")))) " " small { (plain(one.text("kind"))) } },
                html! { (plain(one.text("what")))
                    @for to in one.items("to").iter().filter_map(Value::as_str) { div { code { (to) } } } },
                html! { (l.word("left-by", one.text("mode"))) },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() { (Table { caption: &l.say("restore-left-by-mode"), heads: &heads, rows, empty: "" }.show()) }
    }
}

/// What is left to people.
fn completion(l: Language, left: &Value, path: &str) -> Markup {
    let heads = ["object", "to-do", "owner", "state"].map(|key| l.say(&format!("head-{key}")));
    let rows: Vec<Vec<Markup>> = left
        .items("items")
        .iter()
        .map(|duty| {
            vec![
                name(duty.some("name").unwrap_or(duty.text("key"))),
                html! { (l.word("todo", duty.text("toDo"))) " " (duty.text("what")) },
                html! { (l.word("owner", duty.text("owner"))) },
                badge(l, "duty", duty.text("state")),
            ]
        })
        .collect();
    let next = left.some("next").map(|cursor| format!("{}#left", address(path, &[("left", cursor)])));
    html! {
        section id="left" {
            h2 { (l.say("restore-left")) }
            @if rows.is_empty() { p { (l.say("restore-nothing-left")) } }
            @else { (Table { caption: &l.say("restore-left"), heads: &heads, rows, empty: "" }.show()) }
            (more(l, next.as_deref()))
        }
    }
}

pub(super) async fn act(
    asked: Asked,
    Path((org, rst, act)): Path<(String, String, String)>,
    posted: Posted,
) -> Answer {
    let key = posted.key()?;
    let with = With { key: Some(key), ..With::default() };
    if act == "undo" {
        let body = json!({ "undo": rst });
        let made = asked
            .call(Method::POST, asked.of(&org, &["restores"])?, With { body: Some(&body), ..with })
            .await?;
        return Ok(then(&format!("/e/{org}/restores/{}", made.text("id"))));
    }
    if !["run", "approve", "cancel", "again"].contains(&act.as_str()) {
        return Err(Failure::NotFound);
    }
    if matches!(act.as_str(), "run" | "approve") {
        let ((me, organisation), restore) = try_join!(
            about(&asked, &org),
            asked.get(asked.of(&org, &["restores", &rst])?.with("limit", "1"))
        )?;
        fresh(&me)?;
        if act == "run" && needs_name(&restore) && posted.text("confirm") != organisation.text("name").trim()
        {
            return Err(Failure::Field("confirm"));
        }
    }
    let made = asked.call(Method::POST, asked.of(&org, &["restores", &rst, &act])?, with).await?;
    Ok(then(&format!("/e/{org}/restores/{}", made.some("id").unwrap_or(&rst))))
}

/// The signed receipt as one file: all its pages one after another, as `holdfast verify-receipt` takes them.
///
/// # Errors
/// `TooLarge`: a receipt of which a page is missing verifies as altered, so that none is cut.
pub(super) async fn receipt(asked: Asked, Path((org, rst)): Path<(String, String)>) -> Answer {
    let (mut file, mut cursor) = (String::new(), String::new());
    loop {
        let at = asked.of(&org, &["restores", &rst, "receipt"])?.with("cursor", &cursor);
        let page = asked.csv(at).await?;
        if file.len() + page.len() > MAX_FILE {
            return Err(Failure::TooLarge);
        }
        file.push_str(page.trim_end());
        file.push('\n');
        let read: Value = serde_json::from_str(&page).map_err(|_| Failure::NoAnswer)?;
        match read.some("next") {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let named = format!("attachment; filename=\"receipt-{rst}.json\"");
    Ok(([(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, named)], file).into_response())
}
