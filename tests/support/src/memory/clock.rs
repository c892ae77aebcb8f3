//! A clock that stands still until it is moved.

use crate::lock;
use async_trait::async_trait;
use domain::Timestamp;
use engine::ports::Clock;
use jiff::SignedDuration;
use std::sync::Mutex;

/// Starts on Monday, 5 January 2026, 08:00 UTC. Sleeping moves it at once, so nothing ever waits.
#[derive(Debug)]
pub struct ManualClock(pub(super) Mutex<Moments>);

#[derive(Clone, Debug)]
pub(super) struct Moments {
    now: Timestamp,
    slept_ms: u64,
}

impl ManualClock {
    /// A clock that stands at 5 January 2026, 08:00 UTC.
    pub fn new() -> Self {
        Self::at("2026-01-05T08:00:00Z".parse().expect("a literal instant"))
    }
    /// A clock that stands at that instant.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(Moments { now, slept_ms: 0 }))
    }
    /// Moves the time forward by so much.
    pub fn advance(&self, by: SignedDuration) {
        lock(&self.0).now += by;
    }
    /// Moves the time forward by so many milliseconds.
    pub fn advance_ms(&self, by_ms: u64) {
        self.advance(SignedDuration::from_millis(i64::try_from(by_ms).unwrap_or(i64::MAX)));
    }
    /// Moves it to that instant unless it is past it already: it never goes back.
    pub fn advance_to(&self, instant: Timestamp) {
        let mut moments = lock(&self.0);
        moments.now = moments.now.max(instant);
    }
    /// How long everything together has slept.
    pub fn slept_ms(&self) -> u64 {
        lock(&self.0).slept_ms
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        lock(&self.0).now
    }
    async fn sleep_ms(&self, duration_ms: u64) {
        self.advance_ms(duration_ms);
        lock(&self.0).slept_ms += duration_ms;
        tokio::task::yield_now().await;
    }
}
