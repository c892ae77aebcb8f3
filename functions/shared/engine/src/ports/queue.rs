//! The port of the queues: where work is enqueued. Receiving from a queue is the runtime's business, not a port's;
//! setting when an unfinished message comes back is a port.

use async_trait::async_trait;
use domain::Result;

/// The queues, one per job; FIFO, grouped by tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobQueue {
    /// Takes snapshots, and tries pending connections again.
    TakeSnapshot,
    /// Runs comparisons of two snapshots, or of a snapshot and the live tenant.
    DiffSnapshots,
    /// Works out what a restore would do.
    PreviewRestore,
    /// Executes restores that were approved.
    RunRestore,
    /// Makes the files of downloads.
    ExportData,
    /// Sends the mails of a notice that are due at once.
    SendDigests,
}

impl JobQueue {
    /// Every queue, one per job.
    pub const ALL: [Self; 6] = [
        Self::TakeSnapshot,
        Self::DiffSnapshots,
        Self::PreviewRestore,
        Self::RunRestore,
        Self::ExportData,
        Self::SendDigests,
    ];

    /// The job's name, which is the queue's.
    pub fn name(self) -> &'static str {
        match self {
            Self::TakeSnapshot => "take-snapshot",
            Self::DiffSnapshots => "diff-snapshots",
            Self::PreviewRestore => "preview-restore",
            Self::RunRestore => "run-restore",
            Self::ExportData => "export-data",
            Self::SendDigests => "send-digests",
        }
    }
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The queue that it goes into.
    pub queue: JobQueue,
    /// Messages of one group are handled one after the other: the tenant's id, or a partner's.
    pub group: String,
    /// The id by which a repetition is known: a second message of the same id within five minutes is not delivered.
    /// At most 128 characters of letters, digits and punctuation.
    pub deduplication_id: String,
    /// A JSON object with its `type`; at most 200 KB.
    pub body: String,
}

/// Enqueues messages. Each is delivered at least once, in order within its group.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Enqueues the message. When it returns, the message is durable.
    async fn send(&self, message: Outgoing) -> Result<()>;
}

/// A message that was received and is not deleted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered<'a> {
    /// Its queue, by the ARN that the event names.
    pub queue: &'a str,
    /// The receipt of this delivery of it.
    pub receipt: &'a str,
}

/// Sets when a message comes back that its function could not finish.
#[async_trait]
pub trait Returns: Send + Sync {
    /// Unless it is deleted before, the message comes back `after_s` seconds from now; SQS takes at most 12 hours
    /// from its receipt on. Until then it holds its group back.
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()>;
}
