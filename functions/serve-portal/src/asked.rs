//! Who asks for a page, in which language; and what they get to see where there is no page.

use crate::Portal;
use crate::api::{At, List, Token, Versioned, With};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::{MAX_BYTES, Posted};
use crate::session::Cookie;
use crate::texts::Language;
use crate::view::{self, Frame};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{ACCEPT_LANGUAGE, CONTENT_DISPOSITION, CONTENT_TYPE, COOKIE};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use maud::Markup;
use serde_json::Value;
use std::net::IpAddr;

/// How long ago somebody may have signed in to do what cannot be taken back, in seconds.
pub const FRESH_SECONDS: i64 = 15 * 60;

/// What a page answers.
pub type Answer = Result<Response, Failure>;

/// Whoever asks, signed in or not.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// What the portal is made of.
    pub portal: Portal,
    /// The language that they read.
    pub language: Language,
    /// The headers that they sent.
    pub headers: HeaderMap,
    /// Where they are, as API Gateway saw it.
    pub from: Option<IpAddr>,
}

/// Somebody with a session. Whether it is still good, the API says.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the portal is made of.
    pub portal: Portal,
    /// The language that they read.
    pub language: Language,
    /// The address that they asked for, with its query.
    pub address: String,
    /// Whether they asked for a page, and posted no form.
    pub is_read: bool,
    token: Token,
}

impl FromRequestParts<Portal> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Failure> {
        let (language, headers) = (language_of(&parts.headers), parts.headers.clone());
        Ok(Self { portal: portal.clone(), language, headers, from: address_of(&parts.extensions) })
    }
}

impl FromRequestParts<Portal> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Failure> {
        let secret = portal.cookies.find(&parts.headers, Cookie::Session).ok_or(Failure::SignIn)?;
        let token = Token { secret, address: address_of(&parts.extensions) };
        let address = parts.uri.path_and_query().map_or("/", |all| all.as_str()).to_owned();
        let (language, is_read) = (language_of(&parts.headers), is_read(&parts.method));
        Ok(Self { portal: portal.clone(), language, address, is_read, token })
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Where a request came from, as API Gateway saw it.
fn address_of(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => None,
    }
}

/// The language that was chosen, or else the first that is read.
fn language_of(headers: &HeaderMap) -> Language {
    let text = |name| {
        headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).unwrap_or_default()
    };
    // Why by its end: the cookie is named differently on this machine, and says no more than a language.
    let chosen = text(COOKIE).split(';').filter_map(|one| one.trim().split_once('='));
    let mut chosen = chosen.filter(|(name, _)| name.contains("holdfast-language"));
    let chosen = chosen.find_map(|(_, code)| Language::of_code(code));
    chosen.unwrap_or_else(|| Language::accepted(text(ACCEPT_LANGUAGE)))
}

impl Visitor {
    /// That secret, shown from where they are.
    pub fn token(&self, secret: &str) -> Token {
        Token { secret: secret.to_owned(), address: self.from }
    }

    /// A page for somebody who may be nobody.
    pub fn show(&self, title: &str, body: &Markup) -> Response {
        Html(view::bare(self.language, title, body).into_string()).into_response()
    }
}

impl Asked {
    /// The place of those segments of the API.
    pub fn at(&self, segments: &[&str]) -> Result<At, Failure> {
        self.portal.api.at(segments)
    }

    /// The place of those segments of an organisation.
    pub fn of(&self, organisation: &str, segments: &[&str]) -> Result<At, Failure> {
        self.at(&[&["organisations", organisation][..], segments].concat())
    }

    /// Reads what is at that place.
    pub async fn get(&self, at: At) -> Result<Value, Failure> {
        self.portal.api.get(&self.token, at).await
    }

    /// Reads what is at that place; none where the person may not, or nothing is there.
    ///
    /// # Errors
    /// All others: what could not be read is never taken for what is not there.
    pub async fn find(&self, at: At) -> Result<Option<Value>, Failure> {
        match self.get(at).await {
            Err(Failure::NotFound) => Ok(None),
            Err(Failure::Problem(problem)) if problem.status == 403 => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads what is at that place, with its version.
    pub async fn versioned(&self, at: At) -> Result<Versioned, Failure> {
        self.portal.api.get_versioned(&self.token, at).await
    }

    /// Reads what is at that place, with its version; none where the person may not.
    ///
    /// # Errors
    /// All others.
    pub async fn find_versioned(&self, at: At) -> Result<Option<Versioned>, Failure> {
        match self.versioned(at).await {
            Err(Failure::Problem(problem)) if problem.status == 403 => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads a part of a list.
    pub async fn list(&self, at: At) -> Result<List, Failure> {
        self.portal.api.list(&self.token, at).await
    }

    /// Reads a part of a list; none where the person may not.
    ///
    /// # Errors
    /// All others.
    pub async fn find_list(&self, at: At) -> Result<Option<List>, Failure> {
        match self.list(at).await {
            Err(Failure::Problem(problem)) if problem.status == 403 => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads what is at that place; none where the person may not, nothing is there, or there is none yet.
    ///
    /// # Errors
    /// All others.
    pub async fn find_ended(&self, at: At) -> Result<Option<Value>, Failure> {
        match self.find(at).await {
            Err(Failure::Problem(problem)) if problem.status == 409 => Ok(None),
            other => other,
        }
    }

    /// Reads what is at that place as text.
    pub async fn csv(&self, at: At) -> Result<String, Failure> {
        self.portal.api.text(&self.token, at).await
    }

    /// The whole table at that place, as a file of that name.
    pub async fn table(&self, at: At, name: &str) -> Answer {
        let text = self.portal.api.table(&self.token, at.with("format", "csv")).await?;
        let named = format!("attachment; filename=\"{name}.csv\"");
        Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, named)], text)
            .into_response())
    }

    /// Does what a form asks for.
    pub async fn call(&self, method: Method, at: At, with: With<'_>) -> Result<Value, Failure> {
        Ok(self.portal.api.call(&self.token, method, at, with).await?.value)
    }

    /// Who asks, as the API knows them.
    pub async fn me(&self) -> Result<Value, Failure> {
        self.get(self.at(&["me"])?).await
    }

    /// A key under which the API does what a form asks for once.
    pub fn key(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&(self.portal.ports.random)()[..18])
    }

    /// The page with its frame.
    pub fn show(&self, me: &Value, page: &Page<'_>) -> Response {
        let frame = Frame {
            language: self.language,
            me,
            address: &self.address,
            is_read: self.is_read,
            now: (self.portal.ports.now)(),
        };
        Html(view::page(&frame, page).into_string()).into_response()
    }

    /// The page with its frame, as the answer to what was asked wrongly where it was.
    pub fn show_or_refuse(&self, me: &Value, page: &Page<'_>, is_wrong: bool) -> Response {
        let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        (status, self.show(me, page)).into_response()
    }

    /// What pages say times by.
    pub fn times(&self) -> view::Times {
        view::Times { language: self.language, now: (self.portal.ports.now)() }
    }
}

pub use crate::view::Page;

/// Where a form that was done leads to.
pub fn then(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// Lets on only whoever signed in during the last minutes.
///
/// # Errors
/// `SignInAgain`.
pub fn fresh(me: &Value) -> Result<(), Failure> {
    // A portal of an organisation was opened by somebody else's sign-in, and lasts an hour at most.
    let is_portal = me.text("shown") == "portal";
    let is_fresh = me.number("signInAgeSeconds").is_some_and(|age| age <= FRESH_SECONDS);
    if is_portal || is_fresh { Ok(()) } else { Err(Failure::SignInAgain) }
}

/// Whether the person may do that, by the API's own table.
pub fn may(me: &Value, action: &str) -> bool {
    view::may(me, action)
}

/// What no page could read of an address, such as a parameter that is there twice: it is none of the portal's.
fn odd_address(response: &Response) -> Option<Failure> {
    let is_plain = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/plain");
    let is_odd = response.status() == StatusCode::BAD_REQUEST
        && response.headers().get(CONTENT_TYPE).is_some_and(is_plain);
    is_odd.then_some(Failure::NotFound)
}

/// Makes a page of a failure, in the language of whoever asked.
pub async fn explain(request: Request, next: Next) -> Response {
    let language = language_of(request.headers());
    let is_read = is_read(request.method());
    let address = request.uri().path_and_query().map_or("/", |all| all.as_str()).to_owned();
    let (parts, body) = request.into_parts();
    // Why read here: what may have been done is sent again as it was, under the key under which it is done once.
    let read = to_bytes(body, MAX_BYTES).await;
    let (posted, mut response) = match read {
        Ok(body) => (Posted::read(&body), next.run(Request::from_parts(parts, Body::from(body))).await),
        Err(_) => (Posted::default(), Failure::Field("form").into_response()),
    };
    let refused = response.extensions_mut().remove::<Failure>().or_else(|| odd_address(&response));
    let Some(failure) = refused else { return response };
    if is_read && failure == Failure::SignIn {
        return Redirect::to(&view::sign_in(&address, false)).into_response();
    }
    let failed = view::Failed {
        language,
        failure: &failure,
        address: &address,
        posted: (!is_read).then_some(&posted),
    };
    (failure.status(), Html(view::failed(&failed).into_string())).into_response()
}
