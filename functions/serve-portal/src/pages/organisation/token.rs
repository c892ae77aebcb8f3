//! What opens an organisation's data besides the partner's people: its own token, and the sessions that access links began.

use super::super::about;
use crate::api::With;
use crate::asked::{Answer, Asked, Page, fresh, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::button;
use crate::view::{Table, facts, name, secret_page};
use axum::extract::Path;
use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use tokio::try_join;

pub(in crate::pages) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let ((me, of), token, sessions) = try_join!(
        about(&asked, &org),
        asked.find(asked.of(&org, &["token"])?),
        asked.find_list(asked.of(&org, &["sessions"])?),
    )?;
    let body = html! {
        @if may(&me, "manageTokens") {
            section { h2 { (l.say("access-token")) } p { (l.say("access-token-text")) } (own_token(&asked, &org, token.as_ref())) }
        } @else { p.quiet { (l.say("access-not-yours")) } }
        @if let Some(sessions) = &sessions {
            section { h2 { (l.say("access-sessions")) } (portal_sessions(&asked, &org, &sessions.items)) }
        }
        p { a href={ "/organisations/" (org) } { (l.say("once-back")) } }
    };
    Ok(asked.show(&me, &Page::about(&of, &l.say("access-page"), body)))
}

fn own_token(asked: &Asked, org: &str, token: Option<&Value>) -> Markup {
    let l = asked.language;
    let is_good = |token: &&Value| token.some("revokedAt").is_none();
    let act = |act: &str, danger: bool| {
        let label = l.say(&format!("access-{act}"));
        button(&format!("/organisations/{org}/token/{act}"), &asked.key(), &label, danger)
    };
    html! {
        @match token {
            None => p.empty { (l.say("access-no-token")) },
            Some(token) => {
                @let scopes = token.items("scopes").iter().filter_map(Value::as_str).map(|s| l.word("feature", s));
                (facts(&[
                    (l.say("head-prefix"), html! { code { (token.text("prefix")) } }),
                    (l.say("access-opens"), html! { (scopes.collect::<Vec<_>>().join(", ")) }),
                    (l.say("head-asked"), asked.times().at(token.text("createdAt"))),
                    (l.say("head-expires"), asked.times().at(token.text("expiresAt"))),
                    (l.say("head-used"), asked.times().at(token.text("lastUsedAt"))),
                    (l.say("head-revoked"), asked.times().at(token.text("revokedAt"))),
                ]))
            }
        }
        div.actions {
            (act("renew", false))
            @if token.as_ref().is_some_and(is_good) { (act("revoke", true)) }
        }
        p.quiet { (l.say("access-renew-means")) }
    }
}

fn portal_sessions(asked: &Asked, org: &str, sessions: &[Value]) -> Markup {
    let l = asked.language;
    let heads = ["asked", "by", "used", "expires", "actions"].map(|key| l.say(&format!("head-{key}")));
    let rows = sessions.iter().map(|session| {
        let end = format!("/organisations/{org}/sessions/{}", session.text("id"));
        vec![
            asked.times().at(session.text("createdAt")),
            name(session.text("openedBy")),
            asked.times().at(session.text("lastUsedAt")),
            asked.times().at(session.text("expiresAt")),
            button(&end, &asked.key(), &l.say("lists-end"), true),
        ]
    });
    let (caption, none) = (l.say("access-sessions"), l.say("access-no-sessions"));
    Table { caption: &caption, heads: &heads, rows: rows.collect(), empty: &none }.show()
}

pub(in crate::pages) async fn act(
    asked: Asked,
    Path((org, act)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    let key = posted.key()?;
    let (me, of) = about(&asked, &org).await?;
    fresh(&me)?;
    let (at, back) = (asked.of(&org, &["token"])?, format!("/organisations/{org}/token"));
    match act.as_str() {
        "renew" => {
            let made = asked.call(Method::POST, at, With { key: Some(key), ..With::default() }).await?;
            let secret = made.some("token").ok_or(Failure::NoAnswer)?;
            let title = asked.language.say("access-token");
            Ok(asked.show(&me, &Page::about(&of, &title, secret_page(asked.language, secret, &back))))
        }
        "revoke" => {
            asked.call(Method::DELETE, at, With::default()).await?;
            Ok(then(&back))
        }
        _ => Err(Failure::NotFound),
    }
}

pub(in crate::pages) async fn end_session(
    asked: Asked,
    Path((org, ses)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    posted.key()?;
    asked.call(Method::DELETE, asked.of(&org, &["sessions", &ses])?, With::default()).await?;
    Ok(then(&format!("/organisations/{org}/token")))
}
