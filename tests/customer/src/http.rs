//! JSON over HTTP with a bearer token. For both sides of a story: the customer with Graph, the partner with
//! Holdfast's API.

use domain::{Error, Result};
use reqwest::{Client, Method, StatusCode, header};
use serde_json::Value;
use std::time::Duration;

/// How often a patient caller makes a call that is throttled, or that names what is too new to be seen yet.
const PATIENT_TRIES: u32 = 20;

/// What a server answered.
pub struct Answer {
    /// The HTTP status of the answer.
    pub status: StatusCode,
    /// Where a redirection leads; redirections are not followed.
    pub location: Option<String>,
    /// The cookies that it sets, each as `name=value`.
    pub cookies: Vec<String>,
    /// The body; `null` where it is not JSON.
    pub body: Value,
    /// Where the link leads that a page calls `sign-in`; none where the body is no page, or has no such link.
    pub sign_in: Option<String>,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// `Unavailable` with `what`, the status and the server's own words for every other status.
    pub fn fine(self, what: &str) -> Result<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let words = self.body.pointer("/error/message").or_else(|| self.body.get("detail"));
        let words = words.and_then(Value::as_str).unwrap_or_default();
        Err(Error::unavailable(format!("{what}: {} {words}", self.status)))
    }
}

/// Somebody who calls with one token.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    token: String,
    cookies: String,
    tries: u32,
}

impl Caller {
    /// A caller who waits as long as the answers say, and tries again. An empty token is sent as none.
    ///
    /// # Errors
    /// `Unavailable` where there can be no HTTP client.
    pub fn patient(token: impl Into<String>) -> Result<Self> {
        let builder = Client::builder().timeout(Duration::from_mins(1));
        Self::with(builder, token.into(), PATIENT_TRIES)
    }

    /// A caller whose every call is made once, to a server on this machine: for stories in which time stands still,
    /// where waiting would help nobody.
    ///
    /// # Errors
    /// As [`Self::patient`].
    pub fn hasty(token: impl Into<String>) -> Result<Self> {
        // Why: reading the machine's certificates takes longer than most stories.
        Self::with(Client::builder().no_proxy().tls_certs_only([]), token.into(), 1)
    }

    fn with(builder: reqwest::ClientBuilder, token: String, tries: u32) -> Result<Self> {
        let client = builder.redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|e| Error::unavailable("no HTTP client").caused_by(e))?;
        Ok(Self { client, token, cookies: String::new(), tries })
    }

    /// The same caller, who sends these cookies along, as a browser sends those that it was given.
    #[must_use]
    pub fn with_cookies(&self, cookies: &[String]) -> Self {
        Self { cookies: cookies.join("; "), ..self.clone() }
    }

    /// The same caller with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// A form sent without a token: how tokens are asked for.
    ///
    /// # Errors
    /// `Unavailable` when nobody answers; a refusal is an answer.
    pub async fn form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        answer(self.client.post(url).form(fields)).await
    }

    /// One call; a patient caller repeats it while it is throttled.
    ///
    /// # Errors
    /// `Unavailable` when nobody answers; a refusal is an answer.
    pub async fn call(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Answer> {
        for tried in 1.. {
            let mut request = self.client.request(method.clone(), url);
            if !self.token.is_empty() {
                request = request.bearer_auth(&self.token);
            }
            if !self.cookies.is_empty() {
                request = request.header(header::COOKIE, &self.cookies);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let (answer, wait) = timed(request).await?;
            let busy = matches!(answer.status.as_u16(), 429 | 503 | 504);
            if !busy || tried >= self.tries {
                return Ok(answer);
            }
            tokio::time::sleep(wait.unwrap_or(Duration::from_secs(2))).await;
        }
        unreachable!("the last try returns")
    }

    /// How often this caller makes a call that may succeed later.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// The body of what is read there; `what` names it in errors.
    ///
    /// # Errors
    /// `Unavailable` when it is refused, or nobody answers.
    pub async fn get(&self, url: &str, what: &str) -> Result<Value> {
        self.call(Method::GET, url, None).await?.fine(what)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer> {
    timed(request).await.map(|(answer, _)| answer)
}

async fn timed(request: reqwest::RequestBuilder) -> Result<(Answer, Option<Duration>)> {
    let unreached =
        |e: reqwest::Error| Error::unavailable("a call was not answered").caused_by(e.without_url());
    let response = request.send().await.map_err(unreached)?;
    let status = response.status();
    let text = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let location = text(header::LOCATION);
    let set = response.headers().get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok());
    let cookies = set.filter_map(|cookie| cookie.split(';').next()).map(str::to_owned).collect();
    let wait = text(header::RETRY_AFTER).and_then(|s| s.parse::<f64>().ok()).map(Duration::from_secs_f64);
    let bytes = response.bytes().await.map_err(unreached)?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let sign_in = std::str::from_utf8(&bytes).ok().and_then(sign_in_of);
    Ok((Answer { status, location, cookies, body, sign_in }, wait))
}

/// The address of a page's link of that id.
fn sign_in_of(page: &str) -> Option<String> {
    let (_, link) = page.split_once("<a id=\"sign-in\"")?;
    let (_, address) = link.split_once("href=\"")?;
    Some(address.split('"').next()?.replace("&amp;", "&"))
}
