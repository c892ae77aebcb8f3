//! How long it takes in this tenant until something shows, as the steps that are under way have found out.

use std::sync::atomic::{AtomicU64, Ordering};

/// For how long what was written lately was waited for in vain, or until it showed, in milliseconds: shared by all steps that
/// are under way. Why: a thousand new users of whom none shows would otherwise each be looked for ten times in the first
/// minute, and what has yet to be written would wait for all these looks.
#[derive(Default)]
pub(super) struct Lag(AtomicU64);

impl Lag {
    /// Notes that something was waited for so long in vain; gives the longest that anybody has waited.
    pub fn waited_in_vain(&self, ms: u64) -> u64 {
        self.0.fetch_max(ms, Ordering::Relaxed).max(ms)
    }

    /// Notes after how long something showed.
    pub fn shown_after(&self, ms: u64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

/// How long it takes here until something shows.
#[derive(Default)]
pub(super) struct Lags {
    /// What was made, from its creation on.
    pub made: Lag,
    /// What was changed and was there before.
    pub changed: Lag,
}
