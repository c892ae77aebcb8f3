//! Blocking work apart from the async threads.

use domain::{Error, Result};

/// Runs file work where blocking is allowed.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::unavailable("work on this machine's disk was broken off").caused_by(e))?
}
