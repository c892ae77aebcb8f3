//! What holds for every answer: its headers, its line in the log, and that no other site posts forms.

use crate::Portal;
use crate::failure::Failure;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HOST, ORIGIN};
use http::{HeaderName, HeaderValue, Method};

/// What every answer carries. `form-action 'self'`: signing in is a link, since a form may not lead on elsewhere.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("strict-transport-security", "max-age=63072000"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Puts the headers on whatever is answered; what says nothing of its own is stored by nobody.
pub async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses what would do something and was not sent by a page of ours.
///
/// Browsers say where a request comes from, by `Sec-Fetch-Site` or at least by `Origin`; what says neither is none of
/// ours. Source: "Fetch Metadata Request Headers"; Go's `CrossOriginProtection`, which lets the latter pass.
pub async fn refuse_cross_site(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    // Why the API's own paths: what is no route of it is answered as the gateway would, and does nothing.
    let does_nothing =
        matches!(*request.method(), Method::GET | Method::HEAD) || of_api(request.uri().path());
    if does_nothing || is_own(&portal, &request) {
        return next.run(request).await;
    }
    Failure::CrossSite.into_response()
}

/// Whether a path is below the API's.
pub fn of_api(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

fn is_own(portal: &Portal, request: &Request) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = header(ORIGIN.as_str()) else { return false };
    let host = header(HOST.as_str()).unwrap_or_default();
    origin == portal.public_url.origin().ascii_serialization()
        || origin
            .split_once("://")
            .is_some_and(|(scheme, of)| scheme == portal.public_url.scheme() && of == host)
}

/// One line for each request: its route and status, and nothing that anybody wrote.
pub async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    tracing::info!(%method, route = route.as_deref().unwrap_or("none"), status = response.status().as_u16(), "page");
    response
}
