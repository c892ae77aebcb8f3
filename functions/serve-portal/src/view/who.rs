//! Who made a change, by Microsoft's own log, or why that is not known.

use super::words::{Times, name};
use crate::json::Fields;
use maud::{Markup, html};
use serde_json::Value;

/// How many of those are shown who made a change, or may have made it.
const AUTHORS: usize = 3;

/// Who made the change; nothing where the API says nothing of it.
pub fn who_made_it(times: Times, change: &Value) -> Markup {
    let (l, who) = (times.language, change.field("who"));
    let Some(answer) = who.some("answer") else { return html! {} };
    html! {
        p.who {
            (l.word("who", answer))
            @for author in who.items("by").iter().take(AUTHORS) {
                " " (name(author.some("name").or(author.some("id")).unwrap_or_default()))
                " " (times.at(author.text("at")))
                @if let Some(address) = author.some("address") { " " small { (address) } }
            }
            @if who.items("by").len() > AUTHORS { " …" }
            @if who.is("mayStillCome") { " " small { (l.say("who-may-still-come")) } }
        }
    }
}
