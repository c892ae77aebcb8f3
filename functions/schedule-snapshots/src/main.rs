//! The function `schedule-snapshots`: a tick starts due snapshots and puts stuck work into its queue again.
//! Its rights are the catalog and the queues; it holds no key to customer data.

use backup::schedule_snapshots::Worker;
use lambda_runtime::Error;
use runtime::{tick, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = Worker {
        records: wiring.records(),
        queue: wiring.queue(),
        clock: wiring.clock.clone(),
        ids: wiring.ids.clone(),
    };
    tick::run(Arc::new(worker)).await
}
