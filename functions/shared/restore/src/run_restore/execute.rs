//! Performs the steps of a plan, several at the same time where they have nothing to do with each other.
//!
//! Steps begin in the order of the plan, but for those that wait for others ([`PassedOver`]). One begins while others are under way only where it is of their sort, or they write
//! nothing more, and where it neither writes nor needs what they write ([`Beside`](super::beside::Beside)); what takes rights
//! begins when all before it have ended.

use super::beside::edits;
use super::bound::Bound;
use super::flight::{Flight, Landed};
use super::outcome::{Ended, Verdict, is_of_run};
use super::passed_over::PassedOver;
use super::progress::{Reached, RestoreRun};
use domain::Result;
use domain::restore::{RestorePlan, Step, WriteAction};
use engine::records::{ReadBack, SkipCause, StepOutcome};

impl<'a> RestoreRun<'a> {
    /// Executes what is left of the plan, until its end, until the time is up or somebody stops it.
    pub async fn execute(&mut self, plan: &'a RestorePlan) -> Result<Reached> {
        self.went_on_at = (self.worker.clock.now(), self.counts(plan).ended());
        let mut flight = Flight::default();
        let begun = self.begin_all(plan, &mut flight).await;
        flight.close();
        self.give_up_turn();
        match &begun {
            Ok(Reached::End) => {}
            Ok(Reached::Cancelled) => self.halt.stop(),
            Ok(Reached::Deadline) | Err(_) => self.leave_unless_stopped(),
        }
        // However far that came, what is under way comes to its end: it may have been written.
        let mut last = Ok(true);
        while let Some(landed) = flight.next().await {
            let ended = self.land(landed, plan, &mut flight).await;
            if !matches!(ended, Ok(true)) {
                self.leave_unless_stopped();
            }
            last = match (last, ended) {
                (Ok(all), Ok(one)) => Ok(all && one),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        match (begun?, last?) {
            (Reached::End, true) => {
                // Who asks to stop what is in its last step stops nothing, and has written to the row.
                self.is_cancelled().await?;
                Ok(Reached::End)
            }
            (Reached::Cancelled, _) => Ok(Reached::Cancelled),
            // A step that was not begun since somebody stopped the restore is as one whose time was up.
            _ if self.halt.is_on() && self.is_cancelled().await? => Ok(Reached::Cancelled),
            _ => Ok(Reached::Deadline),
        }
    }

    /// The next run goes on with what is under way, unless somebody stopped the restore: then it is seen to its end.
    fn leave_unless_stopped(&self) {
        if !self.halt.is_on() {
            self.halt.leave();
        }
    }

    /// Begins each step that is left, when it may begin.
    async fn begin_all(&mut self, plan: &'a RestorePlan, flight: &mut Flight<'a>) -> Result<Reached> {
        let has_ended =
            |run: &Self, step: &Step| run.outcome(step.number).is_some_and(|o| o.state.is_final());
        // Why also steps that are done: what they brought back, or lost, decides about those that are left.
        for step in plan.steps.iter().filter(|step| has_ended(self, step)).collect::<Vec<_>>() {
            self.remember(step)?;
        }
        self.find_roleless(plan).await?;
        let mut left = PassedOver::of(plan.steps.iter().filter(|step| !has_ended(self, step)));
        while !left.is_at_end() {
            let Some(next) = left.take_ready(flight, self) else {
                if let Some(landed) = flight.moves().await
                    && !self.land(landed, plan, flight).await?
                {
                    return Ok(Reached::Deadline);
                }
                if self.halt.is_on() {
                    return Ok(Reached::Deadline);
                }
                continue;
            };
            let step = next.step;
            flight.comes_next(step);
            loop {
                let turns = self.turns.clone();
                self.turn = flight.alongside(turns.acquire_owned()).await.ok();
                let Some(landed) = flight.take_landed() else { break };
                // What landed meanwhile is taken into account first.
                self.give_up_turn();
                let mut landed = Some(landed);
                while let Some(one) = landed {
                    if !self.land(one, plan, flight).await? {
                        return Ok(Reached::Deadline);
                    }
                    landed = flight.take_landed();
                }
            }
            if self.is_late() || self.halt.is_on() {
                return Ok(Reached::Deadline);
            }
            if flight.alongside(self.is_cancelled()).await? {
                return Ok(Reached::Cancelled);
            }
            // Why here: of later steps this run alone knows what became of them.
            let bound = self.choose_bound(plan, step)?;
            if !next.is_alone() {
                let mut run = self.beside(step.number);
                run.turn = self.turn.take();
                if edits(step).is_some() {
                    let object = self.looks.object(&self.of_today(step)?.id);
                    let (batch, writing) = flight.join(step, object, self.worker.bounds.together);
                    (run.batch, run.writing) = (Some(batch), Some(writing));
                }
                flight.begin(next, run, bound);
                continue;
            }
            let ended = self.conclude(step, bound).await;
            self.give_up_turn();
            if !ended? {
                return Ok(Reached::Deadline);
            }
            self.remember(step)?;
            self.tell(plan).await?;
        }
        Ok(Reached::End)
    }

    /// Takes into account what a step came to; false where the time is up before its end.
    async fn land(
        &mut self,
        landed: Landed<'a>,
        plan: &'a RestorePlan,
        flight: &mut Flight<'a>,
    ) -> Result<bool> {
        let Landed { step, ended, run } = landed;
        self.take_outcomes(run);
        flight.forget(step);
        if !ended? {
            return Ok(false);
        }
        self.remember(step)?;
        self.tell(plan).await?;
        Ok(true)
    }

    /// Performs a step, with what its object is made with, and writes its outcome; false where the time is up before its end.
    pub(super) async fn conclude(&mut self, step: &Step, bound: Bound) -> Result<bool> {
        let ended = self.perform_planned(step, bound).await;
        // Whoever waits for this to be written waits no longer.
        self.writing = None;
        match ended {
            Ok(Ended::With(verdict)) => self.write_outcome(step, verdict).await.map(|()| true),
            Ok(Ended::OutOfTime) => self.keep_calls(step).await.map(|()| false),
            Err(error) if is_of_run(&error) => {
                // Why its own error is dropped: the calls are worth keeping, but what has to be waited for comes first.
                let _ = self.keep_calls(step).await;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Works on a step until its end, or until the time is up.
    async fn perform_planned(&mut self, step: &Step, bound: Bound) -> Result<Ended> {
        self.begin_calls(StepOutcome::client_request_id(&self.restore.id, step.number), step.number);
        // What did not come back costs what leads to it. A step whose object another restore created again is not
        // what the preview showed.
        if step.is_compared_later() && self.is_returned_by_others(&step.id) {
            // What would be compared only now is not what the preview showed: somebody has been at it meanwhile.
            return Ok(Verdict::skipped(SkipCause::ChangedSincePreview));
        }
        if let Some(new_id) = self.moved(step) {
            return Ok(Verdict::moved(&new_id, true));
        }
        let Some((rest, missing)) = self.without_missing(step)? else {
            // What came with an object that Graph made is there, though the object did not show in time.
            return Ok(match self.bound_answer(step) {
                Some(answer) => Verdict::not_seen(Some(answer), ReadBack::Absent),
                None => Verdict::skipped(SkipCause::DependencyFailed),
            });
        };
        let now = self.of_today(&rest)?;
        let ended = match &now.action {
            WriteAction::Create { body } if !step.is_fact() => self.create(step, &now, body, bound).await?,
            WriteAction::Adopt { old } => self.take_for(step, old).await?,
            WriteAction::IssuePass { .. } => Box::pin(self.issue_pass(step, &now)).await?,
            WriteAction::RemoveOtherLinks { link, keep } => {
                self.remove_others(step, &now, link, keep).await?
            }
            _ => match self.bound_answer(step) {
                Some(answer) => self.perform_bound(step, &now, answer).await?,
                None => self.perform(step, &now).await?,
            },
        };
        self.put_back(&now, &ended).await?;
        Ok(Verdict::without(ended, &missing))
    }
}
