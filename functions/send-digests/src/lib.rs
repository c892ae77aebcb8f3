//! The function `send-digests`: messages send a notice at once, ticks send digests, and what SES tells of mail that it took
//! comes from a queue of its own. One function for all of it, since all need the same rights: the catalog and the mailer.

use aws_lambda_events::sqs::SqsEvent;
use domain::{Error, Result};
use engine::ports::{Clock, Returns};
use partners::send_digests::Worker;
use runtime::call::Invocation;
use runtime::mail::{AsTheQueueSays, MailMessages};
use serde_json::Value;

/// How the queue ends in which SES tells of mail.
const MAIL_EVENTS: &str = "-mail-events";

/// Handles an event of any trigger: a batch of a queue has `Records`, a tick has none. The answer to
/// a batch is its partial reply, the answer to a tick its report.
///
/// # Errors
/// When a batch is none, and when a tick fails.
pub async fn handle(
    worker: &Worker,
    queue: (&dyn Clock, &dyn Returns),
    event: Value,
    call: &Invocation,
) -> Result<Value> {
    if event.get("Records").is_none() {
        return runtime::tick::handle_tick(worker, call).await;
    }
    let batch: SqsEvent = serde_json::from_value(event)
        .map_err(|e| Error::invalid("a batch of messages is none").caused_by(e))?;
    let (clock, returns) = queue;
    let of_ses = batch
        .records
        .iter()
        .all(|message| message.event_source_arn.as_deref().is_some_and(|queue| queue.ends_with(MAIL_EVENTS)));
    // Why by its own time: that queue is none of a job's, whose messages come back when we say.
    let returns = if of_ses { &AsTheQueueSays } else { returns };
    let messages = MailMessages(worker.clone());
    let reply = runtime::queue::handle_batch(batch, &messages, (clock, returns), call).await;
    serde_json::to_value(reply).map_err(|e| Error::invalid("a reply cannot be written").caused_by(e))
}
