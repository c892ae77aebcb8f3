//! The first page of an organisation's portal: how old its newest snapshot is, what changed, and what can be done now.

use super::{about, newest};
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::view::form::{Field, Form, button, form};
use crate::view::{badge, facts, name, plain_list};
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;
use tokio::try_join;

pub(super) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let ((me, organisation), snapshots, comparisons, restores) = try_join!(
        about(&asked, &org),
        newest(&asked, &org, "snapshots", "10"),
        newest(&asked, &org, "comparisons", "10"),
        newest(&asked, &org, "restores", "5"),
    )?;
    let (shows_snapshots, shows_changes) = (snapshots.is_some(), comparisons.is_some());
    let snapshots = snapshots.map(|list| list.items).unwrap_or_default();
    let sealed = newest_sealed(&asked, &organisation, &snapshots).await?.filter(|_| shows_snapshots);
    let sealed = sealed.as_ref();
    let under_way = snapshots.iter().find(|s| matches!(s.text("state"), "queued" | "running"));
    let compared = comparisons.map(|list| list.items).unwrap_or_default();
    let newest_of = |live: bool| {
        compared.iter().find(|c| c.text("state") == "done" && (c.text("after") == "live") == live)
    };
    // Why both: what was compared with the live tenant last would hide what changed from one snapshot to the next.
    let compared = [("dashboard-between", newest_of(false)), ("dashboard-live", newest_of(true))];
    let body = html! {
        div.actions { (actions(&asked, &me, &org, sealed)) }
        section {
            h2 { (l.say("dashboard-snapshot")) }
            @match sealed {
                _ if !shows_snapshots => p.quiet { (l.say("dashboard-not-yours")) },
                Some(snapshot) => { (newest_snapshot(&asked, &org, snapshot)) }
                None if organisation.field("tenant").is_null() => p.empty { (l.say("dashboard-unconnected")) },
                None => p.empty { (l.say("dashboard-no-snapshot")) },
            }
            @if let Some(running) = under_way {
                p role="status" { (l.say("dashboard-running")) " "
                    a href={ "/e/" (org) "/snapshots/" (running.text("id")) } { (l.say("dashboard-look")) } }
            }
        }
        section {
            h2 { (l.say("dashboard-changes")) }
            @if !shows_changes { p.quiet { (l.say("dashboard-not-yours")) } }
            @else if compared.iter().all(|(_, comparison)| comparison.is_none()) { p.empty { (l.say("dashboard-no-changes")) } }
            @for (key, comparison) in &compared {
                @if let Some(comparison) = comparison { h3 { (l.say(key)) } (changes(&asked, &org, comparison)) }
            }
        }
        section {
            h2 { (l.say("dashboard-credentials")) }
            (credentials(&asked, organisation.field("tenant")))
        }
        @if let Some(restores) = restores.filter(|list| !list.items.is_empty()) {
            section {
                h2 { (l.say("page-restores")) }
                ul {
                    @for restore in &restores.items {
                        li { a href={ "/e/" (org) "/restores/" (restore.text("id")) } {
                            (super::restores::how(l, restore)) " " (asked.times().at(restore.text("requestedAt")))
                        } }
                    }
                }
            }
        }
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-dashboard"), body)))
}

/// The newest sealed snapshot: that of the list, or else the one that the tenant names, however many came to nothing since.
pub(super) async fn newest_sealed(
    asked: &Asked,
    organisation: &Value,
    snapshots: &[Value],
) -> Result<Option<Value>, Failure> {
    if let Some(found) = snapshots.iter().find(|snapshot| snapshot.text("state") == "done") {
        return Ok(Some(found.clone()));
    }
    match organisation.some("/tenant/lastSealed") {
        Some(id) => asked.find(asked.of(organisation.text("id"), &["snapshots", id])?).await,
        None => Ok(None),
    }
}

/// What can be done now; without scripts each is one button.
fn actions(asked: &Asked, me: &Value, org: &str, sealed: Option<&Value>) -> Markup {
    let l = asked.language;
    html! {
        @if let Some(snapshot) = sealed.filter(|_| may(me, "compare")) {
            (form(&Form {
                action: &format!("/e/{org}/compare"),
                key: &asked.key(),
                fields: &[Field::Hidden("before", snapshot.text("id").to_owned()), Field::Hidden("after", "live".to_owned())],
                submit: &l.say("compare-with-live"),
                danger: false,
            }))
        }
        @if may(me, "useSnapshots") {
            (button(&format!("/e/{org}/snapshots"), &asked.key(), &l.say("snapshots-take"), false))
        }
    }
}

fn newest_snapshot(asked: &Asked, org: &str, snapshot: &Value) -> Markup {
    let l = asked.language;
    let lacking = snapshot.items("notCovered").iter().map(|n| n.text("source"));
    let complete = if snapshot.items("notCovered").is_empty() {
        l.say("snapshot-complete")
    } else {
        l.tell("snapshot-complete-but", &[("what", &plain_list(lacking))])
    };
    facts(&[
        (
            l.say("head-snapshot"),
            html! { a href={ "/e/" (org) "/snapshots/" (snapshot.text("id")) } { (asked.times().at(snapshot.text("sealedAt"))) } },
        ),
        (l.say("head-complete"), html! { (complete) }),
    ])
}

fn changes(asked: &Asked, org: &str, comparison: &Value) -> Markup {
    let l = asked.language;
    let counts = comparison.field("counts");
    html! {
        p {
            a href={ "/e/" (org) "/comparisons/" (comparison.text("id")) } {
                @for (place, key) in ["privileged", "created", "deleted", "modified"].iter().enumerate() {
                    @if place > 0 { ", " }
                    (l.count(&format!("changes-{key}"), counts.number(key).unwrap_or(0)))
                }
            }
        }
        p.quiet { (l.say("compare-done")) " " (asked.times().at(comparison.text("doneAt"))) }
    }
}

fn credentials(asked: &Asked, tenant: &Value) -> Markup {
    let l = asked.language;
    html! {
        @if let Some(status) = tenant.some("credentials") {
            p { (name(tenant.text("name"))) ": " (badge(l, "credentials", status)) }
            @for missing in tenant.items("notProtected") {
                p.warning { (l.tell("credentials-unprotected", &[("what", missing.text("what"))])) }
            }
        } @else { p.empty { (l.say("organisations-unconnected")) } }
    }
}
