//! Signing in and out: OpenID Connect (code, PKCE) to a session of the API, and the ways in by a link or a code.
//!
//! The portal is a public client: it has no secret. What the issuer gives it, it shows to the API and forgets; the API
//! checks it. A sign-in comes back in the browser in which it began, or is refused.

mod access;
mod invitation;
mod oidc;

use crate::Portal;
use crate::api::With;
use crate::asked::{Answer, Asked, Visitor};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::session::Cookie;
use crate::texts::Language;
use crate::view::{self, form};
use axum::Router;
use axum::extract::Query;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use http::header::SET_COOKIE;
use maud::html;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use oidc::Issuer;

/// How long a sign-in may take, in seconds.
const SIGN_IN_SECONDS: u32 = 15 * 60;
/// How long a session lasts at most, in seconds: the API ends it sooner when it rests.
const SESSION_SECONDS: u32 = 12 * 60 * 60;
/// How long a language stays chosen, in seconds.
const LANGUAGE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The ways in and out.
pub fn routes() -> Router<Portal> {
    Router::new()
        .route("/sign-in", get(page))
        .route("/sign-in/begin", get(begin))
        .route("/sign-in/callback", get(callback))
        .route("/sign-out", post(sign_out))
        .route("/language", post(language))
        .route("/access", get(access::page).post(access::open))
        .route("/invitation", get(invitation::page).post(invitation::accept))
}

/// What a sign-in that is under way has to be met with, and where it leads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct UnderWay {
    state: String,
    verifier: String,
    to: String,
    invitation: String,
}

impl UnderWay {
    fn of(visitor: &Visitor) -> Option<Self> {
        let cookie = visitor.portal.cookies.find(&visitor.headers, Cookie::SignIn)?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()
    }

    fn cookie(&self, portal: &Portal) -> String {
        let value = BASE64_URL_SAFE_NO_PAD.encode(json!(self).to_string());
        portal.cookies.set(Cookie::SignIn, &value, Some(SIGN_IN_SECONDS))
    }
}

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct To {
    to: String,
    fresh: String,
}

async fn page(visitor: Visitor, Query(To { to, fresh }): Query<To>) -> Answer {
    if visitor.portal.issuer.is_none() {
        return Err(Failure::NoIssuer);
    }
    let l = visitor.language;
    let begin = view::address("/sign-in/begin", &[("to", &own_place(&to)), ("fresh", &fresh)]);
    let body = html! {
        h1 { (l.say("sign-in-title")) }
        p { (l.say(if fresh.is_empty() { "sign-in-text" } else { "sign-in-again-text" })) }
        p { a.button href=(begin) { (l.say("sign-in-button")) } }
        p { a href="/invitation" { (l.say("sign-in-invited")) } }
    };
    Ok(visitor.show(&l.say("sign-in-title"), &body))
}

async fn begin(visitor: Visitor, Query(To { to, fresh }): Query<To>) -> Answer {
    let portal = &visitor.portal;
    let issuer = portal.issuer.as_ref().ok_or(Failure::NoIssuer)?;
    let text = || BASE64_URL_SAFE_NO_PAD.encode((portal.ports.random)());
    let invitation = UnderWay::of(&visitor).unwrap_or_default().invitation;
    let under_way = UnderWay { state: text(), verifier: text(), to: own_place(&to), invitation };
    let asks = oidc::Asks { callback: &callback_of(portal), is_fresh: !fresh.is_empty() };
    let leads = issuer.sign_in_page(&asks, &under_way.state, &under_way.verifier).await?;
    Ok((AppendHeaders([(SET_COOKIE, under_way.cookie(portal))]), Redirect::to(leads.as_str()))
        .into_response())
}

/// What the issuer sends the browser back with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Back {
    code: String,
    state: String,
}

async fn callback(visitor: Visitor, Query(back): Query<Back>) -> Answer {
    let portal = &visitor.portal;
    let issuer = portal.issuer.as_ref().ok_or(Failure::NoIssuer)?;
    // Why before anything else: a link to a sign-in that somebody else began must sign nobody in.
    let under_way =
        UnderWay::of(&visitor).filter(|known| !known.state.is_empty() && known.state == back.state);
    let under_way = under_way.ok_or(Failure::SignInFailed("other-browser"))?;
    if back.code.is_empty() {
        return Err(Failure::SignInFailed("refused"));
    }
    let shown = issuer.redeem(&back.code, &under_way.verifier, &callback_of(portal)).await?;
    let shown = visitor.token(&shown);
    if !under_way.invitation.is_empty() {
        let body = json!({ "token": under_way.invitation });
        let with = With { body: Some(&body), ..With::default() };
        match portal.api.call(&shown, Method::POST, portal.api.at(&["invitations", "accept"])?, with).await {
            Err(Failure::NotFound) => return Err(Failure::SignInFailed("no-invitation")),
            // Whoever is a person already signs in as that, and has lost nothing but the code.
            Err(Failure::Problem(problem)) if problem.status == 409 => {}
            other => drop(other?),
        }
    }
    let session = portal.api.call(&shown, Method::POST, portal.api.at(&["sessions"])?, With::default()).await;
    let session = match session {
        Err(Failure::Problem(problem)) if problem.status == 403 => {
            return Err(Failure::SignInFailed("nobody"));
        }
        Err(Failure::SignIn) => return Err(Failure::SignInFailed("not-taken")),
        other => other?.value,
    };
    let token = session.some("token").ok_or(Failure::NoAnswer)?;
    let cookies = AppendHeaders([
        (SET_COOKIE, portal.cookies.set(Cookie::Session, token, Some(SESSION_SECONDS))),
        (SET_COOKIE, portal.cookies.end(Cookie::SignIn)),
    ]);
    Ok((cookies, Redirect::to(&own_place(&under_way.to))).into_response())
}

async fn sign_out(asked: Asked, posted: Posted) -> Answer {
    // Why errors are passed over: whoever wants to leave leaves, and a session that is over is what they want.
    if let Ok(me) = asked.me().await {
        let mut ids = vec![me.text("session").to_owned()];
        if posted.ticked("everywhere") {
            let all = asked.list(asked.at(&["sessions"])?).await?;
            // Why its own last: without it nobody ends the others.
            ids.splice(
                0..0,
                all.items.iter().map(|s| s.text("id").to_owned()).filter(|id| id != me.text("session")),
            );
        }
        for id in ids.iter().filter(|id| !id.is_empty()) {
            asked.call(Method::DELETE, asked.at(&["sessions", id])?, With::default()).await?;
        }
    }
    let cookie = AppendHeaders([(SET_COOKIE, asked.portal.cookies.end(Cookie::Session))]);
    Ok((cookie, Redirect::to("/sign-in")).into_response())
}

async fn language(visitor: Visitor, posted: Posted) -> Answer {
    let language = Language::of_code(posted.text("language")).ok_or(Failure::Field("language"))?;
    let cookie = visitor.portal.cookies.set(Cookie::Language, language.code(), Some(LANGUAGE_SECONDS));
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(&own_place(posted.text("to")))).into_response())
}

fn callback_of(portal: &Portal) -> String {
    format!("{}/sign-in/callback", portal.public_url.as_str().trim_end_matches('/'))
}

/// A place of the portal itself; what names another one leads to the first page.
fn own_place(to: &str) -> String {
    let is_own = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    let loops = to.starts_with("/sign-in") || to.starts_with("/access") || to.starts_with("/invitation");
    if is_own && !loops { to.to_owned() } else { "/".to_owned() }
}

/// A page that asks for a code, which its script may find behind the address.
fn code_page(visitor: &Visitor, action: &str, keys: [&str; 4]) -> Response {
    let l = visitor.language;
    let [title, text, label, submit] = keys;
    let fields = [form::Field::code("token", &l.say(label))];
    let body = html! {
        h1 { (l.say(title)) }
        p { (l.say(text)) }
        (form::form(&form::Form { action, key: "", fields: &fields, submit: &l.say(submit), danger: false }))
    };
    visitor.show(&l.say(title), &body)
}

#[cfg(test)]
mod tests {
    use super::own_place;

    #[test]
    fn a_sign_in_leads_to_pages_of_the_portal_alone() {
        for fine in ["/", "/e/org_1/compare?before=1"] {
            assert_eq!(own_place(fine), fine);
        }
        for wrong in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/sign-in"]
        {
            assert_eq!(own_place(wrong), "/", "{wrong}");
        }
    }
}
