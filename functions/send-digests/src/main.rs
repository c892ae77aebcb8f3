//! Joins [`send_digests::handle`] to AWS and Lambda.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use partners::send_digests::{Ports, Worker};
use runtime::{call::Invocation, metrics, settings::PUBLIC_URL, wiring::Wiring};
use serde_json::Value;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = Wiring::from_env()?;
    let (clock, returns) = (wiring.clock.clone(), wiring.returns());
    let ports = Ports {
        records: wiring.records(),
        mailer: wiring.mailer(),
        clock: clock.clone(),
        ids: wiring.ids.clone(),
    };
    let worker = Worker::new(ports)?;
    let worker = Arc::new(match wiring.settings.find(PUBLIC_URL) {
        Some(url) => worker.with_portal(&format!("{}/", url.trim_end_matches('/'))),
        None => worker,
    });
    run(service_fn(move |event: LambdaEvent<Value>| {
        let (worker, clock, returns) = (worker.clone(), clock.clone(), returns.clone());
        async move {
            let call = Invocation::of(&event.context);
            let answer = send_digests::handle(&worker, (&*clock, &*returns), event.payload, &call).await;
            metrics::flush();
            answer.map_err(Error::from)
        }
    }))
    .await
}
