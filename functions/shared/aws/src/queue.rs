//! Sending to the job queues: SQS FIFO, one group per tenant; SQS drops duplicates within five minutes. A message
//! carries the name of the story that it belongs to.

use crate::error::from_sdk;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends as Name, MessageSystemAttributeValue as Value};
use domain::{Error, Result};
use engine::ports::{JobQueue, Outgoing, Queue};
use engine::trace;
use std::collections::BTreeMap;

/// The greatest length of group and deduplication ids in SQS.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const ID_LIMIT_CHARS: usize = 128;
/// The greatest length of a body: the port's, below SQS's of 1 MiB.
const BODY_LIMIT_BYTES: usize = 200_000;

/// The [`Queue`] that sends to SQS.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    urls: BTreeMap<JobQueue, String>,
}

impl SqsQueue {
    /// A queue that sends to the SQS queues of these URLs.
    pub fn new(client: Client, urls: BTreeMap<JobQueue, String>) -> Self {
        Self { client, urls }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, message: Outgoing) -> Result<()> {
        check(&message)?;
        let name = message.queue.name();
        let url = self.urls.get(&message.queue);
        let url = url.ok_or_else(|| Error::not_found(format!("no queue is set for {name}")))?;
        let mut send = self
            .client
            .send_message()
            .queue_url(url)
            .message_group_id(message.group)
            .message_deduplication_id(message.deduplication_id)
            .message_body(message.body);
        if let Some(trace) = trace::current() {
            // Why not an attribute of our own: X-Ray joins the sender to the receiver by this one.
            let header = Value::builder().data_type("String").string_value(trace.header()).build();
            let header = header.map_err(|e| Error::invalid("a trace's header has no type").caused_by(e))?;
            send = send.message_system_attributes(Name::AwsTraceHeader, header);
        }
        send.send().await.map(drop).map_err(|e| from_sdk("sqs.SendMessage", e).within(name))
    }
}

/// Checks that SQS and the port take such a message.
///
/// # Errors
/// `Invalid` when one of them does not.
fn check(message: &Outgoing) -> Result<()> {
    for (what, id) in [("group", &message.group), ("deduplication id", &message.deduplication_id)] {
        if !(1..=ID_LIMIT_CHARS).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::invalid(format!("a message's {what} has 1 to 128 visible ASCII characters")));
        }
    }
    if message.body.is_empty() || message.body.len() > BODY_LIMIT_BYTES {
        return Err(Error::invalid("a message has 1 to 200,000 bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Outgoing {
        Outgoing {
            queue: JobQueue::RunRestore,
            group: "g".to_owned(),
            deduplication_id: "d".repeat(ID_LIMIT_CHARS),
            body: "{}".to_owned(),
        }
    }

    #[test]
    fn a_message_that_the_queue_would_not_take_is_refused_before_it_is_sent() {
        assert!(check(&message()).is_ok());
        for wrong in [
            Outgoing { group: String::new(), ..message() },
            Outgoing { group: "two words".to_owned(), ..message() },
            Outgoing { deduplication_id: "d".repeat(ID_LIMIT_CHARS + 1), ..message() },
            Outgoing { deduplication_id: "é".to_owned(), ..message() },
            Outgoing { body: "x".repeat(BODY_LIMIT_BYTES + 1), ..message() },
            Outgoing { body: String::new(), ..message() },
        ] {
            assert!(check(&wrong).is_err(), "{wrong:?}");
        }
    }
}
