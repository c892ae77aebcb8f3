//! What people know of a snapshot or of a change: shown, and that a snapshot is known to be good said and taken back.

use crate::api::With;
use crate::asked::{Answer, Asked, may, then};
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Field, Form, button, form};
use crate::view::{name, path};
use axum::extract::Path;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

/// That a snapshot is known to be good, with what whoever said so wrote.
pub(super) fn good(l: Language, snapshot: &Value) -> Markup {
    let mark = snapshot.field("knownGood");
    html! { @if !mark.is_null() { " " span.badge.good { (l.say("mark-good")) } (beside(mark)) } }
}

/// That a change was expected, where somebody said so.
pub(super) fn expected(l: Language, change: &Value) -> Markup {
    let mark = change.field("expected");
    html! { @if !mark.is_null() { p.quiet { (l.say("mark-expected")) (beside(mark)) } } }
}

fn beside(mark: &Value) -> Markup {
    html! { @for said in ["ticket", "note"].iter().filter_map(|field| mark.some(field)) { " " (name(said)) } }
}

/// How it is said of a sealed snapshot that it is known to be good, or taken back.
pub(super) fn ask(asked: &Asked, me: &Value, (org, snp): (&str, &str), snapshot: &Value) -> Markup {
    let l = asked.language;
    let to = |what: &str| path(&["e", org, "snapshots", snp, what]);
    html! {
        @if may(me, "mark") {
            @if snapshot.field("knownGood").is_null() {
                details {
                    summary { (l.say("mark-say-good")) }
                    (form(&Form {
                        action: &to("good"),
                        key: &asked.key(),
                        fields: &[Field::typed("note", &l.say("mark-note"), "", "text", false, "")],
                        submit: &l.say("mark-say-good"),
                        danger: false,
                    }))
                }
            } @else { (button(&to("not-good"), &asked.key(), &l.say("mark-take-back"), false)) }
        }
    }
}

pub(super) async fn say_good(
    asked: Asked,
    Path((org, snp)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    let mut body = json!({ "type": "knownGood", "snapshot": snp });
    if !posted.text("note").is_empty() {
        body["note"] = json!(posted.text("note"));
    }
    let with = With { key: Some(posted.key()?), body: Some(&body), ..With::default() };
    asked.call(Method::POST, asked.of(&org, &["marks"])?, with).await?;
    Ok(then(&path(&["e", &org, "snapshots", &snp])))
}

pub(super) async fn take_back(
    asked: Asked,
    Path((org, snp)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    posted.key()?;
    let mark = format!("known-good.{snp}");
    asked.call(Method::DELETE, asked.of(&org, &["marks", &mark])?, With::default()).await?;
    Ok(then(&path(&["e", &org, "snapshots", &snp])))
}
