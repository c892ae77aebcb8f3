//! Due tenants: a new snapshot for each, unless one is being taken.

use super::{Outcome, Report, Worker};
use crate::commands::snapshots;
use domain::{ErrorKind, Result, Timestamp, schedule};
use engine::messages;
use engine::records::{Found, Reason, Tenant, watched};

impl Worker {
    pub(super) async fn start_due(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let start = async |worker: &Self, row: Found<Tenant>| worker.start_if_due(row).await;
        let begins = |row: &Tenant| row.next_snapshot_at;
        self.each_due(watched::SNAPSHOTS_DUE, deadline, report, begins, start).await
    }

    async fn start_if_due(&self, listed: Found<Tenant>) -> Result<Outcome> {
        let Some(found) = self.records.find(&Tenant::at(&listed.value.tenant)).await? else {
            return Ok(Outcome::Nothing);
        };
        let now = self.clock.now();
        if found.value.next_snapshot_at.is_none_or(|at| at > now) {
            return Ok(Outcome::Nothing);
        }
        if snapshots::find_open(&self.records, &found.value).await?.is_some() {
            // Why it stays due: should the open one fail, the next begins with the following tick.
            return Ok(Outcome::StillOpen);
        }
        let tenant = found.value.tenant.clone();
        let offset = schedule::offset_seconds(&tenant);
        // Times that were missed are not made up for: one snapshot shows the tenant as it is.
        let next = schedule::next_due(found.value.snapshots_per_day, offset, now)?;
        match snapshots::put_down(&self.records, now, &*self.ids, found, Reason::Schedule, Some(next)).await {
            Ok(id) => {
                self.queue.send(messages::take_snapshot(&tenant, &id, 0)).await?;
                Ok(Outcome::Started)
            }
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(Outcome::Nothing),
            Err(e) => Err(e),
        }
    }
}
