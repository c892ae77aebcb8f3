//! FIFO queues as SQS documents them, with the other side of the counter for a test's driver.
//!
//! Within a group messages come one at a time and in order; a message in flight holds its group back until it
//! is deleted, failed or its visibility runs out. At least once: with [`Chaos`] a delete can get lost, a
//! message can come late, and groups can overtake each other.

use super::ManualClock;
use super::queue_state::State;
use crate::lock;
use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, Delivered, JobQueue, Outgoing, Queue, Returns};
use serde_json::Value;
use std::sync::{Arc, Mutex};

const BODY_LIMIT_BYTES: usize = 200_000;
const NAME_LIMIT_CHARS: usize = 128;

/// How the queues behave.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// After so long an unfinished delivery counts as lost and the message comes again.
    pub visibility_ms: u64,
    /// A message that was received so often without being deleted goes to the dead letters.
    pub max_receives: u32,
    /// Bad luck, if any.
    pub chaos: Option<Chaos>,
}

impl Default for QueueSettings {
    /// Fifteen minutes, five receipts, no bad luck.
    fn default() -> Self {
        Self { visibility_ms: 900_000, max_receives: 5, chaos: None }
    }
}

/// Seeded bad luck, all of it within what the port allows.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The same seed, the same luck.
    pub seed: u64,
    /// How many of 100 deletes are lost, so that the message comes once more; at most one per message.
    pub duplicates_percent: u32,
    /// How many of 100 messages come late.
    pub delays_percent: u32,
    /// A late message is at most so late.
    pub delay_limit_ms: u64,
    /// Groups come in any order instead of that of their oldest message.
    pub shuffled_groups: bool,
}

/// A message as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The queue that it came from.
    pub queue: JobQueue,
    /// The group within which order is kept.
    pub group: String,
    /// The body, as it was sent.
    pub body: String,
    /// The message; the same in every delivery of it.
    pub message_id: String,
    /// This delivery; needed to delete it.
    pub receipt: String,
    /// 1 the first time.
    pub receive_count: u32,
    /// The header of the story that it was sent in.
    pub trace: Option<String>,
}

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue that gave it up.
    pub queue: JobQueue,
    /// The group within which order was kept.
    pub group: String,
    /// The body, as it was sent.
    pub body: String,
    /// Why it was given up.
    pub reason: String,
}

/// All queues of an installation, in memory.
pub struct MemoryQueue {
    clock: Arc<ManualClock>,
    pub(super) state: Mutex<State>,
}

impl MemoryQueue {
    /// Queues in which nothing waits yet.
    pub fn new(clock: Arc<ManualClock>, settings: QueueSettings) -> Self {
        Self { clock, state: Mutex::new(State::new(settings)) }
    }
    /// What can be worked on now: at most ten messages, at most one of each group.
    pub fn receive(&self, queue: JobQueue) -> Vec<Delivery> {
        lock(&self.state).receive(queue, self.clock.now())
    }
    /// It is done. False when the delivery is no longer the message's current one, and nothing happens.
    pub fn delete(&self, delivery: &Delivery) -> bool {
        lock(&self.state).delete(delivery, self.clock.now())
    }
    /// It failed: back in its place, to be had again after so long. False as for `delete`.
    pub fn fail(&self, delivery: &Delivery, retry_after_ms: u64) -> bool {
        lock(&self.state).fail(delivery, self.clock.now(), retry_after_ms)
    }
    /// It will never work: to the dead letters. False as for `delete`.
    pub fn park(&self, delivery: &Delivery, reason: &str) -> bool {
        lock(&self.state).park(delivery, reason)
    }
    /// What was given up, oldest first.
    pub fn dead_letters(&self, queue: JobQueue) -> Vec<DeadLetter> {
        lock(&self.state).dead.iter().filter(|dead| dead.queue == queue).cloned().collect()
    }
    /// How many messages are not yet deleted, in flight or not.
    pub fn waiting_count(&self, queue: JobQueue) -> usize {
        lock(&self.state).waiting_count(queue)
    }
    /// When the next of the messages that cannot be had now can be had; none when there is none such.
    pub fn next_visible_at(&self, queue: JobQueue) -> Option<Timestamp> {
        lock(&self.state).next_visible_at(queue, self.clock.now())
    }
    /// Everything that was ever accepted, deduplicated messages not included.
    pub fn sent(&self) -> Vec<Outgoing> {
        lock(&self.state).sent.clone()
    }
    /// Puts down a body that no job would send, past every check: what a stranger could do.
    pub fn send_raw(&self, queue: JobQueue, group: &str, body: &str) {
        let mut state = lock(&self.state);
        let deduplication_id = format!("raw-{}", state.sent.len());
        let message = Outgoing { queue, group: group.to_owned(), deduplication_id, body: body.to_owned() };
        state.send(message, self.clock.now());
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, message: Outgoing) -> Result<()> {
        check(&message)?;
        lock(&self.state).send(message, self.clock.now());
        Ok(())
    }
}

#[async_trait]
impl Returns for MemoryQueue {
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()> {
        let is_held = lock(&self.state).hide(message.receipt, self.clock.now(), u64::from(after_s) * 1000);
        if is_held { Ok(()) } else { Err(Error::invalid("the receipt is no longer the message's")) }
    }
}

fn check(message: &Outgoing) -> Result<()> {
    let is_name = |text: &str| {
        (1..=NAME_LIMIT_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !is_name(&message.group) || !is_name(&message.deduplication_id) {
        return Err(Error::invalid(
            "a group or deduplication id has 1 to 128 letters, digits or punctuation",
        ));
    }
    if message.body.len() > BODY_LIMIT_BYTES {
        return Err(Error::invalid("a message is at most 200 KB"));
    }
    match serde_json::from_str::<Value>(&message.body) {
        Ok(Value::Object(body)) if body.get("type").is_some_and(Value::is_string) => Ok(()),
        _ => Err(Error::invalid("a message is a JSON object with its type")),
    }
}
