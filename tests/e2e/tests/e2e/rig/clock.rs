//! One time for us and for Microsoft.

use async_trait::async_trait;
use domain::Timestamp;
use engine::ports::Clock;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use support::memory::ManualClock;

/// Moves both clocks by the same amount; sleeping moves them at once.
pub struct JoinedClock {
    ours: Arc<ManualClock>,
    theirs: sim::Control,
}

impl JoinedClock {
    pub fn new(ours: Arc<ManualClock>, theirs: sim::Control) -> Self {
        Self { ours, theirs }
    }
    pub fn advance(&self, by: SignedDuration) {
        self.ours.advance(by);
        self.theirs.advance(Duration::try_from(by).unwrap_or_default());
    }
    pub fn advance_to(&self, instant: Timestamp) {
        let by = instant.duration_since(self.ours.now());
        if by.is_positive() {
            self.advance(by);
        }
    }
}

#[async_trait]
impl Clock for JoinedClock {
    fn now(&self) -> Timestamp {
        self.ours.now()
    }
    async fn sleep_ms(&self, duration_ms: u64) {
        self.advance(SignedDuration::from_millis(i64::try_from(duration_ms).unwrap_or(i64::MAX)));
        tokio::task::yield_now().await;
    }
}
