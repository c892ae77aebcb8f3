//! Joins [`purge_data::worker`] to AWS and Lambda.

use aws_vault::S3Vault;
use lambda_runtime::Error;
use runtime::{tick, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let (catalog, vault, signer) =
        (wiring.catalog(), Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())), wiring.signer());
    tick::run(Arc::new(purge_data::worker(catalog, vault, signer, wiring.clock.clone()))).await
}
