//! Today: what needs somebody, worst first, each with the page on which it is mended; how many are fine, and as of when; what
//! changed in a week, and what runs now. All of it is one answer of the API.

mod aside;

use crate::asked::{Answer, Asked, Page, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::view::{Bar, Chart, Times, address, more, name, plain};
use axum::extract::Query;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use tokio::try_join;

pub(super) use aside::{act, page as cause};

/// How many items a page has.
const ITEMS: &str = "50";

/// Where a cause is mended: the page of the organisation, of one of its jobs, or of the partner.
#[derive(Clone, Copy)]
enum Place {
    /// Where the organisation is managed: credentials, subscription, its end.
    Manage,
    /// Its dashboard.
    Dashboard,
    /// The comparison, the restore or the snapshot that the item names, by what such ids are called.
    Named(&'static str),
    /// A list of the partner's.
    List(&'static str),
}

/// Where each cause is mended.
const PLACES: [(&str, Place); 18] = [
    ("consent-withdrawn", Place::Manage),
    ("unreachable", Place::Manage),
    ("late-snapshot", Place::Dashboard),
    ("privileged-changes", Place::Named("comparisons")),
    ("restore-failed", Place::Named("restores")),
    ("missing-permissions", Place::Manage),
    ("own-secret-ends", Place::List("/partner")),
    ("connection-failed", Place::Manage),
    ("restore-waits", Place::Named("restores")),
    ("not-covered", Place::Named("snapshots")),
    ("data-ends", Place::Manage),
    ("excess-permissions", Place::Manage),
    ("seats-over", Place::Manage),
    ("transfer-offered", Place::List("/transfers")),
    ("downgrade-asked", Place::List("/downgrade-requests")),
    ("not-connected", Place::Manage),
    ("connection-waits", Place::Manage),
    ("excess-reading", Place::Manage),
];

/// Which part of it is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    cursor: String,
    aside: String,
}

pub(super) async fn page(asked: Asked, Query(wanted): Query<Wanted>) -> Answer {
    let asked = &asked;
    let at = asked.at(&["attention"])?.with("limit", ITEMS).with("cursor", &wanted.cursor);
    let at = if wanted.aside.is_empty() { at } else { at.with("acknowledged", "true") };
    let (me, found) = try_join!(asked.me(), asked.find(at))?;
    // Why led on: there is nothing else for whoever is of one organisation alone.
    if let (true, Some(only)) = (me.text("role") == "endCustomer", me.items("organisations").first()) {
        return Ok(then(&format!("/e/{}", only.as_str().unwrap_or_default())));
    }
    if !may(&me, "readPartner") {
        return Err(Failure::NotFound);
    }
    let found = found.ok_or(Failure::NotFound)?;
    let (l, times) = (asked.language, asked.times());
    let (items, counts) = (found.items("items"), found.field("counts"));
    let count = |name: &str| counts.field(name).as_i64().unwrap_or_default();
    let open: i64 = match counts.field("causes") {
        Value::Object(causes) => causes.values().filter_map(Value::as_i64).sum(),
        _ => 0,
    };
    let body = html! {
        section {
            h2 { (l.say("today-needed")) }
            @if items.is_empty() { p.empty { (l.say("today-nothing")) } } @else {
                ol.needed { @for item in items { li { (needed(times, item, may(&me, "editOrganisation"))) } } }
            }
            (more(l, found.some("next").map(|next| address("/", &[("aside", &wanted.aside), ("cursor", next)])).as_deref()))
            @if count("acknowledged") > 0 {
                p { (l.count("today-aside-count", count("acknowledged"))) " "
                    @if wanted.aside.is_empty() { a href="/?aside=1" { (l.say("today-aside-show")) } }
                    @else { a href="/" { (l.say("today-aside-hide")) } } }
            }
        }
        section {
            h2 { (l.say("today-fine")) }
            p {
                (l.count("today-fine-count", count("fine"))) " "
                (l.count("today-of-count", count("organisations"))) " "
                (l.say("today-checked")) " " (times.at(found.text("checkedAt")))
                @if !found.is("complete") { " " (l.say("today-only-first")) }
            }
            p { a href="/organisations" { (l.say("page-organisations")) } }
        }
        section { h2 { (l.say("today-changed")) } (changed(asked, found.items("days"))) }
        section { h2 { (l.say("today-runs")) } (runs(asked, &found)) }
    };
    let title = format!("{} ({open})", l.say("page-today"));
    Ok(asked.show(&me, &Page::new(&title, body)))
}

/// How much changed on each day of a week, of all customers.
fn changed(asked: &Asked, days: &[Value]) -> Markup {
    let l = asked.language;
    let bar = |day: &Value| {
        let name = day.text("day");
        // Why the end of it: a week has no day of the month twice.
        let short = name.rsplit('-').next().unwrap_or_default().to_owned();
        Bar { name: name.to_owned(), short, count: day.number("changes") }
    };
    let bars: Vec<Bar> = days.iter().map(bar).collect();
    let (title, of, counts) = (l.say("today-changed-title"), l.say("head-day"), l.say("chart-changes"));
    let nothing = l.say("today-changed-nothing");
    Chart { title: &title, of: &of, counts: &counts, bars: &bars, nothing: &nothing }.show(l)
}

/// The snapshots that are being taken.
fn runs(asked: &Asked, found: &Value) -> Markup {
    let (l, running) = (asked.language, found.items("underWay"));
    let count = found.field("counts").number("underWay").unwrap_or(0);
    html! {
        @if running.is_empty() { p.empty { (l.say("today-runs-nothing")) } } @else {
            p { (l.count("today-runs-count", count)) }
            ul { @for one in running {
                li { a href={ "/e/" (one.text("organisation")) "/snapshots/" (one.text("snapshot")) } { (name(one.text("name"))) } }
            } }
        }
    }
}

/// One cause of one organisation: who, what, which parts, and since when.
fn needed(times: Times, item: &Value, may_put_aside: bool) -> Markup {
    let (l, what) = (times.language, item.field("what"));
    // Why permissions as they are: by these names they are found in Entra.
    let permissions = what.items("permissions").iter().filter_map(Value::as_str).map(str::to_owned);
    let parts: Vec<String> =
        permissions.chain(what.items("sources").iter().filter_map(Value::as_str).map(plain)).collect();
    let parts = parts.join(", ");
    html! {
        a href=(mended_at(item)) { (name(item.text("name"))) }
        ": " (l.word("attention", item.text("cause")))
        @if !parts.is_empty() { ": " (parts) }
        " " small { (l.say("today-since")) " " (times.on(item.text("since"))) }
        @if let Some(until) = item.some("until") { " " small { (l.say("today-until")) " " (times.on(until)) } }
        @if item.text("severity") == "critical" { " " span.badge.bad { (l.say("today-critical")) } }
        @let aside = item.field("acknowledged");
        @if !aside.is_null() { " " small { (l.say("today-aside-until")) " " (times.on(aside.text("until"))) } }
        @if may_put_aside && aside::can_be(item) {
            " " a href=(aside::address_of(item)) {
                (l.say(if aside.is_null() { "today-put-aside" } else { "today-aside-look" }))
                span.unseen { ": " (item.text("name")) ", " (l.word("attention", item.text("cause"))) }
            }
        }
    }
}

/// The page on which it is mended.
fn mended_at(item: &Value) -> String {
    let place = PLACES.iter().find(|(cause, _)| *cause == item.text("cause")).map(|(_, place)| *place);
    let organisation = item.text("organisation");
    match place.unwrap_or(Place::Dashboard) {
        Place::List(address) => address.to_owned(),
        Place::Manage => format!("/organisations/{organisation}"),
        Place::Dashboard => format!("/e/{organisation}"),
        Place::Named(noun) => {
            match item.field("what").field("ids").items(noun).first().and_then(Value::as_str) {
                Some(id) => format!("/e/{organisation}/{noun}/{id}"),
                None => format!("/e/{organisation}"),
            }
        }
    }
}
