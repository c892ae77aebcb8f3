//! What a month is billed by: each organisation's seats, the parts of the month they stood in, and the sums.

use crate::asked::{Answer, Asked, Page};
use crate::failure::Failure;
use crate::json::Fields;
use crate::money;
use crate::texts::Language;
use crate::view::form::{Field, filter};
use crate::view::{Table, address, facts, more, name};
use axum::extract::Query;
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

pub(super) async fn page(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let now = (asked.portal.ports.now)().strftime("%Y-%m").to_string();
    let month = if wanted.month.is_empty() { now } else { wanted.month };
    let at = asked.at(&["usage"])?.with("month", &month).with("cursor", &wanted.cursor);
    let (me, usage) = try_join!(asked.me(), asked.get(at))?;
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
    let next = usage.some("next").map(|cursor| address("/usage", &[("month", &month), ("cursor", cursor)]));
    let body = html! {
        (filter("/usage", &[Field::typed("month", &l.say("usage-month"), &month, "month", true, "")], &l.say("list-filter")))
        p.quiet { (l.say("usage-through")) " " (usage.text("through")) }
        (table.show())
        (more(l, next.as_deref()))
        (facts(&totals.collect::<Vec<_>>()))
    };
    Ok(asked.show(&me, &Page::new(&format!("{} {month}", l.say("page-usage")), body)))
}

fn row(l: Language, line: &Value) -> Vec<Markup> {
    let currency = line.text("currency");
    let amount = |of: &Value, field: &str| money::shown(of.number(field).unwrap_or(0), currency);
    vec![
        name(line.text("organisationName")),
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
