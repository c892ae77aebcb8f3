//! When the next call may go, per tenant and workload: what Graph said, kept until it no longer holds.
//!
//! Pure but for its own memory: time and chance come in. Source: learn.microsoft.com/graph/throttling.

use domain::{TenantId, Timestamp};
use jiff::SignedDuration;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Microsoft throttles the directory and Intune apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Directory,
    Intune,
}

impl Lane {
    /// The workload of an address.
    pub(crate) fn of(path: &str) -> Self {
        if path.contains("deviceManagement") { Self::Intune } else { Self::Directory }
    }
}

#[derive(Default)]
struct State {
    blocked_until: Option<Timestamp>,
    next_at: Option<Timestamp>,
    pace_ms: u64,
}

/// The memory.
#[derive(Default)]
pub(crate) struct Throttle {
    lanes: Mutex<HashMap<(TenantId, Lane), State>>,
}

/// A wait that Graph did not name begins at this and doubles.
const FIRST_BACKOFF_MS: u64 = 1_000;
/// No wait that Graph did not name is longer.
const LONGEST_BACKOFF_MS: u64 = 60_000;
/// The share of the limit from which on Graph reports it, and from which on we slow down.
const SLOW_FROM: f64 = 0.8;

impl Throttle {
    fn with<T>(&self, tenant: &TenantId, lane: Lane, act: impl FnOnce(&mut State) -> T) -> T {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        act(lanes.entry((tenant.clone(), lane)).or_default())
    }

    /// Milliseconds that the next call has to wait; takes the place in the row of calls.
    pub(crate) fn wait_ms(&self, tenant: &TenantId, lane: Lane, now: Timestamp) -> u64 {
        self.with(tenant, lane, |state| {
            let mut at = state.blocked_until.map_or(now, |until| until.max(now));
            if state.pace_ms > 0 {
                at = state.next_at.map_or(at, |next| next.max(at));
                state.next_at = Some(after(at, state.pace_ms));
            }
            ms_between(now, at)
        })
    }

    /// Nothing goes before `until`.
    pub(crate) fn block(&self, tenant: &TenantId, lane: Lane, until: Timestamp) {
        self.with(tenant, lane, |state| {
            state.blocked_until = Some(state.blocked_until.map_or(until, |known| known.max(until)));
        });
    }

    /// Hears `x-ms-throttle-limit-percentage`; its absence says that there is room.
    pub(crate) fn hear_share(&self, tenant: &TenantId, lane: Lane, share: Option<f64>) {
        self.with(tenant, lane, |state| {
            state.pace_ms = pace_ms(share.unwrap_or_default());
            if state.pace_ms == 0 {
                state.next_at = None;
            }
        });
    }
}

/// Milliseconds between two calls at a share of the limit: 200 at 0.8, a second at 1, more beyond.
fn pace_ms(share: f64) -> u64 {
    if share.is_finite() && share >= SLOW_FROM {
        200 + whole_ms((share.min(3.0) - SLOW_FROM) * 4.0)
    } else {
        0
    }
}

/// `Retry-After` in milliseconds, never shorter than said: seconds, also fractional, or an HTTP date.
pub(crate) fn retry_after_ms(value: &str, now: Timestamp) -> Option<u64> {
    if let Ok(seconds) = value.trim().parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then(|| whole_ms(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some(ms_between(now, date.timestamp()))
}

/// The wait before repetition `attempt` (from 0) when Graph names none; `chance` is from 0 to 1.
pub(crate) fn backoff_ms(attempt: u32, chance: f64) -> u64 {
    let full = FIRST_BACKOFF_MS.saturating_mul(1 << attempt.min(10)).min(LONGEST_BACKOFF_MS);
    full / 2 + whole_ms(chance.clamp(0.0, 1.0) * 0.0005 * f64::from(u32::try_from(full).unwrap_or(u32::MAX)))
}

/// The shortest wait before repetition `attempt`, whatever Graph names: a `Retry-After: 0` answered
/// again and again must not become a tight loop.
pub(crate) fn least_ms(attempt: u32) -> u64 {
    50u64.saturating_mul(1 << attempt.min(10)).min(LONGEST_BACKOFF_MS)
}

pub(crate) fn after(at: Timestamp, ms: u64) -> Timestamp {
    let span = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// Whole milliseconds from one instant to a later one, rounded up; 0 when it is not later.
fn ms_between(from: Timestamp, to: Timestamp) -> u64 {
    let nanos = to.as_nanosecond() - from.as_nanosecond();
    u64::try_from(nanos.max(0).div_euclid(1_000_000) + i128::from(nanos.max(0) % 1_000_000 != 0))
        .unwrap_or(u64::MAX)
}

/// Seconds as whole milliseconds, rounded up. The argument is finite and not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is not negative")]
fn whole_ms(seconds: f64) -> u64 {
    // Why: 2.128 * 1000 is a hair above 2128 in binary, and must not round up to 2129.
    (seconds * 1_000.0 - 1e-6).ceil().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn retry_after_is_read_as_seconds_fractions_and_dates() {
        assert_eq!(retry_after_ms("10", now()), Some(10_000));
        assert_eq!(retry_after_ms("2.128", now()), Some(2_128));
        assert_eq!(retry_after_ms("0.0001", now()), Some(1));
        assert_eq!(retry_after_ms("Thu, 01 Jan 2026 00:00:07 GMT", now()), Some(7_000));
        assert_eq!(retry_after_ms("Wed, 31 Dec 2025 00:00:07 GMT", now()), Some(0));
        for bad in ["", "soon", "-1", "NaN", "inf"] {
            assert_eq!(retry_after_ms(bad, now()), None, "{bad}");
        }
    }

    #[test]
    fn an_unnamed_wait_grows_and_stays_within_its_bounds() {
        let waits: Vec<_> = (0..12).map(|n| (backoff_ms(n, 0.0), backoff_ms(n, 1.0))).collect();
        assert_eq!(waits[0], (500, 1_000));
        assert_eq!(waits[11], (30_000, 60_000));
        assert!(waits.windows(2).all(|w| w[0].1 <= w[1].1));
    }

    #[test]
    fn one_refused_call_holds_back_all_of_its_tenant_and_workload_and_no_other() {
        let throttle = Throttle::default();
        let a: TenantId = "00000000-0000-0000-0000-00000000000a".parse().unwrap();
        let b: TenantId = "00000000-0000-0000-0000-00000000000b".parse().unwrap();
        throttle.block(&a, Lane::Directory, after(now(), 2_128));
        assert_eq!(throttle.wait_ms(&a, Lane::Directory, now()), 2_128);
        assert_eq!(throttle.wait_ms(&a, Lane::Intune, now()), 0);
        assert_eq!(throttle.wait_ms(&b, Lane::Directory, now()), 0);
        assert_eq!(throttle.wait_ms(&a, Lane::Directory, after(now(), 3_000)), 0);
    }

    #[test]
    fn near_the_limit_calls_go_one_after_the_other_until_there_is_room() {
        let throttle = Throttle::default();
        let a: TenantId = "00000000-0000-0000-0000-00000000000a".parse().unwrap();
        throttle.hear_share(&a, Lane::Directory, Some(0.8));
        let waits: Vec<_> = (0..3).map(|_| throttle.wait_ms(&a, Lane::Directory, now())).collect();
        assert_eq!(waits, [0, 200, 400]);
        throttle.hear_share(&a, Lane::Directory, None);
        assert_eq!(throttle.wait_ms(&a, Lane::Directory, now()), 0);
    }
}
