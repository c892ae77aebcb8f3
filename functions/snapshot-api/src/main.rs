//! Joins the data plane to API Gateway.

use aws_vault::{S3ExportLinks, S3Vault};
use runtime::http::{forwarded, rate_limited};
use runtime::settings::EXPORTS_BUCKET;
use runtime::wiring::Wiring;
use snapshot_api::{Ports, SnapshotApi, router, weights};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = Wiring::from_env()?;
    let (limit, records) = (wiring.settings.rate_limit()?, wiring.records());
    let [exports] = wiring.settings.get_all([EXPORTS_BUCKET])?;
    let api = SnapshotApi::new(Ports {
        vault: Arc::new(S3Vault::new(wiring.clients(), wiring.bucket())),
        keys: wiring.keys(),
        records: records.clone(),
        queue: wiring.queue(),
        links: Arc::new(S3ExportLinks::new(wiring.clients(), exports)),
        clock: wiring.clock.clone(),
        ids: wiring.ids.clone(),
    });
    let key = wiring.settings.forwarded_key()?;
    let limited = rate_limited(router(api), limit, records, weights());
    runtime::http::run(forwarded(limited, key, wiring.clock.clone())).await
}
