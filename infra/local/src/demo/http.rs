//! JSON over HTTP with a bearer token, patient where the answer says so. For both sides of the story.

use domain::{Error, Result};
use reqwest::{Client, Method, StatusCode, header};
use serde_json::Value;
use std::time::Duration;

/// How often a call is repeated that was throttled, or that names what is too new to be seen yet.
const TRIES: u32 = 20;

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    pub(super) body: Value,
}

impl Answer {
    /// The body of a success.
    pub(super) fn fine(self, what: &str) -> Result<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let told = self.body.pointer("/error/message").or_else(|| self.body.get("detail"));
        let told = told.and_then(Value::as_str).unwrap_or_default();
        Err(Error::unavailable(format!("{what}: {} {told}", self.status)))
    }
}

/// Calls with one token.
#[derive(Clone)]
pub(super) struct Caller {
    client: Client,
    token: String,
}

impl Caller {
    pub(super) fn new(token: impl Into<String>) -> Result<Self> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .map_err(|e| Error::unavailable("no HTTP client").caused_by(e))?;
        Ok(Self { client, token: token.into() })
    }

    /// A form sent without a token: how tokens are asked for.
    pub(super) async fn form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        answer(self.client.post(url).form(fields)).await
    }

    /// One call; repeated while it is throttled.
    pub(super) async fn call(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Answer> {
        for tried in 1.. {
            let mut request = self.client.request(method.clone(), url);
            if !self.token.is_empty() {
                request = request.bearer_auth(&self.token);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let (answer, wait) = timed(request).await?;
            let busy = matches!(answer.status.as_u16(), 429 | 503 | 504);
            if !busy || tried == TRIES {
                return Ok(answer);
            }
            tokio::time::sleep(wait.unwrap_or(Duration::from_secs(2))).await;
        }
        unreachable!("the last try returns")
    }

    /// A write that may name an object which is too new to be seen everywhere.
    pub(super) async fn write(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Value> {
        for tried in 1.. {
            let answer = self.call(method.clone(), url, body).await?;
            let told = answer.body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
            let unseen = answer.status == StatusCode::NOT_FOUND
                || (answer.status == StatusCode::BAD_REQUEST && told.contains("does not exist"));
            if !unseen || tried == TRIES {
                return answer.fine(what);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        unreachable!("the last try returns")
    }

    pub(super) async fn get(&self, url: &str, what: &str) -> Result<Value> {
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
    let wait = text(header::RETRY_AFTER).and_then(|s| s.parse::<f64>().ok()).map(Duration::from_secs_f64);
    let bytes = response.bytes().await.map_err(unreached)?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok((Answer { status, location, body }, wait))
}
