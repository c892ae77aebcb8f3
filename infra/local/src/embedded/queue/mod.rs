//! Queues in one SQLite file, with the rules of SQS FIFO queues.
//!
//! - A group's messages are handed out in order, and none while one of them is in flight.
//! - A message not deleted before its visibility ends is handed out again; after `max_receives` times it
//!   becomes a dead letter, with the reason of its last failure.
//! - A deduplication id is remembered for five minutes, whether or not its message was deleted.
//! - A message is durable when `send` returns. Time comes from the clock; whoever waits is woken and never polls.

mod messages;
mod receive;
mod rows;

pub use messages::{DeadLetter, Handle, Received};

use async_trait::async_trait;
use domain::{Error, Result};
use embedded::blocking;
use engine::ports::{Clock, Ids, Outgoing, Queue};
use engine::trace;
use rows::store_error;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How long a deduplication id is remembered, in milliseconds.
/// Source: SQS developer guide, "Exactly-once processing".
const DEDUPLICATION_MS: i64 = 5 * 60 * 1000;

/// The rules that hold for every queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueRules {
    /// How long a message that was handed out stays invisible, in milliseconds.
    pub visibility_ms: u64,
    /// How often a message is handed out before it becomes a dead letter.
    pub max_receives: u32,
}

impl Default for QueueRules {
    fn default() -> Self {
        // Why 16 minutes: the longest run of a function, and a minute more.
        Self { visibility_ms: 16 * 60 * 1000, max_receives: 5 }
    }
}

/// The queues of this machine. One process has them open at a time.
#[derive(Clone)]
pub struct LocalQueue {
    connection: Arc<Mutex<Connection>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    rules: QueueRules,
    changed: Arc<Notify>,
}

impl LocalQueue {
    /// The queues in that SQLite file, which is made if it is not there.
    ///
    /// # Errors
    /// `Corrupt` when the file is damaged; `Unavailable` when it cannot be opened.
    pub fn open(path: &Path, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, rules: QueueRules) -> Result<Self> {
        Self::over(Connection::open(path).map_err(store_error)?, clock, ids, rules)
    }

    /// Queues in memory, which are lost when the process ends.
    pub fn in_memory(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, rules: QueueRules) -> Result<Self> {
        Self::over(Connection::open_in_memory().map_err(store_error)?, clock, ids, rules)
    }

    fn over(
        connection: Connection,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        rules: QueueRules,
    ) -> Result<Self> {
        rows::prepare(&connection).map_err(store_error)?;
        let connection = Arc::new(Mutex::new(connection));
        Ok(Self { connection, clock, ids, rules, changed: Arc::new(Notify::new()) })
    }

    /// Runs `work` in one transaction, then wakes whoever waits for messages.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = self.connection.clone();
        let done = blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                .map_err(store_error)?;
            let done = work(&transaction).map_err(store_error)?;
            transaction.commit().map_err(store_error)?;
            Ok(done)
        })
        .await?;
        self.changed.notify_waiters();
        Ok(done)
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

#[async_trait]
impl Queue for LocalQueue {
    async fn send(&self, message: Outgoing) -> Result<()> {
        let printable =
            |text: &str| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !printable(&message.deduplication_id) || !printable(&message.group) {
            return Err(Error::invalid("a message's group and deduplication id have 1 to 128 characters"));
        }
        if message.body.is_empty() || message.body.len() > 200 * 1024 {
            return Err(Error::invalid("a message's body has 1 byte to 200 KB"));
        }
        let (id, now_ms) = (self.ids.ulid(), self.now_ms());
        let trace = trace::current();
        self.change(move |rows| {
            rows::insert(rows, &id, (&message, trace.as_ref()), now_ms, now_ms + DEDUPLICATION_MS)
        })
        .await
    }
}
