//! Search in a snapshot: by name, by id, by a filter, in the newest or as of a time.

use super::{ROWS, about};
use crate::asked::{Answer, Asked, Page};
use crate::failure::{Failure, Fault};
use crate::json::Fields;
use crate::view::form::{Choice, Field, filter};
use crate::view::{Table, address, moment, more, name, path, plain};
use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wanted {
    snapshot: String,
    as_of: String,
    name: String,
    kind: String,
    id: String,
    filter: String,
    cursor: String,
}

impl Wanted {
    fn looks(&self) -> bool {
        [&self.name, &self.kind, &self.id, &self.filter].iter().any(|text| !text.trim().is_empty())
    }

    /// Whether it is not of one named snapshot, but of the one that there was at a time.
    fn is_of_a_time(&self) -> bool {
        !self.as_of.trim().is_empty()
    }

    fn parameters(&self) -> [(&'static str, &str); 4] {
        [
            ("name", self.name.trim()),
            ("kind", &self.kind),
            ("id", self.id.trim()),
            ("filter", self.filter.trim()),
        ]
    }

    /// What is found, in that snapshot where no time is named.
    async fn find(&self, asked: &Asked, org: &str, snapshot: &str) -> Result<Value, Failure> {
        let at = if self.is_of_a_time() {
            asked.of(org, &["objects"])?.with("asOf", &moment(&self.as_of))
        } else {
            asked.of(org, &["snapshots", snapshot, "objects"])?
        };
        let at = self.parameters().into_iter().fold(at, |at, (name, value)| at.with(name, value));
        asked.get(at.with("limit", ROWS).with("cursor", &self.cursor)).await
    }

    /// The address of the next part.
    fn go_on(&self, path: &str, snapshot: &str, found: &Value) -> Option<String> {
        let of = if self.is_of_a_time() { ("asOf", self.as_of.as_str()) } else { ("snapshot", snapshot) };
        Some(address(path, &[&self.parameters()[..], &[of, ("cursor", found.some("next")?)]].concat()))
    }
}

pub(super) async fn page(asked: Asked, Path(org): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let (me, organisation) = about(&asked, &org).await?;
    let newest = organisation.text("/tenant/lastSealed");
    let snapshot = if wanted.snapshot.is_empty() { newest } else { wanted.snapshot.as_str() };
    if snapshot.is_empty() {
        let body = html! { p.empty { (l.say("dashboard-no-snapshot")) } };
        return Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-search"), body)));
    }
    let coverage = asked.get(asked.of(&org, &["snapshots", snapshot, "coverage"])?).await?;
    let found = if wanted.looks() { Some(wanted.find(&asked, &org, snapshot).await) } else { None };
    let (found, faults, nothing) = match found {
        None => (None, Vec::new(), "search-how"),
        Some(Ok(found)) => (Some(found), Vec::new(), ""),
        // Why here: of a named snapshot it is the snapshot that is not there, which the coverage has said.
        Some(Err(Failure::NotFound)) if wanted.is_of_a_time() => (None, Vec::new(), "search-before-all"),
        Some(Err(failure)) if !failure.faults().is_empty() => {
            (None, failure.faults().to_vec(), "search-wrong")
        }
        Some(Err(failure)) => return Err(failure),
    };
    let path = format!("/e/{org}/search");
    let body = html! {
        p { a href={ (path) "/ever" } { (l.say("ever-title")) } }
        (filter(&path, &fields(&asked, &wanted, &coverage, &faults), &l.say("search-button")))
        @match &found {
            Some(found) => {
                (results(&asked, &org, found)?)
                (more(l, wanted.go_on(&path, snapshot, found).as_deref()))
            }
            None => {
                @for fault in faults.iter().filter(|fault| fault.field == "kind" || fault.field == "cursor") {
                    p.problem role="alert" { (fault.field) ": " (fault.message) }
                }
                p.empty { (l.say(nothing)) }
            }
        }
        details { summary { (l.say("search-filter-help")) } p { (l.say("search-filter-text")) }
            p { code { "department eq 'Sales' and accountEnabled eq true" } }
            p { code { "startswith(displayName, 'VPN') or memberOf/any(g: g/displayName eq 'Finance')" } } }
    };
    let page = Page::inside(&organisation, &l.say("page-search"), body);
    Ok(asked.show_or_refuse(&me, &page, !faults.is_empty()))
}

fn fields(asked: &Asked, wanted: &Wanted, coverage: &Value, faults: &[Fault]) -> Vec<Field> {
    let l = asked.language;
    let any = Choice::plain("", &l.say("list-any"), wanted.kind.is_empty());
    let kinds = coverage.items("kinds").iter().map(|kind| kind.text("kind"));
    let kinds = kinds.map(|kind| Choice::plain(kind, &plain(kind), kind == wanted.kind));
    let options = std::iter::once(any).chain(kinds).collect();
    let mut fields = vec![
        Field::typed("name", &l.say("search-name"), &wanted.name, "search", false, ""),
        Field::typed("id", &l.say("search-id"), &wanted.id, "text", false, ""),
        Field::Choice { name: "kind", label: l.say("head-kind"), options, cards: false },
        Field::typed("filter", &l.say("search-filter"), &wanted.filter, "text", false, ""),
        Field::typed("asOf", &l.say("search-time"), &wanted.as_of, "datetime-local", false, ""),
    ];
    if !wanted.snapshot.is_empty() && !wanted.is_of_a_time() {
        fields.push(Field::Hidden("snapshot", wanted.snapshot.clone()));
    }
    fields.into_iter().map(|field| field.with_fault(faults)).collect()
}

fn results(asked: &Asked, org: &str, found: &Value) -> Result<Markup, Failure> {
    let l = asked.language;
    let items = found.field("items").as_array().ok_or(Failure::NoAnswer)?;
    let snapshot = found.text("/searched/snapshot");
    let heads = ["name", "kind", "id"].map(|key| l.say(&format!("head-{key}")));
    let rows = items.iter().map(|item| {
        let to = object_address(org, item.text("kind"), item.text("key"), snapshot);
        vec![
            html! { a href=(to) { (name(item.some("name").unwrap_or(item.text("key")))) } },
            html! { (plain(item.text("kind"))) },
            html! { code { (item.text("key")) } },
        ]
    });
    let table = Table {
        caption: &l.count("search-caption", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        // Why two: of a part that is empty though more follows nothing is said to be nowhere.
        empty: &l.say(if found.some("next").is_some() { "search-nothing-yet" } else { "search-nothing" }),
    };
    let undecided = found.number("undecided").filter(|count| *count > 0);
    Ok(html! {
        p.quiet { (l.say("search-as-of")) " " (asked.times().on(found.text("/searched/asOf"))) ". "
            (l.say(if found.is("complete") { "search-complete" } else { "search-not-complete" })) }
        @if let Some(count) = undecided { p.warning { (l.count("search-undecided", count)) } }
        (table.show())
        @for binned in found.items("inRecycleBin") {
            p.warning { (l.say("search-in-bin")) " " (name(binned.some("name").unwrap_or(binned.text("key")))) }
        }
        @for lacking in found.field("searched").items("notHeld") {
            p.warning { (plain(lacking.text("kind"))) " " (lacking.text("part")) ": " (l.say("search-not-held")) " " (lacking.text("why")) }
        }
    })
}

/// The address of an object of a snapshot; of the newest where none is named.
pub(super) fn object_address(org: &str, kind: &str, key: &str, snapshot: &str) -> String {
    address(&path(&["e", org, "objects", kind, key]), &[("snapshot", snapshot)])
}
