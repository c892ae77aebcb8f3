//! Joins [`send_digests::handle`] to AWS and Lambda.

use domain::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{queue::MARGIN_MS, wiring::Wiring};
use serde_json::Value;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env().await?;
    let (clock, ids) = (wiring.clock.clone(), wiring.ids.clone());
    let worker = Arc::new(send_digests::worker(wiring.records(), wiring.mailer(), clock.clone(), ids)?);
    run(service_fn(move |event: LambdaEvent<Value>| {
        let (worker, clock) = (worker.clone(), clock.clone());
        async move {
            let ends_at_ms = i64::try_from(event.context.deadline)?;
            let deadline = Timestamp::from_millisecond(ends_at_ms - MARGIN_MS)?;
            let answer = send_digests::handle(&worker, clock.as_ref(), event.payload, deadline).await?;
            Ok::<_, Error>(answer)
        }
    }))
    .await
}
