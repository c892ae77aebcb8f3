//! A tick of the scheduler through a job. What the event says is of no account: the clock is asked.

use crate::queue::deadline;
use domain::Result;
use engine::jobs::TickWorker;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;

/// Serves a ticking job as a Lambda function until the sandbox ends.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn run(worker: Arc<dyn TickWorker>) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let worker = worker.clone();
        async move {
            let done = handle_tick(worker.as_ref(), deadline(event.context.deadline)).await;
            done.map_err(lambda_runtime::Error::from)
        }
    }))
    .await
}

/// Does what is due; returns and logs what was done.
///
/// # Errors
/// Those of the job; the scheduler then tries again by its own rule.
pub async fn handle_tick(worker: &dyn TickWorker, deadline: domain::Timestamp) -> Result<Value> {
    let job = worker.name();
    match worker.tick(deadline).await {
        Ok(done) => {
            tracing::info!(job, %done, "tick");
            Ok(done)
        }
        Err(error) => {
            tracing::error!(job, kind = error.kind().name(), reason = %error, "tick failed");
            Err(error)
        }
    }
}
