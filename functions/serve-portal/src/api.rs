//! The public API, asked as the person who is signed in.
//!
//! Addresses are put together from segments, each encoded by itself, so that what stands in a page's address can never
//! lead to another route of the API than the one that the page means.

use crate::failure::{Failure, Problem};
use forwarded::Key;
use http::Method;
use http::header::{ETAG, IF_MATCH};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// How long an answer may take: less than what API Gateway waits for the page.
const TIMEOUT: Duration = Duration::from_secs(25);
/// The longest answer that is read; the API's own are at most a few megabytes.
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// A client that trusts the roots that are compiled in, and follows nobody elsewhere.
pub fn client() -> Result<reqwest::Client, String> {
    let roots =
        webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| reqwest::Certificate::from_der(der));
    let roots = roots.collect::<reqwest::Result<Vec<_>>>().map_err(|_| "the bundled roots are unusable")?;
    let http = reqwest::Client::builder()
        .tls_certs_only(roots)
        // Why none: a session that is sent on would be somebody else's.
        .redirect(Policy::none())
        .timeout(TIMEOUT)
        .no_proxy();
    http.build().map_err(|_| "no HTTP client can be made".to_owned())
}

/// The API at its address.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: Url,
    key: Option<Key>,
    now: fn() -> Timestamp,
}

/// Whom the API is asked for: by what they hold, and where they are.
#[derive(Clone, Debug, Default)]
pub struct Token {
    /// The secret that the API is shown; empty where somebody has none yet.
    pub secret: String,
    /// Where the person is, as API Gateway saw it.
    pub address: Option<IpAddr>,
}

/// A place of the API.
#[derive(Clone, Debug)]
pub struct At(Url);

/// What a call is sent with besides its place.
#[derive(Clone, Copy, Debug, Default)]
pub struct With<'a> {
    /// The body, as JSON.
    pub body: Option<&'a Value>,
    /// The key under which the API does it once.
    pub key: Option<&'a str>,
    /// The version that an edit was made from.
    pub version: Option<&'a str>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct List {
    /// The items of the part.
    pub items: Vec<Value>,
    /// Where the list goes on; none at its end.
    pub next: Option<String>,
}

/// An answer with the version that an edit has to name.
#[derive(Clone, Debug)]
pub struct Versioned {
    /// What was answered.
    pub value: Value,
    /// The version of it; empty where the API gave none.
    pub version: String,
}

impl At {
    /// The same place, asked with one more parameter; an empty value asks nothing.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.query_pairs_mut().append_pair(name, value);
        }
        self
    }
}

impl Api {
    /// The API below that public address, which is told by that key where people are.
    pub fn new(http: reqwest::Client, public_url: &Url, key: Option<Key>, now: fn() -> Timestamp) -> Self {
        Self { http, base: public_url.clone(), key, now }
    }

    /// The place of those segments below `v1`.
    ///
    /// # Errors
    /// `NotFound` where a segment is none: then no such thing can exist.
    pub fn at(&self, segments: &[&str]) -> Result<At, Failure> {
        if segments.iter().any(|s| matches!(*s, "" | "." | "..")) {
            return Err(Failure::NotFound);
        }
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Failure::NotFound)?.pop_if_empty().push("v1").extend(segments);
        Ok(At(url))
    }

    /// Reads what is at that place, as the holder of that token.
    pub async fn get(&self, token: &Token, at: At) -> Result<Value, Failure> {
        Ok(self.call(token, Method::GET, at, With::default()).await?.value)
    }

    /// Reads what is at that place, with the version that an edit has to name.
    pub async fn get_versioned(&self, token: &Token, at: At) -> Result<Versioned, Failure> {
        self.call(token, Method::GET, at, With::default()).await
    }

    /// Reads a part of a list.
    ///
    /// # Errors
    /// `NoAnswer` where the answer holds no list: that is never taken for an empty one.
    pub async fn list(&self, token: &Token, at: At) -> Result<List, Failure> {
        let mut value = self.get(token, at).await?;
        let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) else {
            return Err(Failure::NoAnswer);
        };
        let next = value.get("next").and_then(Value::as_str).map(str::to_owned);
        Ok(List { items, next })
    }

    /// Reads what is at that place as text, such as a list in CSV.
    pub async fn text(&self, token: &Token, at: At) -> Result<String, Failure> {
        let answer = self.request(token, Method::GET, at).send().await.map_err(|_| Failure::NoAnswer)?;
        let status = answer.status();
        let body = whole(answer).await?;
        if status.is_success() {
            return String::from_utf8(body).map_err(|_| Failure::NoAnswer);
        }
        Err(failed(status.as_u16(), &body, None))
    }

    /// A request of whoever holds that token, from where they are.
    fn request(&self, token: &Token, method: Method, at: At) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, at.0);
        // Why not always: an access link and its session come before any token.
        if !token.secret.is_empty() {
            request = request.bearer_auth(&token.secret);
        }
        match (&self.key, token.address) {
            (Some(key), Some(address)) => {
                request.header(forwarded::HEADER, key.sign(address, &token.secret, (self.now)().as_second()))
            }
            _ => request,
        }
    }

    /// Calls the API, and gives its answer; null where there is none.
    ///
    /// # Errors
    /// As the API says; `SignIn` where nobody is signed in (any more); `NoAnswer`.
    pub async fn call(
        &self,
        token: &Token,
        method: Method,
        at: At,
        with: With<'_>,
    ) -> Result<Versioned, Failure> {
        let mut request = self.request(token, method, at);
        if let Some(key) = with.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(version) = with.version {
            request = request.header(IF_MATCH, version);
        }
        if let Some(body) = with.body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| {
            tracing::error!(
                timeout = error.is_timeout(),
                connect = error.is_connect(),
                "the API does not answer"
            );
            Failure::NoAnswer
        })?;
        let status = answer.status();
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (version, id) = (header(ETAG.as_str()).unwrap_or_default(), header("x-request-id"));
        let body = whole(answer).await?;
        if !status.is_success() {
            return Err(failed(status.as_u16(), &body, id));
        }
        if body.is_empty() {
            return Ok(Versioned { value: Value::Null, version });
        }
        let value = serde_json::from_slice(&body).map_err(|_| Failure::NoAnswer)?;
        Ok(Versioned { value, version })
    }
}

/// The whole body of an answer.
async fn whole(mut answer: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Failure::NoAnswer)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(Failure::NoAnswer);
        }
    }
    Ok(body)
}

/// What an answer says that is none of success. What comes from the gateway has no detail: of it 401 and 403 mean that
/// nobody is signed in.
fn failed(status: u16, body: &[u8], request: Option<String>) -> Failure {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    match (status, told.get("detail").and_then(Value::as_str)) {
        (401 | 403, None) => Failure::SignIn,
        (404, _) => Failure::NotFound,
        (_, Some(detail)) => Failure::Problem(Box::new(Problem {
            status,
            detail: detail.to_owned(),
            fields: fields(&told),
            request: request.unwrap_or_default(),
        })),
        (429 | 503, None) => Failure::Busy,
        _ => Failure::NoAnswer,
    }
}

fn fields(told: &Value) -> Vec<(String, String)> {
    let errors = told.get("errors").and_then(Value::as_array);
    let text = |v: &Value, name: &str| v.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    errors.into_iter().flatten().map(|e| (text(e, "field"), text(e, "message"))).collect()
}
