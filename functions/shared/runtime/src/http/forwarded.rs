//! Where the person is, whom the portal asks for: taken from its signed header, and from nothing else.
//!
//! A header that the portal did not sign is passed over, as if it were not there: the request is then written down with the address
//! that it came from, which nobody can choose.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use engine::ports::Clock;
use forwarded::{HEADER, Key};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::net::IpAddr;
use std::sync::Arc;

/// The address of the person whom the portal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForwardedFor(pub(super) IpAddr);

/// The router, to which the portal says where its people are by that key; without one nobody can.
pub fn forwarded(router: Router, key: Option<Key>, clock: Arc<dyn Clock>) -> Router {
    router.layer(from_fn_with_state((key, clock), layer))
}

async fn layer(
    State((key, clock)): State<(Option<Key>, Arc<dyn Clock>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let found = key.and_then(|key| read(&key, request.headers(), clock.now().as_second()));
    request.headers_mut().remove(HEADER);
    if let Some(address) = found {
        request.extensions_mut().insert(ForwardedFor(address));
    }
    next.run(request).await
}

fn read(key: &Key, headers: &HeaderMap, now_seconds: i64) -> Option<IpAddr> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next()?.to_str().ok().filter(|_| values.next().is_none())?;
    let shown = headers.get(AUTHORIZATION).map_or(Some(""), |value| value.to_str().ok())?;
    key.read(value, shown.strip_prefix("Bearer ").unwrap_or(shown), now_seconds)
}
