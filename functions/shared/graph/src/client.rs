//! One call of Graph: with a token, no sooner than Graph allows, counted, and repeated where that is safe.
//!
//! A reply comes back for every answer that says something about the request itself (2xx and 4xx); what is
//! about the moment (401 once, 429, 5xx, a cut connection) is dealt with here. Reads are repeated; a write
//! is repeated only when Graph refused it unseen (429, 503 with Retry-After, no connection).

use crate::{
    cost::WRITE_UNITS,
    error::Refusal,
    settings::{GraphSettings, base_url, is_loopback},
    throttle::{Lane, Throttle, after, backoff_ms, least_ms, retry_after_ms},
    token::{Token, Tokens, chance, guid},
};
use domain::{Error, Result, TenantId, Timestamp, kinds::ApiVersion};
use engine::ports::{Access, Clock, Ids, Secrets, Spent};
use http::{HeaderMap, Method};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use url::Url;

/// A read that failed for a passing reason is made so many times.
pub(crate) const ATTEMPTS: u32 = 5;
/// A 503 or 504 that names its wait is obeyed so many times in a row.
const NAMED_WAITS: u32 = 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer; Graph takes up to a minute for a heavy page.
const READ_TIMEOUT: Duration = Duration::from_secs(100);
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// A client of Graph with one credential. Cheap to clone; clones share connections, tokens and counts.
#[derive(Clone)]
pub struct GraphClient {
    shared: Arc<Shared>,
    deadline: Option<Timestamp>,
}

struct Shared {
    http: reqwest::Client,
    settings: GraphSettings,
    graph: Url,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    throttle: Throttle,
    spent: Mutex<HashMap<TenantId, Spent>>,
    unknown: Mutex<HashMap<TenantId, BTreeSet<(&'static str, &'static str)>>>,
}

/// What to ask.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    /// What it costs when Graph does not say.
    pub(crate) units: u64,
    /// For errors: what is asked, without a customer's values.
    pub(crate) what: String,
    /// Whether making it twice is the same as making it once for all that we know.
    pub(crate) repeatable: bool,
    /// Whether Graph counts the call itself (a `$batch` is counted by its parts).
    pub(crate) counted: bool,
    pub(crate) lane: Lane,
}

impl Ask {
    pub(crate) fn get(url: Url, units: u64, what: impl Into<String>) -> Self {
        let lane = Lane::of(url.path());
        let what = what.into();
        Self { method: Method::GET, url, body: None, units, what, repeatable: true, counted: true, lane }
    }
    pub(crate) fn write(method: Method, url: Url, body: Option<Value>, what: impl Into<String>) -> Self {
        let ask = Self::get(url, WRITE_UNITS, what);
        Self { method, body, repeatable: false, ..ask }
    }
}

/// What Graph answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) request_id: Option<String>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::new(self.status, &self.body, self.request_id.clone())
    }
    /// The body of a success; otherwise the error.
    pub(crate) fn success(self, what: &str) -> Result<Value> {
        if self.is_success() { Ok(self.body) } else { Err(self.refusal().into_error(what)) }
    }
}

/// How one sending ended.
enum Sent {
    Reply(Reply),
    /// 401.
    Unauthorised(Reply),
    /// Refused unseen; the wait that Graph asked for.
    Later {
        status: u16,
        wait_ms: Option<u64>,
    },
    /// Of an outcome that is not known, unless it never left.
    Cut {
        error: Error,
        left: bool,
    },
}

impl GraphClient {
    /// A client that proves itself with the secret of that name (`graph-reader`, `graph-writer`).
    ///
    /// # Errors
    /// `Invalid` when an address in the settings is not one that a token may be sent to.
    pub fn new(
        settings: GraphSettings,
        secrets: Arc<dyn Secrets>,
        secret_name: &str,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self> {
        let graph = base_url(GraphSettings::GRAPH_URL, &settings.graph_url)?;
        let login = base_url(GraphSettings::LOGIN_URL, &settings.login_url)?;
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| reqwest::Certificate::from_der(der))
            .collect::<reqwest::Result<Vec<_>>>();
        let roots = roots.map_err(|e| Error::invalid("the bundled roots are unusable").caused_by(e))?;
        let mut http = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .tls_certs_only(roots)
            .redirect(Policy::none()) // Why: a redirect would carry the token elsewhere.
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT);
        if is_loopback(&graph) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|e| Error::invalid("no HTTP client can be made").caused_by(e))?;
        let tokens = Tokens {
            http: http.clone(),
            login_url: login.as_str().trim_end_matches('/').to_owned(),
            scope: settings.scope(),
            secrets,
            secret_name: secret_name.to_owned(),
            clock: clock.clone(),
            ids: ids.clone(),
            slots: Mutex::default(),
            credential: tokio::sync::Mutex::default(),
        };
        let shared = Shared {
            http,
            settings,
            graph,
            tokens,
            clock,
            ids,
            throttle: Throttle::default(),
            spent: Mutex::default(),
            unknown: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), deadline: None })
    }

    /// The same client for work that ends at `deadline`: a wait beyond it fails `Throttled` at once.
    #[must_use]
    pub fn with_deadline(&self, deadline: Timestamp) -> Self {
        Self { shared: self.shared.clone(), deadline: Some(deadline) }
    }

    /// Properties that the tenant's Graph did not know, as `(source, property)`: they were asked for and
    /// left out, and are missing in what was read.
    pub fn unknown_properties(&self, tenant: &TenantId) -> Vec<(&'static str, &'static str)> {
        let unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.get(tenant).into_iter().flatten().copied().collect()
    }

    pub(crate) fn learn_unknown(&self, tenant: &TenantId, source: &'static str, property: &'static str) {
        tracing::warn!(%tenant, source, property, "this Graph does not know a property; it is left out");
        let mut unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.entry(tenant.clone()).or_default().insert((source, property));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
    /// Whether waiting so long goes beyond the deadline.
    pub(crate) fn is_too_long(&self, wait_ms: u64) -> bool {
        self.deadline.is_some_and(|end| after(self.now(), wait_ms) > end)
    }
    pub(crate) async fn sleep_ms(&self, wait_ms: u64) {
        self.shared.clock.sleep_ms(wait_ms).await;
    }
    pub(crate) fn backoff_ms(&self, attempt: u32) -> u64 {
        backoff_ms(attempt, chance(&*self.shared.ids))
    }

    pub(crate) fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.shared.spent.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant).unwrap_or_default()
    }
    /// Nothing of that workload goes before so long.
    pub(crate) fn hold_back(&self, tenant: &TenantId, lane: Lane, wait_ms: u64) {
        self.shared.throttle.block(tenant, lane, after(self.now(), wait_ms));
    }
    /// Forgets the token in use: Graph refused it inside a batch.
    pub(crate) async fn renew_token(&self, tenant: &TenantId) -> Result<()> {
        let token = self.shared.tokens.get(tenant, self.deadline).await?;
        self.shared.tokens.forget(tenant, &token).await;
        Ok(())
    }
    pub(crate) fn count(&self, tenant: &TenantId, spent: Spent) {
        *self
            .shared
            .spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(tenant.clone())
            .or_default() += spent;
    }

    pub(crate) async fn access(&self, tenant: &TenantId) -> Result<Access> {
        let token = self.shared.tokens.get_new(tenant, self.deadline).await?;
        Ok(Access { permissions: token.roles.clone() })
    }

    /// The base of a version, with no slash at its end.
    pub(crate) fn base(&self, version: ApiVersion) -> String {
        format!("{}/{}", self.shared.graph.as_str().trim_end_matches('/'), version.segment())
    }
    /// The address of a path and query below a version.
    pub(crate) fn address(&self, version: ApiVersion, below: &str) -> Result<Url> {
        let text = format!("{}/{below}", self.base(version));
        Url::parse(&text).map_err(|e| Error::invalid("not an address of Graph").caused_by(e))
    }
    /// A link that Graph gave, if a token may go there.
    ///
    /// # Errors
    /// `Unavailable` when it leads anywhere but to the Graph of the settings.
    pub(crate) fn own_link(&self, link: &str) -> Result<Url> {
        let url =
            Url::parse(link).map_err(|e| Error::unavailable("Graph gave a broken link").caused_by(e))?;
        let plain = url.username().is_empty() && url.password().is_none();
        if url.origin() == self.shared.graph.origin() && plain {
            Ok(url)
        } else {
            Err(Error::unavailable("Graph gave a link to another server; it was not followed"))
        }
    }

    /// Asks, and deals with all that is about the moment rather than the request.
    ///
    /// # Errors
    /// `Throttled` when a wait goes beyond the deadline; `Unavailable` when Graph cannot be reached or does
    /// not say what became of a write; what the token's request failed with.
    pub(crate) async fn ask(&self, tenant: &TenantId, ask: &Ask) -> Result<Reply> {
        let lane = ask.lane;
        let (mut refused, mut failed, mut renewed) = (0, 0, false);
        loop {
            self.wait_for_turn(tenant, lane, &ask.what).await?;
            let token = self.shared.tokens.get(tenant, self.deadline).await?;
            match self.send(tenant, lane, ask, &token).await {
                Sent::Reply(reply) => return Ok(reply),
                Sent::Unauthorised(reply) if renewed => return Ok(reply),
                Sent::Unauthorised(_) => {
                    renewed = true;
                    self.shared.tokens.forget(tenant, &token).await;
                }
                Sent::Later { status, wait_ms } => {
                    if status != 429 && refused >= NAMED_WAITS {
                        return Err(Error::unavailable(format!(
                            "{}: Graph goes on answering {status}",
                            ask.what
                        )));
                    }
                    let wait_ms =
                        wait_ms.map_or_else(|| self.backoff_ms(refused), |ms| ms.max(least_ms(refused)));
                    self.hold_back(tenant, lane, wait_ms);
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

    /// Waits until Graph allows a call.
    pub(crate) async fn wait_for_turn(&self, tenant: &TenantId, lane: Lane, what: &str) -> Result<()> {
        let wait_ms = self.shared.throttle.wait_ms(tenant, lane, self.now());
        if wait_ms == 0 {
            return Ok(());
        }
        if self.is_too_long(wait_ms) {
            return Err(Error::throttled(
                format!("{what}: Graph asks to wait beyond the deadline"),
                Some(wait_ms),
            ));
        }
        self.sleep_ms(wait_ms).await;
        Ok(())
    }

    async fn send(&self, tenant: &TenantId, lane: Lane, ask: &Ask, token: &Token) -> Sent {
        let shared = &*self.shared;
        let mut request = shared
            .http
            .request(ask.method.clone(), ask.url.clone())
            .bearer_auth(token.bearer.expose_secret())
            .header("accept", "application/json")
            .header("client-request-id", guid(&*shared.ids));
        if ask.repeatable && shared.settings.low_priority {
            request = request.header("x-ms-throttle-priority", "low");
        }
        request = match &ask.body {
            Some(body) => request.json(body),
            None if ask.method == Method::GET || ask.method == Method::DELETE => request,
            None => request.header("content-length", 0).body(""),
        };
        let sent = request.send().await;
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
        let status = reply.status().as_u16();
        let headers = reply.headers().clone();
        self.note(tenant, lane, ask, status, &headers);
        let request_id = text(&headers, "request-id").map(str::to_owned);
        let wait_ms = text(&headers, "retry-after").and_then(|v| retry_after_ms(v, self.now()));
        match status {
            429 => return Sent::Later { status, wait_ms },
            503 if wait_ms.is_some() => return Sent::Later { status, wait_ms },
            // Why: a gateway's 504 says nothing of what went on behind it, whatever wait it names.
            504 if wait_ms.is_some() && ask.repeatable => return Sent::Later { status, wait_ms },
            _ => {}
        }
        let bytes = match reply.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return cut(error, true),
        };
        let body = if bytes.iter().all(u8::is_ascii_whitespace) {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(&bytes)
        };
        let reply = |body| Reply { status, body, request_id };
        match (status, body) {
            (401, body) => Sent::Unauthorised(reply(body.unwrap_or_default())),
            (200..300, Ok(body)) => Sent::Reply(reply(body)),
            (200..300, Err(_)) => Sent::Cut {
                error: Error::unavailable(format!("{}: Graph's answer is not JSON", ask.what)),
                left: true,
            },
            (400..500, body) => Sent::Reply(reply(body.unwrap_or_default())),
            (_, body) => Sent::Cut {
                error: reply(body.unwrap_or_default()).refusal().into_error(&ask.what),
                left: true,
            },
        }
    }

    /// Counts a call and hears how near the limit is.
    fn note(&self, tenant: &TenantId, lane: Lane, ask: &Ask, status: u16, headers: &HeaderMap) {
        if ask.counted {
            let said = text(headers, "x-ms-resource-unit").and_then(|v| v.trim().parse().ok());
            let throttled = u64::from(status == 429);
            let resource_units = said.unwrap_or(ask.units);
            self.count(tenant, Spent { requests: 1, resource_units, throttled });
        }
        let share = text(headers, "x-ms-throttle-limit-percentage").and_then(|v| v.trim().parse().ok());
        self.shared.throttle.hear_share(tenant, lane, share);
        if status == 429 {
            let information = text(headers, "x-ms-throttle-information").unwrap_or_default();
            tracing::info!(%tenant, what = ask.what, information, "Graph throttles");
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}
