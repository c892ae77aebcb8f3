//! Connections that wait for their consent to arrive: each gets its message again every few minutes.
//!
//! Not here: whether it has arrived, and when it is given up (`connect_tenant`): the tick holds no credential.

use super::{Report, TickOutcome, Worker};
use domain::{Result, Timestamp};
use engine::messages;
use engine::records::{Connecting, Found, Organisation, Record, replace, watched};

impl Worker {
    pub(super) async fn try_connections(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let again = async |worker: &Self, row: Found<Organisation>| worker.try_connection(row).await;
        self.each_due(watched::CONNECTIONS_DUE, deadline, report, |_| None, again).await
    }

    async fn try_connection(&self, listed: Found<Organisation>) -> Result<TickOutcome> {
        let found = self.records.find(&listed.value.address()).await?;
        let Some(Found { value: mut organisation, version }) = found else { return Ok(TickOutcome::Nothing) };
        let now = self.clock.now();
        // Why its state too: the list may still hold an organisation that has left.
        let has_left = organisation.check_connectable().is_err();
        let Some(waits) = &mut organisation.connecting else { return Ok(TickOutcome::Nothing) };
        if has_left || waits.try_at.is_none_or(|at| at > now) {
            return Ok(TickOutcome::Nothing);
        }
        waits.attempts += 1;
        waits.try_at = Some(now + Connecting::TRY_AFTER);
        let message = messages::connect_tenant(&waits.tenant, &organisation.id, waits.since, waits.attempts);
        if !self.changed(vec![replace(&organisation, version)?]).await? {
            return Ok(TickOutcome::Nothing);
        }
        self.queue.send(message).await?;
        Ok(TickOutcome::TriedAgain)
    }
}
