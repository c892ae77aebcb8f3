//! What was used in the last so many seconds, exactly enough that no window of Graph's, wherever it begins, holds
//! more than is allowed.

use std::collections::VecDeque;

/// Uses so close together, as a share of the window, are kept as one.
const GRAIN: i64 = 64;

/// Uses of one limit, in the order of their time; a use may lie ahead: it is a place taken.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Milliseconds since 1970 and amount.
    uses: VecDeque<(i64, u64)>,
    sum: u64,
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
        let window_ms = window_ms + window_ms / 10;
        #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^53")]
        let part = amount as f64 * share.max(1e-6);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        if part >= 1.0 {
            Self { amount: part as u64, window_ms }
        } else {
            #[expect(clippy::cast_precision_loss, reason = "windows are far below 2^53")]
            let window_ms = (window_ms as f64 / part).ceil() as i64;
            Self { amount: 1, window_ms }
        }
    }
}

impl Window {
    /// The earliest time, from `at` on and not before any place taken, at which so much more is allowed.
    pub(crate) fn earliest(&self, at: i64, amount: u64, allowed: Allowance) -> i64 {
        let mut at = self.uses.back().map_or(at, |(last, _)| at.max(*last));
        let mut sum = self.sum;
        for (used_at, used) in &self.uses {
            let free_at = used_at + allowed.window_ms;
            if free_at > at && sum + amount <= allowed.amount {
                break;
            }
            at = at.max(free_at);
            sum -= used;
        }
        at
    }

    /// Takes a place at a time that [`Window::earliest`] gave, and forgets what no longer counts then.
    pub(crate) fn take(&mut self, at: i64, amount: u64, window_ms: i64) {
        while let Some((used_at, used)) = self.uses.front().copied()
            && used_at + window_ms <= at
        {
            self.uses.pop_front();
            self.sum -= used;
        }
        self.sum += amount;
        match self.uses.back_mut() {
            // Why: counted until the later of the two is over.
            Some((last, used)) if at - *last < window_ms / GRAIN => {
                *last = (*last).max(at);
                *used += amount;
            }
            _ => self.uses.push_back((at, amount)),
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

    #[test]
    fn less_than_one_in_a_window_is_one_in_a_longer_one() {
        let allowed = Allowance::of(1, 1_000, 0.8);
        assert_eq!((allowed.amount, allowed.window_ms), (1, 1_375));
    }
}
