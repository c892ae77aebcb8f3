//! A limit for each caller, over all instances: requests are counted by what they cost.
//!
//! Why beside the gateway's throttling: that is one wall for everybody, and one caller's loop would take it from all. Why
//! by cost: an instance answers one request at a time, so what one caller takes from the others is not requests but the
//! time that instances are busy with them. A request takes the units that its route weighs before it is begun, and is
//! counted by its time when it is over.

use super::budget::{Budgets, RateLimit};
use super::caller;
use super::route::Weights;
use crate::problem::Problem;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::Error;
use engine::records::Records;
use http::{HeaderName, HeaderValue};
use partners::commands::Caller;
use std::sync::Arc;

/// What is allowed and what is left, draft-ietf-httpapi-ratelimit-headers.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");
/// How long an instance may be busy for a unit, in milliseconds.
const UNIT_MS: i64 = 100;

struct Limiter {
    budgets: Budgets,
    weights: Weights,
}

/// The router, with a limit for each caller: `weights` says what its requests take before they are begun. Who is not known
/// is not counted: the authorizer lets none through.
pub fn rate_limited(router: Router, limit: RateLimit, records: Records, weights: Weights) -> Router {
    let limiter = Limiter { budgets: Budgets::new(limit, records), weights };
    router.layer(from_fn_with_state(Arc::new(limiter), layer))
}

async fn layer(State(limiter): State<Arc<Limiter>>, request: Request, next: Next) -> Response {
    let who = match caller::find(request.extensions()) {
        Some(Caller::Member(member)) => format!("{} {}", member.partner, member.token),
        Some(other) => other.name(),
        None => return next.run(request).await,
    };
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let weight = limiter.weights.of(request.method(), path);
    let budgets = &limiter.budgets;
    let drawn = budgets.draw(&who, weight).await;
    let mut reply = match drawn.wait_us {
        None => {
            let begun = budgets.now();
            let reply = next.run(request).await;
            let busy_ms = budgets.now().as_millisecond() - begun.as_millisecond();
            let used = u32::try_from(busy_ms.max(0) / UNIT_MS + i64::from(busy_ms % UNIT_MS > 0));
            budgets.correct(&who, weight, used.unwrap_or(u32::MAX)).await;
            reply
        }
        Some(wait_us) => {
            let wait_ms = u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000);
            Problem::from(Error::throttled("this caller makes too many requests", Some(wait_ms)))
                .into_response()
        }
    };
    let (limit, seconds) = (budgets.limit, |us: i64| (us + 999_999) / 1_000_000);
    let headers = [
        (POLICY, format!("\"caller\";q={};w={}", limit.burst.max(1), seconds(limit.full_us()))),
        (LEFT, format!("\"caller\";r={};t={}", drawn.left, seconds(drawn.full_in_us))),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}
