//! DynamoDB in this process: the real protocol on a port of this machine, so that the catalog's own adapter
//! and the real SDK are what runs. Rows lie in one SQLite file, or in memory.

use domain::{Error, Result};
use dynoxide::Database;
use std::path::Path;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A DynamoDB that runs in this process, until this value is dropped or [`EmbeddedDynamo::stop`] is called.
pub struct EmbeddedDynamo {
    endpoint: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl EmbeddedDynamo {
    /// Starts it over that SQLite file, or in memory when none is given.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened or no port is free.
    pub async fn start(file: Option<&Path>) -> Result<Self> {
        let bad = |what: &str| Error::unavailable(format!("the embedded DynamoDB cannot {what}"));
        let database = match file {
            Some(path) => Database::new(&path.to_string_lossy()),
            None => Database::memory(),
        };
        let database = database.map_err(|e| bad("open its data").caused_by(e.to_string()))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| bad("listen").caused_by(e))?;
        let address = listener.local_addr().map_err(|e| bad("listen").caused_by(e))?;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let stopped = async {
                stopped.await.ok();
            };
            if let Err(reason) = dynoxide::server::serve_with_shutdown(listener, database, stopped).await {
                tracing::error!(reason, "the embedded DynamoDB ended");
            }
        });
        Ok(Self { endpoint: format!("http://{address}"), stop: Some(stop), server })
    }

    /// The address that it answers at: `http://127.0.0.1:{port}`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stops it after open requests are answered.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.server).await.ok();
    }
}
