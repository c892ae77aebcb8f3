//! What a month is billed by, and its invoice: each organisation's seats, the parts of the month they stood in, and the sums.

use crate::asked::{Answer, Asked, Page};
use crate::failure::Failure;
use crate::json::Fields;
use crate::money;
use crate::texts::Language;
use crate::view::form::{Field, filter};
use crate::view::{Table, address, facts, more, name};
use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use tokio::try_join;

/// Which month, and which part of its lines.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    month: String,
    cursor: String,
}

impl Wanted {
    /// The month that is named, or the one that goes on.
    fn month(&self, asked: &Asked) -> String {
        if self.month.is_empty() { this_month(asked) } else { self.month.clone() }
    }
}

fn this_month(asked: &Asked) -> String {
    (asked.portal.ports.now)().strftime("%Y-%m").to_string()
}

pub(super) async fn page(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let month = wanted.month(&asked);
    let at = asked.at(&["usage"])?.with("month", &month).with("cursor", &wanted.cursor);
    let (me, usage) = try_join!(asked.me(), asked.get(at))?;
    let next = usage.some("next").map(|cursor| address("/usage", &[("month", &month), ("cursor", cursor)]));
    // Why only then: there is an invoice of a month once it has ended.
    let is_over = month < this_month(&asked);
    let body = html! {
        (filter("/usage", &[Field::typed("month", &l.say("usage-month"), &month, "month", true, "")], &l.say("list-filter")))
        div.actions {
            @if is_over { a.button href={ "/invoices/" (month) } { (l.say("usage-invoice")) } " " }
            a href=(address("/usage.csv", &[("month", &month)])) { (l.say("list-csv")) }
        }
        p.quiet { (l.say("usage-through")) " " (usage.text("through")) }
        (lines(l, &usage, next.as_deref())?)
    };
    Ok(asked.show(&me, &Page::new(&format!("{} {month}", l.say("page-usage")), body)))
}

/// The invoice of a month that has ended: it is the same each time that it is read.
pub(super) async fn invoice(asked: Asked, Path(month): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let at = asked.at(&["invoices", &month])?.with("cursor", &wanted.cursor);
    let (me, invoice) = try_join!(asked.me(), asked.get(at))?;
    let here = format!("/invoices/{month}");
    let next = invoice.some("next").map(|cursor| address(&here, &[("cursor", cursor)]));
    let body = html! {
        (facts(&[
            (l.say("invoice-number"), html! { code { (invoice.some("number").unwrap_or("–")) } }),
            (l.say("usage-month"), html! { (month) }),
            (l.say("usage-through"), html! { (invoice.text("through")) }),
        ]))
        div.actions {
            a href={ (here) "/lines.csv" } { (l.say("list-csv")) } " "
            a href=(address("/usage", &[("month", &month)])) { (l.say("page-usage")) }
        }
        (lines(l, &invoice, next.as_deref())?)
    };
    Ok(asked.show(&me, &Page::new(&format!("{} {month}", l.say("invoice-title")), body)))
}

pub(super) async fn csv(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let month = wanted.month(&asked);
    asked.table(asked.at(&["usage"])?.with("month", &month), "usage").await
}

pub(super) async fn invoice_csv(asked: Asked, Path(month): Path<String>) -> Answer {
    asked.table(asked.at(&["invoices", &month])?, "invoice").await
}

/// The lines of a part with its sums: those of all parts, added up, are what the month costs.
fn lines(l: Language, usage: &Value, next: Option<&str>) -> Result<Markup, Failure> {
    let lines = usage.field("lines").as_array().ok_or(Failure::NoAnswer)?;
    let heads = ["organisation", "plan", "label", "seat-days", "amount", "parts"]
        .map(|key| l.say(&format!("head-{key}")));
    let table = Table {
        caption: &l.count("usage-caption", i64::try_from(lines.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: lines.iter().map(|line| row(l, line)).collect(),
        empty: &l.say("usage-empty"),
    };
    let totals = usage.items("totals").iter().map(|total| {
        let sum = money::shown(total.number("amountMinor").unwrap_or(0), total.text("currency"));
        (l.say("usage-total"), html! { (sum) })
    });
    Ok(html! {
        (table.show())
        (more(l, next))
        (facts(&totals.collect::<Vec<_>>()))
        @if next.is_some() { p.quiet { (l.say("usage-part")) } }
    })
}

fn row(l: Language, line: &Value) -> Vec<Markup> {
    let currency = line.text("currency");
    let amount = |of: &Value, field: &str| money::shown(of.number(field).unwrap_or(0), currency);
    vec![
        html! { a href={ "/organisations/" (line.text("organisation")) } { (name(line.text("organisationName"))) } },
        name(line.text("planName")),
        html! { (line.some("label").unwrap_or("–")) },
        html! { span.number { (line.number("seatDays").unwrap_or(0)) } },
        html! { span.number { (amount(line, "amountMinor")) } },
        html! {
            details { summary { (l.count("usage-parts", i64::try_from(line.items("parts").len()).unwrap_or(i64::MAX))) }
                @for part in line.items("parts") {
                    div { (part.text("from")) " – " (part.text("to")) ": " (part.number("seats").unwrap_or(0)) " × "
                        (amount(part, "priceMinor")) " → " (amount(part, "amountMinor")) }
                }
            }
        },
    ]
}
