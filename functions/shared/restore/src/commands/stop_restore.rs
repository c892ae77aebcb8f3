//! Restores that are stopped, or previewed once more.

use super::restores::{Choice, Named, Restores};
use super::why::Why;
use backup::commands::slots::Asker;
use domain::{Error, ErrorKind, RestoreId, Result, TenantId};
use engine::messages;
use engine::records::{Course, Found, Restore, RestoreState};

/// How often it is tried to stop a restore whose row is written at the same moment.
const CANCEL_TRIES: u32 = 8;

impl Restores {
    /// Stops a restore: one that has not begun is cancelled at once, one that is executed ends before its next step.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` when it has come to its end; `Denied` for an end user, when it was
    /// its partner who asked for it.
    pub async fn cancel(
        &self,
        tenant: &TenantId,
        who: impl Into<Asker> + Send,
        restore: &RestoreId,
    ) -> Result<Restore> {
        let (who, mut tries) = (who.into(), 0);
        loop {
            let Found { value: mut row, version } = self.find(tenant, restore).await?;
            if who.is_end_customer && !row.by_end_user {
                return Err(Error::denied("its partner asked for this restore, and stops it"));
            }
            if row.is_over() {
                return Err(Error::conflict("the restore has come to its end"));
            }
            let now = self.clock.now();
            let is_running = row.state == RestoreState::Running;
            if is_running && row.cancelled_by.is_some() {
                // Why again: the message that wakes it may have been lost, and twice it does nothing more.
                self.queue.send(messages::run_restore(tenant, &row.id, row.attempts)).await?;
                return Ok(row);
            }
            row.cancelled_by = Some(who.name.clone());
            if is_running {
                // Why one more: the message that wakes it must not be taken for the one that it goes on by.
                row.attempts += 1;
            } else {
                row.state = RestoreState::Cancelled;
                row.course = Course::default();
                (row.done_at, row.touched_at) = (Some(now), now);
            }
            match self.records.replace(&row, version).await {
                Ok(()) if is_running => {
                    self.queue.send(messages::run_restore(tenant, &row.id, row.attempts)).await?;
                    return Ok(row);
                }
                Ok(()) => return Ok(row),
                // The job wrote to it at this moment.
                Err(e) if e.kind() == ErrorKind::Conflict && tries < CANCEL_TRIES => tries += 1,
                Err(e) => return Err(e),
            }
        }
    }

    /// Asks for the preview of the same choice once more: as a restore of its own, of what is live now. Where nothing
    /// changed, its plan has the same hash.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` when it was not previewed; `Throttled` as for any
    /// preview.
    pub async fn preview_again(
        &self,
        tenant: &TenantId,
        asker: impl Into<Asker> + Send,
        restore: &RestoreId,
    ) -> Result<Restore> {
        let row = self.find(tenant, restore).await?.value;
        if row.previewed_at.is_none() {
            return Err(Error::conflict("the restore has no preview yet"));
        }
        let Restore {
            id, snapshot, selection, diff, filter, undoes, undoes_only, reason, ticket, set, ..
        } = row;
        let (why, named) = (Why { reason, ticket }, Named { again_of: Some(id), set, ..Named::default() });
        let choice = Choice { snapshot, selection, diff, filter, undoes, undoes_only, why, named };
        self.put_preview(tenant, asker.into(), choice).await
    }
}
