//! The function `export-data`: a message makes the file of a download. It reads the vault, opens tenants' keys, and writes the
//! bucket of exports and rows of downloads; it reaches neither Graph nor anything else of a tenant.

use aws_vault::{S3Exports, S3Vault};
use backup::export_data::{Ports, Worker};
use lambda_runtime::Error;
use runtime::settings::EXPORTS_BUCKET;
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let [exports] = wiring.settings.get_all([EXPORTS_BUCKET])?;
    let worker = Worker::new(Ports {
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        keys: wiring.keys(),
        exports: Arc::new(S3Exports::new(wiring.clients(), exports)),
        records: wiring.records(),
        queue: wiring.queue(),
        clock: wiring.clock.clone(),
    });
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
