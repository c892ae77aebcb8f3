//! Joins the control plane to API Gateway.

use plan_api::{PlanApi, Ports, router, weights};
use runtime::http::{forwarded, rate_limited};
use runtime::settings::OIDC_ISSUER;
use runtime::wiring::Wiring;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = Wiring::from_env()?;
    let (limit, records) = (wiring.settings.rate_limit()?, wiring.records());
    let api = PlanApi::new(Ports {
        records: records.clone(),
        clock: wiring.clock.clone(),
        ids: wiring.ids.clone(),
        directory: wiring.directory_for_few()?,
        keys: wiring.keys(),
        signer: wiring.signer(),
        sign_ins: wiring.sign_ins()?,
        consent: wiring.settings.consent()?,
        has_sign_in: wiring.settings.find(OIDC_ISSUER).is_some(),
    })?;
    let key = wiring.settings.forwarded_key()?;
    let limited = rate_limited(router(api), limit, records, weights());
    runtime::http::run(forwarded(limited, key, wiring.clock.clone())).await
}
