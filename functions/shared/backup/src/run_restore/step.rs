//! One step on an object that is there, or on a fact: read, write, read again.

use super::check::{Check, check, link_of};
use super::outcome::{Ended, Verdict, is_of_run};
use super::progress::{RestoreRun, Seen};
use super::wait::{Patience, Waited};
use domain::kinds::LinkType;
use domain::restore::{Step, WriteAction};
use domain::{Error, ErrorKind, ErrorReason, Result};
use engine::ports::{Applied, DirectoryWrite, LiveObject};
use engine::records::{ReadBack, SkipCause};
use jiff::SignedDuration;
use std::ops::ControlFlow;

/// How often a write whose fate is unknown is tried.
const TRIES: u32 = 3;
/// How long links that were read need not be read again before the next write: every write is followed by a reading,
/// which serves the next step on the same object.
const STILL_GOOD: SignedDuration = SignedDuration::from_secs(60);

impl RestoreRun<'_> {
    /// Performs a step; `step` as it stands in the plan, `now` with the ids of today.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, and rows.
    pub async fn perform(&mut self, step: &Step, now: &Step) -> Result<Ended> {
        let mut patience = Patience::until(self.patience(step));
        // What Graph answered to the write; none until there was one.
        let mut answer: Option<Applied> = None;
        let mut may_use_seen = true;
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
            let is_written = answer.is_some();
            let found = match check(now, live.as_ref())? {
                Check::So if is_written => return Ok(Verdict::done(answer)),
                Check::So => return Ok(Verdict::already_so()),
                // The object is as the preview showed it: this is the moment to write.
                Check::Write(call, _) if !is_written => {
                    match self.write(step, now, &call, &mut patience).await? {
                        ControlFlow::Continue(answered) => answer = answered,
                        ControlFlow::Break(ended) => return Ok(ended),
                    }
                    continue;
                }
                // Somebody else changed or deleted the object since the preview, so it is left alone. Why not while
                // it is fresh: an object that came back a moment ago may not be visible yet.
                Check::Changed(_) if !is_written => {
                    return Ok(Verdict::skipped(SkipCause::ChangedSincePreview));
                }
                Check::Gone if !is_written && !self.is_fresh(step) => {
                    return Ok(Verdict::skipped(SkipCause::Gone));
                }
                Check::Write(_, what) | Check::Changed(what) => ReadBack::Differs { what },
                Check::Gone => ReadBack::Absent,
            };
            // The write was made, or the object is still to appear: the directory may take a while to show it.
            match patience.wait(self.worker, self.deadline).await {
                Waited::Again => {}
                Waited::OutOfTime => return Ok(Ended::OutOfTime),
                Waited::Enough if is_written => return Ok(Verdict::not_seen(answer, found)),
                Waited::Enough => return Ok(Verdict::skipped(SkipCause::Gone)),
            }
        }
    }

    /// Makes the write of a step: what Graph answered, none where the refusal may pass and the object is to be looked
    /// at again. Or how the step ended, where it is not to be written.
    async fn write(
        &mut self,
        step: &Step,
        now: &Step,
        call: &DirectoryWrite,
        patience: &mut Patience,
    ) -> Result<ControlFlow<Ended, Option<Applied>>> {
        // Why look first: an object that has left the bin for good is reported as gone, and not as refused by Graph.
        if let WriteAction::Undelete = now.action {
            match self.is_in_bin(now).await {
                Ok(true) => {}
                Ok(false) => return Ok(ControlFlow::Break(Verdict::skipped(SkipCause::Gone))),
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) => return Ok(ControlFlow::Break(Verdict::unreadable(&e))),
            }
        }
        // The preview's look at the administrators may be old by now.
        if let Some(ended) = self.refuses(now).await? {
            return Ok(ControlFlow::Break(ended));
        }
        let error = match self.send(step, call).await {
            Ok(applied) => return Ok(ControlFlow::Continue(Some(applied))),
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => e,
        };
        Ok(match self.after_refusal(step, &error, patience).await {
            Waited::Again => ControlFlow::Continue(None),
            Waited::OutOfTime => ControlFlow::Break(Ended::OutOfTime),
            Waited::Enough => ControlFlow::Break(self.judge(now, &error).await),
        })
    }

    /// Reads the object that a step is about, with the links that it needs.
    async fn look(&mut self, step: &Step, may_use_seen: bool) -> Result<Option<LiveObject>> {
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
    async fn send(&mut self, step: &Step, call: &DirectoryWrite) -> Result<Applied> {
        self.seen = None;
        let mut tried = 1;
        loop {
            let error = match self.worker.writer.apply(self.tenant(), call).await {
                Ok(applied) => return Ok(applied),
                Err(e) => e,
            };
            match error.kind() {
                // It is gone already; the look after this confirms it.
                ErrorKind::NotFound
                    if matches!(call, DirectoryWrite::RemoveLink { .. } | DirectoryWrite::Delete { .. }) =>
                {
                    return Ok(Applied { status: 404, was_so: true, ..Applied::default() });
                }
                // A fact that is there already; the look after this confirms it.
                ErrorKind::Conflict if matches!(call, DirectoryWrite::Create { .. }) => {
                    return Ok(Applied { status: 409, was_so: true, ..Applied::default() });
                }
                ErrorKind::Invalid | ErrorKind::NotFound if !self.is_fresh(step) => {
                    if let Some(applied) = self.send_singly(call).await? {
                        return Ok(applied);
                    }
                    return Err(error);
                }
                ErrorKind::Unavailable if tried < TRIES => {
                    tried += 1;
                    self.worker.clock.sleep_ms(1000).await;
                    if let Some(applied) = self.took_effect(step).await? {
                        return Ok(applied);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether a write whose answer was lost took effect all the same.
    async fn took_effect(&mut self, step: &Step) -> Result<Option<Applied>> {
        let now = self.of_today(step)?;
        let live = match self.look(&now, false).await {
            Ok(live) => live,
            Err(e) if is_of_run(&e) => return Err(e),
            Err(_) => return Ok(None),
        };
        Ok((check(&now, live.as_ref())? == Check::So).then(Applied::default))
    }

    /// Sends several links one by one. Why: Graph takes all or none of them, and one that it refuses must not keep
    /// the others out.
    async fn send_singly(&self, call: &DirectoryWrite) -> Result<Option<Applied>> {
        let DirectoryWrite::AddLinks { link, from, to } = call else { return Ok(None) };
        if to.len() < 2 {
            return Ok(None);
        }
        let mut last = None;
        for end in to {
            let one = DirectoryWrite::AddLinks { link, from: from.clone(), to: vec![end.clone()] };
            match self.worker.writer.apply(self.tenant(), &one).await {
                Ok(applied) => last = Some(applied),
                Err(e) if is_of_run(&e) => return Err(e),
                Err(_) => {} // A look says which are missing.
            }
        }
        Ok(last)
    }

    /// Waits if a refusal may pass: Graph may not know yet what was created or restored a moment ago.
    async fn after_refusal(&self, step: &Step, error: &Error, patience: &mut Patience) -> Waited {
        if self.is_fresh(step) && is_of_young(error) {
            patience.wait(self.worker, self.deadline).await
        } else {
            Waited::Enough
        }
    }

    /// What a write that failed comes to: it may have taken effect all the same.
    async fn judge(&mut self, now: &Step, error: &Error) -> Ended {
        let seen = self.look(now, false).await.ok();
        match seen.map(|live| check(now, live.as_ref())) {
            Some(Ok(Check::So)) => Verdict::done(None),
            _ => Verdict::failed(error, None),
        }
    }
}

/// Whether Graph answers like this about objects that parts of it do not know yet.
pub(super) fn is_of_young(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.reason() == Some(ErrorReason::ValuesInvalid)
}
