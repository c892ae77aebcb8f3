//! A limit for each caller, in this instance: a bucket of tokens that fills steadily.
//!
//! Why beside the gateway's throttling: that is one wall for everybody, and one caller's loop would take it from all.
//! An instance knows only what it answered itself, so a caller is held to the limit times the number of instances.

use super::caller;
use crate::problem::Problem;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::{Error, Timestamp};
use engine::ports::Clock;
use http::{HeaderName, HeaderValue};
use partners::commands::Caller;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many requests a caller may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Each minute, in the long run.
    pub per_minute: u32,
    /// The requests that may be made at once, after a silence.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_minute: 600, burst: 100 }
    }
}

/// What is allowed and what is left, draft-ietf-httpapi-ratelimit-headers.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");
/// So many callers are remembered before those with full buckets are forgotten.
const CALLERS: usize = 4_096;

/// A caller's bucket: by when it is full again. Nothing else needs to be known.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    full_at_us: i64,
}

/// What the bucket says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Drawn {
    /// Whether it may be answered; otherwise microseconds until one may.
    wait_us: Option<i64>,
    /// How many more may be made now.
    left: u32,
    /// Microseconds until the bucket is full.
    full_in_us: i64,
}

impl RateLimit {
    fn interval_us(self) -> i64 {
        60_000_000 / i64::from(self.per_minute.max(1))
    }

    fn draw(self, bucket: &mut Bucket, now_us: i64) -> Drawn {
        let (interval, full) = (self.interval_us(), self.interval_us() * i64::from(self.burst.max(1)));
        let after = bucket.full_at_us.max(now_us) + interval;
        let over = after - now_us - full;
        if over > 0 {
            let full_in_us = bucket.full_at_us - now_us;
            return Drawn { wait_us: Some(over), left: 0, full_in_us };
        }
        bucket.full_at_us = after;
        let left = u32::try_from(-over / interval).unwrap_or(0);
        Drawn { wait_us: None, left, full_in_us: after - now_us }
    }
}

#[derive(Clone)]
struct Buckets {
    limit: RateLimit,
    clock: Arc<dyn Clock>,
    of: Arc<Mutex<HashMap<String, Bucket>>>,
}

impl Buckets {
    fn draw(&self, who: &str, now: Timestamp) -> Drawn {
        let now_us = now.as_microsecond();
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= CALLERS {
            of.retain(|_, bucket| bucket.full_at_us > now_us);
        }
        let bucket = of.entry(who.to_owned()).or_insert(Bucket { full_at_us: now_us });
        self.limit.draw(bucket, now_us)
    }
}

/// The router, with a limit for each caller. Who is not known is not counted: the authorizer lets none through.
pub fn rate_limited(router: Router, limit: RateLimit, clock: Arc<dyn Clock>) -> Router {
    router.layer(from_fn_with_state(Buckets { limit, clock, of: Arc::default() }, layer))
}

async fn layer(State(buckets): State<Buckets>, request: Request, next: Next) -> Response {
    let who = match caller::find(request.extensions()) {
        Some(Caller::Member(member)) => format!("{} {}", member.partner, member.token),
        Some(other) => other.name(),
        None => return next.run(request).await,
    };
    let drawn = buckets.draw(&who, buckets.clock.now());
    let mut reply = match drawn.wait_us {
        None => next.run(request).await,
        Some(wait_us) => {
            let wait_ms = u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000);
            Problem::from(Error::throttled("this caller makes too many requests", Some(wait_ms)))
                .into_response()
        }
    };
    let limit = buckets.limit;
    let window_s = (limit.interval_us() * i64::from(limit.burst.max(1)) + 999_999) / 1_000_000;
    let full_in_s = (drawn.full_in_us + 999_999) / 1_000_000;
    let headers = [
        (POLICY, format!("\"caller\";q={};w={window_s}", limit.burst.max(1))),
        (LEFT, format!("\"caller\";r={};t={full_in_s}", drawn.left)),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_answered_then_one_for_each_interval() {
        let limit = RateLimit { per_minute: 60, burst: 3 };
        let mut bucket = Bucket { full_at_us: 0 };
        let left: Vec<_> = (0..3).map(|_| limit.draw(&mut bucket, 0).left).collect();
        assert_eq!(left, [2, 1, 0]);
        assert_eq!(limit.draw(&mut bucket, 0).wait_us, Some(1_000_000));
        assert_eq!(limit.draw(&mut bucket, 400_000).wait_us, Some(600_000));
        assert_eq!(limit.draw(&mut bucket, 1_000_000).wait_us, None);
        assert_eq!(limit.draw(&mut bucket, 1_000_000).wait_us, Some(1_000_000));
        assert_eq!(limit.draw(&mut bucket, 60_000_000).left, 2, "an hour of silence fills it and no more");
    }
}
