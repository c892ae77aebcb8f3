//! One cause of one organisation: put aside for a while with a word to the others, or shown again.

use super::{mended_at, needed};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Choice, Field, Form, button, form};
use crate::view::{facts, name};
use axum::extract::Path;
use http::Method;
use jiff::SignedDuration;
use maud::html;
use serde_json::{Value, json};
use tokio::try_join;

/// For how many days something can be put aside.
const DAYS: [i64; 3] = [7, 30, 90];
/// What is to be decided stays until it is.
const DECIDED: [&str; 2] = ["transfer-offered", "downgrade-asked"];

/// Whether it can be put aside: of an organisation, and nothing that is to be decided.
pub(super) fn can_be(item: &Value) -> bool {
    item.some("organisation").is_some() && !DECIDED.contains(&item.text("cause"))
}

/// The page of the cause.
pub(super) fn address_of(item: &Value) -> String {
    format!("/attention/{}/{}", item.text("organisation"), item.text("cause"))
}

/// The cause as it is now, and what can be done about it.
pub(in crate::pages) async fn page(asked: Asked, Path((org, cause)): Path<(String, String)>) -> Answer {
    let (l, times) = (asked.language, asked.times());
    let at = asked.at(&["attention"])?.with("organisation", &org).with("cause", &cause);
    let (me, found) = try_join!(asked.me(), asked.get(at.with("acknowledged", "true")))?;
    // Why found: what is over is no longer there, and needs nobody.
    let item = found.items("items").first().filter(|item| can_be(item)).ok_or(Failure::NotFound)?;
    let (path, aside) = (address_of(item), item.field("acknowledged"));
    let days = DAYS.iter().enumerate();
    let days = days.map(|(n, days)| Choice::plain(&days.to_string(), &l.count("today-days", *days), n == 0));
    let fields = [
        Field::Hidden("facts", item.text("facts").to_owned()),
        Field::typed("note", &l.say("today-note"), "", "text", false, &l.say("today-note-hint")),
        Field::Choice { name: "days", label: l.say("today-how-long"), options: days.collect(), cards: false },
    ];
    let body = html! {
        p { (needed(times, item, false)) }
        div.actions { a.button href=(mended_at(item)) { (l.say("today-mend")) } a href="/" { (l.say("page-today")) } }
        @if aside.is_null() {
            p { (l.say("today-put-aside-means")) }
            (form(&Form {
                action: &format!("{path}/acknowledge"),
                key: &asked.key(),
                fields: &fields,
                submit: &l.say("today-put-aside"),
                danger: false,
            }))
        } @else {
            (facts(&[
                (l.say("today-aside-by"), html! { (name(aside.text("by"))) " " (times.at(aside.text("at"))) }),
                (l.say("today-aside-until"), times.at(aside.text("until"))),
                (l.say("today-note"), name(aside.text("note"))),
            ]))
            (button(&format!("{path}/show"), &asked.key(), &l.say("today-show-again"), false))
        }
    };
    let title = format!("{}: {}", item.text("name"), l.word("attention", &cause));
    Ok(asked.show(&me, &Page::new(&title, body)))
}

/// Puts it aside, or shows it again.
pub(in crate::pages) async fn act(
    asked: Asked,
    Path((org, cause, act)): Path<(String, String, String)>,
    posted: Posted,
) -> Answer {
    let (key, at) = (posted.key()?, asked.at(&["attention", &org, &cause, "acknowledge"])?);
    match act.as_str() {
        "acknowledge" => {
            let days = posted.number("days")?;
            if !DAYS.contains(&days) {
                return Err(Failure::Field("days"));
            }
            let until = (asked.portal.ports.now)() + SignedDuration::from_hours(24 * days);
            let body =
                json!({ "note": posted.text("note"), "until": until, "facts": posted.needed("facts")? });
            asked.call(Method::POST, at, With { body: Some(&body), key: Some(key), version: None }).await?;
        }
        "show" => drop(asked.call(Method::DELETE, at, With::default()).await?),
        _ => return Err(Failure::NotFound),
    }
    Ok(then("/"))
}
