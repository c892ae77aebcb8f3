//! The tick that clears away: for now one-time rows of the installation that have ended.
//!
//! Reads never see an ended row; this only frees its place where the catalog does not do so by itself
//! (DynamoDB does). Retention, holds and deletion of customer data are not here yet.

use super::TickWorker;
use crate::ports::{Catalog, Clock, Page, Row, Scope, Write};
use crate::records::{ConsentState, InvitationToken, Record};
use async_trait::async_trait;
use domain::{Error, ErrorKind, Result, Timestamp};
use jiff::SignedDuration;
use serde::Serialize;
use std::sync::Arc;

/// Families of the installation's own rows that end by themselves.
const ENDING: [&str; 2] = [ConsentState::FAMILY, InvitationToken::FAMILY];

/// The job's ports.
#[derive(Clone)]
pub struct Worker {
    /// Rows; ended ones too, which the typed door does not show.
    pub catalog: Arc<dyn Catalog>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Ended rows removed.
    pub removed: u64,
}

impl Worker {
    /// Removes what has ended, until the deadline; the next tick goes on.
    pub async fn run(&self, deadline: Timestamp) -> Result<Report> {
        let mut report = Report::default();
        for family in ENDING {
            let mut after = None;
            loop {
                let page = Page { after, limit: 1000, descending: false };
                let found = self.catalog.list(&Scope::System, family, page).await?;
                for (scope, row) in found.rows {
                    let now = self.clock.now();
                    if now >= deadline {
                        return Ok(report);
                    }
                    if let Some(ended_at) = row.expires_at.filter(|at| *at <= now)
                        && self.remove(ended_at, scope, row).await?
                    {
                        report.removed += 1;
                    }
                }
                match found.next {
                    Some(_) => after = found.next,
                    None => break,
                }
            }
        }
        Ok(report)
    }

    async fn remove(&self, ended_at: Timestamp, scope: Scope, row: Row) -> Result<bool> {
        // Why: for a write, an ended row is not there; as of the moment before its end it was. Families whose
        // keys are used again must not be in ENDING: their new row may have the same version.
        let before = ended_at - SignedDuration::from_millis(1);
        match self.catalog.write(before, vec![Write::Delete(scope, row.key, row.version)]).await {
            Ok(()) => Ok(true),
            // It went by itself.
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(false),
            Err(e) => Err(e),
        }
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
