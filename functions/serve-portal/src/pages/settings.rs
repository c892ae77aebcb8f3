//! What is set for an organisation: how often it is backed up, what its end users may do, whose restores wait.

use super::about;
use super::stale::{Both, Edit, VERSION, both};
use crate::api::{Versioned, With};
use crate::asked::{Answer, Asked, Page, may, then};
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Field, Form, form};
use crate::view::{badge, facts, name, plain_list};
use axum::extract::Path;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};
use tokio::try_join;

pub(super) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let ((me, organisation), read) = try_join!(about(&asked, &org), asked.versioned(asked.of(&org, &[])?))?;
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
                @if may(&me, "manageOrganisation") { (schedule(&asked, &org, &read)) }
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
                div.actions { a.button href={ "/organisations/" (org) "#customer" } { (l.say("settings-change")) } }
            } @else { p.quiet { (l.say("settings-by-partner")) } }
        }
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-settings"), body)))
}

/// How often the tenant is backed up, for whoever may set it.
fn schedule(asked: &Asked, org: &str, read: &Versioned) -> Markup {
    let l = asked.language;
    let now = read.value.number("/tenant/snapshotsPerDay").unwrap_or(1).to_string();
    let hint = l.say("settings-per-day-hint");
    form(&Form {
        action: &format!("/e/{org}/settings"),
        key: &asked.key(),
        fields: &[
            Field::typed("snapshotsPerDay", &l.say("settings-per-day"), &now, "number", true, &hint),
            Field::Hidden(VERSION, read.version.clone()),
        ],
        submit: &l.say("form-save"),
        danger: false,
    })
}

pub(super) async fn set(asked: Asked, Path(org): Path<String>, posted: Posted) -> Answer {
    posted.key()?;
    let body = json!({ "snapshotsPerDay": posted.number("snapshotsPerDay")? });
    let with = With { body: Some(&body), key: None, version: Some(posted.needed(VERSION)?) };
    let page = format!("/e/{org}/settings");
    match asked.call(Method::PUT, asked.of(&org, &["schedule"])?, with).await {
        Ok(_) => Ok(then(&page)),
        Err(failure) if failure.is_stale() => {
            let ((me, of), read) = try_join!(about(&asked, &org), asked.versioned(asked.of(&org, &[])?))?;
            let now = read.value.number("/tenant/snapshotsPerDay").unwrap_or(1).to_string();
            let fields = vec![Both::of(&asked, "settings-per-day", &now, posted.text("snapshotsPerDay"))];
            let (action, version) = (page.as_str(), read.version.as_str());
            let edit = Edit { action, back: action, posted: &posted, version, fields, of: Some(&of) };
            Ok(both(&asked, &me, &edit))
        }
        Err(failure) => Err(failure),
    }
}
