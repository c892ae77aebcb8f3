//! Takes away the links that an object got between the snapshot and its deletion, which can be seen only now that it is
//! back: each by a removal of its own, judged as any other.

use super::check::others;
use super::looks::Since;
use super::missing::of_skipped;
use super::outcome::{Ended, Verdict, is_of_run};
use super::progress::RestoreRun;
use super::step::Work;
use super::wait::{Patience, Waited};
use domain::kinds;
use domain::restore::{End, Step, WriteAction};
use domain::{ErrorKind, Result};
use engine::ports::Applied;
use engine::records::{OutcomeState, ReadBack, RefusedPart};

impl RestoreRun<'_> {
    /// Removes the links of the type but those that are to be kept; `now` is the step with the ids of today.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, and rows.
    pub(super) async fn remove_others(
        &mut self,
        step: &Step,
        now: &Step,
        link: &str,
        keep: &[End],
    ) -> Result<Ended> {
        // The object may take a while to show after it came back.
        let mut patience = Patience::until(self.patience(step));
        let live = loop {
            match self.look(now, Since::Lately).await {
                Ok(Some(live)) => break live,
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if e.kind() != ErrorKind::Unavailable => return Ok(Verdict::unreadable(&e)),
                Ok(None) | Err(_) => {}
            }
            match patience.wait(self).await {
                Waited::Again => {}
                Waited::OutOfTime => return Ok(Ended::OutOfTime),
                Waited::Enough => return Ok(Verdict::not_seen(None, ReadBack::Absent)),
            }
        };
        let was_begun = self.was_begun(step.number);
        let (mut answer, mut refused, mut failed) = (None, Vec::new(), None);
        // What Graph answered last of those that somebody else had removed right before.
        let mut met_so = None;
        for other in others(&live, kinds::link(link)?, keep) {
            let to = End { id: other, name: None, odata_type: None };
            let what = format!("{link}/{}", to.id);
            let action = WriteAction::RemoveLink { link: link.to_owned(), to };
            let removal = Step { action, ..now.clone() };
            let Ended::With(verdict) =
                self.perform_work(step, &removal, Work::one_of(removal.clone(), was_begun)).await?
            else {
                return Ok(Ended::OutOfTime);
            };
            if verdict.is_others {
                met_so = verdict.answer.or(met_so);
                continue;
            }
            if verdict.state.is_success() {
                answer = verdict.answer.or(answer);
                continue;
            }
            let cause = match &verdict.state {
                OutcomeState::Failed { cause, .. } => *cause,
                OutcomeState::Skipped { cause } => of_skipped(*cause),
                _ => continue,
            };
            let status = verdict.answer.as_ref().map(|answer| answer.status);
            refused.push(RefusedPart { what, cause, status, code: None });
            failed.get_or_insert(verdict);
        }
        // What was begun may have been written by a run that was cut off.
        let is_written = answer.is_some() || self.outcome(step.number).is_some();
        Ok(match failed {
            Some(failed) => Ended::With(in_part(failed, refused, answer, is_written)),
            None if answer.is_some() => Verdict::done(answer),
            None if met_so.is_some() => Verdict::met_so(met_so.unwrap_or_default()),
            None => Verdict::already_so(),
        })
    }
}

/// The outcome of removals of which some could not be made: where others were, the step was not skipped.
fn in_part(failed: Verdict, refused: Vec<RefusedPart>, answer: Option<Applied>, is_written: bool) -> Verdict {
    let what = refused.iter().map(|part| part.what.clone()).collect();
    let state = match (&failed.state, refused.first()) {
        (OutcomeState::Skipped { .. }, Some(first)) if is_written => {
            let message = "some of the links stayed".to_owned();
            OutcomeState::Failed { cause: first.cause, message }
        }
        (state, _) => state.clone(),
    };
    let read_back = match &state {
        OutcomeState::Skipped { .. } => failed.read_back,
        _ => Some(ReadBack::Differs { what }),
    };
    Verdict { state, refused, read_back, answer: failed.answer.clone().or(answer), ..failed }
}
