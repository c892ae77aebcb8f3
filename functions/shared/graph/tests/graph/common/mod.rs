//! A small Graph and login for one test: answers by a function, remembers what it was asked.

use async_trait::async_trait;
use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{Clock, Ids, Secret, Secrets};
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphWriter};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// A request as the server got it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The server's own base.
    pub base: String,
    pub method: String,
    pub path: String,
    /// Decoded.
    pub query: String,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
    /// How many requests to the same method, path and query came before.
    pub before: usize,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
    pub fn line(&self) -> String {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        format!("{} {}{query}", self.method, self.path)
    }
}

pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
    /// What is sent in place of the body, whatever it is.
    raw: Option<Vec<u8>>,
}

pub fn ok(body: Value) -> Answer {
    status(200, body)
}
pub fn status(status: u16, body: Value) -> Answer {
    Answer { status, headers: vec![], body, raw: None }
}
/// A success that is nearly JSON.
pub fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
    Answer { raw: Some(bytes.into()), ..ok(Value::Null) }
}
pub fn refuse(code: u16, name: &str, message: &str) -> Answer {
    status(code, json!({"error": {"code": name, "message": message}}))
}
impl Answer {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status).header("request-id", "r-1");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = if self.body.is_null() { Bytes::new() } else { self.body.to_string().into() };
        let body = self.raw.map_or(body, Bytes::from);
        response.header("content-type", "application/json").body(body.into()).unwrap()
    }
}

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A clock that stands still but for those who wait.
pub struct TestClock {
    now: Mutex<Timestamp>,
    pub waits_ms: Mutex<Vec<u64>>,
    meanwhile: Mutex<Option<Meanwhile>>,
}
#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
    async fn sleep_ms(&self, duration_ms: u64) {
        self.waits_ms.lock().unwrap().push(duration_ms);
        self.advance_ms(duration_ms);
        let meanwhile = self.meanwhile.lock().unwrap().take();
        match meanwhile {
            Some(meanwhile) => meanwhile.await,
            None => tokio::task::yield_now().await,
        }
    }
}
impl TestClock {
    /// What happens when the next wait is nearly over.
    pub fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::pin(happens));
    }
    pub fn advance_ms(&self, ms: u64) {
        *self.now.lock().unwrap() += std::time::Duration::from_millis(ms);
    }
}

struct TestIds(AtomicU64);
impl Ids for TestIds {
    fn ulid(&self) -> String {
        format!("{:026}", self.0.fetch_add(1, Ordering::Relaxed))
    }
    fn token(&self) -> String {
        format!("{:064x}", u128::from(self.0.fetch_add(1, Ordering::Relaxed)) << 64 | 0xabcd)
    }
}

struct TestSecrets(HashMap<String, String>, Arc<Mutex<Option<String>>>);
#[async_trait]
impl Secrets for TestSecrets {
    async fn get(&self, name: &str) -> Result<Secret> {
        let exchanged = self.1.lock().unwrap();
        exchanged
            .as_ref()
            .or_else(|| self.0.get(name))
            .map(Secret::new)
            .ok_or_else(|| Error::not_found("no such secret"))
    }
}

pub struct World {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    pub clock: Arc<TestClock>,
    pub secret: Value,
    /// What the secret was exchanged for.
    pub exchanged: Arc<Mutex<Option<String>>>,
}

/// A server. Token requests that `answer` leaves alone are given `token-0`, `token-1`, and so on.
pub async fn world(answer: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> World {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let (answer, base, log) = (Arc::new(answer), url.clone(), seen.clone());
    let app = Router::new().fallback(move |request: Request| {
        let (answer, base, log) = (answer.clone(), base.clone(), log.clone());
        async move {
            let (parts, body) = request.into_parts();
            let bytes = to_bytes(body, usize::MAX).await.unwrap();
            let query = decoded(parts.uri.query().unwrap_or_default());
            let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let seen = {
                let mut log = log.lock().unwrap();
                let same = |s: &&Seen| s.method == method && s.path == path && s.query == query;
                let before = log.iter().filter(same).count();
                let body = serde_json::from_str(&text).unwrap_or_default();
                let seen = Seen { base, method, path, query, headers: parts.headers, text, body, before };
                log.push(seen.clone());
                seen
            };
            answer(&seen).unwrap_or_else(|| {
                if seen.path.ends_with("/oauth2/v2.0/token") {
                    ok(json!({"token_type": "Bearer", "expires_in": 3599,
                        "access_token": format!("token-{}", seen.before)}))
                } else {
                    refuse(501, "NotImplemented", &seen.line())
                }
            })
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let now = Mutex::new("2026-01-01T00:00:00Z".parse().unwrap());
    let clock = Arc::new(TestClock { now, waits_ms: Mutex::default(), meanwhile: Mutex::default() });
    let secret = json!({"clientId": "app", "clientSecret": "hunter2"});
    World { url, seen, clock, secret, exchanged: Arc::default() }
}

fn decoded(query: &str) -> String {
    url::form_urlencoded::parse(query.replace('+', "%2B").replace('&', "%26").as_bytes())
        .map(|(k, v)| if v.is_empty() { k.into_owned() } else { format!("{k}={v}") })
        .collect()
}

impl World {
    pub fn client(&self) -> GraphClient {
        self.client_at(&self.url)
    }
    pub fn client_at(&self, graph_url: &str) -> GraphClient {
        self.client_with(GraphSettings { graph_url: graph_url.to_owned(), ..GraphSettings::default() })
    }
    /// A client with those settings, but for the login, which is here.
    pub fn client_with(&self, settings: GraphSettings) -> GraphClient {
        let settings = GraphSettings { login_url: self.url.clone(), ..settings };
        let secret = self.secret.to_string();
        let secrets =
            TestSecrets(HashMap::from([("graph-reader".to_owned(), secret)]), self.exchanged.clone());
        let ids = Arc::new(TestIds(AtomicU64::new(0)));
        GraphClient::new(settings, Arc::new(secrets), "graph-reader", self.clock.clone(), ids).unwrap()
    }
    pub fn directory(&self) -> GraphDirectory {
        GraphDirectory::new(self.client())
    }
    pub fn writer(&self) -> GraphWriter {
        GraphWriter::new(self.client())
    }
    /// What Graph was asked, token requests left out.
    pub fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|s| !s.path.ends_with("/token")).cloned().collect()
    }
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
    pub fn logins(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|s| s.path.ends_with("/token")).cloned().collect()
    }
    pub fn waits_ms(&self) -> Vec<u64> {
        self.clock.waits_ms.lock().unwrap().clone()
    }
}

pub fn tenant() -> TenantId {
    "11111111-2222-3333-4444-555555555555".parse().unwrap()
}

pub fn source(name: &str) -> &'static domain::kinds::Source {
    domain::kinds::KINDS.iter().flat_map(|k| k.reading).find(|s| s.name == name).unwrap()
}

/// The values of a form body.
pub fn form(seen: &Seen) -> HashMap<String, String> {
    url::form_urlencoded::parse(seen.text.as_bytes()).into_owned().collect()
}
