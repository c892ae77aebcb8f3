//! Joins [`Worker`] to AWS, Microsoft Graph and Lambda.

use aws_vault::S3Vault;
use backup::take_snapshot::Ports;
use lambda_runtime::Error;
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;
use take_snapshot::Worker;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = Worker::new(Ports {
        directory: wiring.directory()?,
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        keys: wiring.keys(),
        records: wiring.records(),
        queue: wiring.queue(),
        clock: wiring.clock.clone(),
    });
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
