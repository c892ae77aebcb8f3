//! The port of the keys with which an issuer of the sign-in signs: it publishes them, and changes them now and then.

use async_trait::async_trait;
use domain::Result;
use serde_json::Value;

/// Fetches an issuer's keys. Keeps nothing: what is kept, and for how long, is decided by whoever checks tokens.
#[async_trait]
pub trait KeySets: Send + Sync {
    /// The issuer's keys as they are now: a JWK Set (RFC 7517, section 5).
    ///
    /// # Errors
    /// `Unavailable` when the issuer does not answer, or answers for another one.
    async fn fetch(&self, issuer: &str) -> Result<Value>;
}
