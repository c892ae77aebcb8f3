//! Joins [`Worker`] to AWS, Microsoft Graph and Lambda.

use aws_vault::{S3Keeper, S3Vault};
use backup::take_snapshot::Ports;
use lambda_runtime::Error;
use runtime::settings::VAULT_LOCK_MODE;
use runtime::{queue, wiring::Wiring};
use std::sync::Arc;
use take_snapshot::Worker;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let [mode] = wiring.settings.get_all([VAULT_LOCK_MODE])?;
    let lock_days = wiring.settings.vault_lock_days()?;
    let keeper = S3Keeper::new(wiring.clients(), wiring.bucket(), &mode)?;
    let worker = Worker::new(Ports {
        directory: wiring.directory()?,
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        keys: wiring.keys(),
        records: wiring.records(),
        queue: wiring.queue(),
        clock: wiring.clock.clone(),
    })
    .keeping(Arc::new(keeper), lock_days);
    queue::run(Arc::new(worker), wiring.clock.clone(), wiring.returns()).await
}
