//! An SQS batch through a job: one message after the other, each failure its own.
//!
//! | kind of error | reply |
//! | --- | --- |
//! | `Invalid`, `NotFound`, `Corrupt` | failed: SQS moves it to the dead letters after its last receipt |
//! | `Denied` | done: another try cannot help; the job has told whom it concerns |
//! | `Throttled`, `Unavailable`, `Conflict`, `Stale` | failed: it comes back after the visibility timeout |
//!
//! After a failure the later messages of the same group are failed unprocessed, or they would overtake it.

use crate::call::Call;
use crate::http::panic_text;
use crate::metrics;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Error, ErrorKind, Result};
use engine::jobs::JobWorker;
use engine::metrics::{MESSAGES_LATER, MESSAGES_PARKED};
use engine::ports::Clock;
use engine::trace::{self, Trace};
use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tracing::field::display;
use tracing::{Instrument, info_span};

/// Serves a job as a Lambda function until the sandbox ends.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn run(worker: Arc<dyn JobWorker>, clock: Arc<dyn Clock>) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (worker, clock) = (worker.clone(), clock.clone());
        async move {
            let call = Call::of(&event.context);
            let reply = handle_batch(event.payload, worker.as_ref(), clock.as_ref(), &call).await;
            metrics::flush();
            Ok::<_, lambda_runtime::Error>(reply)
        }
    }))
    .await
}

/// Handles a batch; the reply names the messages that failed.
pub async fn handle_batch(
    event: SqsEvent,
    worker: &dyn JobWorker,
    clock: &dyn Clock,
    call: &Call,
) -> SqsBatchResponse {
    let mut reply = SqsBatchResponse::default();
    let mut stuck = HashSet::new();
    for message in event.records {
        let group = message.attributes.get("MessageGroupId").cloned();
        let waits = group.as_ref().is_some_and(|g| stuck.contains(g));
        // Why: a message begun after the deadline would be cut off in its middle.
        if waits || clock.now() >= call.deadline || !is_done(&message, worker, call).await {
            stuck.extend(group);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            reply.batch_item_failures.push(failure);
        }
    }
    reply
}

async fn is_done(message: &SqsMessage, worker: &dyn JobWorker, call: &Call) -> bool {
    let attribute = |name| message.attributes.get(name).map(String::as_str);
    // Why the message's own first: a batch has messages of many stories, its call is of none.
    let trace = attribute("AWSTraceHeader").and_then(Trace::parse).or_else(|| call.trace.clone());
    let (group, id) = (attribute("MessageGroupId"), message.message_id.as_deref());
    let work = async {
        let body = message.body.as_deref().unwrap_or_default();
        let handled = AssertUnwindSafe(worker.handle(body, call.deadline)).catch_unwind().await;
        let handled = handled.unwrap_or_else(|panic| Err(Error::unavailable(panic_text(&*panic))));
        handled.map_or_else(
            |error| is_over(&error, attribute("ApproximateReceiveCount").unwrap_or("1")),
            |()| true,
        )
    };
    of_message(worker.name(), (group, id), &Call { trace, ..call.clone() }, work).await
}

/// Does the work of a message, of that group and name, as part of the call's story. Its log lines say all of it.
pub async fn of_message<F: Future>(
    job: &str,
    (group, message): (Option<&str>, Option<&str>),
    call: &Call,
    work: F,
) -> F::Output {
    let trace = call.trace.as_ref().map(display);
    let span = info_span!("message", job, tenant = group, message, request = call.request, trace);
    trace::within(call.trace.clone(), work).instrument(span).await
}

/// Whether a message that failed is done all the same.
fn is_over(error: &Error, receipt: &str) -> bool {
    let kind = error.kind().name();
    match error.kind() {
        ErrorKind::Denied => {
            tracing::warn!(kind, reason = %error, "done: it is not allowed");
            true
        }
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Corrupt => {
            // Why: it comes back until its receipts are used up, and says the same each time.
            if receipt == "1" {
                tracing::error!(kind, reason = %error, "parked");
                MESSAGES_PARKED.add(1);
            }
            false
        }
        ErrorKind::Throttled { .. } | ErrorKind::Unavailable | ErrorKind::Conflict | ErrorKind::Stale => {
            tracing::warn!(kind, receipt, reason = %error, "later");
            MESSAGES_LATER.add(1);
            false
        }
    }
}
