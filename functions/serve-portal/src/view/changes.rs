//! What changed of an object, as *was* and *is*.

use super::frame::address;
use super::words::{name, plain, shown};
use crate::json::Fields;
use crate::texts::Language;
use maud::{Markup, html};
use serde_json::{Value, json};

/// A value before and after, in words and not by colour alone.
pub fn was_is(l: Language, before: &Value, after: &Value) -> Markup {
    html! {
        span.was { (l.say("change-was")) " " del { (shown(l, before)) } } " "
        span.is { (l.say("change-is")) " " ins { (shown(l, after)) } }
    }
}

/// Beyond so many parts of an object the others are counted: they are in the table of the changes.
const MOST_PARTS: usize = 500;

/// What differs of an object, each part with a box by which it alone is chosen, where `ticks` says so. Below `explain` each
/// attribute is explained.
pub fn what_differs(l: Language, change: &Value, ticks: bool, explain: &str) -> Markup {
    let (kind, key) = (change.text("kind"), change.text("key"));
    let all = (change.items("attributes"), change.items("links"));
    let attributes = &all.0[..all.0.len().min(MOST_PARTS)];
    let links = &all.1[..all.1.len().min(MOST_PARTS - attributes.len())];
    let more = all.0.len() + all.1.len() - attributes.len() - links.len();
    // What came or went did so as a whole, and what was only observed cannot be put back: the API takes neither by its parts.
    let ticks = ticks && change.text("what") == "modified";
    html! {
        @if !attributes.is_empty() || !links.is_empty() {
            ul.differs {
                @for attribute in attributes {
                    @let path = attribute.text("path");
                    (line(ticks && may_be_chosen(attribute), &json!({ "kind": kind, "key": key, "path": path }), &html! {
                        strong { (path) } (class(l, attribute)) ": "
                        @if attribute.items("items").is_empty() {
                            (was_is(l, attribute.field("before"), attribute.field("after")))
                        } @else { (items(l, attribute.items("items"))) }
                        " " small { a href=(address(explain, &[("kind", kind), ("key", key), ("path", path)])) { (l.say("explain-link")) } }
                    }))
                }
                @for link in links {
                    @let value = json!({ "kind": kind, "key": key, "link": link.text("link"), "to": link.text("to") });
                    (line(ticks, &value, &html! {
                        strong { (plain(link.text("link"))) } " "
                        (l.word("what", link.text("what"))) ": " (name(link.some("toName").unwrap_or(link.text("to"))))
                        @if link.text("what") == "modified" {
                            " " (was_is(l, link.field("before"), link.field("after")))
                        }
                    }))
                }
                @if more > 0 { li { (l.count("change-more-parts", i64::try_from(more).unwrap_or(i64::MAX))) } }
            }
        }
    }
}

/// Whether a change, or a part of one, can be put back: what was only observed cannot.
pub fn may_be_chosen(of: &Value) -> bool {
    of.text("class") != "observed"
}

/// What sort of difference it is, where nobody made it.
pub fn class(l: Language, of: &Value) -> Markup {
    html! { @if let Some(class) = of.some("class").filter(|class| *class != "change") { " " span.badge.plain { (l.word("class", class)) } } }
}

/// One part, by itself to be chosen.
fn line(ticks: bool, value: &Value, text: &Markup) -> Markup {
    html! {
        li {
            @if ticks { label.tick { input type="checkbox" name="part" value=(value.to_string()); span { (text) } } }
            @else { (text) }
        }
    }
}

/// What changed of the items of a collection.
fn items(l: Language, items: &[Value]) -> Markup {
    html! {
        ul {
            @for item in items {
                li {
                    (l.word("what", item.text("what"))) " "
                    @if !item.field("item").is_null() { (shown(l, item.field("item"))) }
                    @for part in item.items("parts") {
                        div { (part.text("path")) ": " (was_is(l, part.field("before"), part.field("after"))) }
                    }
                }
            }
        }
    }
}
