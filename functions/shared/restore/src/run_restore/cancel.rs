//! Ends a restore that somebody stopped: no row stays without an end, and what was written is reported. Nothing is written
//! to the tenant any more.

use super::check::{Check, check, others};
use super::looks::Since;
use super::outcome::{Ended, Verdict};
use super::progress::RestoreRun;
use super::{Report, Worker};
use crate::plans::FinalReport;
use domain::Result;
use domain::kinds;
use domain::restore::{RestorePlan, Step, WriteAction, content, same};
use engine::records::{Course, FailCause, Found, Restore, RestoreState, SkipCause, StepOutcome};
use serde_json::Value;

impl Worker {
    /// Ends a restore that somebody stopped: before its last step, or as any other where each step has its end already.
    pub(super) async fn cancel(
        &self,
        found: Found<Restore>,
        plan: &RestorePlan,
        progress: &mut RestoreRun<'_>,
    ) -> Result<Report> {
        progress.settle(plan).await?;
        let Found { mut value, version } = found;
        value.spent += self.taken(&value.tenant);
        value.counts = progress.counts(plan);
        // Whoever stops what has come to its end stops nothing.
        if value.counts.ended() == value.counts.steps && !progress.is_cut_short() {
            return self.finish(Found { value, version }, plan, progress).await;
        }
        let now = self.clock.now();
        value.state = RestoreState::Cancelled;
        value.course = Course::default();
        value.expected_at = None;
        (value.done_at, value.touched_at) = (Some(now), now);
        let report = FinalReport::of(&value, plan, |number| progress.outcome(number));
        let report = FinalReport { is_partial: true, ..report };
        self.plans.put_new_report(&value.tenant, &value.id, &report).await?;
        self.records.replace(&value, version).await?;
        self.announce.restore_finished(&value).await?;
        Ok(Report { counts: value.counts, ..Report::default() })
    }
}

impl RestoreRun<'_> {
    /// Gives each step that was begun its end, by what is to be seen of it now.
    async fn settle(&mut self, plan: &RestorePlan) -> Result<()> {
        for number in self.begun() {
            let Some(step) = plan.steps.iter().find(|step| step.number == number) else { continue };
            let ended = if !self.was_begun(number) {
                Verdict::unsent()
            } else if self.came_with_nothing(plan, step) {
                Verdict::skipped(SkipCause::DependencyFailed)
            } else {
                // Why not waited for: who stops a restore does not wait for Graph.
                let seen = self.is_seen(step).await.unwrap_or(false);
                if seen { Verdict::done(None) } else { Verdict::stopped() }
            };
            if let Ended::With(verdict) = ended {
                self.write_outcome(step, verdict).await?;
            }
            // What is found only now has an id that later steps need.
            self.remember(step)?;
        }
        Ok(())
    }

    /// Whether a step was begun with the creation of its object, which nobody has found: what is known of that stands in the
    /// creation's own row.
    fn came_with_nothing(&self, plan: &RestorePlan, step: &Step) -> bool {
        let by = self.outcome(step.number).and_then(|row| row.client_request_id.as_deref());
        let makes_it = |other: &&Step| {
            other.number != step.number
                && (&other.kind, &other.id) == (&step.kind, &step.id)
                && by == Some(StepOutcome::client_request_id(&self.restore.id, other.number).as_str())
        };
        let made = plan.steps.iter().find(makes_it).and_then(|creation| self.outcome(creation.number));
        made.is_some_and(|creation| creation.new_id.is_none())
    }

    /// Whether what a step asked for is there.
    async fn is_seen(&mut self, step: &Step) -> Result<bool> {
        let now = self.of_today(step)?;
        let kind = now.kind()?;
        match &now.action {
            WriteAction::Create { body } if !step.is_fact() => {
                let Some(id) = self.created(step, &now, body).await? else { return Ok(false) };
                let live = self.worker.directory.find_live(self.tenant(), kind, &id, &[]).await?;
                let Some(found) = live.as_ref().map(|live| content(kind, &live.object)) else {
                    return Ok(false);
                };
                self.keep_came(step, live.as_ref()).await?;
                let after = now.after.as_ref().and_then(Value::as_object).into_iter().flatten();
                let mut differs = after.filter(|(property, value)| !same(found.get(*property), Some(value)));
                Ok(differs.next().is_none())
            }
            // What nobody answered is kept by nobody, so it is as good as not there.
            WriteAction::IssuePass { .. } => Ok(self.has_kept_pass(step)),
            WriteAction::RemoveOtherLinks { link, keep } => {
                let live = self.look(&now, Since::Now).await?;
                let link = kinds::link(link)?;
                Ok(live.is_some_and(|live| others(&live, link, keep).is_empty()))
            }
            _ => {
                let live = self.look(&now, Since::Now).await?;
                let is_so = check(&now, live.as_deref())? == Check::So;
                if is_so {
                    self.keep_came(step, live.as_deref()).await?;
                }
                Ok(is_so)
            }
        }
    }
}

impl Verdict {
    /// It was to come with its object, which was made without it; of its own nothing was sent.
    fn unsent() -> Ended {
        Self::ended_by(FailCause::Cancelled, "the restore was cancelled before it was sent")
    }

    /// It was begun, and nothing more becomes of it.
    fn stopped() -> Ended {
        Self::ended_by(
            FailCause::Cancelled,
            "the restore was cancelled before it was seen; it may be there all the same",
        )
    }
}
