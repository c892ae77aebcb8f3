//! That a run ends before its plan does, as the steps that are under way hear of it.

use domain::Timestamp;
use jiff::SignedDuration;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

/// How often it is asked whether somebody stopped the restore, while all steps wait.
const ASKS_EVERY: SignedDuration = SignedDuration::from_secs(5);

const STOPPED: u8 = 1;
const LEFT: u8 = 2;

/// Shared by all steps that are under way.
#[derive(Default)]
pub(super) struct Halt {
    how: AtomicU8,
    asked_at: Mutex<Option<Timestamp>>,
}

impl Halt {
    /// Somebody stopped the restore: no further write begins, and what was written is waited for.
    pub fn stop(&self) {
        self.how.fetch_max(STOPPED, Ordering::Relaxed);
    }

    /// The next run goes on: no further write begins, and nothing is waited for.
    pub fn leave(&self) {
        self.how.fetch_max(LEFT, Ordering::Relaxed);
    }

    /// Whether no further write begins.
    pub fn is_on(&self) -> bool {
        self.how.load(Ordering::Relaxed) > 0
    }

    /// Whether nothing is waited for.
    pub fn is_left(&self) -> bool {
        self.how.load(Ordering::Relaxed) == LEFT
    }

    /// Whether it is time to ask whether somebody stopped the restore. One of all that ask this is told so.
    pub fn is_to_be_asked(&self, now: Timestamp) -> bool {
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = asked_at.is_none_or(|at| now >= at + ASKS_EVERY);
        if is_time {
            *asked_at = Some(now);
        }
        is_time && !self.is_on()
    }
}
