//! Units of queued work. Every job has the same three names: `Request` (its messages), `Worker` (its ports as fields)
//! and `Report` (what it did).
//!
//! A job works until the deadline that it is given, saves its progress and enqueues its continuation last. A job that
//! is run twice has the effect of one run: blobs are create-only, and rows change under a condition. A message that
//! cannot be read is an `Invalid` error, so that the queue sets it aside (into its dead-letter queue) and does not
//! drop it.

use crate::records::{Records, Tenant, key_of};
use async_trait::async_trait;
use domain::{ErrorKind, Result, TenantId, Timestamp};

/// A job as the function that its queue calls sees it.
#[async_trait]
pub trait JobWorker: Send + Sync {
    /// The job's name, as in logs and metrics.
    fn name(&self) -> &'static str;

    /// Handles one message. By `deadline` the work must be suspended.
    ///
    /// # Errors
    /// What becomes of the message follows from the error's kind: `Invalid`, `NotFound` and `Corrupt` set it aside,
    /// the others bring it back later.
    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()>;
}

/// What becomes of a message of a tenant whose key was destroyed: its organisation was deleted while the message was
/// under way, and nothing is left to do.
///
/// # Errors
/// Those of the result, unless it is `NotFound` and the tenant is there without its key.
pub async fn unless_gone(records: &Records, tenant: &TenantId, result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let has_key = key_of(records, tenant).await?.is_some();
            if has_key || records.find(&Tenant::at(tenant)).await?.is_none() {
                return Err(error);
            }
            tracing::info!(%tenant, "the tenant is being deleted; its message is done");
            Ok(())
        }
        other => other,
    }
}

/// A job as the function that the clock calls sees it.
#[async_trait]
pub trait TickWorker: Send + Sync {
    /// The job's name, as in logs and metrics.
    fn name(&self) -> &'static str;

    /// Does what is due and returns what was done, for the log: counts, never customer data.
    async fn tick(&self, deadline: Timestamp) -> Result<serde_json::Value>;
}
