//! The function `preview-restore`: a message works out what a restore would do. It reads the tenant and adds the plan to
//! the vault. Apart from `diff-snapshots`, so that no comparison holds up what is asked for in an incident.

use aws_vault::S3Vault;
use lambda_runtime::Error;
use restore::preview_restore::{Ports, Worker};
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;

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
