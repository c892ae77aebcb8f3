//! The organisations of a partner: searched, filtered, and as CSV.

use super::ROWS;
use crate::api::At;
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Choice, Field, filter};
use crate::view::{Table, address, badge, more, name};
use axum::extract::Query;
use axum::response::IntoResponse;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use maud::html;
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

/// Which of them are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wanted {
    search: String,
    state: String,
    credentials: String,
    product_type: String,
    cursor: String,
}

impl Wanted {
    fn parameters(&self) -> [(&'static str, &str); 4] {
        [
            ("search", self.search.trim()),
            ("state", &self.state),
            ("credentials", &self.credentials),
            ("productType", &self.product_type),
        ]
    }

    fn at(&self, asked: &Asked) -> Result<At, Failure> {
        let at = asked.at(&["organisations"])?;
        Ok(self.parameters().into_iter().fold(at, |at, (name, value)| at.with(name, value)))
    }

    fn address(&self, path: &str, cursor: &str) -> String {
        address(path, &[&self.parameters()[..], &[("cursor", cursor)]].concat())
    }
}

pub(super) async fn page(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let at = wanted.at(&asked)?.with("limit", ROWS).with("cursor", &wanted.cursor);
    let (me, list) = try_join!(asked.me(), asked.list(at))?;
    let heads = ["name", "state", "tenant", "seats", "end"].map(|key| l.say(&format!("head-{key}")));
    let table = Table {
        caption: &l.count("organisations-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: list.items.iter().map(|organisation| row(&asked, organisation)).collect(),
        empty: &l.say("organisations-empty"),
    };
    let next = list.next.as_deref().map(|cursor| wanted.address("/organisations", cursor));
    let body = html! {
        p.actions {
            @if may(&me, "manageOrganisation") { a.button href="/organisations/new" { (l.say("organisations-new")) } " " }
            a href=(wanted.address("/organisations.csv", "")) { (l.say("list-csv")) }
        }
        (filter("/organisations", &fields(l, &wanted), &l.say("list-filter")))
        (table.show())
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-organisations"), body)))
}

fn row(asked: &Asked, organisation: &Value) -> Vec<maud::Markup> {
    let (l, id) = (asked.language, organisation.text("id"));
    let tenant = organisation.field("tenant");
    vec![
        html! { a href={ "/e/" (id) } { (name(organisation.text("name"))) } " "
        small { a href={ "/organisations/" (id) } { (l.say("organisations-manage")) } } },
        badge(l, "state", organisation.text("state")),
        html! {
            @if tenant.is_null() { (l.say("organisations-unconnected")) } @else { (l.say("organisations-connected")) }
            @for missing in tenant.items("notProtected") {
                div.warning { (l.tell("credentials-unprotected", &[("what", missing.text("what"))])) }
            }
        },
        html! { span.number { (organisation.number("seats").unwrap_or(0)) } },
        html! { @if let Some(at) = organisation.some("/ending/deleteAt") { (asked.times().at(at)) } },
    ]
}

fn fields(l: Language, wanted: &Wanted) -> [Field; 4] {
    let choice = |name: &'static str, sort: &str, values: &[&str], chosen: &str| {
        let any = Choice::plain("", &l.say("list-any"), chosen.is_empty());
        let values = values.iter().map(|v| Choice::plain(v, &l.word(sort, v), *v == chosen));
        let options = std::iter::once(any).chain(values).collect();
        Field::Choice { name, label: l.say(&format!("head-{name}")), options, cards: false }
    };
    [
        Field::typed("search", &l.say("list-search"), &wanted.search, "search", false, ""),
        choice("state", "state", &STATES, &wanted.state),
        choice("credentials", "credentials", &CREDENTIALS, &wanted.credentials),
        choice("productType", "product", &PRODUCTS, &wanted.product_type),
    ]
}

pub(super) async fn csv(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let text = asked.csv(wanted.at(&asked)?.with("format", "csv")).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"organisations.csv\""),
    ];
    Ok((headers, text).into_response())
}
