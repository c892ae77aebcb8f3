//! What a sealed snapshot shows that people are to be notified of, when it begins.

use super::Worker;
use super::refused::final_gaps;
use domain::subscriptions::over_use;
use domain::{Error, Result};
use engine::records::{CredentialStatus, Found, Organisation, SeatCount, Snapshot, Subject, Tenant};

impl Worker {
    /// Notifies that a snapshot came to nothing, and of the credentials' status where that has changed.
    pub(super) async fn notify_failure(
        &self,
        failed: &Snapshot,
        error: &Error,
        changed: Option<CredentialStatus>,
    ) -> Result<()> {
        let (tenant, id, what) = (&failed.tenant, &failed.id, "The snapshot");
        let subject = Subject::Snapshot(id.clone());
        match error.refusal() {
            Some(refusal) => self.announcer.announce_refusal(tenant, subject, what, refusal).await?,
            None => self.announcer.announce_error(tenant, subject, what, error.kind()).await?,
        }
        match (changed, error.refusal()) {
            (Some(status), Some(why)) => self.announcer.announce_no_entry(tenant, id, status, why).await,
            (Some(status), None) => self.announcer.announce_credentials(tenant, id, status).await,
            (None, _) => Ok(()),
        }
    }

    /// Notifies when more seats begin to be in use than are paid for; gives whether more are.
    pub(super) async fn notify_over_use(
        &self,
        of: &Tenant,
        before: Option<&SeatCount>,
        now: &SeatCount,
    ) -> Result<bool> {
        let found: Option<Found<Organisation>> =
            self.records.find(&Organisation::at(&of.partner, &of.organisation)).await?;
        let Some(Found { value: Organisation { seats, .. }, .. }) = found else { return Ok(false) };
        let is_over = |in_use| over_use(seats, in_use).is_some_and(|more| more > 0);
        let is_over_now = is_over(Some(now.in_use));
        if is_over_now && !is_over(before.map(|count| count.in_use)) {
            self.announcer.announce_over_use(&of.tenant, &now.snapshot, seats, now.in_use).await?;
        }
        Ok(is_over_now)
    }

    /// Notifies of what this snapshot does not hold and the one before did, as far as that is final.
    pub(super) async fn notify_new_gaps(&self, done: &Snapshot, tenant: &Tenant) -> Result<()> {
        let known = self.known_gaps(tenant).await?;
        let mut new = final_gaps(done);
        new.retain(|gap| known.iter().all(|known| known.source != gap.source));
        self.announcer.announce_not_covered(&done.tenant, &done.id, &new).await
    }
}
