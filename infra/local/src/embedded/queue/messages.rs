//! A message of the queues, as it is handed out and as it ends.

use domain::Timestamp;
use engine::ports::{JobQueue, Outgoing};

/// The right to say what becomes of one handing out of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    pub(super) seq: i64,
    pub(super) receipt: String,
}

impl Handle {
    /// The name of this handing out.
    pub fn receipt(&self) -> &str {
        &self.receipt
    }
}

/// A message handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// For saying what became of it.
    pub handle: Handle,
    /// Its name.
    pub id: String,
    /// What was sent.
    pub sent: Outgoing,
    /// Its place in the queue: 20 digits that sort.
    pub sequence: String,
    /// How often it was handed out, this time included.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was first handed out.
    pub first_received_at: Timestamp,
    /// The header of the story that it was sent in.
    pub trace: Option<String>,
}

/// A message that is not handed out any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which queue it was in.
    pub queue: JobQueue,
    /// Its name.
    pub id: String,
    /// Its group.
    pub group: String,
    /// What was sent.
    pub body: String,
    /// How often it was handed out.
    pub receive_count: u32,
    /// Why it failed, where that was said.
    pub reason: Option<String>,
    /// Since when, where that is known.
    pub died_at: Option<Timestamp>,
}
