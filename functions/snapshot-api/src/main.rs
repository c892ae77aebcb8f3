//! Joins the data plane to API Gateway.

use aws_vault::S3Vault;
use backup::archive::Archive;
use runtime::http::rate_limited;
use runtime::wiring::Wiring;
use snapshot_api::{EngineCommands, SnapshotApi, router};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = Wiring::from_env()?;
    let records = wiring.records();
    let archive = Arc::new(Archive::new(
        Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        wiring.keys(),
        records.clone(),
    ));
    let (queue, clock, ids) = (wiring.queue(), wiring.clock.clone(), wiring.ids.clone());
    let commands = Arc::new(EngineCommands::new(archive, records, queue, clock.clone(), ids));
    let routes = router(SnapshotApi { gate: wiring.gate(), commands });
    runtime::http::run(rate_limited(routes, wiring.settings.rate_limit()?, clock)).await
}
