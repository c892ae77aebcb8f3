//! An edit that somebody else was ahead of: what is there now beside what was to be there, to be saved over it or left.

use crate::asked::{Asked, Page};
use crate::posted::{KEY, Posted};
use crate::view::form::{Field, Form, form};
use crate::view::{Table, shown};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use serde_json::{Value, json};

/// The name of the field that says from which version a form was made.
pub(super) const VERSION: &str = "version";

/// A field in both versions.
pub(super) struct Both {
    /// What the field is called.
    pub label: String,
    /// What it says now, since somebody else saved it.
    pub now: String,
    /// What it was to say.
    pub yours: String,
}

/// An edit that was not taken.
pub(super) struct Edit<'a> {
    /// Where its form was posted.
    pub action: &'a str,
    /// The page on which it stands.
    pub back: &'a str,
    /// The form.
    pub posted: &'a Posted,
    /// The version that there is now.
    pub version: &'a str,
    /// The fields of the form.
    pub fields: Vec<Both>,
    /// The organisation that it is about, where it is about one.
    pub of: Option<&'a Value>,
}

impl Both {
    /// A field that is called so in the texts.
    pub(super) fn of(asked: &Asked, label: &str, now: &str, yours: &str) -> Self {
        Self { label: asked.language.say(label), now: now.to_owned(), yours: yours.to_owned() }
    }

    fn row(&self, asked: &Asked) -> Vec<Markup> {
        let l = asked.language;
        let said = |text: &str| shown(l, &json!(text));
        let differs = self.now != self.yours;
        vec![
            html! { (self.label) @if differs { " " span.badge.fair { (l.say("stale-differs")) } } },
            said(&self.now),
            said(&self.yours),
        ]
    }
}

/// The page of an edit that was not taken, with both versions side by side.
pub(super) fn both(asked: &Asked, me: &Value, edit: &Edit<'_>) -> Response {
    let l = asked.language;
    let heads = ["field", "now", "yours"].map(|key| l.say(&format!("head-{key}")));
    let table = Table {
        caption: &l.say("stale-caption"),
        heads: &heads,
        rows: edit.fields.iter().map(|field| field.row(asked)).collect(),
        empty: "",
    };
    // Why all that was posted: what the form says besides the fields shown here goes along unchanged.
    let again = edit.posted.fields().filter(|(name, _)| *name != KEY && *name != VERSION);
    let mut fields: Vec<(&str, &str)> = again.collect();
    fields.push((VERSION, edit.version));
    let hidden = html! { @for (name, value) in fields { input type="hidden" name=(name) value=(value); } };
    let body = html! {
        div.problem role="alert" tabindex="-1" id="problem" { p { (l.say("stale-text")) } }
        (table.show())
        (form(&Form { action: edit.action, key: &asked.key(), fields: &[Field::Note(hidden)], submit: &l.say("stale-save"), danger: false }))
        p { a href=(edit.back) { (l.say("stale-leave")) } }
    };
    let title = l.say("failure-stale-title");
    let page = Page { of: edit.of, ..Page::new(&title, body) };
    (StatusCode::PRECONDITION_FAILED, asked.show(me, &page)).into_response()
}
