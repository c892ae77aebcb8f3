//! An HTTP listener that stands for the API Gateway: finds the route, asks the authorizer unless the route
//! is open, gives the function its event and turns the reply back into HTTP.
//!
//! Its own answers are API Gateway's: 400 without a host, 401 without credentials, 403 when the authorizer says no, 404
//! without a route, 408, 413, 431, 500 and 503 for a function that fails or takes too long. Bodies `{"message": …}`.

use super::busy::Busy;
use super::connection;
use super::function::Function;
use super::http_event::{authorizer_event, request_event};
use super::routes::Routes;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, Ids};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, Version, header};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a request's body may be. Source: API Gateway quotas for HTTP APIs, payload size.
const BODY_LIMIT_BYTES: usize = 10 * 1024 * 1024;
/// How long a function may take to answer. Source: API Gateway quotas for HTTP APIs, integration time-out.
const TIME_LIMIT_MS: u64 = 30_000;

/// How long what the authorizer said of an `Authorization` header is kept. Source: `AuthorizerResultTtlInSeconds` and
/// `IdentitySource` of the template.
const KEPT_SECONDS: i64 = 60;

/// What the authorizer said of each `Authorization` header, and until when that is kept. It is a property of the deployed
/// stage: within a minute one header is one caller, whatever became of them meanwhile.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<HashMap<String, (Timestamp, Value)>>>);

impl Said {
    fn find(&self, identity: &str, now: Timestamp) -> Option<Value> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.get(identity).filter(|(until, _)| now < *until).map(|(_, answer)| answer.clone())
    }

    fn keep(&self, identity: &str, answer: &Value, now: Timestamp) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Why here: so long as nothing new is asked nothing grows.
        said.retain(|_, (until, _)| now < *until);
        said.insert(identity.to_owned(), (now + SignedDuration::from_secs(KEPT_SECONDS), answer.clone()));
    }
}

/// What a listener needs.
#[derive(Clone)]
pub struct Gateway {
    /// The function that says who calls, and whether the call is let through.
    pub authorizer: Arc<dyn Function>,
    /// What it said in the last minute.
    pub said: Said,
    /// The function for each route.
    pub routes: Routes,
    /// Gives the time of requests, and ends those that take too long.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of requests.
    pub ids: Arc<dyn Ids>,
    /// Counts requests while they run.
    pub busy: Busy,
}

/// A listener that answers, until it is stopped.
pub struct Listening {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Listening {
    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it after open requests are answered.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.server).await.ok();
    }
}

/// A listener on that port of this machine; 0 means any that is free.
///
/// # Errors
/// `Conflict` when the port is taken.
pub async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|e| unusable(e).within(format!("port {port}")))
}

fn unusable(cause: std::io::Error) -> Error {
    Error::conflict("this machine's port cannot be listened on").caused_by(cause)
}

impl Gateway {
    /// Begins to answer on that listener.
    pub fn serve(self, listener: TcpListener) -> Result<Listening> {
        let address = listener.local_addr().map_err(unusable)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let clock = self.clock.clone();
        let answered = move |from, request| answer(self.clone(), from, request);
        let server = tokio::spawn(connection::serve(listener, clock, stopped, answered));
        Ok(Listening { address, stop: Some(stop), server })
    }

    async fn request(&self, from: IpAddr, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        // Source: RFC 9112, 3.2: one host, of every request but those of HTTP/1.0.
        let hosts = parts.headers.get_all(header::HOST).iter().count();
        if hosts > 1 || hosts == 0 && parts.version == Version::HTTP_11 {
            return Err(Refusal::Malformed);
        }
        let body = self.body(body).await?;
        let path = parts.uri.path().to_owned();
        let Some((route, parameters)) = self.routes.find(parts.method.as_str(), &path) else {
            return Err(Refusal::NotFound);
        };
        let mut event = self.event(&parts, &body, (&route.key, parameters), from);
        if !route.open {
            event["requestContext"]["authorizer"] =
                json!({ "lambda": self.authorize(&parts, &event).await? });
        }
        let reply = self.invoke(&*route.to, event).await?;
        respond(&reply).map_err(|error| {
            tracing::error!(%error, "a function's reply is not HTTP");
            Refusal::Failed
        })
    }

    /// The whole body; whoever does not send it on is not waited for.
    async fn body(&self, body: Body) -> Result<Bytes, Refusal> {
        tokio::select! {
            biased;
            body = to_bytes(body, BODY_LIMIT_BYTES) => body.map_err(|_| Refusal::TooLong),
            () = self.clock.sleep_ms(TIME_LIMIT_MS) => Err(Refusal::NotSent),
        }
    }

    fn event(&self, parts: &Parts, body: &Bytes, route: (&str, Map<String, Value>), from: IpAddr) -> Value {
        request_event(parts, body, route, from, &self.ids.ulid(), self.clock.now())
    }

    /// Asks the authorizer; gives the context that the function gets from it.
    async fn authorize(&self, parts: &Parts, event: &Value) -> Result<Value, Refusal> {
        let identity = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        // Why: without its identity source API Gateway does not ask the authorizer.
        let identity = identity.filter(|i| !i.is_empty()).ok_or(Refusal::Unauthorized)?;
        let said = self.said_of(identity, event).await?;
        match said["isAuthorized"].as_bool() {
            Some(true) => Ok(said.get("context").cloned().unwrap_or_default()),
            Some(false) => Err(Refusal::Forbidden),
            None => Err(Refusal::Failed),
        }
    }

    /// What the authorizer said of that header in the last minute, or says now.
    async fn said_of(&self, identity: &str, event: &Value) -> Result<Value, Refusal> {
        if let Some(said) = self.said.find(identity, self.clock.now()) {
            return Ok(said);
        }
        let said = self.invoke(&*self.authorizer, authorizer_event(event, identity)).await?;
        // Why not a failure: API Gateway keeps answers alone.
        if said["isAuthorized"].is_boolean() {
            self.said.keep(identity, &said, self.clock.now());
        }
        Ok(said)
    }

    async fn invoke(&self, function: &dyn Function, event: Value) -> Result<Value, Refusal> {
        let limit = SignedDuration::from_millis(TIME_LIMIT_MS.cast_signed());
        let deadline = self.clock.now() + limit;
        tokio::select! {
            reply = function.invoke(event, deadline) => reply.map_err(|error| {
                tracing::error!(%error, kind = error.kind().name(), "a function failed");
                Refusal::Failed
            }),
            () = self.clock.sleep_ms(TIME_LIMIT_MS) => Err(Refusal::TooSlow),
        }
    }
}

/// Answers one request of a connection, as the gateway and the function behind it would.
async fn answer(gateway: Gateway, from: SocketAddr, request: Request) -> Response {
    // Why a task of its own: the work goes on when the caller hangs up, as it does in Lambda.
    let busy = gateway.busy.begin();
    let work = tokio::spawn(async move {
        let _busy = busy;
        gateway.request(from.ip(), request).await
    });
    match work.await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(reason) => {
            tracing::error!(%reason, "a function panicked");
            Refusal::Failed.into_response()
        }
    }
}

/// The answers that the gateway gives itself, without a function.
enum Refusal {
    Malformed,
    NotSent,
    Unauthorized,
    Forbidden,
    NotFound,
    TooLong,
    Failed,
    TooSlow,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::NotSent => (StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::TooSlow => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        (status, axum::Json(json!({ "message": message }))).into_response()
    }
}

/// The HTTP reply of a function's reply, payload format 2.0.
fn respond(reply: &Value) -> Result<Response> {
    let bad = |what: &'static str| Error::invalid(format!("no {what}"));
    let Some(status) = reply.get("statusCode") else {
        // Source: payload format 2.0: a reply without a status is itself the body.
        return Ok(axum::Json(reply.clone()).into_response());
    };
    let status = status.as_u64().and_then(|s| u16::try_from(s).ok()).ok_or_else(|| bad("status"))?;
    let body = match (reply["body"].as_str(), reply["isBase64Encoded"].as_bool()) {
        (Some(body), Some(true)) => STANDARD.decode(body).map_err(|e| bad("base64").caused_by(e))?,
        (Some(body), _) => body.as_bytes().to_vec(),
        (None, _) => Vec::new(),
    };
    let status = StatusCode::from_u16(status).map_err(|e| bad("status").caused_by(e))?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let mut add = |name: &str, value: &Value| -> Result<()> {
        let name = HeaderName::try_from(name).map_err(|e| bad("header").caused_by(e))?;
        let value = value.as_str().ok_or_else(|| bad("header"))?;
        let value = HeaderValue::try_from(value).map_err(|e| bad("header").caused_by(e))?;
        response.headers_mut().append(name, value);
        Ok(())
    };
    for (name, value) in reply["headers"].as_object().into_iter().flatten() {
        add(name, value)?;
    }
    for value in reply["cookies"].as_array().into_iter().flatten() {
        add("set-cookie", value)?;
    }
    Ok(response)
}
