//! The messages of `send-digests`: those that other jobs send it, and what SES tells of a mail that it took.

use async_trait::async_trait;
use domain::{Result, Timestamp};
use engine::ports::{Delivered, Returns};
use engine::work::JobWorker;
use partners::send_digests::Worker;

/// The job as its queues call it.
#[derive(Clone)]
pub struct MailMessages(pub Worker);

#[async_trait]
impl JobWorker for MailMessages {
    fn name(&self) -> &'static str {
        JobWorker::name(&self.0)
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        if !aws::is_mail_event(body) {
            return self.0.handle(body, deadline).await;
        }
        match aws::read_mail_event(body)? {
            Some(event) => self.0.settle(&event).await,
            // Something that changes nothing, or a mail that somebody else sent through the same set.
            None => Ok(()),
        }
    }
}

/// When messages of a queue come back by that queue's own time alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsTheQueueSays;

#[async_trait]
impl Returns for AsTheQueueSays {
    async fn come_back(&self, _: Delivered<'_>, _: u32) -> Result<()> {
        Ok(())
    }
}
