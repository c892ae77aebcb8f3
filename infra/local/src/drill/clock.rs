//! One time for the drill and for the simulated Microsoft. Whoever waits moves it at once: what a drill says of time is what
//! waiting comes to, for Microsoft's limits and for its directory, as if every answer came without delay.

use async_trait::async_trait;
use domain::Timestamp;
use engine::ports::Clock;
use jiff::SignedDuration;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The clock of a drill.
pub(super) struct DrillClock {
    now: Mutex<Timestamp>,
    theirs: sim::Control,
}

impl DrillClock {
    /// A clock that stands at that instant, and Microsoft's with it.
    pub fn new(now: Timestamp, theirs: sim::Control) -> Self {
        let ahead_s = now.as_second() - theirs.now_seconds();
        theirs.advance(Duration::from_secs(u64::try_from(ahead_s).unwrap_or(0)));
        Self { now: Mutex::new(now), theirs }
    }

    /// Moves both to that instant, unless they are past it.
    pub fn advance_to(&self, instant: Timestamp) {
        let by = instant.duration_since(self.now());
        if by.is_positive() {
            self.advance(by);
        }
    }

    fn advance(&self, by: SignedDuration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
        self.theirs.advance(Duration::try_from(by).unwrap_or_default());
    }
}

#[async_trait]
impl Clock for DrillClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
    async fn sleep_ms(&self, duration_ms: u64) {
        self.advance(SignedDuration::from_millis(i64::try_from(duration_ms).unwrap_or(i64::MAX)));
        tokio::task::yield_now().await;
    }
}
