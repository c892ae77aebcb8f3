//! The function `purge-data`: a tick deletes organisations whose hold is over, and removes what has ended. Its rights
//! are the catalog, the deletion of blobs and the signature of certificates; it can open no key.

use aws_vault::S3Vault;
use engine::purge_data::{Ports, Worker};
use lambda_runtime::Error;
use runtime::{tick, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let worker = Worker::new(Ports {
        catalog: wiring.catalog(),
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        signer: wiring.signer(),
        clock: wiring.clock.clone(),
    });
    tick::run(Arc::new(worker)).await
}
