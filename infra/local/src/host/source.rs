//! What a poller reads: the local queue or SQS, behind one trait.

use super::sqs_event::{record_of, sqs_record};
use crate::embedded::{Handle, LocalQueue};
use async_trait::async_trait;
use aws::SqsReceiver;
use domain::{Error, Result};
use engine::ports::JobQueue;
use serde_json::Value;

/// A message as a poller holds it.
#[derive(Clone, Debug)]
pub struct Message {
    /// The id that the queue gave to the message.
    pub id: String,
    /// How often it was received.
    pub receive_count: u32,
    /// The message as the function gets it: a record of an SQS event.
    pub record: Value,
    held: Held,
}

/// What the queue wants to be shown before a message is deleted or comes back.
#[derive(Clone, Debug)]
enum Held {
    Embedded(Handle),
    Sqs(String),
}

/// A queue to poll.
#[async_trait]
pub trait Source: Send + Sync {
    /// The queue that it reads.
    fn queue(&self) -> JobQueue;
    /// Up to `most` messages (at most 10); waits up to `wait_ms` for the first one.
    async fn receive(&self, most: usize, wait_ms: u64) -> Result<Vec<Message>>;
    /// Deletes a message that was worked on.
    async fn delete(&self, message: &Message) -> Result<()>;
    /// Lets a message come back, no sooner than in `delay_ms`.
    async fn retry(&self, message: &Message, delay_ms: u64, reason: Option<&str>) -> Result<()>;
    /// How many messages the queue has, in flight or not. The count of SQS may be a moment old.
    async fn count(&self) -> Result<u64>;
}

/// One of the local queues.
pub struct EmbeddedSource {
    queues: LocalQueue,
    queue: JobQueue,
}

impl EmbeddedSource {
    /// Reads that queue of the local ones.
    pub fn new(queues: LocalQueue, queue: JobQueue) -> Self {
        Self { queues, queue }
    }

    fn handle(message: &Message) -> Result<&Handle> {
        match &message.held {
            Held::Embedded(handle) => Ok(handle),
            Held::Sqs(_) => Err(Error::invalid("a message of another queue")),
        }
    }
}

#[async_trait]
impl Source for EmbeddedSource {
    fn queue(&self) -> JobQueue {
        self.queue
    }

    async fn receive(&self, most: usize, wait_ms: u64) -> Result<Vec<Message>> {
        let received = self.queues.receive_wait(self.queue, most, wait_ms).await?;
        let message = |received: crate::embedded::Received| Message {
            record: record_of(&received),
            id: received.id,
            receive_count: received.receive_count,
            held: Held::Embedded(received.handle),
        };
        Ok(received.into_iter().map(message).collect())
    }

    async fn delete(&self, message: &Message) -> Result<()> {
        self.queues.delete(Self::handle(message)?).await
    }

    async fn retry(&self, message: &Message, delay_ms: u64, reason: Option<&str>) -> Result<()> {
        self.queues.release(Self::handle(message)?, delay_ms, reason).await
    }

    async fn count(&self) -> Result<u64> {
        self.queues.count(self.queue).await
    }
}

/// A queue of SQS, or of whatever answers as SQS.
pub struct SqsSource {
    receiver: SqsReceiver,
    queue: JobQueue,
}

impl SqsSource {
    /// Reads that queue by `receiver`.
    pub fn new(receiver: SqsReceiver, queue: JobQueue) -> Self {
        Self { receiver, queue }
    }

    fn receipt(message: &Message) -> Result<&str> {
        match &message.held {
            Held::Sqs(receipt) => Ok(receipt),
            Held::Embedded(_) => Err(Error::invalid("a message of another queue")),
        }
    }
}

#[async_trait]
impl Source for SqsSource {
    fn queue(&self) -> JobQueue {
        self.queue
    }

    async fn receive(&self, most: usize, wait_ms: u64) -> Result<Vec<Message>> {
        let seconds = u32::try_from(wait_ms / 1000).unwrap_or(u32::MAX);
        let received = self.receiver.receive(most, seconds).await?;
        let message = |received: aws::Received| Message {
            record: sqs_record(self.queue, &received),
            id: received.message_id,
            receive_count: received.receive_count,
            held: Held::Sqs(received.receipt_handle),
        };
        Ok(received.into_iter().map(message).collect())
    }

    async fn delete(&self, message: &Message) -> Result<()> {
        let kept = self.receiver.delete_batch(&[Self::receipt(message)?.to_owned()]).await?;
        if kept.is_empty() { Ok(()) } else { Err(Error::conflict("the message was not deleted")) }
    }

    async fn retry(&self, message: &Message, delay_ms: u64, _reason: Option<&str>) -> Result<()> {
        let seconds = u32::try_from(delay_ms.div_ceil(1000)).unwrap_or(u32::MAX);
        self.receiver.change_visibility(Self::receipt(message)?, seconds).await
    }

    async fn count(&self) -> Result<u64> {
        self.receiver.count().await
    }
}
