//! Signing in and out: OpenID Connect (code, PKCE) to a session of the API, and the ways in by a link or a code.
//!
//! The portal is a public client: it has no secret. What the issuer gives it, it shows to the API and forgets; the API
//! checks it. A sign-in comes back in the browser in which it began, or is refused.

mod access;
mod invitation;
mod oidc;

use crate::Portal;
use crate::api::{Token, With};
use crate::asked::{Answer, Asked, Visitor};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::session::Cookie;
use crate::texts::Language;
use crate::view::{self, form};
use axum::Router;
use axum::extract::Query;
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
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
    /// Whether the person has to show who they are for it, though they are signed in at the issuer.
    fresh: bool,
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
    let under_way = UnderWay {
        state: text(),
        verifier: text(),
        to: own_place(&to),
        invitation,
        fresh: !fresh.is_empty(),
    };
    let asks = oidc::Asks { callback: &callback_of(portal), is_fresh: under_way.fresh };
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
    let is_person_already = match under_way.invitation.as_str() {
        "" => false,
        invitation => !accepted(portal, &shown, invitation).await?,
    };
    let at = portal.api.at(&["sessions"])?.with("prompted", if under_way.fresh { "true" } else { "" });
    let session = portal.api.call(&shown, Method::POST, at, With::default()).await;
    let session = match session {
        Err(Failure::Problem(problem)) if problem.status == 403 => {
            return Err(Failure::SignInFailed("nobody"));
        }
        Err(Failure::SignIn) => return Err(Failure::SignInFailed("not-taken")),
        other => other?.value,
    };
    let token = session.some("token").ok_or(Failure::NoAnswer)?;
    end_replaced(&visitor).await;
    let cookies = AppendHeaders([
        (SET_COOKIE, portal.cookies.set(Cookie::Session, token, Some(SESSION_SECONDS))),
        (SET_COOKIE, portal.cookies.end(Cookie::SignIn)),
    ]);
    let to = own_place(&under_way.to);
    if is_person_already {
        return Ok((cookies, not_accepted(&visitor, &to)).into_response());
    }
    Ok((cookies, Redirect::to(&to)).into_response())
}

/// Accepts an invitation; false where whoever signed in is a person of a partner already, and goes on as that.
async fn accepted(portal: &Portal, shown: &Token, invitation: &str) -> Result<bool, Failure> {
    let body = json!({ "token": invitation });
    let with = With { body: Some(&body), ..With::default() };
    match portal.api.call(shown, Method::POST, portal.api.at(&["invitations", "accept"])?, with).await {
        Err(Failure::NotFound) => Err(Failure::SignInFailed("no-invitation")),
        Err(Failure::Problem(problem)) if problem.status == 409 => Ok(false),
        other => other.map(|_| true),
    }
}

/// A page for whoever accepted an invitation and is a person of a partner already: it says that nothing came of it.
fn not_accepted(visitor: &Visitor, to: &str) -> Response {
    let (l, title) = (visitor.language, visitor.language.say("invitation-not-accepted-title"));
    let body = html! {
        h1 { (title) }
        p role="status" { (l.say("invitation-not-accepted-text")) }
        p { a.button href=(to) { (l.say("invitation-go-on")) } }
    };
    visitor.show(&title, &body)
}

/// Ends the session that a new one takes the place of in this browser. Why failures are passed over: the new one is good, and
/// the old one, which nobody holds any more, ends by resting.
async fn end_replaced(visitor: &Visitor) {
    let portal = &visitor.portal;
    let Some(old) = portal.cookies.find(&visitor.headers, Cookie::Session) else { return };
    if let Err(failure) = end_own(portal, &visitor.token(&old)).await {
        tracing::info!(?failure, "the session that was replaced was not ended");
    }
}

/// Ends the session that is shown; what is over already is ended.
async fn end_own(portal: &Portal, token: &Token) -> Result<(), Failure> {
    let me = match portal.api.get(token, portal.api.at(&["me"])?).await {
        Err(Failure::SignIn) => return Ok(()),
        other => other?,
    };
    let Some(id) = me.some("session") else { return Ok(()) };
    ended(portal.api.call(token, Method::DELETE, portal.api.at(&["sessions", id])?, With::default()).await)
}

/// Whether a session was ended; one that is over already was.
fn ended<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    match answer {
        Err(Failure::SignIn | Failure::NotFound) => Ok(()),
        other => other.map(|_| ()),
    }
}

async fn sign_out(asked: Asked, posted: Posted) -> Answer {
    let left = leave(&asked, posted.ticked("everywhere")).await;
    // Why in any case: whoever wants to leave leaves this browser, whatever the API answers.
    let cookie = AppendHeaders([(SET_COOKIE, asked.portal.cookies.end(Cookie::Session))]);
    if left.is_ok() {
        return Ok((cookie, Redirect::to("/sign-in")).into_response());
    }
    let (l, title) = (asked.language, asked.language.say("sign-out-failed-title"));
    let body = html! {
        h1 { (title) }
        div.problem role="alert" { p { (l.say("sign-out-failed-text")) } }
        p { a.button href="/sign-in" { (l.say("sign-in-button")) } }
    };
    Ok((cookie, Html(view::bare(l, &title, &body).into_string())).into_response())
}

/// Ends the session of whoever asks at the API, or all that they have.
async fn leave(asked: &Asked, everywhere: bool) -> Result<(), Failure> {
    let me = match asked.me().await {
        Err(Failure::SignIn) => return Ok(()),
        other => other?,
    };
    let own = me.text("session");
    let mut ids: Vec<String> = Vec::new();
    if everywhere {
        let all = asked.list(asked.at(&["sessions"])?).await?.items;
        ids.extend(all.iter().map(|session| session.text("id").to_owned()).filter(|id| id != own));
    }
    // Why its own last: without it nobody ends the others.
    ids.push(own.to_owned());
    for id in ids.iter().filter(|id| !id.is_empty()) {
        ended(asked.call(Method::DELETE, asked.at(&["sessions", id])?, With::default()).await)?;
    }
    Ok(())
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
    let is_odd = to.contains('\\') || to.contains(char::is_control);
    let is_own = to.starts_with('/') && !to.starts_with("//") && !is_odd;
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
        for wrong in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/sign-in",
            "/\u{1}",
            "/a\u{7f}",
        ] {
            assert_eq!(own_place(wrong), "/", "{wrong}");
        }
    }
}
