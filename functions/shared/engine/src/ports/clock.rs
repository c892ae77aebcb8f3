//! Ports of time and chance: with these two given, every run can be repeated.

use async_trait::async_trait;
use domain::Timestamp;

/// The clock that all code reads.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present instant, in UTC.
    fn now(&self) -> Timestamp;
    /// Waits for that many milliseconds.
    async fn sleep_ms(&self, duration_ms: u64);
}

/// Makes new names and random secrets.
pub trait Ids: Send + Sync {
    /// 26 characters of Crockford base32 that sort by time, unlike any before: a ULID.
    fn ulid(&self) -> String;
    /// 256 random bits as 64 hexadecimal digits, for tokens.
    fn token(&self) -> String;
}
