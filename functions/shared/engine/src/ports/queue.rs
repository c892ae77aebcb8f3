//! Where work is put down for later. Reading from a queue is the runtime's business, not a port's; when a message that it
//! could not finish comes back is one.

use async_trait::async_trait;
use domain::Result;

/// The queues, one per job; FIFO, grouped by tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobQueue {
    /// Take a snapshot.
    TakeSnapshot,
    /// Compare.
    DiffSnapshots,
    /// Work out what a restore would do.
    PreviewRestore,
    /// Execute a restore.
    RunRestore,
    /// Send a mail now.
    SendDigests,
}

impl JobQueue {
    /// Every queue.
    pub const ALL: [Self; 5] =
        [Self::TakeSnapshot, Self::DiffSnapshots, Self::PreviewRestore, Self::RunRestore, Self::SendDigests];

    /// The job's name, which is the queue's.
    pub fn name(self) -> &'static str {
        match self {
            Self::TakeSnapshot => "take-snapshot",
            Self::DiffSnapshots => "diff-snapshots",
            Self::PreviewRestore => "preview-restore",
            Self::RunRestore => "run-restore",
            Self::SendDigests => "send-digests",
        }
    }
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// To which job.
    pub queue: JobQueue,
    /// Messages of one group are handled one after the other: the tenant's id, or a partner's.
    pub group: String,
    /// A second message of the same deduplication id within five minutes is not delivered. At most 128
    /// characters of letters, digits and punctuation.
    pub deduplication_id: String,
    /// A JSON object with its `type`; at most 200 KB.
    pub body: String,
}

/// Sends; at least once, in order within a group.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts the message down. When it returns, the message is durable.
    async fn send(&self, message: Outgoing) -> Result<()>;
}

/// A message that was received and is not deleted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered<'a> {
    /// Its queue, by the ARN that the event names.
    pub queue: &'a str,
    /// This delivery of it.
    pub receipt: &'a str,
}

/// Says when a message comes back.
#[async_trait]
pub trait Returns: Send + Sync {
    /// Unless it is deleted before, the message comes back in so many seconds from now; SQS takes at most 12 hours from
    /// its receipt on. Until then it holds its group back.
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()>;
}
