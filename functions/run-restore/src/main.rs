//! Joins [`run_restore::worker`] to AWS, Microsoft Graph and Lambda.

use aws_vault::S3Vault;
use lambda_runtime::Error;
use run_restore::Ports;
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = run_restore::worker(Ports {
        directory: wiring.directory()?,
        writer: wiring.writer()?,
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        keys: wiring.keys(),
        records: wiring.records(),
        queue: wiring.queue(),
        clock: wiring.clock.clone(),
        ids: wiring.ids.clone(),
    });
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
