//! The public API, asked as the person who is signed in.
//!
//! Addresses are put together from segments, each encoded by itself, so that what stands in a page's address can never
//! lead to another route of the API than the one that the page means.

use crate::failure::{Failure, Fault, Problem};
use crate::json::Fields;
use forwarded::Key;
use http::Method;
use http::header::{ETAG, IF_MATCH, LINK};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;
use url::{Url, form_urlencoded};

/// How long an answer may take: less than what API Gateway waits for the page.
const TIMEOUT: Duration = Duration::from_secs(25);
/// The longest answer that is read; the API's own are at most a few megabytes.
const MAX_BYTES: usize = 10 * 1024 * 1024;
/// The longest table that is handed out as one: an answer of a function has at most 6 MB.
const MOST_TABLE_BYTES: usize = 4 * 1024 * 1024;
/// How many parts of a table are read for one answer.
const MOST_PARTS: usize = 40;

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

impl At {
    /// The same place, from the cursor on that the API's link to the next part names. Why not the link itself: nothing but
    /// this place is asked with the person's session.
    fn going_on(mut self, link: &str) -> Option<Self> {
        let (_, query) = link.split_once('<')?.1.split_once('>')?.0.split_once('?')?;
        let cursor =
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "cursor")?.1.into_owned();
        let same: Vec<(String, String)> =
            self.0.query_pairs().into_owned().filter(|(name, _)| name != "cursor").collect();
        self.0.query_pairs_mut().clear().extend_pairs(same).append_pair("cursor", &cursor);
        Some(self)
    }
}

/// A table without its first line.
fn behind_head(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rows)| rows)
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

    /// Reads what is at that place as text, such as a receipt.
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

    /// Reads the whole of a table in CSV, part after part: the head of each part but the first is left out.
    ///
    /// # Errors
    /// `TooLarge` where it is longer than an answer may be: a part is never handed out as the whole.
    pub async fn table(&self, token: &Token, at: At) -> Result<String, Failure> {
        let (mut all, mut next) = (String::new(), Some(at));
        for _ in 0..MOST_PARTS {
            let Some(at) = next.take() else { return Ok(all) };
            let answer = self.request(token, Method::GET, at.clone()).send().await;
            let answer = answer.map_err(|_| Failure::NoAnswer)?;
            let status = answer.status();
            let link = answer.headers().get(LINK).and_then(|link| link.to_str().ok()).map(str::to_owned);
            let body = whole(answer).await?;
            if !status.is_success() {
                return Err(failed(status.as_u16(), &body, None));
            }
            let text = String::from_utf8(body).map_err(|_| Failure::NoAnswer)?;
            let rows = if all.is_empty() { text.as_str() } else { behind_head(&text) };
            if all.len() + rows.len() > MOST_TABLE_BYTES {
                return Err(Failure::TooLarge);
            }
            all.push_str(rows);
            next = match link {
                Some(link) => Some(at.going_on(&link).ok_or(Failure::NoAnswer)?),
                None => None,
            };
        }
        if next.is_some() { Err(Failure::TooLarge) } else { Ok(all) }
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

fn fields(told: &Value) -> Vec<Fault> {
    let fault = |of: &Value| Fault {
        field: of.text("field").to_owned(),
        message: of.text("message").to_owned(),
        at: of.number("at").and_then(|at| usize::try_from(at).ok()),
    };
    told.items("errors").iter().map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> At {
        At(address.parse().unwrap())
    }

    #[test]
    fn a_table_goes_on_at_the_same_place_whatever_address_the_link_names() {
        let link = "<https://elsewhere.example/v1/tokens?cursor=a%2Bb&kind=groups>; rel=\"next\"";
        let next = at("https://api.example/v1/usage?month=2026-10&cursor=old").going_on(link).unwrap();
        assert_eq!(next.0.as_str(), "https://api.example/v1/usage?month=2026-10&cursor=a%2Bb");
        assert!(at("https://api.example/v1/usage").going_on("<https://api.example/v1/usage>").is_none());
    }

    #[test]
    fn of_the_parts_behind_the_first_only_the_rows_are_taken() {
        assert_eq!(behind_head("Name,Seats\r\nA,1\r\nB,2\r\n"), "A,1\r\nB,2\r\n");
        assert_eq!(behind_head("Name,Seats"), "");
    }
}
