//! Due tenants: a new snapshot for each, unless one is being taken.

use super::{Report, TickOutcome, Worker};
use crate::commands::snapshots::Snapshots;
use domain::{ErrorKind, Result, Timestamp, schedule};
use engine::records::{Found, Reason, Tenant, watched};

impl Worker {
    pub(super) async fn start_due(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let start = async |worker: &Self, row: Found<Tenant>| worker.start_if_due(row).await;
        let begins = |row: &Tenant| row.next_snapshot_at;
        self.each_due(watched::SNAPSHOTS_DUE, deadline, report, begins, start).await
    }

    async fn start_if_due(&self, listed: Found<Tenant>) -> Result<TickOutcome> {
        let Some(found) = self.records.find(&Tenant::at(&listed.value.tenant)).await? else {
            return Ok(TickOutcome::Nothing);
        };
        if found.value.next_snapshot_at.is_none_or(|at| at > self.clock.now()) {
            return Ok(TickOutcome::Nothing);
        }
        let snapshots = self.snapshots();
        if snapshots.find_open(&found.value).await?.is_some() {
            // Why it stays due: should the open snapshot fail, the next one begins with the following tick.
            return Ok(TickOutcome::StillOpen);
        }
        let offset = schedule::offset_seconds(&found.value.tenant);
        // Missed times are not made up for: one snapshot shows the tenant as it is.
        let next = schedule::next_due(found.value.snapshots_per_day, offset, self.clock.now())?;
        match snapshots.start_at(found, Reason::Schedule, Some(next)).await {
            Ok(id) => {
                snapshots.enqueue(&listed.value.tenant, &id).await?;
                Ok(TickOutcome::Started)
            }
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(TickOutcome::Nothing),
            Err(e) => Err(e),
        }
    }
    fn snapshots(&self) -> Snapshots {
        let Self { records, queue, clock, ids } = self.clone();
        Snapshots { records, queue, clock, ids }
    }
}
