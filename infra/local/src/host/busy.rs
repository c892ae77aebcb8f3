//! Counts the invocations that are running, and lets others wait until none is.

use std::sync::Arc;
use tokio::sync::watch;

/// A count of running work, shared by everything that calls functions.
#[derive(Clone)]
pub struct Busy(Arc<watch::Sender<Count>>);

/// How many pieces of work have begun, and how many of them are still running.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    begun: u64,
    running: usize,
}

impl Default for Busy {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Count::default())))
    }
}

impl Busy {
    /// Counts one piece of work as running, until the guard is dropped.
    pub fn begin(&self) -> BusyGuard {
        self.0.send_modify(|count| {
            count.begun += 1;
            count.running += 1;
        });
        BusyGuard(self.clone())
    }

    /// Waits until nothing runs; returns how many pieces of work have begun until then.
    pub async fn idle(&self) -> u64 {
        let mut counts = self.0.subscribe();
        // Why no error: the sender lives as long as `self`.
        counts.wait_for(|count| count.running == 0).await.map_or(0, |count| count.begun)
    }

    /// Whether nothing has begun since [`Busy::idle`] returned `begun`.
    pub fn still_idle(&self, begun: u64) -> bool {
        self.0.borrow().begun == begun
    }
}

/// Counts one piece of work as running, until it is dropped.
pub struct BusyGuard(Busy);

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.running -= 1);
    }
}
