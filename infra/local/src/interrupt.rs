//! The signal that ends a program in a terminal.

use domain::{Error, Result};

/// Waits until somebody presses ctrl-c.
///
/// # Errors
/// `Unavailable` when this machine cannot say so.
pub(crate) async fn interrupted() -> Result<()> {
    tokio::signal::ctrl_c().await.map_err(|e| Error::unavailable("signals cannot be heard").caused_by(e))
}
