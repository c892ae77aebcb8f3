//! Joins [`authorize_request::authorize`] to Lambda.

use authorize_request::authorize;
use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use engine::commands::sign_in::FindCaller;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::wiring::Wiring;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env().await?;
    let find = Arc::new(FindCaller {
        records: wiring.records(),
        clock: wiring.clock.clone(),
        bootstrap_hash: wiring.settings.bootstrap_hash()?,
    });
    run(service_fn(move |event: LambdaEvent<ApiGatewayV2CustomAuthorizerV2Request>| {
        let find = find.clone();
        async move { authorize(&event.payload, &find).await.map_err(Error::from) }
    }))
    .await
}
