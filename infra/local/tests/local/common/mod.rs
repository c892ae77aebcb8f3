//! What the tests of this crate share.

use async_trait::async_trait;
use domain::Timestamp;
use engine::ports::{Clock, Ids, JobQueue, Outgoing};
use local::embedded::{LocalQueue, QueueRules};
use std::path::Path;
use std::sync::Arc;
use support::memory::{ManualClock, SeededIds};

/// A clock that is moved by hand; who sleeps on it sleeps until the test ends.
#[derive(Default)]
pub struct HandClock(pub ManualClock);

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    async fn sleep_ms(&self, _: u64) {
        std::future::pending::<()>().await;
    }
}

pub fn ids() -> Arc<dyn Ids> {
    Arc::new(SeededIds::new(7, Arc::new(ManualClock::new())))
}

pub const RULES: QueueRules = QueueRules { visibility_ms: 60_000, max_receives: 5 };

pub fn queue_in(file: &Path, clock: Arc<dyn Clock>) -> LocalQueue {
    LocalQueue::open(file, clock, ids(), RULES).unwrap()
}

pub fn queue(clock: Arc<dyn Clock>) -> LocalQueue {
    LocalQueue::in_memory(clock, ids(), RULES).unwrap()
}

pub fn message(group: &str, name: &str) -> Outgoing {
    Outgoing {
        queue: JobQueue::TakeSnapshot,
        group: group.to_owned(),
        deduplication_id: format!("{group}.{name}"),
        body: format!(r#"{{"type":"test","name":"{name}"}}"#),
    }
}
