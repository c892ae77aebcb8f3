//! One restore: its preview, its run, and what became of each step, as it was read back.

mod plan;

use super::restores::how;
use super::{ROWS, about, snapshots};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, fresh, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Field, Form, button, form};
use crate::view::{Table, address, badge, facts, more, name, steps};
use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::Method;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::try_join;

/// Beyond so many steps whoever runs a restore writes the organisation's name.
const MANY_STEPS: i64 = 100;
/// The most bytes of a file: Lambda answers 6 MB at most.
const MAX_FILE: usize = 5_000_000;

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
        (plan::plan(l, &restore))
        (more(l, next.as_deref()))
        (plan::impossible(l, &restore))
        (plan::left_by_mode(l, &restore))
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
