//! What must not be written by now, though the preview allowed it: rights that run out meanwhile, and whatever
//! would leave nobody to administer the tenant or take our own access.
//!
//! The preview's look at the administrators is as old as the preview, and another restore may have run since: it
//! is repeated before each write that takes somebody's rights.

use super::delays::SETTLED;
use super::outcome::{Ended, Verdict, is_of_run};
use super::progress::{LastLook, RestoreRun};
use super::wait::{Patience, Waited};
use crate::administrators::read_administrators;
use domain::Result;
use domain::kinds::{self, Kind};
use domain::restore::{Administrators, ScheduleEnd, SignIn, Step, WriteAction, may_lose};
use engine::records::{FailCause, OutcomeState, SkipCause, StepOutcome};
use jiff::SignedDuration;
use serde_json::Value;

/// How old a look at the administrators may be for steps that touch none of them.
const STILL_GOOD: SignedDuration = SignedDuration::from_secs(60);

/// What a look at the administrators came to.
enum Look {
    Found(Administrators),
    Ended(Ended),
}

impl RestoreRun<'_> {
    /// Why a step, whose ids are those of today, is not written now; none when it may be.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling.
    pub async fn refuses(&mut self, now: &Step) -> Result<Option<Ended>> {
        // The cheap checks come first: they need no reading of the administrators, which takes many calls.
        if self.has_run_out(now) {
            return Ok(Some(Verdict::skipped(SkipCause::Expired)));
        }
        match self.takes_our_access(now).await {
            Ok(false) => {}
            Ok(true) => return Ok(Some(Verdict::skipped(SkipCause::OwnAccess))),
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => return Ok(Some(Verdict::unreadable(&e))),
        }
        // A step that takes nobody's rights cannot lock anybody out; nor does one that goes on with whom it has made.
        let made = self.outcome(now.number).and_then(|outcome| outcome.new_id.as_deref());
        if !may_lose(now) || self.takes_no_role(now) || made == Some(now.id.as_str()) {
            return Ok(None);
        }
        let time = self.worker.clock.now();
        let is_clear = |look: &LastLook| look.at + STILL_GOOD > time && !look.found.would_lose(now);
        if self.last_look.as_ref().is_some_and(is_clear) {
            return Ok(None);
        }
        let mut found = match self.administrators(now).await? {
            Look::Found(found) => found,
            Look::Ended(ended) => return Ok(Some(ended)),
        };
        // Why: a directory may go on showing for a while what this run has already taken.
        for step in &self.losses {
            found.apply_losses(step);
        }
        // Why these cannot count: nobody knows the passwords of users whom this restore created.
        for person in &self.made {
            found.people.entry(person.clone()).and_modify(|sign_in| *sign_in = SignIn::No);
        }
        let would_lock_out = found.would_lock_out(now);
        self.last_look = Some(LastLook { at: self.worker.clock.now(), found });
        Ok(would_lock_out.then(|| Verdict::skipped(SkipCause::LockOut)))
    }

    async fn administrators(&mut self, now: &Step) -> Result<Look> {
        let mut patience = Patience::until(self.worker.clock.now() + SETTLED);
        loop {
            match read_administrators(self.worker.directory.as_ref(), self.tenant(), &[]).await {
                Ok(found) => return Ok(Look::Found(found)),
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if e.is_transient() => match patience.wait(self).await {
                    Waited::Again => {}
                    Waited::OutOfTime => return Ok(Look::Ended(Ended::OutOfTime)),
                    Waited::Enough => return Ok(Look::Ended(Verdict::unreadable(&e))),
                },
                // Where roles cannot be read, a group that cannot hold one is still free to change.
                Err(e) => {
                    return Ok(if self.can_hold_roles(now).await? {
                        Look::Ended(Verdict::unreadable(&e))
                    } else {
                        Look::Found(Administrators::default())
                    });
                }
            }
        }
    }

    async fn can_hold_roles(&self, now: &Step) -> Result<bool> {
        let kind = now.kind()?;
        if !kind.is_group() {
            return Ok(true);
        }
        match self.worker.directory.find_live(self.tenant(), kind, &now.id, &[]).await {
            Ok(group) => Ok(group.is_none_or(|group| kind.can_hold_role(&group.object))),
            Err(e) if is_of_run(&e) => Err(e),
            Err(_) => Ok(true),
        }
    }

    /// Whether the role that a step gives has expired since the preview.
    fn has_run_out(&self, now: &Step) -> bool {
        match &now.action {
            WriteAction::Create { body } | WriteAction::Update { body, .. } if now.is_fact() => {
                ScheduleEnd::of(body).is_over(self.worker.clock.now())
            }
            _ => false,
        }
    }

    /// Whether the step takes a role, or a membership, from our own applications: after that nothing more could be
    /// restored.
    async fn takes_our_access(&self, now: &Step) -> Result<bool> {
        let is_ours = |id: Option<&Value>| {
            id.and_then(Value::as_str).is_some_and(|id| self.own.iter().any(|own| own == id))
        };
        let kind = now.kind()?;
        Ok(match (&now.action, kind.grant()) {
            (WriteAction::Delete, Some(grant)) => {
                is_ours(now.before.as_ref().and_then(|b| b.get(grant.principal)))
            }
            (WriteAction::Update { body, .. }, Some(grant)) => {
                is_ours(body.get(grant.principal)) && ScheduleEnd::of(body) != ScheduleEnd::Never
            }
            (WriteAction::RemoveLink { link, to }, _) if kinds::passes_roles(link) => {
                self.own.contains(&to.id)
            }
            _ if kind.is_group() && may_lose(now) && !self.own.is_empty() => {
                let members: Vec<_> = kind.role_links().collect();
                let group = self.worker.directory.find_live(self.tenant(), kind, &now.id, &members).await?;
                group.is_some_and(|g| g.links.iter().any(|(_, to, _)| self.own.contains(to)))
            }
            _ => false,
        })
    }

    /// Remembers what a finished step has taken from somebody, or may have taken.
    pub fn note_losses(&mut self, now: &Step, outcome: &StepOutcome) {
        let unsure = [FailCause::NotSeen, FailCause::Unavailable, FailCause::Unreadable];
        let may_be_so = match &outcome.state {
            OutcomeState::Failed { cause, .. } => unsure.contains(cause),
            state => state.is_success(),
        };
        if may_be_so && may_lose(now) && !self.takes_no_role(now) {
            self.losses.push(now.clone());
        }
        let is_person = now.kind.find().is_some_and(Kind::is_person);
        if is_person && matches!(now.action, WriteAction::Create { .. }) && may_be_so {
            self.made.extend(outcome.new_id.clone());
        }
    }
}
