//! What people asked for in all organisations of the partner: snapshots, comparisons, restores and downloads, newest first.

use super::ROWS;
use crate::asked::{Answer, Asked, Page};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Choice, Field, filter};
use crate::view::{Table, address, badge, more, name};
use axum::extract::Query;
use maud::html;
use serde::Deserialize;
use tokio::try_join;

/// The types of jobs, each with the noun of its page.
const TYPES: [(&str, &str); 4] = [
    ("snapshot", "snapshots"),
    ("comparison", "comparisons"),
    ("restore", "restores"),
    ("download", "downloads"),
];
const STATES: [&str; 6] = ["open", "previewed", "done", "failed", "cancelled", "ended"];

/// Which of them are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    r#type: String,
    state: String,
    cursor: String,
}

pub(super) async fn page(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let at = asked.at(&["jobs"])?.with("type", &wanted.r#type).with("state", &wanted.state);
    let (me, found) =
        try_join!(asked.me(), asked.get(at.with("limit", ROWS).with("cursor", &wanted.cursor)))?;
    let items = found.field("items").as_array().ok_or(Failure::NoAnswer)?;
    let heads =
        ["organisation", "job", "state", "asked", "by", "ended"].map(|key| l.say(&format!("head-{key}")));
    let rows = items.iter().map(|job| {
        let noun = TYPES.iter().find(|(of, _)| *of == job.text("type")).map_or("jobs", |(_, noun)| *noun);
        let (org, id) = (job.text("organisation"), job.text("id"));
        vec![
            html! { a href={ "/e/" (org) } { (name(job.text("organisationName"))) } },
            html! { a href={ "/e/" (org) "/" (noun) "/" (id) } { (l.word("job-of", noun)) } },
            html! { @match job.some("state") { Some(state) => (badge(l, "standing", state)), None => (l.say("work-unknown")) } },
            asked.times().at(job.text("requestedAt")),
            name(job.text("requestedBy")),
            asked.times().at(job.text("doneAt")),
        ]
    });
    let table = Table {
        caption: &l.count("jobs-caption", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say(if found.some("next").is_some() { "work-nothing-yet" } else { "jobs-empty" }),
    };
    let same = [("type", wanted.r#type.as_str()), ("state", &wanted.state)];
    let next =
        found.some("next").map(|cursor| address("/jobs", &[&same[..], &[("cursor", cursor)]].concat()));
    let gone = found.number("gone").filter(|gone| *gone > 0);
    let body = html! {
        (filter("/jobs", &fields(l, &wanted), &l.say("list-filter")))
        (table.show())
        @if let Some(gone) = gone { p.quiet { (l.count("work-gone", gone)) } }
        @if !found.is("complete") { p.warning { (l.say("work-not-complete")) } }
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-jobs"), body)))
}

fn fields(l: Language, wanted: &Wanted) -> [Field; 2] {
    let any = |chosen: &str| Choice::plain("", &l.say("list-any"), chosen.is_empty());
    let types = TYPES.map(|(of, noun)| Choice::plain(of, &l.word("job-of", noun), wanted.r#type == of));
    let states = STATES.map(|state| Choice::plain(state, &l.word("standing", state), wanted.state == state));
    let all = |chosen: &str, options: &mut dyn Iterator<Item = Choice>| -> Vec<Choice> {
        std::iter::once(any(chosen)).chain(options).collect()
    };
    [
        Field::Choice {
            name: "type",
            label: l.say("head-job"),
            options: all(&wanted.r#type, &mut types.into_iter()),
            cards: false,
        },
        Field::Choice {
            name: "state",
            label: l.say("head-state"),
            options: all(&wanted.state, &mut states.into_iter()),
            cards: false,
        },
    ]
}
