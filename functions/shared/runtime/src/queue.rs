//! An SQS batch through a job: one message after the other, each failure its own.
//!
//! | kind of error | reply |
//! | --- | --- |
//! | `Invalid`, `NotFound`, `Corrupt` | failed: SQS moves it to the dead letters after its last receipt |
//! | `Denied` | done: another try cannot help; the job has told whom it concerns |
//! | `Throttled`, `Unavailable`, `Conflict`, `Stale` | failed: it comes back after the visibility timeout |
//!
//! After a failure the later messages of the same group are failed unprocessed, or they would overtake it.

use crate::http::panic_text;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::jobs::JobWorker;
use engine::ports::Clock;
use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// What is kept back of the time that Lambda gives, for saving progress and replying.
pub const MARGIN_MS: i64 = 20_000;

/// Serves a job as a Lambda function until the sandbox ends.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn run(worker: Arc<dyn JobWorker>, clock: Arc<dyn Clock>) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (worker, clock) = (worker.clone(), clock.clone());
        async move {
            let deadline = deadline(event.context.deadline);
            let reply = handle_batch(event.payload, worker.as_ref(), clock.as_ref(), deadline).await;
            Ok::<_, lambda_runtime::Error>(reply)
        }
    }))
    .await
}

/// When work must be put down, given when Lambda ends it.
pub(crate) fn deadline(ends_at_ms: u64) -> Timestamp {
    let at_ms = i64::try_from(ends_at_ms).unwrap_or(i64::MAX).saturating_sub(MARGIN_MS);
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX)
}

/// Handles a batch; the reply names the messages that failed.
pub async fn handle_batch(
    event: SqsEvent,
    worker: &dyn JobWorker,
    clock: &dyn Clock,
    deadline: Timestamp,
) -> SqsBatchResponse {
    let mut reply = SqsBatchResponse::default();
    let mut stuck = HashSet::new();
    for message in event.records {
        let group = message.attributes.get("MessageGroupId").cloned();
        let waits = group.as_ref().is_some_and(|g| stuck.contains(g));
        // Why: a message begun after the deadline would be cut off in its middle.
        if waits || clock.now() >= deadline || !is_done(&message, worker, deadline).await {
            stuck.extend(group);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            reply.batch_item_failures.push(failure);
        }
    }
    reply
}

async fn is_done(message: &SqsMessage, worker: &dyn JobWorker, deadline: Timestamp) -> bool {
    let body = message.body.as_deref().unwrap_or_default();
    let handled = AssertUnwindSafe(worker.handle(body, deadline)).catch_unwind().await;
    let handled = handled.unwrap_or_else(|panic| Err(Error::unavailable(panic_text(&*panic))));
    let Err(error) = handled else { return true };
    let (job, kind) = (worker.name(), error.kind().name());
    let id = message.message_id.as_deref().unwrap_or_default();
    let receipt = message.attributes.get("ApproximateReceiveCount").map_or("1", String::as_str);
    match error.kind() {
        ErrorKind::Denied => {
            tracing::warn!(job, message = id, kind, reason = %error, "done: it is not allowed");
            true
        }
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Corrupt => {
            // Why: it comes back until its receipts are used up, and says the same each time.
            if receipt == "1" {
                tracing::error!(job, message = id, kind, reason = %error, "parked");
            }
            false
        }
        ErrorKind::Throttled { .. } | ErrorKind::Unavailable | ErrorKind::Conflict | ErrorKind::Stale => {
            tracing::warn!(job, message = id, kind, receipt, reason = %error, "later");
            false
        }
    }
}
