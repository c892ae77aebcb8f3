//! Makes the Temporary Access Pass of somebody who came back.
//!
//! Graph shows a pass once, in its answer. It is sealed under the tenant's key and stored in the same write that says in the
//! step's row that there is an answer; until then it counts as not made, whatever is there. So a process that dies in
//! between costs a pass that nobody knows, which is taken away and made once more. None is made for somebody who has one
//! that this step did not make: Microsoft would put ours in its place. Graph does not say who made a pass, so ours is one that was
//! made when we asked for one, and is of the sort that we asked for.

use super::create::CLOCKS_DIFFER;
use super::outcome::{Ended, Verdict, is_of_run};
use super::progress::RestoreRun;
use super::step::is_of_young;
use super::wait::{Patience, Waited};
use domain::restore::{Step, WriteAction};
use domain::{Error, ErrorKind, Result};
use engine::ports::{Applied, DirectoryWrite, HeldPass, IssuedPass};
use engine::records::{AccessPass, OutcomeState, ReadBack, SkipCause, StepOutcome, put_new};
use jiff::SignedDuration;

/// How often a pass is asked for of which no answer came.
const TRIES: u32 = 3;

/// How long a call may take, with what is tried again: what was made later is somebody else's.
const LONGEST_CALL: SignedDuration = SignedDuration::from_mins(5);

/// How far a look at somebody's passes, and what followed from it, got.
enum Round {
    /// The step came to its end.
    Ended(Ended),
    /// There is a pass, and it is kept.
    Kept,
    /// It is kept, and does not show yet.
    Unseen,
    /// Graph did not take it, or did not answer.
    Failed(Error),
}

impl RestoreRun<'_> {
    /// Makes the pass of a step, or sees to its end what an earlier run began.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, rows, the tenant's key.
    pub(super) async fn issue_pass(&mut self, step: &Step, now: &Step) -> Result<Ended> {
        let mut patience = Patience::until(self.patience(step));
        // One that was asked for may be there, and not show yet: Graph may refuse another one for that.
        let was_begun = self.was_begun(step.number);
        let mut unanswered = 0;
        loop {
            let (waited, otherwise) = match self.look_for_pass(step, now).await? {
                Round::Ended(ended) => return Ok(ended),
                Round::Kept => {
                    // Steps that come after it may begin.
                    self.unwritten = None;
                    patience = Patience::until(self.patience(step));
                    continue;
                }
                Round::Unseen => {
                    let waited = patience.wait_until_shown(self, |lags| &lags.changed).await;
                    (waited, Verdict::not_seen(self.kept_answer(step), ReadBack::Absent))
                }
                Round::Failed(error) => {
                    unanswered += u32::from(error.kind() == ErrorKind::Unavailable);
                    let may_be_there = was_begun || unanswered > 0;
                    let may_pass = may_be_there && error.kind() != ErrorKind::Denied
                        || self.is_fresh(step) && is_of_young(&error);
                    if unanswered == TRIES || !may_pass {
                        return Ok(Verdict::failed(&error));
                    }
                    (patience.wait(self).await, Verdict::failed(&error))
                }
            };
            match waited {
                Waited::Again => {}
                Waited::Enough => return Ok(otherwise),
                Waited::OutOfTime => return Ok(Ended::OutOfTime),
            }
        }
    }

    /// Whether an answer to the step is known: then its pass is kept.
    pub(super) fn has_kept_pass(&self, step: &Step) -> bool {
        self.kept_answer(step).is_some()
    }

    fn kept_answer(&self, step: &Step) -> Option<Applied> {
        let row = self.outcome(step.number).filter(|row| !row.state.is_final())?;
        Some(Applied { status: row.status?, request_id: row.request_id.clone(), ..Applied::default() })
    }

    async fn look_for_pass(&mut self, step: &Step, now: &Step) -> Result<Round> {
        let held = match self.worker.writer.list_passes(self.tenant(), now.kind()?, &now.id).await {
            Ok(held) => held,
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => return Ok(Round::Failed(e)),
        };
        if self.has_kept_pass(step) {
            let is_there = held.iter().any(|pass| self.is_ours(step, pass));
            let seen = || Round::Ended(Verdict::done(self.kept_answer(step)));
            return Ok(if is_there { seen() } else { Round::Unseen });
        }
        if let Some(other) = held.iter().find(|pass| !pass.is_over) {
            if !self.is_ours(step, other) {
                return Ok(Round::Ended(Verdict::skipped(SkipCause::ChangedSincePreview)));
            }
            let (kind, id, pass) = (now.kind()?, now.id.clone(), other.id.clone());
            if let Some(round) = self.sent_of_pass(&DirectoryWrite::RevokePass { kind, id, pass }).await? {
                return Ok(round);
            }
        }
        self.make_pass(step, now).await
    }

    /// Makes a call that has no answer to be kept; how far that got where it was not made.
    async fn sent_of_pass(&mut self, call: &DirectoryWrite) -> Result<Option<Round>> {
        if !self.may_write() {
            return Ok(Some(Round::Ended(Ended::OutOfTime)));
        }
        match self.apply(call).await {
            Ok(_) => Ok(None),
            Err(e) if is_of_run(&e) => Err(e),
            Err(e) => Ok(Some(Round::Failed(e))),
        }
    }

    async fn make_pass(&mut self, step: &Step, now: &Step) -> Result<Round> {
        let WriteAction::IssuePass { lifetime_in_minutes, is_usable_once } = now.action else {
            return Err(Error::corrupt("a step that makes no pass was to make one"));
        };
        if !self.may_write() {
            return Ok(Round::Ended(Ended::OutOfTime));
        }
        self.begin_pass(step).await?;
        let (kind, id) = (now.kind()?, now.id.clone());
        let call = DirectoryWrite::IssuePass { kind, id, lifetime_in_minutes, is_usable_once };
        match self.apply(&call).await {
            Ok(Applied { pass: Some(pass), status, request_id, .. }) => {
                let answer = Applied { status, request_id, ..Applied::default() };
                self.keep_pass(step, &now.id, &answer, &pass).await?;
                Ok(Round::Kept)
            }
            Ok(_) => Ok(Round::Failed(Error::unavailable("Graph did not say what the pass is"))),
            Err(e) if is_of_run(&e) => Err(e),
            Err(e) => Ok(Round::Failed(e)),
        }
    }

    /// Writes down that a pass is about to be made, and when, for each call: one that was made at another time is not ours.
    async fn begin_pass(&mut self, step: &Step) -> Result<()> {
        let begun_at = Some(self.worker.clock.now());
        let state = OutcomeState::Started { before_ids: Vec::new(), begun_at };
        let row = match self.outcome(step.number).filter(|_| self.was_begun(step.number)) {
            Some(row) => StepOutcome { state, ..row.clone() },
            None => StepOutcome { client_request_id: Some(self.request.clone()), ..self.row(step, state) },
        };
        self.put(row, vec![]).await
    }

    /// Keeps a pass, sealed, and Graph's answer: both or neither.
    async fn keep_pass(
        &mut self,
        step: &Step,
        user: &str,
        answer: &Applied,
        pass: &IssuedPass,
    ) -> Result<()> {
        let Some(mut row) = self.outcome(step.number).cloned() else {
            return Err(Error::corrupt("a pass was made of which no row says that it was begun"));
        };
        let (tenant, restore) = (self.tenant().clone(), self.restore.id.clone());
        let place = AccessPass::place(&restore, step.number);
        let sealed = self.worker.plans.seal(&tenant, &place, pass.pass.expose()).await?;
        let lasts = SignedDuration::from_mins(i64::from(pass.lifetime_in_minutes));
        let kept = AccessPass {
            tenant,
            restore,
            number: step.number,
            user: user.to_owned(),
            sealed: Some(sealed),
            starts_at: pass.starts_at,
            ends_at: pass.starts_at + lasts,
            is_usable_once: pass.is_usable_once,
            read_by: None,
            read_at: None,
        };
        row.status = Some(answer.status);
        row.request_id.clone_from(&answer.request_id);
        self.sent.list_so_far(step, &mut row);
        self.put(row, vec![put_new(&kept)?]).await
    }

    /// Whether a pass can be the one that this step made: it was made while that was asked for, and is of the same sort.
    fn is_ours(&self, step: &Step, pass: &HeldPass) -> bool {
        let Some(OutcomeState::Started { begun_at: Some(begun_at), .. }) =
            self.outcome(step.number).map(|row| &row.state)
        else {
            return false;
        };
        let WriteAction::IssuePass { lifetime_in_minutes, is_usable_once } = step.action else {
            return false;
        };
        let is_as_long = |wanted: u32| pass.lifetime_in_minutes.is_none_or(|minutes| minutes == wanted);
        let may_be_from = *begun_at - CLOCKS_DIFFER..=*begun_at + LONGEST_CALL + CLOCKS_DIFFER;
        self.was_begun(step.number)
            && pass.created_at.is_some_and(|at| may_be_from.contains(&at))
            && lifetime_in_minutes.is_none_or(is_as_long)
            // A policy may make it good for one sign-in though more were asked for.
            && (pass.is_usable_once || !is_usable_once)
    }
}
