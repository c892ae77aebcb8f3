//! Time and chance, as inputs: with these two given, every run can be repeated.

use async_trait::async_trait;
use domain::Timestamp;

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep_ms(&self, duration_ms: u64);
}

/// New names and random secrets.
pub trait Ids: Send + Sync {
    /// 26 characters of Crockford base32 that sort by time, unlike any before: a ULID.
    fn ulid(&self) -> String;
    /// 256 random bits as 64 hexadecimal digits, for tokens.
    fn token(&self) -> String;
}
