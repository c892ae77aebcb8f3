//! Until when a request looks things up.

use domain::Timestamp;
use engine::ports::Clock;
use jiff::SignedDuration;
use std::sync::Arc;

/// A moment at which a request ceases to look things up.
pub(super) struct Until {
    clock: Arc<dyn Clock>,
    at: Timestamp,
}

impl Until {
    /// So long from now.
    pub(super) fn of(clock: &Arc<dyn Clock>, patience: SignedDuration) -> Self {
        Self { clock: clock.clone(), at: clock.now() + patience }
    }

    pub(super) fn is_over(&self) -> bool {
        self.clock.now() >= self.at
    }
}
