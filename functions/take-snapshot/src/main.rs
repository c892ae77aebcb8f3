//! Joins [`take_snapshot::worker`] to AWS, Microsoft Graph and Lambda.

use aws_vault::S3Vault;
use lambda_runtime::Error;
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = take_snapshot::worker(
        wiring.directory()?,
        Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        wiring.keys(),
        wiring.records(),
        wiring.queue(),
        wiring.clock.clone(),
    );
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
