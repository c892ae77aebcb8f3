//! The adapter of [`KeySets`] over HTTPS: discovery, then the keys.
//! Source: "OpenID Connect Discovery 1.0", sections 3 and 4.

use async_trait::async_trait;
use domain::{Error, Result};
use engine::ports::KeySets;
use reqwest::redirect::Policy;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// How long the issuer may take: the authorizer answers within a few seconds or not at all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read; the largest known key sets have some tens of kilobytes.
const MAX_BYTES: usize = 512 * 1024;

/// The [`KeySets`] over HTTPS; over HTTP only from this machine.
pub struct HttpKeySets(reqwest::Client);

impl HttpKeySets {
    /// An adapter with an HTTP client of its own.
    ///
    /// # Errors
    /// `Invalid` when the client cannot be made.
    pub fn new() -> Result<Self> {
        let roots =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| reqwest::Certificate::from_der(der));
        let roots = roots.collect::<reqwest::Result<Vec<_>>>();
        let roots = roots.map_err(|e| Error::invalid("the bundled roots are unusable").caused_by(e))?;
        let http = reqwest::Client::builder()
            .tls_certs_only(roots)
            // Why none: whoever could redirect could give us keys of their own.
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .no_proxy();
        let http = http.build().map_err(|e| Error::invalid("no HTTP client can be made").caused_by(e))?;
        Ok(Self(http))
    }

    async fn json(&self, address: &str) -> Result<Value> {
        let url =
            Url::parse(address).map_err(|e| unusable("an address of the issuer is none").caused_by(e))?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(local && url.scheme() == "http") {
            return Err(unusable("an address of the issuer is not one of HTTPS"));
        }
        let fails = |e: reqwest::Error| unusable("the issuer does not answer").caused_by(e.without_url());
        let mut answer = self.0.get(url).send().await.map_err(fails)?;
        if answer.status().as_u16() != 200 {
            return Err(unusable(&format!("the issuer answered {}", answer.status().as_u16())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(fails)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(unusable("the issuer's answer is too long"));
            }
        }
        serde_json::from_slice(&body).map_err(|e| unusable("the issuer's answer is not JSON").caused_by(e))
    }
}

#[async_trait]
impl KeySets for HttpKeySets {
    async fn fetch(&self, issuer: &str) -> Result<Value> {
        let found =
            self.json(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))).await?;
        // Source: section 4.3: the issuer in the answer is exactly the one that was asked; otherwise one could answer
        // for another.
        if found["issuer"].as_str() != Some(issuer) {
            return Err(unusable("the issuer's configuration is of another issuer"));
        }
        let keys = found["jwks_uri"].as_str().ok_or_else(|| unusable("the issuer names no keys"))?;
        self.json(keys).await
    }
}

fn unusable(message: &str) -> Error {
    Error::unavailable(message)
}
