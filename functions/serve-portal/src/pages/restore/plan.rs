//! What a restore writes, step by step with what became of each; and what it does not write, and why.

use crate::json::Fields;
use crate::texts::Language;
use crate::view::{Table, name, plain, was_is};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeSet;

/// Beyond so many properties those of a step are folded.
const UNFOLDED: usize = 3;

/// The steps on this part of the plan, in the order in which they are written.
pub(super) fn plan(l: Language, restore: &Value) -> Markup {
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

/// What cannot be put back, and why.
pub(super) fn impossible(l: Language, restore: &Value) -> Markup {
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
pub(super) fn left_by_mode(l: Language, restore: &Value) -> Markup {
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
