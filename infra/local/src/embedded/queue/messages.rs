//! A message of the queues, as it is handed out and as it ends.

use domain::Timestamp;
use engine::ports::{JobQueue, Outgoing};

/// The right to say what becomes of a message, for as long as it was not handed out again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    pub(super) seq: i64,
    pub(super) receipt: String,
}

impl Handle {
    /// The id of this delivery, which is another each time that the message is handed out.
    pub fn receipt(&self) -> &str {
        &self.receipt
    }
}

/// A message as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The right to delete it or to let it come back.
    pub handle: Handle,
    /// The id that the queue gave to the message.
    pub id: String,
    /// The message, as its sender made it.
    pub sent: Outgoing,
    /// Its place in the queue: 20 digits that sort.
    pub sequence: String,
    /// How often it has been handed out, this time included.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was first handed out.
    pub first_received_at: Timestamp,
    /// The trace header of the call that it was sent in.
    pub trace: Option<String>,
}

/// A message that is not handed out any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue that it was in.
    pub queue: JobQueue,
    /// The id that the queue gave to the message.
    pub id: String,
    /// The group whose order it was part of.
    pub group: String,
    /// The body, as its sender wrote it.
    pub body: String,
    /// How often it had been handed out.
    pub receive_count: u32,
    /// Why it failed last, where its function gave a reason.
    pub reason: Option<String>,
    /// When it became a dead letter, where that is known.
    pub died_at: Option<Timestamp>,
}
