//! The function `diff-snapshots`: a message compares two snapshots, or one and the live tenant. It reads and writes
//! nothing back: the reading credential, the vault without deletion, the keys, the catalog and the queues.

use aws_vault::S3Vault;
use backup::diff_snapshots::{Ports, Worker};
use lambda_runtime::Error;
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
        ids: wiring.ids.clone(),
    });
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
