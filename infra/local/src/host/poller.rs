//! A poller that stands for an event-source mapping: takes batches from a queue, calls the function, and
//! applies its partial reply: what did not fail is deleted, what failed comes back later.
//!
//! When a function fails, panics, takes too long or names a message that it was not given, every message of the batch
//! has failed. The queue, not the poller, makes dead letters.

use super::busy::Busy;
use super::function::Function;
use super::handlers::Reasons;
use super::source::{Message, Source};
use super::sqs_event::sqs_event;
use domain::{Error, Result};
use engine::ports::Clock;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long one poll waits for messages. Source: SQS API reference, ReceiveMessage: the longest poll.
const POLL_MS: u64 = 20_000;

/// A queue and the function that it feeds.
#[derive(Clone)]
pub struct Mapping {
    /// The queue that is polled.
    pub source: Arc<dyn Source>,
    /// The function that gets its messages.
    pub function: Arc<dyn Function>,
    /// How many messages one invocation gets at most, 1 to 10.
    pub batch_size: usize,
    /// How many invocations may run at the same time.
    pub concurrency: usize,
    /// Gives deadlines, and the pause when the queue does not answer.
    pub clock: Arc<dyn Clock>,
    /// How long a function may run, in milliseconds.
    pub time_limit_ms: u64,
    /// Counts invocations while they run.
    pub busy: Busy,
    /// Why messages failed, for dead letters.
    pub reasons: Reasons,
}

/// How long a message that failed waits, in milliseconds, by how often it was received: 1 s, 2 s, 4 s … at most a
/// minute. A poller rests as long whose queue does not answer, by how often it did not.
pub fn backoff_ms(receive_count: u32) -> u64 {
    1000 * (1 << receive_count.saturating_sub(1).min(6)).min(60)
}

impl Mapping {
    /// Starts polling until `stop` holds true; the set ends after the invocations that are running.
    pub fn start(&self, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut pollers = JoinSet::new();
        let is_told = Arc::new(AtomicBool::new(false));
        for _ in 0..self.concurrency {
            let (mapping, mut stop, is_told) = (self.clone(), stop.clone(), is_told.clone());
            pollers.spawn(async move {
                let mut failed = 0;
                loop {
                    let batch = tokio::select! {
                        biased;
                        _ = stop.wait_for(|stop| *stop) => return,
                        batch = mapping.source.receive(mapping.batch_size, POLL_MS) => batch,
                    };
                    let queue = mapping.source.queue().name();
                    if let Err(error) = mapping.handle(batch).await {
                        // Why once: a queue that is gone is asked by all of its pollers, again and again.
                        if !is_told.swap(true, Ordering::Relaxed) {
                            tracing::error!(%error, kind = error.kind().name(), queue, "a queue does not answer");
                        }
                        failed += 1;
                        tokio::select! {
                            biased;
                            _ = stop.wait_for(|stop| *stop) => return,
                            () = mapping.clock.sleep_ms(backoff_ms(failed)) => continue,
                        }
                    }
                    failed = 0;
                    if is_told.swap(false, Ordering::Relaxed) {
                        tracing::info!(queue, "a queue answers again");
                    }
                }
            });
        }
        pollers
    }

    /// Works on the messages that may be received now; returns how many there were. For tests and for draining.
    pub async fn poll_once(&self) -> Result<usize> {
        let batch = self.source.receive(self.batch_size, 0).await?;
        let messages = batch.len();
        self.handle(Ok(batch)).await?;
        Ok(messages)
    }

    async fn handle(&self, batch: Result<Vec<Message>>) -> Result<()> {
        let batch = batch?;
        if batch.is_empty() {
            return Ok(());
        }
        let _busy = self.busy.begin();
        let records: Vec<Value> = batch.iter().map(|m| m.record.clone()).collect();
        let event = sqs_event(&records);
        let reply = invoke_within(self.function.clone(), event, &*self.clock, self.time_limit_ms).await;
        let failures = reply.and_then(|reply| failures(&reply, &batch));
        // Only a reply says anything about single messages: where the function itself failed, every message of the
        // batch comes back.
        let (failed, fell) = match failures {
            Ok(failed) => (failed, None),
            Err(error) => {
                let (kind, queue) = (error.kind().name(), self.source.queue().name());
                tracing::error!(%error, kind, queue, messages = batch.len(), "a batch failed");
                (batch.iter().map(|m| m.id.clone()).collect(), Some(error.to_string()))
            }
        };
        for message in &batch {
            let said_s = message.record["receiptHandle"].as_str().and_then(|r| self.reasons.take_after_s(r));
            let done = if failed.contains(&message.id) {
                let own = message.record["body"].as_str().and_then(|body| self.reasons.take(body));
                let reason = own.as_deref().or(fell.as_deref());
                // Why its wish does not count where the function itself failed: it said that at its beginning, for the
                // case that its process ends without a reply.
                let said_ms = said_s.filter(|_| fell.is_none()).map(|s| u64::from(s) * 1000);
                let delay_ms = said_ms.unwrap_or_else(|| backoff_ms(message.receive_count));
                self.source.retry(message, delay_ms, reason).await
            } else {
                self.source.delete(message).await
            };
            match done {
                // Why no error: it was handed out again meanwhile, and jobs are made to run twice.
                Err(error) if error.kind() == domain::ErrorKind::Conflict => {
                    tracing::warn!(%error, queue = self.source.queue().name(), "a message was not held any more");
                }
                done => done?,
            }
        }
        Ok(())
    }
}

/// Calls a function in a task of its own, so that a panic or too long a run becomes an error.
pub async fn invoke_within(
    function: Arc<dyn Function>,
    event: Value,
    clock: &dyn Clock,
    limit_ms: u64,
) -> Result<Value> {
    let limit = jiff::SignedDuration::from_millis(limit_ms.cast_signed());
    let deadline = clock.now() + limit;
    let mut running = tokio::spawn(async move { function.invoke(event, deadline).await });
    tokio::select! {
        done = &mut running => {
            done.map_err(|e| Error::unavailable("a function panicked").caused_by(e))?
        }
        () = clock.sleep_ms(limit_ms) => {
            running.abort();
            Err(Error::unavailable("a function took too long"))
        }
    }
}

/// The messages that a reply names as failed.
fn failures(reply: &Value, batch: &[Message]) -> Result<BTreeSet<String>> {
    let bad = || Error::invalid("a partial reply names no message of the batch");
    let failures = match reply.get("batchItemFailures") {
        // Source: Lambda developer guide, SQS error handling: an absent, null or empty list is success.
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(failures) => failures.as_array().ok_or_else(bad)?,
    };
    let id = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        batch.iter().any(|m| m.id == id).then(|| id.to_owned())
    };
    failures.iter().map(|failure| id(failure).ok_or_else(bad)).collect()
}
