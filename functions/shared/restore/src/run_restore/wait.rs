//! Waiting, in growing pauses, until a directory shows what was written to it.

use super::delays::MARGIN;
use super::lags::{Lag, Lags};
use super::progress::RestoreRun;
use domain::Timestamp;
use jiff::SignedDuration;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 30_000;

/// How a wait ended, and so what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The pause is over: it is time to look again.
    Again,
    /// The pauses are used up; what was waited for will not come any more.
    Enough,
    /// The time of this invocation is up.
    OutOfTime,
}

/// Growing pauses, until an end.
pub(super) struct Patience {
    next_ms: u64,
    waited_ms: u64,
    until: Timestamp,
}

impl Patience {
    pub fn until(until: Timestamp) -> Self {
        Self { next_ms: FIRST_MS, waited_ms: 0, until }
    }

    /// The same for what was written and does not show: no sooner than what others have waited for in vain lets expect.
    pub async fn wait_until_shown(
        &mut self,
        run: &mut RestoreRun<'_>,
        lag: impl Fn(&Lags) -> &Lag,
    ) -> Waited {
        let known_ms = lag(&run.lags).waited_in_vain(self.waited_ms);
        self.next_ms = self.next_ms.max(known_ms / 2).min(LONGEST_MS);
        self.wait(run).await
    }

    /// Says that what was waited for shows.
    pub fn shown(&self, lag: &Lag) {
        lag.shown_after(self.waited_ms);
    }

    /// Pauses, and lets other steps be at work meanwhile, unless the pauses are used up or the deadline is near.
    pub async fn wait(&mut self, run: &mut RestoreRun<'_>) -> Waited {
        let pause_ms = self.next_ms;
        let after =
            run.worker.clock.now() + SignedDuration::from_millis(i64::try_from(pause_ms).unwrap_or(0));
        if after > self.until {
            return Waited::Enough;
        }
        if after + MARGIN > run.deadline || run.halt.is_left() {
            return Waited::OutOfTime;
        }
        run.pause(pause_ms).await;
        // It may have waited for its turn as well.
        if run.is_late() || run.halt.is_left() {
            return Waited::OutOfTime;
        }
        self.next_ms = (pause_ms * 2).min(LONGEST_MS);
        self.waited_ms += pause_ms;
        Waited::Again
    }
}
