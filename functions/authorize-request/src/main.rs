//! Joins [`authorize_request::authorize`] to Lambda.

use authorize_request::{HttpKeySets, SignIn, SignInSettings, Strangers, authorize};
use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use partners::commands::sign_in::FindCaller;
use runtime::wiring::Wiring;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let find = Arc::new(FindCaller {
        records: wiring.records(),
        clock: wiring.clock.clone(),
        bootstrap_sha256: wiring.settings.bootstrap_sha256()?,
    });
    let sign_in = match wiring.settings.sign_in()? {
        Some((issuer, audience)) => {
            let settings = SignInSettings { issuer, audience };
            Some(SignIn::new(settings, Arc::new(HttpKeySets::new()?), wiring.clock.clone()))
        }
        None => None,
    };
    let (sign_in, strangers) = (Arc::new(sign_in), Arc::new(Strangers::default()));
    run(service_fn(move |event: LambdaEvent<ApiGatewayV2CustomAuthorizerV2Request>| {
        let (find, sign_in, strangers) = (find.clone(), sign_in.clone(), strangers.clone());
        async move {
            let sign_in = sign_in.as_ref().as_ref();
            authorize(&event.payload, &find, sign_in, &strangers).await.map_err(Error::from)
        }
    }))
    .await
}
