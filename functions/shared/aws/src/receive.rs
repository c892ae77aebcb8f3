//! Reading a queue where no event-source mapping does it: the local cloud and tests.
//!
//! It receives messages, and deletes or postpones them when asked; what to do with a message is the caller's
//! decision.

use crate::error::{from_sdk, incomplete};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use domain::{Error, Result};
use std::collections::BTreeMap;

/// The most messages that SQS takes in one batch.
const BATCH: usize = 10;
/// The longest poll that SQS allows, in seconds.
const WAIT_LIMIT_S: u32 = 20;

/// A received message, hidden from others until its visibility timeout ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message's id; the same at each delivery.
    pub message_id: String,
    /// The receipt of this delivery: by it the message is deleted or postponed.
    pub receipt_handle: String,
    /// The message group that it was sent in.
    pub group: Option<String>,
    /// How often it was delivered, this time included.
    pub receive_count: u32,
    /// The body as it was sent.
    pub body: String,
    /// Every attribute that SQS gave, by AWS's names, as an event-source mapping passes them on.
    pub attributes: BTreeMap<String, String>,
}

/// A reader of one queue.
#[derive(Clone, Debug)]
pub struct SqsReceiver {
    client: Client,
    url: String,
}

impl SqsReceiver {
    /// A reader of the queue of that URL.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Waits up to `wait_s` seconds (at most 20) for messages, and returns up to `limit` (at most 10) of them.
    pub async fn receive(&self, limit: usize, wait_s: u32) -> Result<Vec<Received>> {
        let limit = i32::try_from(limit.clamp(1, BATCH)).unwrap_or(1);
        let wait_s = i32::try_from(wait_s.min(WAIT_LIMIT_S)).unwrap_or(0);
        let receive = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(limit)
            .wait_time_seconds(wait_s)
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = receive.send().await.map_err(|e| from_sdk("sqs.ReceiveMessage", e))?;
        answer.messages.unwrap_or_default().into_iter().map(received).collect()
    }

    /// Deletes messages for good; returns the receipts of those that could not be deleted.
    ///
    /// # Errors
    /// When a complete batch failed; earlier batches are deleted.
    pub async fn delete_batch(&self, receipt_handles: &[String]) -> Result<Vec<String>> {
        let mut kept = Vec::new();
        for batch in receipt_handles.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(at, handle)| {
                let entry =
                    DeleteMessageBatchRequestEntry::builder().id(at.to_string()).receipt_handle(handle);
                entry.build().map_err(|_| Error::invalid("a receipt handle is missing"))
            });
            let entries = entries.collect::<Result<_>>()?;
            let delete = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = delete.send().await.map_err(|e| from_sdk("sqs.DeleteMessageBatch", e))?;
            let failed = answer.failed().iter().filter_map(|f| f.id().parse::<usize>().ok());
            kept.extend(failed.filter_map(|at| batch.get(at).cloned()));
        }
        Ok(kept)
    }

    /// Hides a message for that many seconds from now on; 0 makes it visible at once.
    pub async fn change_visibility(&self, receipt_handle: &str, visibility_s: u32) -> Result<()> {
        let change = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(i32::try_from(visibility_s).unwrap_or(i32::MAX));
        change.send().await.map(drop).map_err(|e| from_sdk("sqs.ChangeMessageVisibility", e))
    }

    /// How many messages there are: waiting, in flight and delayed. SQS's answer may be a moment old.
    pub async fn count(&self) -> Result<u64> {
        const CALL: &str = "sqs.GetQueueAttributes";
        const COUNTS: [QueueAttributeName; 3] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let get = self.client.get_queue_attributes().queue_url(&self.url);
        let get = get.set_attribute_names(Some(COUNTS.to_vec()));
        let answer = get.send().await.map_err(|e| from_sdk(CALL, e))?;
        let attributes = answer.attributes().ok_or_else(|| incomplete(CALL, "attributes"))?;
        let count = |name| attributes.get(name).and_then(|n| n.parse::<u64>().ok());
        COUNTS.iter().map(|name| count(name).ok_or_else(|| incomplete(CALL, "count of messages"))).sum()
    }
}

fn received(message: Message) -> Result<Received> {
    const CALL: &str = "sqs.ReceiveMessage";
    let attributes = message.attributes.unwrap_or_default();
    let attributes: BTreeMap<_, _> =
        attributes.into_iter().map(|(k, v)| (k.as_str().to_owned(), v)).collect();
    let count = attributes.get("ApproximateReceiveCount").and_then(|n| n.parse().ok());
    Ok(Received {
        message_id: message.message_id.ok_or_else(|| incomplete(CALL, "message id"))?,
        receipt_handle: message.receipt_handle.ok_or_else(|| incomplete(CALL, "receipt handle"))?,
        group: attributes.get("MessageGroupId").cloned(),
        receive_count: count.ok_or_else(|| incomplete(CALL, "receive count"))?,
        body: message.body.unwrap_or_default(),
        attributes,
    })
}
