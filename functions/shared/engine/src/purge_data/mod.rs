//! The tick that clears away: organisations whose hold is over (`organisations`), what large readings parked
//! (`parked`), and one-time rows of the installation that have expired (`rows`). The only job that may delete blobs, and the
//! one that signs: certificates of deletion, and where the audit logs of a day ended (`heads`).
//!
//! Retention of single snapshots is not here yet.

mod certify;
mod destroy;
mod heads;
mod organisations;
mod parked;
mod rows;

use crate::audit::AuditLog;
use crate::metrics;
use crate::ports::{Anchors, Catalog, Clock, Ids, Signer, VaultSweeper};
use crate::records::Records;
use crate::work::TickWorker;
use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use serde::Serialize;
use std::sync::Arc;

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// The catalog itself, since the job also removes expired rows, which [`Records`] does not show.
    pub catalog: Arc<dyn Catalog>,
    /// What is stored, with the right to delete it.
    pub vault: Arc<dyn VaultSweeper>,
    /// Signs certificates of deletion, and heads of audit logs.
    pub signer: Arc<dyn Signer>,
    /// Where signed heads of audit logs are kept.
    pub anchors: Arc<dyn Anchors>,
    /// Says whose hold is over, and when to stop.
    pub clock: Arc<dyn Clock>,
    /// Names the process, as audit logs know it.
    pub ids: Arc<dyn Ids>,
}

/// The job, with its ports as fields.
#[derive(Clone)]
pub struct Worker {
    /// The catalog itself, since [`Records`] does not show expired rows.
    pub catalog: Arc<dyn Catalog>,
    /// The catalog as records, for all that has not expired.
    pub records: Records,
    /// What is stored, with the right to delete it.
    pub vault: Arc<dyn VaultSweeper>,
    /// Signs certificates of deletion, and heads of audit logs.
    pub signer: Arc<dyn Signer>,
    /// Where signed heads of audit logs are kept.
    pub anchors: Arc<dyn Anchors>,
    /// Says whose hold is over, and when to stop.
    pub clock: Arc<dyn Clock>,
    /// Where the destruction of a key is written down before it is done.
    pub audit: AuditLog,
}

impl Worker {
    /// The job over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { catalog, vault, signer, anchors, clock, ids } = ports;
        let records = Records::new(catalog.clone(), clock.clone());
        let audit = AuditLog::new(records.clone(), &*ids);
        Self { catalog, records, vault, signer, anchors, clock, audit }
    }
}

/// What one tick did, as counts for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many expired rows were removed.
    pub removed: u64,
    /// Organisations whose deletion began: their keys are destroyed.
    pub begun: u64,
    /// Organisations of which nothing is left.
    pub deleted: u64,
    /// How many blobs were removed that had been parked for a snapshot.
    pub swept: u64,
    /// Statements of heads of audit logs that were signed.
    pub signed: u64,
    /// Organisations, tenants and audit logs that could not be handled; they stay due.
    pub failed: u64,
}

impl Worker {
    /// Does what is due, until the deadline; the next tick goes on.
    ///
    /// # Errors
    /// When a list cannot be read. An organisation that cannot be handled is counted in the report instead.
    pub async fn run(&self, deadline: Timestamp) -> Result<Report> {
        let mut report = Report::default();
        // Why first: it is due once a day, and is not to wait for a large deletion.
        let signed = self.sign_heads(deadline, &mut report).await;
        // Why before a failure is returned: a level that is not set keeps its last value.
        metrics::LOGS_UNSIGNED_DAYS.set(self.unsigned_days().await?);
        signed?;
        self.delete_organisations(deadline, &mut report).await?;
        self.sweep_parked(deadline, &mut report).await?;
        self.remove_ended(deadline, &mut report).await?;
        Ok(report)
    }
}

#[async_trait]
impl TickWorker for Worker {
    fn name(&self) -> &'static str {
        "purge-data"
    }

    async fn tick(&self, deadline: Timestamp) -> Result<serde_json::Value> {
        let report = self.run(deadline).await?;
        serde_json::to_value(report).map_err(|e| Error::invalid("a report cannot be written").caused_by(e))
    }
}
