//! One person of the partner: what they are called, what they may do, which customers they see, and their sessions.

use super::lists::ROLES;
use super::rights::{self, is_owner};
use super::stale::{self, Both, Edit};
use crate::api::{Versioned, With};
use crate::asked::{Answer, Asked, Page, fresh, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Choice, Field, Form, button, form};
use crate::view::{Table, facts, name};
use axum::extract::Path;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};
use tokio::try_join;

/// From how many organisations somebody's can be chosen here.
const MOST_ORGANISATIONS: &str = "200";

pub(super) async fn page(asked: Asked, Path(id): Path<String>) -> Answer {
    let l = asked.language;
    let (me, read, sessions, table, customers) = try_join!(
        asked.me(),
        asked.versioned(asked.at(&["people", &id])?),
        asked.list(asked.at(&["people", &id, "sessions"])?),
        asked.get(asked.at(&["rights"])?),
        asked.list(asked.at(&["organisations"])?.with("limit", MOST_ORGANISATIONS)),
    )?;
    let (person, role) = (&read.value, read.value.text("role").to_owned());
    let limited = person.items("organisations").iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let body = html! {
        (facts(&[
            (l.say("head-email"), name(person.text("email"))),
            (l.say("head-role"), html! { (l.word("role", &role)) }),
            (l.say("head-signs-in"), html! { (l.say(if person.is("signsIn") { "value-yes" } else { "value-no" })) }),
            (l.say("head-zone"), name(person.text("timeZone"))),
            (l.say("person-sees"), html! { @if person.field("organisations").is_null() { (l.say("person-sees-all")) }
                @else { (l.count("person-sees-some", i64::try_from(limited.len()).unwrap_or(i64::MAX))) } }),
            (l.say("head-id"), html! { code { (id) } }),
        ]))
        div.actions { a href={ "/people/" (id) "/notifications" } { (l.say("notifications-one")) } " " a href="/people" { (l.say("page-people")) } }
        @if is_owner(&me) {
            section { h2 { (l.say("person-change")) } (edit_form(&asked, &id, &read, &customers.items, customers.next.is_some())) }
        } @else { p.quiet { (l.say("person-owner")) } }
        section { h2 { (l.say("person-rights")) } (rights::show(l, &table, |of| of == role)?)
            p { a href="/rights" { (l.say("page-rights")) } } }
        section { h2 { (l.say("person-sessions")) } (sessions_of(&asked, &me, &id, &sessions.items)) }
    };
    Ok(asked.show(&me, &Page::new(person.text("name"), body)))
}

fn edit_form(asked: &Asked, id: &str, read: &Versioned, customers: &[Value], are_more: bool) -> Markup {
    let (l, person) = (asked.language, &read.value);
    let limited = person.field("organisations").as_array();
    let is_chosen = |id: &str| limited.is_some_and(|limited| limited.iter().any(|one| one == id));
    let roles =
        ROLES.iter().map(|role| Choice::plain(role, &l.word("role", role), person.text("role") == *role));
    let sees = [("all", limited.is_none()), ("some", limited.is_some())];
    let sees = sees.map(|(value, on)| Choice::plain(value, &l.word("sees", value), on));
    let mut fields = vec![
        Field::line("name", &l.say("head-name"), person.text("name")),
        Field::line("timeZone", &l.say("head-zone"), person.text("timeZone")),
        Field::Choice { name: "role", label: l.say("head-role"), options: roles.collect(), cards: false },
        Field::Choice { name: "sees", label: l.say("person-sees"), options: sees.into(), cards: false },
    ];
    fields.extend(customers.iter().map(|customer| Field::Tick {
        name: "organisation",
        value: customer.text("id").to_owned(),
        label: name(customer.text("name")),
        on: is_chosen(customer.text("id")),
    }));
    // Why: who is limited to a customer that is not on the page stays so.
    let is_listed = |id: &&str| customers.iter().any(|customer| customer.text("id") == *id);
    let unlisted = limited.into_iter().flatten().filter_map(Value::as_str).filter(|id| !is_listed(id));
    fields.extend(unlisted.map(|id| Field::Hidden("organisation", id.to_owned())));
    if are_more {
        fields.push(Field::Note(html! { p.quiet { (l.say("person-more")) } }));
    }
    fields.push(Field::Hidden(stale::VERSION, read.version.clone()));
    let action = format!("/people/{id}");
    form(&Form {
        action: &action,
        key: &asked.key(),
        fields: &fields,
        submit: &l.say("form-save"),
        danger: false,
    })
}

fn sessions_of(asked: &Asked, me: &Value, id: &str, sessions: &[Value]) -> Markup {
    let l = asked.language;
    let heads = ["asked", "used", "expires", "actions"].map(|key| l.say(&format!("head-{key}")));
    let rows = sessions.iter().map(|session| {
        let end = format!("/people/{id}/sessions/{}", session.text("id"));
        vec![
            asked.times().at(session.text("createdAt")),
            asked.times().at(session.text("lastUsedAt")),
            asked.times().at(session.text("expiresAt")),
            html! { @if is_owner(me) { (button(&end, &asked.key(), &l.say("lists-end"), true)) } },
        ]
    });
    Table {
        caption: &l.say("person-sessions"),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("person-no-sessions"),
    }
    .show()
}

/// What a form says a person is to be.
fn wanted(posted: &Posted) -> Result<Value, Failure> {
    let some = posted.needed("sees")? == "some";
    let organisations: Vec<&str> = posted.all("organisation").collect();
    if some && organisations.is_empty() {
        return Err(Failure::Field("organisation"));
    }
    Ok(json!({
        "name": posted.needed("name")?,
        "timeZone": posted.needed("timeZone")?,
        "role": posted.needed("role")?,
        "organisations": if some { json!(organisations) } else { Value::Null },
    }))
}

pub(super) async fn edit(asked: Asked, Path(id): Path<String>, posted: Posted) -> Answer {
    posted.key()?;
    let body = wanted(&posted)?;
    fresh(&asked.me().await?)?;
    let with = With { body: Some(&body), key: None, version: Some(posted.needed(stale::VERSION)?) };
    match asked.call(Method::PATCH, asked.at(&["people", &id])?, with).await {
        Ok(changed) => changed_page(&asked, &id, &changed).await,
        Err(failure) if failure.is_stale() => ahead(&asked, &id, &posted).await,
        Err(failure) => Err(failure),
    }
}

/// Leads back; where API tokens of the person were narrowed with it, they are named first.
async fn changed_page(asked: &Asked, id: &str, changed: &Value) -> Answer {
    let tokens = changed.items("changedTokens");
    if tokens.is_empty() {
        return Ok(then(&format!("/people/{id}")));
    }
    let (l, me) = (asked.language, asked.me().await?);
    let body = html! {
        p role="status" { (l.say("person-tokens")) }
        ul { @for token in tokens { li { (name(token.text("name"))) " " code { (token.text("prefix")) } " "
            @if token.some("revokedAt").is_some() { (l.say("head-revoked")) } @else { (l.word("role", token.text("role"))) } } } }
        p { a href={ "/people/" (id) } { (l.say("once-back")) } }
    };
    Ok(asked.show(&me, &Page::new(changed.text("name"), body)))
}

/// Somebody else changed the person meanwhile: both versions.
async fn ahead(asked: &Asked, id: &str, posted: &Posted) -> Answer {
    let l = asked.language;
    let (me, read) = try_join!(asked.me(), asked.versioned(asked.at(&["people", id])?))?;
    let now = &read.value;
    let sees = |all: bool, ids: Vec<&str>| if all { l.word("sees", "all") } else { ids.join(", ") };
    let limited = now.items("organisations").iter().filter_map(Value::as_str).collect();
    let fields = vec![
        Both::of(asked, "head-name", now.text("name"), posted.text("name")),
        Both::of(asked, "head-zone", now.text("timeZone"), posted.text("timeZone")),
        Both::of(asked, "head-role", &l.word("role", now.text("role")), &l.word("role", posted.text("role"))),
        Both::of(
            asked,
            "person-sees",
            &sees(now.field("organisations").is_null(), limited),
            &sees(posted.text("sees") != "some", posted.all("organisation").collect()),
        ),
    ];
    let page = format!("/people/{id}");
    let edit = Edit { action: &page, back: &page, posted, version: &read.version, fields, of: None };
    Ok(stale::both(asked, &me, &edit))
}

pub(super) async fn end_session(
    asked: Asked,
    Path((id, ses)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    posted.key()?;
    asked.call(Method::DELETE, asked.at(&["people", &id, "sessions", &ses])?, With::default()).await?;
    Ok(then(&format!("/people/{id}")))
}
