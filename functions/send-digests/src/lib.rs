//! The function `send-digests`: messages send a notice at once, ticks send digests. One function for both,
//! since both need the same rights: the catalog and the mailer.

use aws_lambda_events::sqs::SqsEvent;
use domain::{Error, Result};
use engine::ports::{Clock, Returns};
use partners::send_digests::Worker;
use runtime::call::Invocation;
use serde_json::Value;

/// Handles an event of either trigger: a batch of the queue has `Records`, a tick has none. The answer to
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
    let reply = runtime::queue::handle_batch(batch, worker, queue, call).await;
    serde_json::to_value(reply).map_err(|e| Error::invalid("a reply cannot be written").caused_by(e))
}
