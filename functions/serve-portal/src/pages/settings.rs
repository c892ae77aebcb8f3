//! What is set for an organisation: how often it is backed up, what its end users may do, whose restores wait.

use super::about;
use crate::asked::{Answer, Asked, Page, may};
use crate::json::Fields;
use crate::view::{badge, facts, name, plain_list};
use axum::extract::Path;
use maud::html;
use serde_json::Value;

pub(super) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let (me, organisation) = about(&asked, &org).await?;
    let tenant = organisation.field("tenant");
    let features = organisation.items("features").iter().filter_map(Value::as_str);
    let features = features.map(|feature| l.word("feature", feature)).collect::<Vec<_>>().join(", ");
    let unprotected = plain_list(tenant.items("notProtected").iter().map(|missing| missing.text("what")));
    let body = html! {
        section {
            h2 { (l.say("settings-backup")) }
            @if tenant.is_null() { p.empty { (l.say("dashboard-unconnected")) } } @else {
                (facts(&[
                    (l.say("settings-per-day"), html! { @if let Some(count) = tenant.number("snapshotsPerDay") { (count) } @else { "–" } }),
                    (l.say("organisation-next"), asked.times().at(tenant.text("nextSnapshotAt"))),
                    (l.say("head-tenant"), html! { (name(tenant.text("name"))) " " code { (tenant.text("id")) } }),
                    (l.say("head-credentials"), badge(l, "credentials", tenant.text("credentials"))),
                    (l.say("organisation-writer"), asked.times().at(tenant.text("writerConsentedAt"))),
                ]))
                @if !unprotected.is_empty() { p.warning { (l.tell("credentials-unprotected", &[("what", &unprotected)])) } }
            }
        }
        section {
            h2 { (l.say("organisation-customer")) }
            (facts(&[
                (l.say("settings-features"), html! { @if features.is_empty() { (l.say("settings-none")) } @else { (features) } }),
                (l.say("organisation-rule"), html! { (l.word("rule", organisation.text("approvals"))) }),
            ]))
            @if may(&me, "editOrganisation") {
                p.actions { a.button href={ "/organisations/" (org) "#customer" } { (l.say("settings-change")) } }
            } @else { p.quiet { (l.say("settings-by-partner")) } }
        }
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-settings"), body)))
}
