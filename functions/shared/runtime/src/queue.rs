//! An SQS batch through a job: one message after the other, each failure its own.
//!
//! | kind of error | reply |
//! | --- | --- |
//! | `Invalid`, `NotFound`, `Corrupt` | failed, and back at once: SQS moves it to the dead letters after its last receipt |
//! | `Denied` | done: another try cannot help; the job has told whom it concerns |
//! | `Throttled` | failed: it comes back when that was asked for, within a quarter of an hour at the most, or as below |
//! | `Unavailable`, `Conflict`, `Stale` | failed: it comes back after a pause that grows with its receipts |
//!
//! What a job can say in its row, it does: an error comes here where there is no row, or none that can be written.
//! After a failure the later messages of the same group are failed unprocessed, or they would overtake it. While a message
//! is worked on it is hidden for as long as the call may take, so that the end of a process costs a minute.

use crate::call::{Invocation, MARGIN_MS};
use crate::http::panic_text;
use crate::metrics;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::metrics::{MESSAGES_LATER, MESSAGES_PARKED};
use engine::ports::{Clock, Delivered, Returns};
use engine::trace::{self, Trace};
use engine::work::JobWorker;
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
pub async fn run(
    worker: Arc<dyn JobWorker>,
    clock: Arc<dyn Clock>,
    returns: Arc<dyn Returns>,
) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (worker, clock, returns) = (worker.clone(), clock.clone(), returns.clone());
        async move {
            let call = Invocation::of(&event.context);
            let reply = handle_batch(event.payload, worker.as_ref(), (&*clock, &*returns), &call).await;
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
    (clock, returns): (&dyn Clock, &dyn Returns),
    call: &Invocation,
) -> SqsBatchResponse {
    let mut reply = SqsBatchResponse::default();
    let mut stuck = HashSet::new();
    for message in event.records {
        let group = message.attributes.get("MessageGroupId").cloned();
        let waits = group.as_ref().is_some_and(|g| stuck.contains(g));
        // Why: a message begun after the deadline would be cut off in its middle.
        if waits || clock.now() >= call.deadline || !is_done(&message, worker, (clock, returns), call).await {
            stuck.extend(group);
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            reply.batch_item_failures.push(failure);
        }
    }
    reply
}

async fn is_done(
    message: &SqsMessage,
    worker: &dyn JobWorker,
    (clock, returns): (&dyn Clock, &dyn Returns),
    call: &Invocation,
) -> bool {
    let attribute = |name| message.attributes.get(name).map(String::as_str);
    // Why the message's own first: a batch has messages of many stories, its call is of none.
    let trace = attribute("AWSTraceHeader").and_then(Trace::parse).or_else(|| call.trace.clone());
    let (group, id) = (attribute("MessageGroupId"), message.message_id.as_deref());
    let receipts = attribute("ApproximateReceiveCount").and_then(|n| n.parse().ok()).unwrap_or(1);
    let work = async {
        come_back(returns, message, seconds_of(call, clock.now())).await;
        let body = message.body.as_deref().unwrap_or_default();
        let handled = AssertUnwindSafe(worker.handle(body, call.deadline)).catch_unwind().await;
        let handled = handled.unwrap_or_else(|panic| Err(Error::unavailable(panic_text(&*panic))));
        match handled.map_or_else(|error| fate(&error, receipts), |()| Fate::Done) {
            Fate::Done => true,
            Fate::Back { after_s } => {
                come_back(returns, message, after_s).await;
                false
            }
        }
    };
    of_message(worker.name(), (group, id), &Invocation { trace, ..call.clone() }, work).await
}

/// How long a call may go on, with what Lambda gives beyond its deadline and a minute.
fn seconds_of(call: &Invocation, now: Timestamp) -> u32 {
    let left_ms = call.deadline.duration_since(now).as_millis() + i128::from(MARGIN_MS) + 60_000;
    u32::try_from(left_ms / 1000).unwrap_or(LONGEST_S).min(LONGEST_S)
}

/// A failure is no failure of the message: the queue's own timeout brings it back too, later.
async fn come_back(returns: &dyn Returns, message: &SqsMessage, after_s: u32) {
    let (queue, receipt) = (message.event_source_arn.as_deref(), message.receipt_handle.as_deref());
    let delivered = Delivered { queue: queue.unwrap_or_default(), receipt: receipt.unwrap_or_default() };
    if let Err(error) = returns.come_back(delivered, after_s).await {
        tracing::warn!(kind = error.kind().name(), reason = %error, "it comes back when the queue says so");
    }
}

/// Does the work of a message, of that group and name, as part of the call's story. Its log lines say all of it.
pub async fn of_message<F: Future>(
    job: &str,
    (group, message): (Option<&str>, Option<&str>),
    call: &Invocation,
    work: F,
) -> F::Output {
    let trace = call.trace.as_ref().map(display);
    let span = info_span!("message", job, tenant = group, message, request = call.request, trace);
    trace::within(call.trace.clone(), work).instrument(span).await
}

/// What becomes of a message.
enum Fate {
    Done,
    /// It comes back in so many seconds.
    Back {
        after_s: u32,
    },
}

/// The pause after each receipt; the fifth is the last. Together they outlast what a service takes to be well again, and
/// are over before the sweeper sends another message for the same work.
const PAUSES_S: [u32; 5] = [30, 60, 240, 600, 1];
/// A pause that was asked for is granted up to here. Why no longer: whatever its tenant has behind it in the queue waits too;
/// a job that can say in its row that it waits does so, and its message is done.
const LONGEST_PAUSE_S: u32 = 900;
/// SQS hides a message for no longer. Why an hour less: it counts from the receipt on.
const LONGEST_S: u32 = 11 * 3600;

/// What becomes of a message that failed.
fn fate(error: &Error, receipts: u32) -> Fate {
    let kind = error.kind().name();
    let step = usize::try_from(receipts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause_s = PAUSES_S[step.min(PAUSES_S.len() - 1)];
    let after_s = match error.kind() {
        ErrorKind::Denied => {
            tracing::warn!(kind, reason = %error, "done: it is not allowed");
            return Fate::Done;
        }
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Corrupt => {
            // Why: it comes back until its receipts are used up, and says the same each time.
            if receipts == 1 {
                tracing::error!(kind, reason = %error, "parked");
                MESSAGES_PARKED.add(1);
            }
            return Fate::Back { after_s: 1 };
        }
        ErrorKind::Throttled { retry_after_ms: Some(ms) } => {
            u32::try_from(ms.div_ceil(1000)).unwrap_or(LONGEST_PAUSE_S).min(LONGEST_PAUSE_S)
        }
        ErrorKind::Throttled { retry_after_ms: None }
        | ErrorKind::Unavailable
        | ErrorKind::Conflict
        | ErrorKind::Stale => pause_s,
    };
    tracing::warn!(kind, receipts, after_s, reason = %error, "later");
    MESSAGES_LATER.add(1);
    Fate::Back { after_s }
}
