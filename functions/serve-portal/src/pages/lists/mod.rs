//! The lists of a partner: people, invitations, tokens, the audit log and others, all shown by one table of them.

mod rows;

use super::ROWS;
use super::snapshots::Part;
use crate::Portal;
use crate::api::With;
use crate::asked::{Answer, Asked, Page, fresh, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Choice, Field, Form, form};
use crate::view::{Table, address, may_of_partner, more, name, needs_top_partner, secret_page};
use axum::Router;
use axum::extract::{Path, Query};
use axum::routing::{get, post};
use http::Method;
use maud::{Markup, html};
use rows::{Act, Asks, Cell, How, LISTS, ListPage};
use serde_json::{Value, json};
use tokio::try_join;

/// The roles of people, as the API calls them.
pub(super) const ROLES: [&str; 5] = ["owner", "superAdmin", "admin", "support", "finance"];

/// The routes of all lists.
pub(super) fn routes() -> Router<Portal> {
    LISTS.iter().fold(Router::new(), |routes, page| {
        let at = format!("/{}", page.name);
        let list = move |asked: Asked, part: Query<Part>| show(page, asked, part.0);
        let create = move |asked: Asked, posted: Posted| create(page, asked, posted);
        let act = move |asked: Asked, path: Path<(String, String)>, posted: Posted| {
            act(page, asked, path.0, posted)
        };
        routes.route(&at, get(list).post(create)).route(&format!("{at}/{{id}}/{{act}}"), post(act))
    })
}

async fn show(page: &'static ListPage, asked: Asked, part: Part) -> Answer {
    let l = asked.language;
    let at = asked.at(&[page.name])?.with("limit", ROWS).with("cursor", &part.cursor);
    // Why not asked for in parts: its list is never longer than one.
    let at = if page.name == "sessions" { asked.at(&[page.name])? } else { at };
    let (me, list) = try_join!(asked.me(), asked.list(at))?;
    let may_act = page.right.is_empty() || may_of_partner(&me, page.right);
    let may_act = may_act && (!needs_top_partner(&me, page.right) || is_top(&asked).await?);
    let acts = if may_act { page.acts } else { &[] };
    let mut heads: Vec<String> =
        page.columns.iter().map(|(head, ..)| l.say(&format!("head-{head}"))).collect();
    if !acts.is_empty() {
        heads.push(l.say("head-actions"));
    }
    let rows = list.items.iter().map(|row| {
        let mut cells: Vec<Markup> =
            page.columns.iter().map(|(_, field, cell)| shown(&asked, row, field, *cell)).collect();
        if !acts.is_empty() {
            cells.push(html! { @for act in acts { (button_of(&asked, page, act, row)) } });
        }
        cells
    });
    let title = l.say(&format!("page-{}", page.name));
    let table = Table {
        caption: &format!(
            "{title}: {}",
            l.count("lists-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX))
        ),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say(if list.next.is_some() { "list-nothing-yet" } else { "lists-empty" }),
    };
    let next = list.next.as_deref().map(|cursor| address(&format!("/{}", page.name), &[("cursor", cursor)]));
    let body = html! {
        (table.show())
        (more(l, next.as_deref()))
        @if page.name == "sessions" { (everywhere(&asked)) }
        @if may_act && !page.new.is_empty() {
            section {
                h2 { (l.say(&format!("lists-new-{}", page.name))) }
                (form(&Form {
                    action: &format!("/{}", page.name),
                    key: &asked.key(),
                    fields: &page.new.iter().map(|asks| field(&asked, *asks)).collect::<Vec<_>>(),
                    submit: &l.say(&format!("lists-new-{}", page.name)),
                    danger: false,
                }))
            }
        }
    };
    Ok(asked.show(&me, &Page::new(&title, body)))
}

/// Whether the partner of whoever asks is below no other.
async fn is_top(asked: &Asked) -> Result<bool, Failure> {
    Ok(asked.get(asked.at(&["partner"])?).await?.field("parent").is_null())
}

/// Ends all sessions of whoever reads it, this one too.
fn everywhere(asked: &Asked) -> Markup {
    let fields = [Field::Hidden("everywhere", "1".to_owned())];
    let submit = asked.language.say("lists-everywhere");
    form(&Form { action: "/sign-out", key: "", fields: &fields, submit: &submit, danger: true })
}

fn shown(asked: &Asked, row: &Value, field: &str, cell: Cell) -> Markup {
    let l = asked.language;
    match cell {
        Cell::Name => name(row.text(field)),
        Cell::Way(to, id) => html! { a href={ (to) (row.text(id)) } { (name(row.text(field))) } },
        Cell::Code => html! { code { (row.text(field)) } },
        Cell::Time => asked.times().at(row.text(field)),
        Cell::Word(sort) => html! { (l.word(sort, row.text(field))) },
        Cell::Flag => html! { (l.say(if row.is(field) { "value-yes" } else { "value-no" })) },
        Cell::Number => html! { @if let Some(number) = row.number(field) { (number) } },
        Cell::Json => html! { @for (what, id) in row.field(field).as_object().into_iter().flatten() {
            div { (what) ": " code { (id.as_str().unwrap_or_default()) } }
        } },
    }
}

fn button_of(asked: &Asked, page: &ListPage, act: &Act, row: &Value) -> Markup {
    let l = asked.language;
    if !act.unless.is_empty() && row.some(act.unless).is_some() {
        return html! {};
    }
    // Why by the row: of several forms on one page each field has a name of its own to its label.
    let id = format!("{}-{}", act.reason, row.text("id"));
    let reason = Field::Text {
        name: id,
        label: l.say("head-why"),
        value: String::new(),
        kind: "text",
        needed: true,
        hint: String::new(),
        fault: None,
    };
    form(&Form {
        action: &format!("/{}/{}/{}", page.name, row.text("id"), act.name),
        key: &asked.key(),
        fields: &(!act.reason.is_empty()).then_some(reason).into_iter().collect::<Vec<_>>(),
        submit: &l.say(&format!("lists-{}", act.name)),
        danger: act.how == How::Deletes,
    })
}

fn field(asked: &Asked, asks: Asks) -> Field {
    let l = asked.language;
    let label = |name: &str| l.say(&format!("lists-field-{}", name.replace('.', "-")));
    match asks {
        Asks::Line(name) => Field::line(name, &label(name), ""),
        Asks::Email(name) => Field::typed(name, &label(name), "", "email", true, ""),
        Asks::Role(name) => {
            let options =
                ROLES.iter().map(|role| Choice::plain(role, &l.word("role", role), *role == "support"));
            Field::Choice { name, label: label(name), options: options.collect(), cards: false }
        }
    }
}

async fn create(page: &'static ListPage, asked: Asked, posted: Posted) -> Answer {
    if page.new.is_empty() {
        return Err(Failure::NotFound);
    }
    let me = asked.me().await?;
    if !page.secret.is_empty() {
        fresh(&me)?;
    }
    let mut body = json!({});
    for asks in page.new {
        let (Asks::Line(name) | Asks::Email(name) | Asks::Role(name)) = asks;
        let value = json!(posted.needed(name)?);
        match name.split_once('.') {
            Some((outer, inner)) => body[outer][inner] = value,
            None => body[*name] = value,
        }
    }
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.at(&[page.name])?, with).await?;
    Ok(secret_or(page, &asked, &me, &made))
}

async fn act(page: &'static ListPage, asked: Asked, (id, act): (String, String), posted: Posted) -> Answer {
    let key = posted.key()?;
    let act = page.acts.iter().find(|known| known.name == act).ok_or(Failure::NotFound)?;
    let me = asked.me().await?;
    if !page.secret.is_empty() || page.name == "people" {
        fresh(&me)?;
    }
    let body = if act.reason.is_empty() {
        None
    } else {
        let why = posted.text(&format!("{}-{id}", act.reason));
        Some(json!({ act.reason: Some(why).filter(|why| !why.is_empty()).ok_or(Failure::Field("reason"))? }))
    };
    let at = if act.path.is_empty() {
        asked.at(&[page.name, &id])?
    } else {
        asked.at(&[page.name, &id, act.path])?
    };
    let method = match act.how {
        How::Deletes => Method::DELETE,
        How::Posts => Method::POST,
    };
    let key = (act.how == How::Posts).then_some(key);
    let made = asked.call(method, at, With { body: body.as_ref(), key, version: None }).await?;
    if !made.items("revokedTokens").is_empty() || made.field("complete") == &Value::Bool(false) {
        return Ok(ended_tokens(page, &asked, &me, &made));
    }
    Ok(secret_or(page, &asked, &me, &made))
}

/// The tokens that ended with somebody who was removed: what needs one, needs a new one.
fn ended_tokens(page: &ListPage, asked: &Asked, me: &Value, made: &Value) -> axum::response::Response {
    let l = asked.language;
    let body = html! {
        p role="status" { (l.say("lists-removed-tokens")) }
        ul { @for token in made.items("revokedTokens") {
            li { (name(token.text("name"))) " " code { (token.text("prefix")) } }
        } }
        @if !made.is("complete") { p.warning { (l.say("lists-removed-more")) } }
        p { a href={ "/" (page.name) } { (l.say("once-back")) } }
    };
    asked.show(me, &Page::new(&l.say("lists-removed"), body))
}

/// A secret that the API just answered, shown this once; where there is none, the list.
fn secret_or(page: &ListPage, asked: &Asked, me: &Value, made: &Value) -> axum::response::Response {
    let l = asked.language;
    let back = format!("/{}", page.name);
    let Some(secret) = Some(page.secret).filter(|field| !field.is_empty()).and_then(|field| made.some(field))
    else {
        return then(&back);
    };
    let body = secret_page(l, secret, &back);
    asked.show(me, &Page::new(&l.say("once-secret"), body))
}
