//! What a run writes down while it is under way: that a step is about to be written, what Graph answered, how far the
//! run is.

use super::progress::RestoreRun;
use domain::Result;
use domain::restore::{RestorePlan, Step};
use engine::ports::Applied;
use engine::records::{OutcomeState, Restore};
use jiff::SignedDuration;

/// How often a run says in its restore's row how far it is.
const TELLS_EVERY: SignedDuration = SignedDuration::from_secs(15);

impl RestoreRun<'_> {
    /// Now and then says in the restore's row how far it is, for whoever watches it.
    pub async fn tell(&mut self, plan: &RestorePlan) -> Result<()> {
        let now = self.worker.clock.now();
        if now < self.told_at + TELLS_EVERY {
            return Ok(());
        }
        let row = Restore { counts: self.counts(plan), touched_at: now, ..self.restore.clone() };
        self.worker.records.replace(&row, self.version).await?;
        (self.restore, self.version, self.told_at) = (row, self.version + 1, now);
        Ok(())
    }

    /// Writes down that the step is about to be written, so that nobody takes what comes of it for somebody else's work.
    pub async fn intend(&mut self, step: &Step) -> Result<()> {
        if self.outcome(step.number).is_some() {
            return Ok(());
        }
        let mut row = self.row(step, OutcomeState::Started { before_ids: Vec::new() });
        row.client_request_id = Some(self.request.clone());
        self.put(row, vec![]).await
    }

    /// Keeps Graph's answer to a step that is not verified yet.
    pub async fn keep_answer(&mut self, step: &Step, answer: &Applied) -> Result<()> {
        let Some(mut row) = self.outcome(step.number).cloned() else { return Ok(()) };
        row.status = (answer.status > 0).then_some(answer.status);
        row.request_id.clone_from(&answer.request_id);
        self.put(row, vec![]).await
    }
}
