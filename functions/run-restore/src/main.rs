//! The function `run-restore`: a message executes a restore, or goes on with it. The only function that
//! holds the writing credential.

use aws_vault::S3Vault;
use lambda_runtime::Error;
use restore::run_restore::{Ports, Worker};
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = Worker::new(Ports {
        directory: wiring.directory()?,
        writer: wiring.writer()?,
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        keys: wiring.keys(),
        records: wiring.records(),
        queue: wiring.queue(),
        clock: wiring.clock.clone(),
        ids: wiring.ids.clone(),
        signer: wiring.signer(),
    });
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
