//! What people hear of by mail: a grid of people and topics, and one person's choice, topic by topic.

use super::snapshots::Part;
use super::stale::{self, Both, Edit};
use super::{ROWS, rights};
use crate::api::{At, Versioned, With};
use crate::asked::{Answer, Asked, Page, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Field, Form, button, form};
use crate::view::{Table, address, more, name};
use axum::extract::{Path, Query};
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};
use tokio::try_join;

/// How often somebody may hear of a topic.
const OFTEN: [&str; 5] = ["immediate", "daily", "weekly", "monthly", "never"];
/// Whoever is meant where nobody is named.
const ONESELF: &str = "mine";

pub(super) async fn grid(asked: Asked, Query(part): Query<Part>) -> Answer {
    let l = asked.language;
    let me = asked.me().await?;
    let own = html! {
        @if me.some("person").is_some() { div.actions { a.button href="/notifications/mine" { (l.say("notifications-mine")) } } }
    };
    if !may(&me, "managePeople") {
        let body = html! { p { (l.say("notifications-not-yours")) } (own) };
        return Ok(asked.show(&me, &Page::new(&l.say("page-notifications"), body)));
    }
    let list =
        asked.list(asked.at(&["notifications"])?.with("limit", ROWS).with("cursor", &part.cursor)).await?;
    let topics: Vec<&str> = topics(&list.items);
    let heads: Vec<String> = std::iter::once(l.say("head-name"))
        .chain(topics.iter().map(|topic| l.word("topic", topic)))
        .chain([l.say("notifications-reach")])
        .collect();
    let table = Table {
        caption: &l.count("notifications-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: list.items.iter().map(|person| row(&asked, &me, person, &topics)).collect(),
        empty: &l.say("lists-empty"),
    };
    let next = list.next.as_deref().map(|cursor| address("/notifications", &[("cursor", cursor)]));
    let body = html! {
        p { (l.say("notifications-text")) }
        (own)
        (table.show())
        (more(l, next.as_deref()))
        p { a href="/people" { (l.say("page-people")) } }
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-notifications"), body)))
}

/// Every topic that one of them may hear of, in the API's order.
fn topics(people: &[Value]) -> Vec<&str> {
    let mut topics = Vec::new();
    for heard in people.iter().flat_map(|person| person.items("subscriptions")) {
        if !topics.contains(&heard.text("topic")) {
            topics.push(heard.text("topic"));
        }
    }
    topics
}

/// What somebody hears of all organisations, by topic.
fn of_all<'a>(person: &'a Value, topic: &str) -> Option<&'a Value> {
    person.items("subscriptions").iter().find(|heard| heard.text("topic") == topic && !is_apart(heard))
}

/// Whether a choice is about one organisation, or those of one partner.
fn is_apart(heard: &Value) -> bool {
    heard.some("organisation").is_some() || heard.some("partner").is_some()
}

fn row(asked: &Asked, me: &Value, person: &Value, topics: &[&str]) -> Vec<Markup> {
    let l = asked.language;
    let id = person.text("person");
    let mut cells = vec![html! {
        a href={ "/people/" (id) "/notifications" } { (name(person.text("name"))) } " " small { (l.word("role", person.text("role"))) }
    }];
    cells.extend(topics.iter().map(|topic| match of_all(person, topic) {
        None => html! { span.nothing { (l.say("notifications-not-open")) } },
        Some(heard) => html! { (l.word("often", heard.text("frequency")))
        @if heard.is("chosen") { " " small { (l.say("notifications-chosen")) } } },
    }));
    let trouble = person.field("mailState");
    cells.push(html! {
        @if trouble.is_null() { (l.say("value-yes")) } @else {
            span.badge.bad { (l.word("trouble", trouble.text("trouble"))) } " " (asked.times().at(trouble.text("since")))
            @if rights::is_owner(me) { (button(&format!("/people/{id}/try-again"), &asked.key(), &l.say("notifications-try"), false)) }
        }
    });
    cells
}

/// Where what a person hears of is read and set.
fn place(asked: &Asked, person: &str) -> Result<At, Failure> {
    if person == ONESELF {
        asked.at(&["me", "notifications"])
    } else {
        asked.at(&["people", person, "notifications"])
    }
}

fn page_of(person: &str) -> String {
    if person == ONESELF {
        "/notifications/mine".to_owned()
    } else {
        format!("/people/{person}/notifications")
    }
}

pub(super) async fn mine(asked: Asked) -> Answer {
    one(asked, ONESELF.to_owned()).await
}

pub(super) async fn of_person(asked: Asked, Path(id): Path<String>) -> Answer {
    one(asked, id).await
}

pub(super) async fn set_mine(asked: Asked, posted: Posted) -> Answer {
    set(asked, ONESELF.to_owned(), posted).await
}

pub(super) async fn set_of_person(asked: Asked, Path(id): Path<String>, posted: Posted) -> Answer {
    set(asked, id, posted).await
}

/// Has mail sent again to somebody whom none reached.
pub(super) async fn try_again(asked: Asked, Path(id): Path<String>, posted: Posted) -> Answer {
    posted.key()?;
    asked.call(Method::DELETE, asked.at(&["people", &id, "mail-state"])?, With::default()).await?;
    Ok(then("/notifications"))
}

async fn one(asked: Asked, person: String) -> Answer {
    let l = asked.language;
    let (me, read) = try_join!(asked.me(), asked.versioned(place(&asked, &person)?))?;
    let may_set = person == ONESELF || rights::is_owner(&me);
    let heads: Vec<String> = std::iter::once(l.say("head-topic"))
        .chain([l.say("notifications-as-role")])
        .chain(OFTEN.iter().map(|often| l.word("often", often)))
        .collect();
    let heard = read.value.items("subscriptions");
    let table = Table {
        caption: &l.say("notifications-one-caption"),
        heads: &heads,
        rows: heard
            .iter()
            .filter(|heard| !is_apart(heard))
            .map(|heard| choices(&asked, heard, may_set))
            .collect(),
        empty: &l.say("notifications-none"),
    };
    let body = html! {
        p { (name(read.value.text("name"))) " " small { (read.value.text("email")) } }
        p.quiet { (l.say("notifications-next")) " " (asked.times().at(read.value.text("nextDigestAt"))) }
        @if may_set { (form_of(&asked, &person, &read, &table.show())) } @else {
            (table.show()) p.quiet { (l.say("notifications-owner")) }
        }
        @if may(&me, "managePeople") { p { a href="/notifications" { (l.say("page-notifications")) } } }
    };
    Ok(asked.show(&me, &Page::new(&l.say("notifications-one"), body)))
}

/// One topic with its ways, of which one is chosen.
fn choices(asked: &Asked, heard: &Value, may_set: bool) -> Vec<Markup> {
    let l = asked.language;
    let topic = heard.text("topic");
    let now = if heard.is("chosen") { heard.text("frequency") } else { "" };
    let cell = |value: &str, said: &str| {
        html! { label.tick { input type="radio" name={ "topic-" (topic) } value=(value) checked[now == value] disabled[!may_set];
        span.unseen { (l.word("topic", topic)) ": " (said) } } }
    };
    let by_role = if now.is_empty() { heard.text("frequency") } else { "" };
    let mut cells = vec![
        html! { (l.word("topic", topic)) },
        html! { (cell("", &l.say("notifications-as-role"))) @if !by_role.is_empty() { small { (l.word("often", by_role)) } } },
    ];
    cells.extend(OFTEN.iter().map(|often| cell(often, &l.word("often", often))));
    cells
}

fn form_of(asked: &Asked, person: &str, read: &Versioned, table: &Markup) -> Markup {
    let l = asked.language;
    let mut fields = vec![Field::Note(table.clone())];
    for heard in read.value.items("subscriptions").iter().filter(|heard| is_apart(heard)) {
        let about = heard.some("organisation").unwrap_or(heard.text("partner"));
        fields.push(Field::Tick {
            name: "apart",
            value: subscription(heard).to_string(),
            label: html! { (l.word("topic", heard.text("topic"))) ": " (l.word("often", heard.text("frequency"))) ", "
                (l.say("notifications-only")) " " code { (about) } },
            on: true,
        });
    }
    let hour = read.value.number("hour").unwrap_or_default().to_string();
    fields.extend([
        Field::typed(
            "hour",
            &l.say("notifications-hour"),
            &hour,
            "number",
            true,
            &l.say("notifications-hour-hint"),
        ),
        Field::line("timeZone", &l.say("head-zone"), read.value.text("timeZone")),
        Field::Hidden(stale::VERSION, read.version.clone()),
    ]);
    form(&Form {
        action: &page_of(person),
        key: &asked.key(),
        fields: &fields,
        submit: &l.say("form-save"),
        danger: false,
    })
}

/// What was chosen, as the API takes it.
fn subscription(heard: &Value) -> Value {
    let mut chosen = json!({ "topic": heard.text("topic"), "frequency": heard.text("frequency") });
    for name in ["organisation", "partner"] {
        if let Some(id) = heard.some(name) {
            chosen[name] = json!(id);
        }
    }
    chosen
}

/// What a form asks for: what nobody chose follows the role, and is not sent.
fn wanted(posted: &Posted) -> Result<Value, Failure> {
    let mut chosen = Vec::new();
    for (name, value) in posted.fields() {
        match name.strip_prefix("topic-") {
            Some(topic) if !value.is_empty() => chosen.push(json!({ "topic": topic, "frequency": value })),
            _ => {}
        }
    }
    for apart in posted.all("apart") {
        let heard: Value = serde_json::from_str(apart).map_err(|_| Failure::Field("apart"))?;
        chosen.push(subscription(&heard));
    }
    let (hour, zone) = (posted.number("hour")?, posted.needed("timeZone")?);
    Ok(json!({ "hour": hour, "timeZone": zone, "subscriptions": chosen }))
}

async fn set(asked: Asked, person: String, posted: Posted) -> Answer {
    posted.key()?;
    let body = wanted(&posted)?;
    let with = With { body: Some(&body), key: None, version: Some(posted.needed(stale::VERSION)?) };
    match asked.call(Method::PUT, place(&asked, &person)?, with).await {
        Ok(_) => Ok(then(&page_of(&person))),
        Err(failure) if failure.is_stale() => ahead(&asked, &person, &posted).await,
        Err(failure) => Err(failure),
    }
}

/// Somebody else set it meanwhile: both versions.
async fn ahead(asked: &Asked, person: &str, posted: &Posted) -> Answer {
    let l = asked.language;
    let (me, read) = try_join!(asked.me(), asked.versioned(place(asked, person)?))?;
    let said = |often: &str| {
        if often.is_empty() { l.say("notifications-as-role") } else { l.word("often", often) }
    };
    let topics = read.value.items("subscriptions").iter().filter(|heard| !is_apart(heard));
    let mut fields: Vec<Both> = topics
        .map(|heard| Both {
            label: l.word("topic", heard.text("topic")),
            now: said(if heard.is("chosen") { heard.text("frequency") } else { "" }),
            yours: said(posted.text(&format!("topic-{}", heard.text("topic")))),
        })
        .collect();
    let hour = read.value.number("hour").unwrap_or_default().to_string();
    fields.push(Both::of(asked, "notifications-hour", &hour, posted.text("hour")));
    fields.push(Both::of(asked, "head-zone", read.value.text("timeZone"), posted.text("timeZone")));
    let page = page_of(person);
    let edit = Edit { action: &page, back: &page, posted, version: &read.version, fields, of: None };
    Ok(stale::both(asked, &me, &edit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_role_is_not_sent_and_what_is_about_one_organisation_stays() {
        let apart = json!({ "topic": "errors", "frequency": "daily", "organisation": "org_1" });
        let posted = Posted::of(&[
            ("topic-errors", "immediate"),
            ("topic-seats", ""),
            ("apart", &apart.to_string()),
            ("hour", "7"),
            ("timeZone", "Europe/Berlin"),
        ]);
        let chosen = json!([{ "topic": "errors", "frequency": "immediate" }, apart]);
        assert_eq!(
            wanted(&posted),
            Ok(json!({ "hour": 7, "timeZone": "Europe/Berlin", "subscriptions": chosen }))
        );
    }
}
