//! Joins [`schedule_snapshots::worker`] to AWS and Lambda.

use lambda_runtime::Error;
use runtime::{tick, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = schedule_snapshots::worker(
        wiring.records(),
        wiring.queue(),
        wiring.clock.clone(),
        wiring.ids.clone(),
    );
    tick::run(Arc::new(worker)).await
}
