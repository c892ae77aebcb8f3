//! A tick of the scheduler through a job. What the event says is of no account: the clock is asked.

use crate::call::Invocation;
use crate::metrics;
use domain::Result;
use engine::trace;
use engine::work::TickWorker;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use tracing::field::display;
use tracing::{Instrument, info_span};

/// Serves a ticking job as a Lambda function until the sandbox ends.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn run(worker: Arc<dyn TickWorker>) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let worker = worker.clone();
        async move {
            let done = handle_tick(worker.as_ref(), &Invocation::of(&event.context)).await;
            metrics::flush();
            done.map_err(lambda_runtime::Error::from)
        }
    }))
    .await
}

/// Does what is due; returns and logs what was done.
///
/// # Errors
/// Those of the job; the scheduler then tries again by its own rule.
pub async fn handle_tick(worker: &dyn TickWorker, call: &Invocation) -> Result<Value> {
    let job = worker.name();
    let trace = call.trace.as_ref().map(display);
    let span = info_span!("tick", job, request = call.request, trace);
    let work = async {
        let done = worker.tick(call.deadline).await;
        match &done {
            Ok(done) => tracing::info!(%done, "tick"),
            Err(error) => tracing::error!(kind = error.kind().name(), reason = %error, "tick failed"),
        }
        done
    };
    trace::within(call.trace.clone(), work).instrument(span).await
}
