//! Connections: HTTP/1.1 with API Gateway's bounds on what a caller may send. Whoever does not send their request on is
//! not waited for.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use engine::ports::Clock;
use hyper::body::Incoming;
use hyper::rt::{Sleep, Timer};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// How long the head of a request may be, in bytes: its line and its headers. Why longer than the 10,240 of API Gateway, whose own
/// refusal comes before any route: so whatever the API's document allows in a query arrives, and is answered as it says.
const HEAD_LIMIT_BYTES: usize = 65_536;
/// How long a connection may be without the whole head of a request.
const HEAD_TIME: Duration = Duration::from_mins(1);
/// How long nothing is accepted after that failed, as where this process has too many files open.
const PAUSE_MS: u64 = 1_000;

/// Answers each request of each connection until it is to stop; then those that are open.
pub(super) async fn serve<A, F>(
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    mut stopped: oneshot::Receiver<()>,
    answer: A,
) where
    A: Fn(SocketAddr, Request) -> F + Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let (ends, ending) = watch::channel(());
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let (clock, ending, answer) = (clock.clone(), ending.clone(), answer.clone());
                    open.spawn(connection(stream, clock, ending, move |request| answer(from, request)));
                }
                Err(reason) => {
                    tracing::warn!(%reason, "a connection was not accepted");
                    clock.sleep_ms(PAUSE_MS).await;
                }
            },
        }
    }
    drop((listener, ends));
    while open.join_next().await.is_some() {}
}

/// One connection: as many requests as the caller sends by it.
async fn connection<F: Future<Output = Response> + Send + 'static>(
    stream: TcpStream,
    clock: Arc<dyn Clock>,
    mut ending: watch::Receiver<()>,
    answer: impl Fn(Request) -> F + Send,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answered = answer(request.map(Body::new));
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(ByClock(clock)).header_read_timeout(HEAD_TIME).max_header_size(HEAD_LIMIT_BYTES);
    let mut served = pin!(http.serve_connection(TokioIo::new(stream), service));
    // Why no word of how it ended: callers hang up.
    tokio::select! {
        _ = served.as_mut() => return,
        _ = ending.changed() => {}
    }
    served.as_mut().graceful_shutdown();
    served.await.ok();
}

/// Waits by our own clock.
struct ByClock(Arc<dyn Clock>);

impl Timer for ByClock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        let (clock, ms) = (self.0.clone(), u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        Box::pin(Wait(Mutex::new(Box::pin(async move { clock.sleep_ms(ms).await }))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}

/// Why behind a lock: what waits may be looked at from several threads, as far as types say.
struct Wait(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

impl Sleep for Wait {}
