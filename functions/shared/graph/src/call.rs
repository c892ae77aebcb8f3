//! One call of Graph: with a token, no sooner than Graph allows, counted, and repeated where that is safe.
//!
//! A reply comes back for every answer that says something about the request itself (2xx and 4xx); what is
//! about the moment (401 once, 429, 5xx, a cut connection) is dealt with here. Reads are repeated; a write
//! is repeated only when Graph refused it unseen (429, 503 with Retry-After, no connection).

use crate::{
    GraphClient,
    cost::WRITE_UNITS,
    error::ErrorAnswer,
    lenient::{self, Listing},
    limits::{Cost, Lane},
    throttle::is_of_application,
    token::{Token, guid},
    waits::{least_ms, ms_between, retry_after_ms},
};
use domain::{Error, Result, TenantId};
use engine::ports::Spent;
use http::{HeaderMap, Method};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

/// How often a read is made at most, when it fails for a passing reason.
pub(crate) const ATTEMPTS: u32 = 5;
/// How often in a row a 503 or 504 that names its wait is obeyed.
const NAMED_WAITS: u32 = 20;

/// One request to Graph, and what it counts for.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    /// The resource units that it is taken to cost when Graph does not say.
    pub(crate) units: u64,
    /// For errors: what is asked, without a customer's values.
    pub(crate) what: String,
    /// Our own id of the request, which Graph keeps in its logs; none where any will do.
    pub(crate) client_request_id: Option<String>,
    /// Whether it can be sent twice without harm: a read can, a write cannot.
    pub(crate) repeatable: bool,
    /// Whether Graph counts the call itself (a `$batch` is counted by its parts).
    pub(crate) counted: bool,
    /// How many calls Graph sees in it.
    pub(crate) parts: u64,
    pub(crate) lane: Lane,
    /// Whether a success is a collection, whose items are wanted as they came.
    pub(crate) page: bool,
}

impl Ask {
    pub(crate) fn get(url: Url, units: u64, what: impl Into<String>) -> Self {
        let lane = Lane::of(url.path());
        let what = what.into();
        Self {
            method: Method::GET,
            url,
            body: None,
            units,
            what,
            client_request_id: None,
            repeatable: true,
            counted: true,
            parts: 1,
            lane,
            page: false,
        }
    }
    pub(crate) fn write(method: Method, url: Url, body: Option<Value>, what: impl Into<String>) -> Self {
        let ask = Self::get(url, WRITE_UNITS, what);
        Self { method, body, repeatable: false, ..ask }
    }
    /// What it counts for against Graph's limits.
    pub(crate) fn cost(&self) -> Cost {
        let writes = if self.repeatable { 0 } else { self.parts };
        Cost { units: self.units, requests: self.parts, writes }
    }
}

/// Graph's answer to one request, whether a success or a refusal.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The collection, where one was asked for and is there; then `body` is null.
    pub(crate) page: Option<Listing>,
    pub(crate) request_id: Option<String>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
    pub(crate) fn error_answer(&self) -> ErrorAnswer {
        ErrorAnswer::new(self.status, &self.body, self.request_id.clone())
    }
    /// The body of a success; otherwise the error.
    pub(crate) fn success(self, what: &str) -> Result<Value> {
        if self.is_success() { Ok(self.body) } else { Err(self.error_answer().into_error(what)) }
    }
}

/// How sending a request once ended.
enum Sent {
    Reply(Reply),
    /// Graph answered 401: it does not accept the token, which may have ended early.
    Unauthorised(Reply),
    /// Graph refused it without looking at it, and may have named a wait.
    Later {
        status: u16,
        wait_ms: Option<u64>,
        /// The limit is that of the application in all tenants.
        application: bool,
    },
    /// The connection broke: whether Graph acted on it is not known, unless it never left.
    Cut {
        error: Error,
        left: bool,
    },
}

impl GraphClient {
    /// Asks, and deals with all that is about the moment rather than the request.
    ///
    /// # Errors
    /// `Throttled` when a wait goes beyond the deadline; `Unavailable` when Graph cannot be reached or does
    /// not say what became of a write; what the token's request failed with.
    pub(crate) async fn ask(&self, tenant: &TenantId, ask: &Ask) -> Result<Reply> {
        let lane = ask.lane;
        let (mut refused, mut failed, mut renewed) = (0, 0, false);
        loop {
            self.wait_for_turn(tenant, ask).await?;
            let token = self.shared.tokens.get(tenant, self.deadline).await?;
            match self.send(tenant, ask, &token).await {
                Sent::Reply(reply) => return Ok(reply),
                Sent::Unauthorised(reply) if renewed => return Ok(reply),
                Sent::Unauthorised(_) => {
                    renewed = true;
                    self.shared.tokens.forget(tenant, &token).await;
                }
                Sent::Later { status, wait_ms, application } => {
                    if status != 429 && refused >= NAMED_WAITS {
                        return Err(Error::unavailable(format!(
                            "{}: Graph goes on answering {status}",
                            ask.what
                        )));
                    }
                    let wait_ms =
                        wait_ms.map_or_else(|| self.backoff_ms(refused), |ms| ms.max(least_ms(refused)));
                    self.hold_back(tenant, lane, wait_ms, application);
                    refused += 1;
                }
                Sent::Cut { error, left } => {
                    if left && !ask.repeatable {
                        return Err(error.within("it is not known whether the write took effect"));
                    }
                    let wait_ms = self.backoff_ms(failed);
                    failed += 1;
                    if failed >= ATTEMPTS || self.is_too_long(wait_ms) {
                        return Err(error);
                    }
                    self.sleep_ms(wait_ms).await;
                }
            }
        }
    }

    /// Waits until Graph's limits, and what Graph said, allow a call: first for its tenant's sake, then for the
    /// application's.
    async fn wait_for_turn(&self, tenant: &TenantId, ask: &Ask) -> Result<()> {
        let (throttle, lane, cost) = (&self.shared.throttle, ask.lane, ask.cost());
        let mut wait_ms = throttle.tenant_wait_ms(tenant, lane, cost, self.now(), self.deadline);
        while wait_ms > 0 {
            self.sleep_or_say(wait_ms, ask).await?;
            wait_ms = throttle.blocked_ms(tenant, lane, self.now());
        }
        loop {
            self.keep_lease(lane, cost).await;
            let looks_at = self.looks_at();
            let latest = [looks_at, self.deadline].into_iter().flatten().min();
            let wait_ms = throttle.application_wait_ms(lane, cost, self.now(), latest);
            if wait_ms == 0 {
                return Ok(());
            }
            match looks_at.map(|at| ms_between(self.now(), at)) {
                // Beyond that no place was taken.
                Some(look_ms) if wait_ms > look_ms && !self.is_too_long(wait_ms) => {
                    self.sleep_ms(look_ms).await;
                }
                _ => return self.sleep_or_say(wait_ms, ask).await,
            }
        }
    }

    async fn sleep_or_say(&self, wait_ms: u64, ask: &Ask) -> Result<()> {
        if self.is_too_long(wait_ms) {
            return Err(Error::throttled(
                format!("{}: Graph asks to wait beyond the deadline", ask.what),
                Some(wait_ms),
            ));
        }
        self.sleep_ms(wait_ms).await;
        Ok(())
    }

    async fn send(&self, tenant: &TenantId, ask: &Ask, token: &Token) -> Sent {
        let shared = &*self.shared;
        let mut request = shared
            .http
            .request(ask.method.clone(), ask.url.clone())
            .timeout(self.answer_within())
            .bearer_auth(token.bearer.expose_secret())
            .header("accept", "application/json")
            .header("client-request-id", ask.client_request_id.clone().unwrap_or_else(|| guid(&*shared.ids)));
        // Reads yield to the customer's own traffic; a write that a person waits for does not.
        if ask.repeatable && shared.settings.low_priority {
            request = request.header("x-ms-throttle-priority", "low");
        }
        // A write without a body still names its length: a server may answer 411 to one that does not.
        request = match &ask.body {
            Some(body) => request.json(body),
            None if ask.method == Method::GET || ask.method == Method::DELETE => request,
            None => request.header("content-length", 0).body(""),
        };
        let sent = request.send().await;
        // What the caller may do after a cut connection depends on whether the request may have arrived.
        let cut = |error: reqwest::Error, left: bool| Sent::Cut {
            error: Error::unavailable(format!("{}: the connection to Graph failed", ask.what))
                .caused_by(error.without_url()),
            left,
        };
        let reply = match sent {
            Ok(reply) => reply,
            Err(error) => {
                let left = !error.is_connect() && !error.is_builder();
                return cut(error, left);
            }
        };
        // Every answer is counted and tells how near the limit is, refusals included: this tenant's limit, or that of
        // the application, at which the calls of all tenants wait.
        let status = reply.status().as_u16();
        let headers = reply.headers().clone();
        let application = is_of_application(text(&headers, "x-ms-throttle-scope"));
        self.note(tenant, ask, status, &headers, application);
        let request_id = text(&headers, "request-id").map(str::to_owned);
        let wait_ms = text(&headers, "retry-after").and_then(|v| retry_after_ms(v, self.now()));
        match status {
            429 => return Sent::Later { status, wait_ms, application },
            503 if wait_ms.is_some() => return Sent::Later { status, wait_ms, application },
            // Why: a gateway's 504 says nothing of what went on behind it, whatever wait it names.
            504 if wait_ms.is_some() && ask.repeatable => {
                return Sent::Later { status, wait_ms, application };
            }
            _ => {}
        }
        // The answer may break off in its middle: then Graph has acted, and it is not known with what result.
        let bytes = match reply.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return cut(error, true),
        };
        // Items of a page are kept as they came: they become canonical text without a tree of values in between.
        let mut page = None;
        let body = if bytes.iter().all(u8::is_ascii_whitespace) {
            Some(Value::Null)
        } else if ask.page && (200..300).contains(&status) {
            page = lenient::items(&bytes);
            // What is JSON and no page is the caller's to refuse; what is cut off is asked for again.
            if page.is_some() { Some(Value::Null) } else { lenient::value(&bytes) }
        } else {
            lenient::value(&bytes)
        };
        // What says something of the request goes to the caller, refusals included. What says something of the moment
        // is repeated, where that is safe.
        let reply = |body| Reply { status, body, page, request_id };
        match (status, body) {
            (401, body) => Sent::Unauthorised(reply(body.unwrap_or_default())),
            (200..300, Some(body)) => Sent::Reply(reply(body)),
            (200..300, None) => Sent::Cut {
                error: Error::unavailable(format!("{}: Graph's answer is not JSON", ask.what)),
                left: true,
            },
            // Why 501 too: what is not implemented is not there the next time either.
            (400..=499 | 501, body) => Sent::Reply(reply(body.unwrap_or_default())),
            (_, body) => Sent::Cut {
                error: reply(body.unwrap_or_default()).error_answer().into_error(&ask.what),
                left: true,
            },
        }
    }

    /// Counts a call and notes how near Graph says the limit is.
    fn note(&self, tenant: &TenantId, ask: &Ask, status: u16, headers: &HeaderMap, application: bool) {
        if ask.counted {
            let said = text(headers, "x-ms-resource-unit").and_then(|v| v.trim().parse().ok());
            let throttled = u64::from(status == 429);
            let resource_units = said.unwrap_or(ask.units);
            self.count(tenant, Spent { requests: 1, resource_units, throttled });
        }
        let throttle = &self.shared.throttle;
        let share = text(headers, "x-ms-throttle-limit-percentage").and_then(|v| v.trim().parse().ok());
        throttle.hear_share(tenant, ask.lane, share, application);
        if status == 429 {
            if !application {
                self.hear_refusal(tenant, ask.lane);
            }
            let information = text(headers, "x-ms-throttle-information").unwrap_or_default();
            tracing::info!(%tenant, what = ask.what, information, "Graph throttles");
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}
