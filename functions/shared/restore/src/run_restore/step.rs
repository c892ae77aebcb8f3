//! One step on an object that is there, or on a fact: read, write, read again.
//! Over 400 lines: a look, a write and what is made of both are one round, which each step goes through.

use super::beside::edits;
use super::check::{Check, check, link_of};
use super::delays::SETTLED;
use super::looks::{Links, Seen, Since};
use super::outcome::{Ended, Refusal, Verdict, is_of_run, is_refusal};
use super::parcel::Parcel;
use super::progress::RestoreRun;
use super::wait::{Patience, Waited};
use domain::kinds::LinkType;
use domain::restore::{Step, WriteAction};
use domain::{Error, ErrorKind, ErrorReason, Result};
use engine::ports::{Applied, DirectoryWrite, LiveObject};
use engine::records::{ReadBack, SkipCause};
use jiff::SignedDuration;
use std::sync::Arc;

/// How often a write whose fate is unknown is tried.
const TRIES: u32 = 3;
/// How long links that were read need not be read again before the next write: every write is followed by a reading,
/// which serves the next step on the same object.
const STILL_GOOD: SignedDuration = SignedDuration::from_secs(60);
/// How long a reading serves others that wait for the same object to show what they wrote.
const JUST_READ: SignedDuration = SignedDuration::from_secs(10);

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
    /// Whether Graph has just taken it: from the next look on it is waited for.
    is_taken: bool,
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
            is_taken: false,
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
        // What came with its object is there by now or was left out: its own write waits for as long as it has to.
        let came_along = work.is_written;
        let until = if came_along { self.worker.clock.now() + SETTLED } else { self.patience(step) };
        let mut patience = Patience::until(until);
        let mut since = Since::Lately;
        // Cut off before its end, an earlier try may have written all of it or some.
        let was_begun = self.was_begun(step.number);
        work.was_begun.get_or_insert(was_begun);
        loop {
            if work.is_written && !came_along {
                // Steps that come after what is written may begin. Why not after what is to be seen first: where it is not,
                // it is still to be written.
                self.unwritten = None;
            }
            // Every round begins with a look: what is written follows from the object as it is, and a write counts
            // only once it is seen.
            let live = match self.look(now, since).await {
                Ok(live) => live,
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if e.kind() == ErrorKind::Unavailable => match patience.wait(self).await {
                    Waited::Again => continue,
                    Waited::Enough => return Ok(Verdict::unreadable(&e)),
                    Waited::OutOfTime => return Ok(Ended::OutOfTime),
                },
                Err(e) => return Ok(Verdict::unreadable(&e)),
            };
            // Why only the first look may be an earlier one: the others have to see what was written since.
            since = Since::Judged;
            // Others may have written between the write and this look, and the write may have waited for its turn.
            if std::mem::take(&mut work.is_taken) {
                patience = Patience::until(self.patience(step));
            }
            // What was refused may be there all the same: somebody else wrote it, or Graph did after all.
            if !work.refused.is_empty() && check(now, live.as_deref())? == Check::So {
                self.keep_came(step, live.as_deref()).await?;
                return Ok(Verdict::done(work.answer.clone()));
            }
            let has_begun = was_begun || work.answer.is_some() || !work.refused.is_empty();
            let found = match check(&work.now, live.as_deref())? {
                Check::So => {
                    if work.is_written {
                        patience.shown(&self.lags.changed);
                    }
                    if has_begun && !work.met_so {
                        self.keep_came(step, live.as_deref()).await?;
                    }
                    return Ok(work.seen());
                }
                // The object is as the preview showed it: this is the moment to write.
                Check::Write(call, _) if !work.is_written => {
                    if !self.may_write() {
                        return Ok(Ended::OutOfTime);
                    }
                    let ended = self.write(step, work, &call, live.as_deref(), &mut patience).await?;
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
            match patience.wait_until_shown(self, |lags| &lags.changed).await {
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
                (work.is_written, work.is_taken) = (true, true);
                return Ok(None);
            }
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => e,
        };
        if error.kind() == ErrorKind::Unavailable && !self.may_write() {
            return Ok(Some(Ended::OutOfTime));
        }
        let parcel = Parcel::of(&work.now, call, live);
        if is_refusal(&error) && parcel.len() > 0 {
            return self.narrow(step, work, &parcel, error, patience).await;
        }
        let waited = if self.is_fresh(step) && is_of_young(&error) {
            // Graph may not know yet what was created or restored a moment ago.
            patience.wait(self).await
        } else {
            Waited::Enough
        };
        Ok(match waited {
            Waited::Again => None,
            Waited::OutOfTime => Some(Ended::OutOfTime),
            Waited::Enough => Some(self.judge(step, &work.now, &error).await?),
        })
    }

    /// Reads the object that a step is about, with the links that it needs. A reading of its links serves all steps that
    /// are about them.
    pub(super) async fn look(&mut self, step: &Step, since: Since) -> Result<Option<Arc<LiveObject>>> {
        let kind = step.kind()?;
        let Some(link) = link_of(step)? else {
            let live = self.worker.directory.find_live(self.tenant(), kind, &step.id, &[]).await?;
            return Ok(live.map(Arc::new));
        };
        let object = match &self.batch {
            Some(batch) => batch.object.clone(),
            None => self.looks.object(&step.id),
        };
        if since != Since::Lately {
            self.let_others_write().await;
        }
        let floor = if since == Since::Now { self.looks.moment() } else { self.judged.max(self.wrote) };
        // Who waits until others have read or written the object lets others be at work, and reads it without a turn then.
        // Why it does not wait for one: whoever has a turn may wait for the object.
        let mut last = if let Ok(last) = object.last.try_lock() {
            last
        } else {
            self.give_up_turn();
            object.last.lock().await
        };
        let seen = match self.seen(&last, (step, link), since, floor) {
            Some(seen) => Ok(seen),
            None => self.read(step, link).await,
        };
        if let Ok(seen) = &seen {
            last.seen.insert(link.name, seen.clone());
        }
        drop(last);
        if self.turn.is_none() {
            self.take_turn().await;
        }
        let seen = seen?;
        self.judged = seen.began;
        Ok(seen.live)
    }

    async fn read(&self, step: &Step, link: &'static LinkType) -> Result<Seen> {
        let began = self.looks.moment();
        let live = self.worker.directory.find_live(self.tenant(), step.kind()?, &step.id, &[link]).await?;
        Ok(Seen { at: self.worker.clock.now(), began, live: live.map(Arc::new) })
    }

    /// Waits until the steps that add to the same object have written, too: one reading serves all of them.
    async fn let_others_write(&mut self) {
        self.writing = None;
        if let Some(batch) = self.batch.clone()
            && batch.writers.any()
        {
            self.give_up_turn();
            batch.writers.none().await;
            self.take_turn().await;
        }
    }

    /// What was read of the links last, where that is late enough; `floor` is the moment after which it has to have begun.
    fn seen(&self, last: &Links, (step, link): (&Step, &LinkType), since: Since, floor: u64) -> Option<Seen> {
        let seen = last.seen.get(link.name)?;
        let now = self.worker.clock.now();
        let is_good = match since {
            // What others have added or taken since is not what this step is about.
            Since::Lately => {
                seen.at + STILL_GOOD > now && (seen.began > last.written || edits(step).is_some())
            }
            Since::Judged | Since::Now => seen.at + JUST_READ > now && seen.began > floor,
        };
        is_good.then(|| seen.clone())
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
                ErrorKind::Unavailable if tried < TRIES && self.may_write() => {
                    tried += 1;
                    self.pause(1000).await;
                    if let Some(applied) = self.took_effect(now).await? {
                        return Ok(applied);
                    }
                    if !self.may_write() {
                        return Err(error);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether a write whose answer was lost took effect all the same.
    async fn took_effect(&mut self, now: &Step) -> Result<Option<Applied>> {
        let live = match self.look(now, Since::Judged).await {
            Ok(live) => live,
            Err(e) if is_of_run(&e) => return Err(e),
            Err(_) => return Ok(None),
        };
        Ok((check(now, live.as_deref())? == Check::So).then(Applied::default))
    }

    /// What a write that failed comes to: it may have taken effect all the same.
    async fn judge(&mut self, step: &Step, now: &Step, error: &Error) -> Result<Ended> {
        let Ok(live) = self.look(now, Since::Judged).await else { return Ok(Verdict::failed(error)) };
        if !matches!(check(now, live.as_deref()), Ok(Check::So)) {
            return Ok(Verdict::failed(error));
        }
        self.keep_came(step, live.as_deref()).await?;
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
