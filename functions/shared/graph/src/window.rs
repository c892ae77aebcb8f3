//! A sliding window: how much of a limit was used lately. It is exact enough that no window of Graph's, wherever that
//! begins, holds more than the limit allows.

use std::collections::VecDeque;

/// Uses that are closer together than this part (1/64) of the window are kept as one.
const GRAIN: i64 = 64;

/// How late a call may arrive that others do not, in milliseconds. What arrives later is within what is not used of a limit.
const LATE_MS: i64 = 3_000;

/// Uses of one limit, in the order of their time; a use may lie ahead: it is a place taken.
#[derive(Debug, Default)]
pub(crate) struct Window {
    uses: VecDeque<Uses>,
    sum: u64,
}

/// Uses close together. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Uses {
    /// When the first was.
    first: i64,
    /// When the last was: all of them count until that is over.
    last: i64,
    amount: u64,
}

/// How much a limit allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) amount: u64,
    pub(crate) window_ms: i64,
}

impl Allowance {
    /// That share of an amount in a window. Where it is less than one, one is allowed in a longer window.
    pub(crate) fn of(amount: u64, window_ms: i64, share: f64) -> Self {
        // Why longer: of two calls so far apart the first may arrive late and the second not.
        let window_ms = window_ms + (window_ms / 10).min(LATE_MS);
        #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^53")]
        let part = amount as f64 * share.max(1e-6);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        if part >= 1.0 {
            // Why a little more: shares are sums, which may be a hair below what they are.
            Self { amount: (part + 1e-6) as u64, window_ms }
        } else {
            #[expect(clippy::cast_precision_loss, reason = "windows are far below 2^53")]
            let window_ms = (window_ms as f64 / part).ceil() as i64;
            Self { amount: 1, window_ms }
        }
    }
}

impl Window {
    /// The earliest time, from `at` on and not before any place that is taken, at which `amount` more is allowed.
    pub(crate) fn earliest(&self, at: i64, amount: u64, allowed: Allowance) -> i64 {
        let mut at = self.uses.back().map_or(at, |uses| at.max(uses.last));
        let mut sum = self.sum;
        for uses in &self.uses {
            let free_at = uses.last + allowed.window_ms;
            if free_at > at && sum + amount <= allowed.amount {
                break;
            }
            at = at.max(free_at);
            sum -= uses.amount;
        }
        at
    }

    /// Takes a place at a time that [`Window::earliest`] gave, and forgets what no longer counts then.
    pub(crate) fn take(&mut self, at: i64, amount: u64, window_ms: i64) {
        while let Some(uses) = self.uses.front().copied()
            && uses.last + window_ms <= at
        {
            self.uses.pop_front();
            self.sum -= uses.amount;
        }
        self.sum += amount;
        match self.uses.back_mut() {
            // Why by the first: a dense stream would otherwise be one use that never ends.
            Some(uses) if at - uses.first < window_ms / GRAIN => {
                uses.last = uses.last.max(at);
                uses.amount += amount;
            }
            _ => self.uses.push_back(Uses { first: at, last: at, amount }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However calls come, no window of that length holds more than is allowed.
        #[test]
        fn no_window_holds_more_than_is_allowed(
            calls in prop::collection::vec((0i64..400, 1u64..8), 1..300),
            amount in 8u64..40,
        ) {
            let allowed = Allowance { amount, window_ms: 1_000 };
            let (mut window, mut now, mut went) = (Window::default(), 0, Vec::new());
            for (gap, cost) in calls {
                now += gap;
                let at = window.earliest(now, cost, allowed);
                prop_assert!(at >= now);
                window.take(at, cost, allowed.window_ms);
                went.push((at, cost));
            }
            for (start, _) in &went {
                let held = went.iter().filter(|(at, _)| (*start..start + 1_000).contains(at));
                prop_assert!(held.map(|(_, cost)| cost).sum::<u64>() <= amount);
            }
        }
    }

    #[test]
    fn what_is_allowed_goes_at_once_and_the_next_when_the_first_is_over() {
        let allowed = Allowance::of(10, 1_000, 0.9);
        let mut window = Window::default();
        let mut go = |now| {
            let at = window.earliest(now, 3, allowed);
            window.take(at, 3, allowed.window_ms);
            at
        };
        assert_eq!((go(0), go(100), go(200)), (0, 100, 200));
        assert_eq!((go(200), go(1_500)), (1_100, 1_500));
    }

    /// Of 200 in a second: one each 6 ms is 167, and a sixty-fourth of a second is counted for too long.
    #[test]
    fn a_steady_stream_below_the_limit_never_waits() {
        let allowed = Allowance { amount: 200, window_ms: 1_000 };
        let mut window = Window::default();
        for now in (0..5_000).map(|call| call * 6) {
            assert_eq!(window.earliest(now, 1, allowed), now);
            window.take(now, 1, allowed.window_ms);
            assert!(window.uses.len() <= 70, "memory is bounded");
        }
    }

    #[test]
    fn less_than_one_in_a_window_is_one_in_a_longer_one() {
        let allowed = Allowance::of(1, 1_000, 0.8);
        assert_eq!((allowed.amount, allowed.window_ms), (1, 1_375));
    }
}
