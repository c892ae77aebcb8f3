//! The simulator's own clock: it starts at a fixed instant and runs with real time, or only by `advance`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::kept::{kept, put_back};

/// When the clock starts, in seconds since 1970: 2026-01-05T08:00:00Z, a Monday.
pub(crate) const START_SECOND: i64 = 1_767_600_000;

#[derive(Clone)]
struct State {
    offset: Duration,
    since: Option<Instant>,
}

pub(crate) struct Clock(Mutex<State>);

impl Clock {
    /// A clock that stands still until [`Self::run_with_real_time`]: how long seeding takes must be in no date.
    pub fn new() -> Self {
        Self(Mutex::new(State { offset: Duration::ZERO, since: None }))
    }

    /// The present time in milliseconds since 1970.
    pub fn millis(&self) -> i64 {
        let state = self.0.lock().expect("the clock's lock is never held over a panic");
        let passed = state.offset + state.since.map_or(Duration::ZERO, |since| since.elapsed());
        START_SECOND * 1000 + i64::try_from(passed.as_millis()).unwrap_or(i64::MAX / 2)
    }

    pub fn seconds(&self) -> i64 {
        self.millis() / 1000
    }

    pub fn advance(&self, by: Duration) {
        self.0.lock().expect("the clock's lock is never held over a panic").offset += by;
    }

    /// As it is now.
    pub fn kept(&self) -> Self {
        Self(kept(&self.0))
    }

    /// Becomes as that one is.
    pub fn become_as(&self, kept: &Self) {
        put_back(&self.0, &kept.0);
    }

    pub fn run_with_real_time(&self, runs: bool) {
        let mut state = self.0.lock().expect("the clock's lock is never held over a panic");
        if let Some(since) = state.since.take() {
            state.offset += since.elapsed();
        }
        state.since = runs.then(Instant::now);
    }
}

/// An instant in seconds since 1970 as Graph writes it: `2026-01-05T08:00:00Z`.
pub(crate) fn iso(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| String::from("1601-01-01T00:00:00Z"), |t| t.to_string())
}

/// As [`iso`], with a fraction of 0 to 7 digits: the services do not agree on how many there are.
pub(crate) fn iso_with_fraction(second: i64, variety: u64) -> String {
    let mut text = iso(second);
    let digits = usize::try_from(variety % 8).unwrap_or(0);
    if digits > 0 {
        let fraction = format!("{:07}", (variety / 8) % 10_000_000);
        text.pop();
        text.push('.');
        text.push_str(&fraction[..digits]);
        text.push('Z');
    }
    text
}
