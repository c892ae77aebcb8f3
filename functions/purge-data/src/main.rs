//! The function `purge-data`: a tick deletes organisations whose hold is over, and removes what has ended. Its rights
//! are the catalog, the deletion of blobs, and the signature of certificates and of the heads of audit logs; it can open no key.

use aws_vault::{S3Anchors, S3Vault};
use engine::purge_data::{Ports, Worker};
use lambda_runtime::Error;
use runtime::settings::ANCHORS_BUCKET;
use runtime::{tick, wiring::Wiring};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let [anchors] = wiring.settings.get_all([ANCHORS_BUCKET])?;
    let worker = Worker::new(Ports {
        catalog: wiring.catalog(),
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        signer: wiring.signer(),
        anchors: Arc::new(S3Anchors::new(wiring.clients(), anchors)),
        clock: wiring.clock.clone(),
        ids: wiring.ids.clone(),
    });
    tick::run(Arc::new(worker)).await
}
