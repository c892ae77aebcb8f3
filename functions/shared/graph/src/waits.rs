//! How long a wait is: what Graph names, what we choose where it names none, and the pace near a limit.

use domain::Timestamp;
use jiff::SignedDuration;

/// The first wait where Graph names none, in milliseconds; each further one is twice as long.
const FIRST_BACKOFF_MS: u64 = 1_000;
/// The longest wait where Graph names none, in milliseconds.
const LONGEST_BACKOFF_MS: u64 = 60_000;
/// The share of the limit from which on Graph reports it, and from which on we slow down.
const SLOW_FROM: f64 = 0.8;

/// Milliseconds between two calls at a share of the limit: 200 at 0.8, a second at 1, more beyond.
pub(crate) fn pace_ms(share: f64) -> u64 {
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
pub(crate) fn ms_between(from: Timestamp, to: Timestamp) -> u64 {
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
}
