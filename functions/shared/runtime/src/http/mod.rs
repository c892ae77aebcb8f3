//! A function behind API Gateway: its router wrapped so that every reply has an id, every failure is a
//! problem and every request is logged once.
//!
//! [`run`] serves the Lambda; the local listener calls the same [`service`] with requests that carry the
//! same request context. Paths and queries are not logged, only the route: they may hold names.

mod audit;
mod budget;
mod caller;
mod each;
mod forwarded;
mod idempotency;
mod input;
mod rate;
mod reply;
mod route;
mod trail;
mod version;

pub use crate::headers::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
pub use audit::{AlsoAbout, AlsoLogged, Audited, audited};
pub use budget::RateLimit;
pub use caller::{Asked, authorizer_context, gateway_context};
pub use each::{About, AuditEach};
pub use forwarded::forwarded;
pub use idempotency::idempotent;
pub use input::{Input, MAX_BODY_BYTES, PathOf, QueryOf, Text, id_in_path};
pub use rate::rate_limited;
pub use reply::{
    Accepted, Created, CreatedVersion, MAX_CURSOR, PageIn, Versioned, accepted, created, created_version,
    listed, next_link, versioned,
};
pub use route::{
    Arguments, Notes, PostRights, Route, Takes, Unnoted, Weights, operations_of, router_of, under, weights_of,
};
pub use trail::{AuditTrail, Named};
pub use version::{IfMatch, etag};

use crate::problem::Problem;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use domain::OrganisationId;
use engine::trace::{self, Trace};
use futures::FutureExt;
use http::{HeaderName, HeaderValue};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::field::display;
use tracing::{Instrument, info_span};

/// Where a reply says which request it answers.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The function's router, complete.
pub fn service(router: Router) -> Router {
    router
        .fallback(|| async { Problem::no_route() })
        .method_not_allowed_fallback(|| async { Problem::wrong_method() })
        .layer(from_fn(finish))
}

/// Serves the router as a Lambda function until the sandbox ends.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn run(router: Router) -> Result<(), lambda_http::Error> {
    lambda_http::run(service(router)).await
}

#[expect(clippy::disallowed_methods, reason = "how long a request took is logged, and decides nothing")]
async fn finish(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|p| p.as_str().to_owned()).unwrap_or_default();
    let token = caller::token_of(request.extensions());
    let trace = lambda_trace(&request);
    let organisation = organisation(&request);
    let name = trace.as_ref().map(display);
    let span = info_span!("request", %method, route, request = id, organisation, token, trace = name);
    let work = answer(request, next, id, started);
    trace::within(trace, work).instrument(span).await
}

async fn answer(request: Request, next: Next, id: String, started: Instant) -> Response {
    let reply = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut reply = reply.unwrap_or_else(|panic| Problem::internal(panic_text(&*panic)).into_response());
    let problem = reply.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        let mut written = problem.reply(&id);
        for (name, value) in reply.headers() {
            // Why: axum says which methods a path takes (`Allow`) on its own reply.
            if name != http::header::CONTENT_LENGTH {
                written.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
        }
        reply = written;
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        reply.headers_mut().insert(REQUEST_ID, value);
    }
    let status = reply.status().as_u16();
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let cause = problem.as_ref().map(|p| p.cause.as_deref().unwrap_or(&p.detail));
    if status >= 500 {
        tracing::error!(status, ms, cause, "request failed");
    } else {
        tracing::info!(status, ms, cause, "request");
    }
    reply
}

fn request_id(request: &Request) -> String {
    let context = request.extensions().request_context_ref();
    let given = match context {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    given.unwrap_or_else(|| "unknown".to_owned())
}

/// The story that the platform names, which may be one that the caller named to it: it is good for finding lines, and
/// for nothing else.
fn lambda_trace(request: &Request) -> Option<Trace> {
    let context = request.extensions().lambda_context_ref()?;
    Trace::parse(context.xray_trace_id.as_deref()?)
}

/// The organisation that a path names, where it is an id.
fn organisation(request: &Request) -> Option<String> {
    let mut parts = request.uri().path().split('/').skip_while(|part| *part != "organisations").skip(1);
    let id: OrganisationId = parts.next()?.parse().ok()?;
    Some(id.to_string())
}

/// What a panic said, for the log.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a text".to_owned()))
}
