//! The listener: one address for login, Graph and the simulator's own control plane.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;

use crate::control::Control;
use crate::graph::{self, Incoming};
use crate::login::{self, LoginRequest};
use crate::{Sim, control_http, tls};

/// A running simulator; dropping it stops it.
pub struct SimServer {
    address: SocketAddr,
    scheme: &'static str,
    authority_pem: Option<String>,
    sim: Sim,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl SimServer {
    /// `http://127.0.0.1:PORT` (or `https`), to which `/v1.0/...` and `/beta/...` are appended.
    pub fn graph_url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// What a client has to trust, as a certificate in PEM form; none where it listens without TLS.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// `http://127.0.0.1:PORT` (or `https`), to which `/{tenant}/oauth2/v2.0/token` is appended.
    pub fn login_url(&self) -> String {
        self.graph_url()
    }

    /// Controls this cloud: its switches, its clock, its counters.
    pub fn control(&self) -> Control {
        self.sim.control()
    }

    /// Stops listening and ends, also where requests are open.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Sim {
    /// Listens on that address and answers; port 0 picks a free one.
    pub async fn serve(self, address: SocketAddr) -> std::io::Result<SimServer> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(self.answer(listener, address, "http", None))
    }

    /// The same by TLS, with a certificate that is made now; [`SimServer::authority_pem`] is what a client has to trust.
    pub async fn serve_tls(self, address: SocketAddr) -> std::io::Result<SimServer> {
        let made = tls::make()?;
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let listener = tls::TlsListener::new(listener, made.acceptor)?;
        Ok(self.answer(listener, address, "https", Some(made.authority_pem)))
    }

    fn answer<L: axum::serve::Listener<Addr = SocketAddr>>(
        self,
        listener: L,
        address: SocketAddr,
        scheme: &'static str,
        authority_pem: Option<String>,
    ) -> SimServer {
        let router = self.router_of(scheme);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the simulator stopped");
            }
        });
        SimServer { address, scheme, authority_pem, sim: self, stop: Some(stop), task: Some(task) }
    }

    /// The same as a service, without a port: for tests that call it directly.
    pub fn router(&self) -> axum::Router {
        self.router_of("http")
    }

    fn router_of(&self, scheme: &'static str) -> axum::Router {
        axum::Router::new().fallback(handle).with_state((self.clone(), scheme))
    }
}

async fn handle(State((sim, scheme)): State<(Sim, &'static str)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    // Links in answers lead back to the address that the caller used, which may be a name of its own for this machine.
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = host.or_else(|| parts.uri.authority().map(ToString::to_string));
    let base = format!("{scheme}://{}", host.as_deref().unwrap_or("localhost"));
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or("");
    let method = parts.method.as_str().to_owned();
    if path.starts_with("/_sim/") {
        return control_http::handle(&sim.control(), &base, (&method, path), query, &body);
    }
    if !path.starts_with("/v1.0") && !path.starts_with("/beta") {
        let request = LoginRequest { method: &method, path, query, body: &body, base: &base };
        let rule = sim.inner().faults.take_login(&method, path);
        if let Some(rule) = rule.as_ref().filter(|rule| !rule.is_about_the_answer()) {
            let headers = rule.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            let wait = rule.retry_after.as_deref().map(|wait| ("retry-after", wait));
            return broken(rule.status).unwrap_or_else(|| {
                respond(rule.status, headers.chain(wait), rule.body.clone().into_bytes())
            });
        }
        let (status, headers, mut body) = login::handle(sim.inner(), &request);
        if let Some(rule) = rule {
            rule.change(&mut body);
        }
        return respond(status, headers.iter().map(|(n, v)| (*n, v.as_str())), body);
    }
    // Why Graph alone is slow: how fast a client is depends on its many pages, not on one token.
    let latency = sim.inner().latency_ms.load(std::sync::atomic::Ordering::Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let incoming = Incoming {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.to_vec().into(),
        base,
    };
    let answered = graph::answer(sim.inner(), &incoming);
    let headers = answered.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    broken(answered.status).unwrap_or_else(|| respond(answered.status, headers, answered.body))
}

fn respond<'a>(status: u16, headers: impl Iterator<Item = (&'a str, &'a str)>, body: Vec<u8>) -> Response {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(body)).expect("the simulator writes valid headers")
}

/// What stands for a status that is none: an answer that breaks off, or a connection that is closed without one.
fn broken(status: u16) -> Option<Response> {
    match status {
        0 => Some(cut()),
        // Why so: whoever serves the connection stops in the middle of it, and nothing is written anywhere.
        1 => std::panic::resume_unwind(Box::new("the connection is closed")),
        _ => None,
    }
}

/// An answer that breaks off in the middle, as when a connection is cut.
fn cut() -> Response {
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection was cut");
    let stream = futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(broken)]);
    Response::builder().status(200).body(Body::from_stream(stream)).expect("a plain response")
}
