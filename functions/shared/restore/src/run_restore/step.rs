//! One step on an object that is there, or on a fact: read, write, read again.

use super::check::{Check, check, link_of};
use super::outcome::{Ended, Refusal, Verdict, is_of_run, is_refusal};
use super::parcel::Parcel;
use super::progress::{RestoreRun, Seen};
use super::wait::{Patience, Waited};
use domain::kinds::LinkType;
use domain::restore::{Step, WriteAction};
use domain::{Error, ErrorKind, ErrorReason, Result};
use engine::ports::{Applied, DirectoryWrite, LiveObject};
use engine::records::{ReadBack, SkipCause};
use jiff::SignedDuration;

/// How often a write whose fate is unknown is tried.
const TRIES: u32 = 3;
/// How long links that were read need not be read again before the next write: every write is followed by a reading,
/// which serves the next step on the same object.
const STILL_GOOD: SignedDuration = SignedDuration::from_secs(60);

/// A step that is being performed, and how far it has come.
pub(super) struct Work {
    /// What is left of the step, with the ids of today: without what Graph refused for good.
    pub(super) now: Step,
    /// What Graph answered last; none until it took something.
    pub(super) answer: Option<Applied>,
    /// Whether nothing more is to be written: what is left is to be seen.
    pub(super) is_written: bool,
    /// What Graph refused for good.
    pub(super) refused: Vec<Refusal>,
    /// A refusal of all parts together that is known before anything is sent.
    known: Option<Error>,
    /// Whether an earlier try of the step may have written, once that is known.
    was_begun: Option<bool>,
    /// Whether our only write met what somebody had done right before: then it is theirs.
    met_so: bool,
}

impl Work {
    pub fn on(now: Step) -> Self {
        Self {
            now,
            answer: None,
            is_written: false,
            refused: Vec::new(),
            known: None,
            was_begun: None,
            met_so: false,
        }
    }
    /// One of several writes of a step: `was_begun` says whether an earlier try of the step may have made it.
    pub fn one_of(now: Step, was_begun: bool) -> Self {
        Self { was_begun: Some(was_begun), ..Self::on(now) }
    }
    /// A step that was written along with another, which Graph answered so: what is left is to see it.
    pub fn written(now: Step, answer: Applied) -> Self {
        Self { answer: Some(answer), is_written: true, ..Self::on(now) }
    }
    /// The same where it is known that Graph does not take all parts together.
    pub fn after_refusal(now: Step, error: Error) -> Self {
        Self { known: Some(error), ..Self::on(now) }
    }
    fn names(&self) -> Vec<String> {
        self.refused.iter().flat_map(|refusal| refusal.names.iter().cloned()).collect()
    }
    /// The outcome where what is left is seen.
    fn seen(&self) -> Ended {
        let answer = self.answer.clone();
        if !self.refused.is_empty() {
            return Verdict::refused(answer, &self.refused, ReadBack::Differs { what: self.names() });
        }
        match answer {
            Some(answer) if self.met_so => Verdict::met_so(answer),
            Some(answer) => Verdict::done(Some(answer)),
            None => Verdict::already_so(),
        }
    }
    /// The outcome where our only write met something else that somebody had made right before.
    fn met_other(&self) -> Ended {
        let Ended::With(verdict) = Verdict::skipped(SkipCause::ChangedSincePreview) else {
            return Ended::OutOfTime;
        };
        Ended::With(Verdict { answer: self.answer.clone(), ..verdict })
    }
    /// The outcome where what was written is not seen.
    fn not_seen(&self, found: ReadBack) -> Ended {
        let answer = self.answer.clone();
        if self.refused.is_empty() {
            return Verdict::not_seen(answer, found);
        }
        let found = match found {
            ReadBack::Differs { what } => {
                ReadBack::Differs { what: what.into_iter().chain(self.names()).collect() }
            }
            other => other,
        };
        Verdict::refused(answer, &self.refused, found)
    }
}

impl RestoreRun<'_> {
    /// Performs a step; `step` as it stands in the plan, `now` with the ids of today.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, and rows.
    pub async fn perform(&mut self, step: &Step, now: &Step) -> Result<Ended> {
        self.perform_work(step, now, Work::on(now.clone())).await
    }

    /// The same for a step of which something is known already.
    pub(super) async fn perform_work(&mut self, step: &Step, now: &Step, mut work: Work) -> Result<Ended> {
        let ended = self.go_on_with(step, now, &mut work).await;
        if let (Ok(Ended::OutOfTime), Some(answer)) = (&ended, &work.answer) {
            self.keep_answer(step, answer).await?;
        }
        ended
    }

    async fn go_on_with(&mut self, step: &Step, now: &Step, work: &mut Work) -> Result<Ended> {
        // One step, three times: `step` as it was planned, whose row it is; `now` with the ids of today; `work.now` is
        // what of that Graph did not refuse for good.
        let mut patience = Patience::until(self.patience(step));
        let mut may_use_seen = true;
        // Cut off before its end, an earlier try may have written all of it or some.
        let was_begun = self.outcome(step.number).is_some();
        work.was_begun.get_or_insert(was_begun);
        loop {
            // Every round begins with a look: what is written follows from the object as it is, and a write counts
            // only once it is seen.
            let live = match self.look(now, may_use_seen).await {
                Ok(live) => live,
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if e.kind() == ErrorKind::Unavailable => {
                    match patience.wait(self.worker, self.deadline).await {
                        Waited::Again => continue,
                        Waited::Enough => return Ok(Verdict::unreadable(&e)),
                        Waited::OutOfTime => return Ok(Ended::OutOfTime),
                    }
                }
                Err(e) => return Ok(Verdict::unreadable(&e)),
            };
            // Why only the first look may be an earlier one: the others have to see what was written since.
            may_use_seen = false;
            // What was refused may be there all the same: somebody else wrote it, or Graph did after all.
            if !work.refused.is_empty() && check(now, live.as_ref())? == Check::So {
                self.keep_came(step, live.as_ref()).await?;
                return Ok(Verdict::done(work.answer.clone()));
            }
            let has_begun = was_begun || work.answer.is_some() || !work.refused.is_empty();
            let found = match check(&work.now, live.as_ref())? {
                Check::So => {
                    if has_begun && !work.met_so {
                        self.keep_came(step, live.as_ref()).await?;
                    }
                    return Ok(work.seen());
                }
                // The object is as the preview showed it: this is the moment to write.
                Check::Write(call, _) if !work.is_written => {
                    let ended = self.write(step, work, &call, live.as_ref(), &mut patience).await?;
                    if let Some(ended) = ended {
                        return Ok(ended);
                    }
                    continue;
                }
                // Somebody else changed or deleted the object since the preview, so it is left alone. Why not while
                // it is fresh: an object that came back a moment ago may not be visible yet.
                Check::Changed(_) if !has_begun => {
                    return Ok(Verdict::skipped(SkipCause::ChangedSincePreview));
                }
                Check::Gone if !has_begun && !self.is_fresh(step) => {
                    return Ok(Verdict::skipped(SkipCause::Gone));
                }
                // Graph said that it was so already, and it is otherwise: what is there is not what the preview showed.
                Check::Changed(_) if work.met_so => return Ok(work.met_other()),
                // Written already, or begun by us: what differs is not somebody else's change, and may still appear.
                Check::Write(_, what) | Check::Changed(what) => ReadBack::Differs { what },
                Check::Gone => ReadBack::Absent,
            };
            // The write was made, or the object is still to appear: the directory may take a while to show it.
            match patience.wait(self.worker, self.deadline).await {
                Waited::Again => {}
                Waited::OutOfTime => return Ok(Ended::OutOfTime),
                Waited::Enough if has_begun => return Ok(work.not_seen(found)),
                Waited::Enough => return Ok(Verdict::skipped(SkipCause::Gone)),
            }
        }
    }

    /// Makes the write of a step, as far as Graph takes it; none where the object is to be looked at again. Or how
    /// the step ended, where it is not to be written.
    async fn write(
        &mut self,
        step: &Step,
        work: &mut Work,
        call: &DirectoryWrite,
        live: Option<&LiveObject>,
        patience: &mut Patience,
    ) -> Result<Option<Ended>> {
        // Why look first: an object that has left the bin for good is reported as gone, and not as refused by Graph.
        if let WriteAction::Undelete { .. } = work.now.action {
            match self.is_in_bin(&work.now).await {
                Ok(true) => {}
                Ok(false) => return Ok(Some(Verdict::skipped(SkipCause::Gone))),
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) => return Ok(Some(Verdict::unreadable(&e))),
            }
        }
        // The preview's look at the administrators may be old by now.
        if let Some(ended) = self.refuses(&work.now).await? {
            return Ok(Some(ended));
        }
        if let Some(ended) = self.keep_before(step, &work.now, live).await? {
            return Ok(Some(ended));
        }
        self.intend(step).await?;
        let sent = match work.known.take() {
            Some(error) => Err(error),
            None => self.send(&work.now, call).await,
        };
        let error = match sent {
            Ok(applied) => {
                let is_only = work.answer.is_none() && work.refused.is_empty();
                work.met_so = applied.was_so && is_only && work.was_begun == Some(false);
                work.answer = Some(applied);
                work.is_written = true;
                return Ok(None);
            }
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => e,
        };
        let parcel = Parcel::of(&work.now, call, live);
        if is_refusal(&error) && parcel.len() > 0 {
            return self.narrow(step, work, &parcel, error, patience).await;
        }
        let waited = if self.is_fresh(step) && is_of_young(&error) {
            // Graph may not know yet what was created or restored a moment ago.
            patience.wait(self.worker, self.deadline).await
        } else {
            Waited::Enough
        };
        Ok(match waited {
            Waited::Again => None,
            Waited::OutOfTime => Some(Ended::OutOfTime),
            Waited::Enough => Some(self.judge(step, &work.now, &error).await?),
        })
    }

    /// Reads the object that a step is about, with the links that it needs.
    pub(super) async fn look(&mut self, step: &Step, may_use_seen: bool) -> Result<Option<LiveObject>> {
        let kind = step.kind()?;
        let link = link_of(step)?;
        let now = self.worker.clock.now();
        if let (true, Some(seen), Some(link)) = (may_use_seen, &self.seen, link)
            && seen.id == step.id
            && seen.link == link.name
            && seen.at + STILL_GOOD > now
        {
            return Ok(seen.live.clone());
        }
        let links: Vec<&'static LinkType> = link.into_iter().collect();
        let live = self.worker.directory.find_live(self.tenant(), kind, &step.id, &links).await?;
        self.seen = link.map(|link| Seen {
            id: step.id.clone(),
            link: link.name.to_owned(),
            at: self.worker.clock.now(),
            live: live.clone(),
        });
        Ok(live)
    }

    async fn is_in_bin(&self, step: &Step) -> Result<bool> {
        self.worker.directory.is_in_recycle_bin(self.tenant(), step.kind()?, &step.id).await
    }

    /// Writes. Whether a write of unknown fate took effect is looked at again by the caller.
    async fn send(&mut self, now: &Step, call: &DirectoryWrite) -> Result<Applied> {
        let mut tried = 1;
        loop {
            let error = match self.apply(call).await {
                Ok(applied) => return Ok(of_try(tried, applied)),
                Err(e) => e,
            };
            match error.kind() {
                // It is gone already; the look after this confirms it.
                ErrorKind::NotFound
                    if matches!(call, DirectoryWrite::RemoveLink { .. } | DirectoryWrite::Delete { .. }) =>
                {
                    return Ok(of_try(tried, Applied { status: 404, was_so: true, ..Applied::default() }));
                }
                // A fact that is there already; the look after this confirms it.
                ErrorKind::Conflict if matches!(call, DirectoryWrite::Create { .. }) => {
                    return Ok(of_try(tried, Applied { status: 409, was_so: true, ..Applied::default() }));
                }
                ErrorKind::Unavailable if tried < TRIES => {
                    tried += 1;
                    self.worker.clock.sleep_ms(1000).await;
                    if let Some(applied) = self.took_effect(now).await? {
                        return Ok(applied);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether a write whose answer was lost took effect all the same.
    async fn took_effect(&mut self, now: &Step) -> Result<Option<Applied>> {
        let live = match self.look(now, false).await {
            Ok(live) => live,
            Err(e) if is_of_run(&e) => return Err(e),
            Err(_) => return Ok(None),
        };
        Ok((check(now, live.as_ref())? == Check::So).then(Applied::default))
    }

    /// What a write that failed comes to: it may have taken effect all the same.
    async fn judge(&mut self, step: &Step, now: &Step, error: &Error) -> Result<Ended> {
        let Ok(live) = self.look(now, false).await else { return Ok(Verdict::failed(error)) };
        if !matches!(check(now, live.as_ref()), Ok(Check::So)) {
            return Ok(Verdict::failed(error));
        }
        self.keep_came(step, live.as_ref()).await?;
        Ok(Verdict::done(None))
    }
}

/// The answer to the try of that number. What was so at a later try may be so by an earlier one, whose answer was lost.
fn of_try(tried: u32, applied: Applied) -> Applied {
    Applied { was_so: applied.was_so && tried == 1, ..applied }
}

/// Whether Graph answers like this about objects that parts of it do not know yet.
pub(super) fn is_of_young(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.reason() == Some(ErrorReason::ValuesInvalid)
}
