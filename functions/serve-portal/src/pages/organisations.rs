//! The organisations of a partner, or of one below it: searched, filtered, with how each is protected, and as CSV.

use super::{ROWS, bulk};
use crate::api::At;
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Choice, Field, Form, filter, form};
use crate::view::{Table, address, badge, more, name};
use axum::extract::Query;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use tokio::try_join;

const STATES: [&str; 4] = ["active", "suspended", "unsubscribed", "deleting"];
const CREDENTIALS: [&str; 7] = [
    "connected",
    "missing-permissions",
    "excess-permissions",
    "excess-reading",
    "consent-withdrawn",
    "unreachable",
    "waiting",
];
const PRODUCTS: [&str; 4] = ["Backup", "Archive", "BackupEntra", "ArchiverEntra"];

/// What they can be sorted by.
const SORTS: [&str; 4] = ["name", "last-snapshot", "seats", "changes"];

/// Which of them are asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wanted {
    search: String,
    state: String,
    credentials: String,
    product_type: String,
    plan: String,
    partner: String,
    sort: String,
    cursor: String,
}

impl Wanted {
    fn parameters(&self) -> [(&'static str, &str); 6] {
        [
            ("search", self.search.trim()),
            ("state", &self.state),
            ("credentials", &self.credentials),
            ("productType", &self.product_type),
            ("plan", &self.plan),
            ("partner", &self.partner),
        ]
    }

    fn at(&self, asked: &Asked) -> Result<At, Failure> {
        let at = asked.at(&["organisations"])?;
        Ok(self.parameters().into_iter().fold(at, |at, (name, value)| at.with(name, value)))
    }

    fn address(&self, path: &str, cursor: &str) -> String {
        let order = [("sort", self.sort.as_str()), ("cursor", cursor)];
        address(path, &[&self.parameters()[..], &order].concat())
    }
}

pub(super) async fn page(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let at = wanted.at(&asked)?.with("view", "health").with("sort", &wanted.sort);
    let at = at.with("limit", ROWS).with("cursor", &wanted.cursor);
    let (me, found) = try_join!(asked.me(), asked.get(at))?;
    let items = found.field("items").as_array().ok_or(Failure::NoAnswer)?;
    let choice = bulk::choice(l, &me);
    let heads = ["name", "state", "tenant", "seats", "snapshot", "changes", "end"]
        .map(|key| l.say(&format!("head-{key}")));
    let table = Table {
        caption: &l.count("organisations-caption", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: items.iter().map(|organisation| row(&asked, organisation, choice.is_some())).collect(),
        empty: &l.say("organisations-empty"),
    };
    let next = found.some("next").map(|cursor| wanted.address("/organisations", cursor));
    let body = html! {
        div.actions {
            @if may(&me, "manageOrganisation") { a.button href="/organisations/new" { (l.say("organisations-new")) } " " }
            a href=(wanted.address("/organisations.csv", "")) { (l.say("list-csv")) }
        }
        (filter("/organisations", &fields(l, &wanted), &l.say("list-filter")))
        (states(l, &wanted, &found))
        @match choice.filter(|_| !items.is_empty()) {
            Some(choice) => (form(&Form {
                action: "/organisations/bulk",
                key: &asked.key(),
                fields: &[Field::Note(table.show()), choice],
                submit: &l.say("bulk-button"),
                danger: false,
            })),
            None => (table.show()),
        }
        (more(l, next.as_deref()))
        @if found.field("complete") == &Value::Bool(false) { p.warning { (l.say("organisations-only-first")) } }
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-organisations"), body)))
}

/// How many there are in each state, each as the way to those alone.
fn states(l: Language, wanted: &Wanted, found: &Value) -> Markup {
    let counts = found.field("states");
    html! {
        @if !counts.is_null() {
            div.actions {
                @for state in STATES {
                    @let of = Wanted { state: state.to_owned(), cursor: String::new(), ..wanted.clone() };
                    a href=(of.address("/organisations", "")) aria-current=[(wanted.state == state).then_some("true")] {
                        (l.word("state", state)) " (" (counts.number(state).unwrap_or(0)) ")"
                    }
                }
            }
        }
    }
}

fn row(asked: &Asked, organisation: &Value, ticks: bool) -> Vec<Markup> {
    let (l, id) = (asked.language, organisation.text("id"));
    let health = organisation.field("health");
    let called = name(organisation.text("name"));
    vec![
        html! {
            @if ticks { label.tick { input type="checkbox" name="organisation" value=(id); span.unseen { (l.say("bulk-choose")) " " (called) } } }
            a href={ "/e/" (id) } { (called) } " "
            small { a href={ "/organisations/" (id) } { (l.say("organisations-manage")) } }
        },
        badge(l, "state", organisation.text("state")),
        html! {
            @match health.some("credentials") {
                Some(credentials) => (badge(l, "credentials", credentials)),
                None => (l.say("organisations-unconnected")),
            }
        },
        html! { span.number {
            @if let Some(used) = health.number("seatsInUse") { (used) " / " }
            (organisation.number("seats").unwrap_or(0))
        } },
        newest(asked, health),
        html! { span.number { @if let Some(count) = health.number("changes") { (count) } @else { "–" } } },
        html! { @if let Some(at) = organisation.some("/ending/deleteAt") { (asked.times().at(at)) } },
    ]
}

/// How old the newest snapshot is, and whether it holds everything.
fn newest(asked: &Asked, health: &Value) -> Markup {
    let l = asked.language;
    html! {
        (asked.times().at(health.text("lastSealedAt")))
        @match health.field("whole").as_bool() {
            Some(true) => { " " span.badge.good { (l.say("snapshot-complete")) } }
            Some(false) => { " " span.badge.fair { (l.count("organisations-not-held", health.number("partsNotHeld").unwrap_or(0))) } }
            None => {}
        }
        @if health.is("late") { " " span.badge.bad { (l.say("organisations-late")) } }
    }
}

fn fields(l: Language, wanted: &Wanted) -> [Field; 7] {
    let choice = |name: &'static str, sort: &str, values: &[&str], chosen: &str| {
        let any = Choice::plain("", &l.say("list-any"), chosen.is_empty());
        let values = values.iter().map(|v| Choice::plain(v, &l.word(sort, v), *v == chosen));
        let options = std::iter::once(any).chain(values).collect();
        Field::Choice { name, label: l.say(&format!("head-{name}")), options, cards: false }
    };
    let sort = if wanted.sort.is_empty() { SORTS[0] } else { &wanted.sort };
    let sorts = SORTS.iter().map(|by| Choice::plain(by, &l.word("sort", by), *by == sort));
    [
        Field::typed("search", &l.say("list-search"), &wanted.search, "search", false, ""),
        choice("state", "state", &STATES, &wanted.state),
        choice("credentials", "credentials", &CREDENTIALS, &wanted.credentials),
        choice("productType", "product", &PRODUCTS, &wanted.product_type),
        Field::Choice { name: "sort", label: l.say("head-sort"), options: sorts.collect(), cards: false },
        Field::Hidden("plan", wanted.plan.clone()),
        Field::Hidden("partner", wanted.partner.clone()),
    ]
}

pub(super) async fn csv(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    asked.table(wanted.at(&asked)?, "organisations").await
}
