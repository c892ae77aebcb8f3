//! Goes on with a write that Graph refused: what it refuses is found out, and the rest is written.

use super::narrowing::Narrowing;
use super::outcome::{Ended, Refusal, is_of_run, is_refusal};
use super::parcel::{Parcel, far_end, without};
use super::progress::RestoreRun;
use super::step::{Work, is_of_young};
use super::wait::{Patience, Waited};
use domain::restore::Step;
use domain::{Error, Result};
use engine::ports::Applied;
use std::collections::BTreeSet;

/// What narrowing a parcel came to.
struct Narrowed {
    /// Graph's last answer to what it took; none where it took nothing.
    answer: Option<Applied>,
    refused: Vec<Refusal>,
    /// Whether each part is taken or refused: of a write that got no answer nobody knows.
    is_whole: bool,
}

impl RestoreRun<'_> {
    /// Writes what Graph takes of a parcel that it refused as a whole. What may be refused only because it is new
    /// is waited for; the rest of the refusals stand. None where the object is to be looked at again.
    pub(super) async fn narrow(
        &mut self,
        step: &Step,
        work: &mut Work,
        parcel: &Parcel,
        error: Error,
        patience: &mut Patience,
    ) -> Result<Option<Ended>> {
        let found = self.narrowed(parcel, error).await?;
        let is_cut_short = !found.is_whole && !self.may_write();
        // Something was taken, so the object itself is known by now.
        let knows_object = found.answer.is_some() || work.answer.is_some();
        work.answer = found.answer.or(work.answer.take());
        let (passing, lasting): (Vec<_>, Vec<_>) =
            found.refused.into_iter().partition(|refusal| self.may_pass(step, refusal, knows_object));
        work.stands(lasting)?;
        if is_cut_short {
            return Ok(Some(Ended::OutOfTime));
        }
        if passing.is_empty() && found.is_whole {
            work.is_written = true;
            return Ok(None);
        }
        // What replaces everything at once is next compared with what was written, not with what the preview showed.
        let pending: BTreeSet<String> = passing.iter().flat_map(|refusal| refusal.names.clone()).collect();
        if work.answer.is_some() && work.now.before.is_some() {
            work.now.before = without(&work.now, &pending)?.after;
        }
        Ok(match patience.wait(self).await {
            Waited::Again => None,
            Waited::OutOfTime => Some(Ended::OutOfTime),
            Waited::Enough => {
                work.stands(passing)?;
                work.is_written = true;
                None
            }
        })
    }

    async fn narrowed(&mut self, parcel: &Parcel, error: Error) -> Result<Narrowed> {
        let mut last = like(&error);
        let mut narrowing = Narrowing::of(parcel.len(), error);
        let (mut answer, mut is_whole) = (None, true);
        while let Some(parts) = narrowing.next() {
            if parcel.only_takes(&parts, narrowing.taken()) {
                narrowing.refused(like(&last));
                continue;
            }
            self.hear_of_stop().await;
            if !self.may_write() {
                is_whole = false;
                break;
            }
            let call = parcel.only(&parts, narrowing.taken());
            match self.apply(&call).await {
                Ok(applied) => {
                    answer = Some(applied);
                    narrowing.took();
                }
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if is_refusal(&e) => {
                    last = like(&e);
                    narrowing.refused(e);
                }
                Err(_) => {
                    is_whole = false;
                    break;
                }
            }
        }
        let refused = narrowing.into_refused().into_iter();
        let refused = refused.map(|(part, error)| Refusal { names: parcel.names(&[part]), error }).collect();
        Ok(Narrowed { answer, refused, is_whole })
    }

    /// Whether a refusal may pass: parts of Graph may not know yet what was created or restored a moment ago. Where
    /// the object itself is known, only what is new at the far end may be unknown.
    fn may_pass(&self, step: &Step, refusal: &Refusal, knows_object: bool) -> bool {
        let is_new = |name: &String| far_end(name).is_some_and(|end| self.is_new(end));
        is_of_young(&refusal.error)
            && (refusal.names.iter().any(is_new) || (!knows_object && self.is_new(&step.id)))
    }
}

/// The same refusal once more, of a part that was not sent for it.
fn like(error: &Error) -> Error {
    let mut like = Error::new(error.kind(), String::from(error.summary()));
    if let Some(answer) = error.answer() {
        like = like.answered(answer.clone());
    }
    match error.reason() {
        Some(reason) => like.because(reason),
        None => like,
    }
}

impl Work {
    /// Takes out of the step what Graph refused for good.
    fn stands(&mut self, refused: Vec<Refusal>) -> Result<()> {
        let names = refused.iter().flat_map(|refusal| refusal.names.clone()).collect();
        self.now = without(&self.now, &names)?;
        self.refused.extend(refused);
        Ok(())
    }
}
