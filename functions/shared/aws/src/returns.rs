//! When a received message comes back: `ChangeMessageVisibility`.

use crate::error::from_sdk;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use domain::{Error, Result};
use engine::ports::{Delivered, JobQueue, Returns};
use std::collections::BTreeMap;

/// The [`Returns`] that changes the visibility of received messages.
#[derive(Clone, Debug)]
pub struct SqsReturns {
    client: Client,
    urls: BTreeMap<JobQueue, String>,
}

impl SqsReturns {
    /// The same for messages of the queues of these URLs.
    pub fn new(client: Client, urls: BTreeMap<JobQueue, String>) -> Self {
        Self { client, urls }
    }

    /// The queue of that ARN: its URL ends with the same name.
    fn url(&self, arn: &str) -> Option<&String> {
        let name = arn.rsplit(':').next()?;
        self.urls.values().find(|url| url.rsplit('/').next() == Some(name))
    }
}

#[async_trait]
impl Returns for SqsReturns {
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()> {
        let url = self.url(message.queue);
        let url = url.ok_or_else(|| Error::not_found("no queue is set for a message"))?;
        let change = self
            .client
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(message.receipt)
            .visibility_timeout(i32::try_from(after_s).unwrap_or(i32::MAX));
        change.send().await.map(drop).map_err(|e| from_sdk("sqs.ChangeMessageVisibility", e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_by_the_name_at_the_end_of_its_arn() {
        let config = aws_sdk_sqs::Config::builder().behavior_version_latest().build();
        let url = |name: &str| format!("https://sqs.eu-west-1.amazonaws.com/1/{name}");
        let urls = [(JobQueue::TakeSnapshot, url("x-take.fifo")), (JobQueue::RunRestore, url("take.fifo"))];
        let returns = SqsReturns::new(Client::from_conf(config), urls.into());
        let of = |arn: &str| returns.url(arn).cloned();
        assert_eq!(of("arn:aws:sqs:eu-west-1:1:take.fifo"), Some(url("take.fifo")));
        assert_eq!(of("arn:aws:sqs:eu-west-1:1:other.fifo"), None);
    }
}
