//! Joins the portal to API Gateway.

use forwarded::Key;
use serve_portal::{Portal, Ports, Settings, now, random, router};

#[expect(
    clippy::disallowed_methods,
    reason = "it reaches no other room, so its own settings have their home here"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let level = setting("HOLDFAST_LOG").and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .with_max_level(level.unwrap_or(tracing::Level::INFO))
        .without_time()
        .init();
    let public_url = setting("HOLDFAST_PUBLIC_URL").ok_or("HOLDFAST_PUBLIC_URL is not set")?;
    let forwarded_key = match setting("HOLDFAST_FORWARDED_KEY") {
        Some(text) => Some(Key::new(&text).ok_or("HOLDFAST_FORWARDED_KEY has fewer than 32 characters")?),
        None => None,
    };
    let settings = Settings {
        public_url: public_url.parse().map_err(|_| "HOLDFAST_PUBLIC_URL is no address")?,
        issuer: setting("HOLDFAST_OIDC_ISSUER"),
        client_id: setting("HOLDFAST_OIDC_AUDIENCE"),
        forwarded_key,
    };
    lambda_http::run(router(Portal::new(settings, Ports { now, random })?)).await
}
