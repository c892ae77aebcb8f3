//! Today: what needs somebody, worst first, each with the page that mends it; and how many are fine.

use crate::api::{At, List};
use crate::asked::{Answer, Asked, Page, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::{name, plain_list};
use futures::future::try_join_all;
use maud::{Markup, html};
use serde_json::Value;
use tokio::try_join;

/// The most organisations that are looked at: what the API gives at once.
const MOST: &str = "200";

/// What may be wrong with a tenant's credentials, how it is said, and how much it weighs: the worst is 0.
const TROUBLES: [(&str, &str, u8); 5] = [
    ("consent-withdrawn", "today-withdrawn", 0),
    ("unreachable", "today-unreachable", 0),
    ("missing-permissions", "today-missing", 1),
    ("excess-permissions", "today-excess", 2),
    ("excess-reading", "today-excess", 2),
];

/// Something that somebody has to look at.
struct Item {
    weight: u8,
    address: String,
    who: String,
    key: &'static str,
    more: String,
}

pub(super) async fn page(asked: Asked) -> Answer {
    let asked = &asked;
    let me = asked.me().await?;
    // Why led on: there is nothing else for whoever is of one organisation alone.
    if let (true, Some(only)) = (me.text("role") == "endCustomer", me.items("organisations").first()) {
        return Ok(then(&format!("/e/{}", only.as_str().unwrap_or_default())));
    }
    if !may(&me, "readPartner") {
        return Err(Failure::NotFound);
    }
    let with = |status: &str| -> Result<At, Failure> {
        Ok(asked
            .at(&["organisations"])?
            .with("state", "active")
            .with("credentials", status)
            .with("limit", MOST))
    };
    let troubled = try_join_all(TROUBLES.map(|(status, ..)| async move { asked.list(with(status)?).await }));
    let (organisations, troubled, transfers, downgrades) = try_join!(
        asked.list(asked.at(&["organisations"])?.with("limit", MOST)),
        troubled,
        asked.find_list(asked.at(&["transfers"])?),
        asked.find_list(asked.at(&["downgrade-requests"])?.with("state", "open")),
    )?;
    let l = asked.language;
    let mut items: Vec<Item> = organisations.items.iter().filter_map(of_organisation).collect();
    for (list, (_, key, weight)) in troubled.iter().zip(TROUBLES) {
        items.extend(list.items.iter().map(|organisation| in_trouble(organisation, key, weight)));
    }
    items.extend(waiting(transfers, "/transfers", "today-transfer", "name"));
    items.extend(waiting(downgrades, "/downgrade-requests", "today-downgrade", "organisation"));
    items.sort_by(|a, b| (a.weight, &a.who).cmp(&(b.weight, &b.who)));
    let running = organisations.items.iter().filter(|o| o.text("state") == "active").count();
    let body = html! {
        (needed(l, &items))
        section {
            h2 { (l.say("today-fine")) }
            p {
                (l.count("today-fine-count", i64::try_from(running).unwrap_or(i64::MAX)))
                @if organisations.next.is_some() { " " (l.say("today-only-first")) }
            }
            p { a href="/organisations" { (l.say("page-organisations")) } }
        }
    };
    let title = format!("{} ({})", l.say("page-today"), items.len());
    Ok(asked.show(&me, &Page::new(&title, body)))
}

fn needed(l: Language, items: &[Item]) -> Markup {
    html! {
        section {
            h2 { (l.say("today-needed")) }
            @if items.is_empty() { p.empty { (l.say("today-nothing")) } } @else {
                ol.needed {
                    @for item in items {
                        li {
                            a href=(item.address) { (name(&item.who)) }
                            ": " (l.say(item.key)) @if !item.more.is_empty() { " " (item.more) }
                        }
                    }
                }
            }
        }
    }
}

/// An organisation whose credentials are not as they should be.
fn in_trouble(organisation: &Value, key: &'static str, weight: u8) -> Item {
    let missing = organisation.field("tenant").items("notProtected").iter().map(|n| n.text("what"));
    Item {
        weight,
        address: format!("/e/{}", organisation.text("id")),
        who: organisation.text("name").to_owned(),
        key,
        more: plain_list(missing),
    }
}

/// What an organisation needs by its state, if it needs anything.
fn of_organisation(organisation: &Value) -> Option<Item> {
    let (weight, key) = match organisation.text("state") {
        "deleting" => (3, "today-deleting"),
        "active" if organisation.field("tenant").is_null() => (2, "today-unconnected"),
        _ => return None,
    };
    let address = format!("/e/{}", organisation.text("id"));
    Some(Item { weight, address, who: organisation.text("name").to_owned(), key, more: String::new() })
}

/// What waits for a decision.
fn waiting(
    list: Option<List>,
    at: &'static str,
    key: &'static str,
    named: &'static str,
) -> impl Iterator<Item = Item> {
    let items = list.map(|list| list.items).unwrap_or_default();
    items.into_iter().map(move |one| Item {
        weight: 1,
        address: at.to_owned(),
        who: one.text(named).to_owned(),
        key,
        more: String::new(),
    })
}
