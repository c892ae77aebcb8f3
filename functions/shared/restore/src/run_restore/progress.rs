//! How far a restore is: the outcomes so far, the new ids, and what must not be tried any more.
//! Over 400 lines: what is written of a step, and what that means for later ones, is one state.

use super::Worker;
use super::delays::{FRESH, MARGIN, SETTLED};
use super::halt::Halt;
use super::known::Known;
use super::lags::Lags;
use super::looks::{Batch, Looks, Writing};
use super::outcome::{Verdict, asked};
use super::sent::Sent;
use crate::plans::{self, new_ids};
use domain::restore::{Administrators, RestorePlan, Step, WriteAction};
use domain::{Result, TenantId, Timestamp};
use engine::ports::Applied;
use engine::records::{
    FailCause, Found, NewId, OutcomeState, ReadBack, Record, Remaking, Restore, RestoreCounts, SkipCause,
    StepOutcome, put_new, replace,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The tenant's administrators as they were read last.
pub(super) struct LastLook {
    /// When they were read.
    pub at: Timestamp,
    pub found: Administrators,
}

/// How a creation may begin, with the ids of the objects that had the name before.
pub(super) enum Begun {
    /// Nobody has begun it before.
    Afresh(Vec<String>),
    /// It was begun before, by a run that is at its end: the object may have been made.
    Taken(Vec<String>),
    /// Another restore has begun it and is not at its end.
    ByAnother,
}

/// How far an execution came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Each step has its outcome.
    End,
    /// The time is up; another invocation goes on.
    Deadline,
    /// Somebody stopped the restore; no further step is begun.
    Cancelled,
}

pub(super) struct RestoreRun<'a> {
    pub worker: &'a Worker,
    /// Shared by the runs of steps that are performed at the same time.
    pub restore: Arc<Restore>,
    /// The version of the restore's row, which is rewritten while the run goes on.
    pub version: u64,
    /// When the row was last written.
    pub row_written_at: Timestamp,
    /// When this invocation went on, and how many steps had ended by then.
    pub went_on_at: (Timestamp, u64),
    pub deadline: Timestamp,
    /// The ids of our own service principals in the tenant.
    pub own: Vec<String>,
    /// The last look at the tenant's administrators.
    pub last_look: Option<LastLook>,
    /// Steps of this restore that took somebody's rights.
    pub losses: Vec<Step>,
    /// The ids of users whom this restore created.
    pub made: Vec<String>,
    /// The ids of groups that lose several members and can hold no role; shared by all that are under way.
    pub roleless: Arc<BTreeSet<String>>,
    /// What decides about later steps; shared by all that are under way.
    known: Arc<Mutex<Known>>,
    /// What was read of objects whose links are written; shared likewise.
    pub looks: Arc<Looks>,
    /// How long it took lately until something showed; shared likewise.
    pub lags: Arc<Lags>,
    /// As many as may be at work at the same time.
    pub turns: Arc<Semaphore>,
    /// That this run may be at work.
    pub turn: Option<OwnedSemaphorePermit>,
    /// The steps that add to the same object, where its step is one of several.
    pub batch: Option<Arc<Batch>>,
    /// That it is yet to write, which the others of these wait for. Whoever has it waits for nobody who has it.
    pub writing: Option<Writing>,
    /// That its step may still write.
    pub unwritten: Option<Writing>,
    /// The moment at which the reading began that it judged last, of an object whose links are written.
    pub judged: u64,
    /// The moment of its last write.
    pub wrote: u64,
    /// Whether the run ends before the plan does; shared by all that are under way.
    pub halt: Arc<Halt>,
    /// Our own id of the requests of the step that is performed now.
    pub request: String,
    /// The calls of that step so far.
    pub sent: Sent,
    outcomes: BTreeMap<u32, Found<StepOutcome>>,
}

impl<'a> RestoreRun<'a> {
    pub async fn load(
        worker: &'a Worker,
        row: &Found<Restore>,
        own: Vec<String>,
        deadline: Timestamp,
    ) -> Result<Self> {
        let restore = &row.value;
        let outcomes = StepOutcome::of_restore(&restore.tenant, &restore.id);
        let rows = worker.records.list_all(&outcomes).await?;
        Ok(Self {
            worker,
            restore: Arc::new(restore.clone()),
            version: row.version,
            row_written_at: worker.clock.now(),
            went_on_at: (worker.clock.now(), 0),
            deadline,
            own,
            last_look: None,
            losses: Vec::new(),
            made: Vec::new(),
            roleless: Arc::default(),
            known: Arc::new(Mutex::new(Known::of(new_ids(&worker.records, &restore.tenant).await?))),
            looks: Arc::default(),
            lags: Arc::default(),
            turns: Arc::new(Semaphore::new(worker.bounds.at_work)),
            turn: None,
            batch: None,
            writing: None,
            unwritten: None,
            judged: 0,
            wrote: 0,
            halt: Arc::default(),
            request: String::new(),
            sent: Sent::default(),
            outcomes: rows.into_iter().map(|row| (row.value.number, row)).collect(),
        })
    }

    /// A run for the step of that number, which is performed while others are.
    pub fn beside(&self, number: u32) -> Self {
        let outcome = self.outcomes.get(&number).map(|found| (number, found.clone()));
        Self {
            worker: self.worker,
            restore: self.restore.clone(),
            version: self.version,
            row_written_at: self.row_written_at,
            went_on_at: self.went_on_at,
            deadline: self.deadline,
            own: self.own.clone(),
            // Only steps that are performed by themselves ask for these.
            last_look: None,
            losses: Vec::new(),
            made: Vec::new(),
            roleless: self.roleless.clone(),
            known: self.known.clone(),
            looks: self.looks.clone(),
            lags: self.lags.clone(),
            turns: self.turns.clone(),
            turn: None,
            batch: None,
            writing: None,
            unwritten: None,
            judged: 0,
            wrote: 0,
            halt: self.halt.clone(),
            request: String::new(),
            sent: Sent::default(),
            outcomes: outcome.into_iter().collect(),
        }
    }

    /// Takes over what the run of a step has written to its row.
    pub fn take_outcomes(&mut self, run: Self) {
        self.outcomes.extend(run.outcomes);
    }

    /// What decides about later steps. Nobody holds it while waiting for anything.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on calls are those of that step, made under that id.
    pub fn begin_calls(&mut self, request: String, number: u32) {
        self.request = request;
        self.sent = Sent::of(number, self.outcome(number));
    }

    /// Lets another step be at work.
    pub fn give_up_turn(&mut self) {
        self.turn = None;
    }

    /// Waits until this run may be at work again.
    pub async fn take_turn(&mut self) {
        // Why no error: nobody closes it.
        self.turn = self.turns.clone().acquire_owned().await.ok();
    }

    /// Pauses for so long, and lets others go on meanwhile.
    pub async fn pause(&mut self, pause_ms: u64) {
        self.writing = None;
        self.give_up_turn();
        self.worker.clock.sleep_ms(pause_ms).await;
        self.hear_of_stop().await;
        self.take_turn().await;
    }

    /// Whether the deadline is so near that what is done could not be written down any more.
    pub fn is_late(&self) -> bool {
        self.worker.clock.now() + MARGIN > self.deadline
    }

    /// Whether a write may begin.
    pub fn may_write(&self) -> bool {
        !self.halt.is_on() && !self.is_late()
    }

    pub fn tenant(&self) -> &TenantId {
        &self.restore.tenant
    }

    pub fn outcome(&self, number: u32) -> Option<&StepOutcome> {
        self.outcomes.get(&number).map(|f| &f.value)
    }

    /// Whether an earlier try of a step may have written it. Of one that was begun with the creation of its object, and then
    /// did not go with it, nothing was sent.
    pub fn was_begun(&self, number: u32) -> bool {
        self.outcome(number).is_some_and(|row| row.client_request_id.is_some())
    }

    /// The outcomes of steps that were begun by the request of that id of ours and have not come to an end.
    pub fn begun_by<'b>(&'b self, request: &'b str) -> impl Iterator<Item = &'b StepOutcome> {
        let rows = self.outcomes.values().map(|found| &found.value);
        rows.filter(move |row| !row.state.is_final() && row.client_request_id.as_deref() == Some(request))
    }

    /// The numbers of steps that were begun and have not come to an end.
    pub fn begun(&self) -> Vec<u32> {
        let begun = self.outcomes.values().filter(|found| !found.value.state.is_final());
        begun.map(|found| found.value.number).collect()
    }

    /// Whether a step that was begun was given up since somebody stopped the restore.
    pub fn is_cut_short(&self) -> bool {
        let given_up =
            |state: &OutcomeState| matches!(state, OutcomeState::Failed { cause: FailCause::Cancelled, .. });
        self.outcomes.values().any(|found| given_up(&found.value.state))
    }

    /// Until when a step may wait for what it needs or has written.
    pub fn patience(&self, step: &Step) -> Timestamp {
        let now = self.worker.clock.now();
        let fresh = self.known().last_back(&step.depends_on);
        // What leaves the recycle bin may be as unknown for a while as what is new.
        let is_undelete = matches!(step.action, WriteAction::Undelete { .. });
        let settled = now + if is_undelete { FRESH } else { SETTLED };
        fresh.map_or(settled, |at| settled.max(at + FRESH))
    }

    /// Whether the step refers to an object that parts of Graph may not know yet.
    pub fn is_fresh(&self, step: &Step) -> bool {
        let now = self.worker.clock.now();
        self.known().last_back(&step.depends_on).is_some_and(|at| at + FRESH > now)
    }

    /// Whether the object of that id in the plan did not come back.
    pub fn is_lost(&self, id: &str) -> bool {
        self.known().lost.contains(id)
    }

    /// Whether an object of another id than the step's was created again as this one.
    pub fn is_of_another(&self, step: &Step, id: &str) -> bool {
        let known = self.known();
        known.ids.leads_to(id) && known.ids.resolve(&step.id) != id
    }

    /// Whether somebody else took the object of that id in the plan out of the recycle bin since the preview.
    pub fn is_returned_by_others(&self, id: &str) -> bool {
        self.known().returned_by_others.contains(id)
    }

    /// Whether the object of that id, the plan's or today's, came back a moment ago.
    pub fn is_new(&self, id: &str) -> bool {
        let now = self.worker.clock.now();
        self.known().is_new(id, now)
    }

    /// Remembers that the object of that id in the plan came back now, under that id.
    pub fn came_back(&self, old: &str, id: &str) {
        let now = self.worker.clock.now();
        self.known().came_back(old, id, now);
    }

    /// The id under which another restore made an object of the step that this plan does not bring back, or the fact
    /// of today that takes the place of the step's: then the step is not what the preview showed.
    pub fn moved(&self, step: &Step) -> Option<String> {
        let known = self.known();
        let ids = &known.ids;
        let is_ours = |id: &str| step.depends_on.iter().any(|d| d == id);
        let tokens = domain::restore::tokens(&step.id);
        let has_moved = tokens.into_iter().any(|t| ids.resolve(t) != t && !is_ours(t));
        has_moved.then(|| ids.rewrite(&step.id))
    }

    /// The step with the ids of today.
    pub fn of_today(&self, step: &Step) -> Result<Step> {
        plans::of_today(step, &self.known().ids)
    }

    /// The id under which the object of that id has been created again, as the rows say now.
    pub async fn made_anew(&self, old: &str) -> Result<Option<String>> {
        let mut at = old.to_owned();
        // Why bounded: a ring of rows must not hang a restore.
        for _ in 0..64 {
            match self.worker.records.find(&NewId::at(&self.restore.tenant, &at)).await? {
                Some(row) if row.value.new != at => at = row.value.new,
                _ => break,
            }
        }
        Ok((at != old).then_some(at))
    }

    /// Claims the creation of a step's object, so that no other restore begins the same one.
    ///
    /// Where another restore has begun it and is not at its end, the answer is `ByAnother` and nothing is written.
    /// Where that restore has ended in between, its ids from before it began are given (`Taken`).
    pub async fn begin(&mut self, step: &Step, before_ids: Vec<String>) -> Result<Begun> {
        let remaking = Remaking {
            tenant: self.restore.tenant.clone(),
            old: step.id.clone(),
            restore: self.restore.id.clone(),
            number: step.number,
        };
        let mut begun_at = Some(self.worker.clock.now());
        let found = self.worker.records.find(&remaking.address()).await?;
        let (claim, begun) = match found {
            None => (put_new(&remaking)?, Begun::Afresh(before_ids)),
            // A claim of this very restore keeps nobody out, so it is made anew.
            Some(other) if other.value.restore == self.restore.id => {
                (replace(&remaking, other.version)?, Begun::Afresh(before_ids))
            }
            Some(other) => {
                let at_it = self
                    .worker
                    .records
                    .find(&Restore::at(&self.restore.tenant, &other.value.restore))
                    .await?;
                if at_it.is_some_and(|r| r.value.state.is_open()) {
                    return Ok(Begun::ByAnother);
                }
                let outcome = self
                    .worker
                    .records
                    .find(&StepOutcome::at(&self.restore.tenant, &other.value.restore, other.value.number))
                    .await?;
                let outcome = outcome.map(|found| found.value);
                let unfound = outcome.as_ref().and_then(|o| o.unfound_beside().map(<[String]>::to_vec));
                if unfound.is_some() {
                    // What the other restore made is no older than when it began; of a stopped one that is not known.
                    begun_at = outcome.and_then(|outcome| match outcome.state {
                        OutcomeState::Started { begun_at, .. } => begun_at,
                        _ => None,
                    });
                }
                let begun = unfound.map_or(Begun::Afresh(before_ids), Begun::Taken);
                (replace(&remaking, other.version)?, begun)
            }
        };
        let (Begun::Afresh(before_ids) | Begun::Taken(before_ids)) = &begun else { return Ok(begun) };
        // Why claim and outcome in one write: whoever finds the claim has to find the ids from before it, too.
        let mut row = self.row(step, OutcomeState::Started { before_ids: before_ids.clone(), begun_at });
        row.client_request_id = Some(self.request.clone());
        self.put(row, vec![claim]).await?;
        Ok(begun)
    }

    /// Writes the id of a created object to its outcome, and the row that leads to it from the old id, both or
    /// neither. A row that leads there already is as good; one that leads elsewhere is not touched, and the answer is
    /// `false`.
    pub async fn found_new(&mut self, step: &Step, answer: &Applied, id: &str) -> Result<bool> {
        let Some(mut row) = self.outcome(step.number).cloned() else { return Ok(true) };
        let known = self.worker.records.find(&NewId::at(&self.restore.tenant, &step.id)).await?;
        if known.as_ref().is_some_and(|k| k.value.new != id) {
            return Ok(false);
        }
        row.new_id = Some(id.to_owned());
        self.sent.list_so_far(step, &mut row);
        row.status = (answer.status > 0).then_some(answer.status);
        row.request_id.clone_from(&answer.request_id);
        let new_id = NewId {
            tenant: self.restore.tenant.clone(),
            kind: step.kind.clone(),
            old: step.id.clone(),
            new: id.to_owned(),
            created_at: self.worker.clock.now(),
        };
        // A custom role keeps the id of its template, which is the id that it had.
        let is_new = known.is_none() && step.id != id;
        let with = is_new.then(|| put_new(&new_id)).transpose()?;
        // Why in one write: what came with the object is known to have been answered whenever the object is.
        let mut rows = self.bound_rows(step, answer);
        rows.push(row);
        self.put_all(rows, with.into_iter().collect()).await?;
        Ok(true)
    }

    pub(super) async fn write_outcome(&mut self, step: &Step, verdict: Verdict) -> Result<()> {
        // Why before the row: what the row says has happened can then be read.
        if !verdict.said.is_empty() {
            let (tenant, restore) = (&self.restore.tenant, &self.restore.id);
            self.worker.plans.put_new_sentences(tenant, restore, step.number, &verdict.said).await?;
        }
        let begun = self.outcome(step.number).cloned();
        let mut row = self.row(step, verdict.state);
        row.refused = verdict.refused;
        row.read_back = verdict.read_back;
        row.new_id = verdict.new_id;
        if let Some(begun) = begun {
            // What was begun is our own work, whoever finds it so, unless Graph said that it was not.
            if row.state == OutcomeState::AlreadySo && !verdict.is_others && begun.client_request_id.is_some()
            {
                row.state = OutcomeState::Done;
            }
            let is_failed = |cause: &FailCause| verdict.may_exist || cause.leaves_open();
            let is_open = matches!(&row.state, OutcomeState::Failed { cause, .. } if is_failed(cause));
            if let OutcomeState::Started { before_ids, .. } = begun.state
                && is_open
                && row.new_id.is_none()
                && begun.new_id.is_none()
                && matches!(step.action, WriteAction::Create { .. })
                && !step.is_fact()
            {
                row.may_exist_beside = Some(before_ids);
            }
            (row.calls, row.more_calls) = (begun.calls, begun.more_calls);
            // What was to come with an object that was not made was not sent by itself.
            let was_sent = row.state != OutcomeState::Skipped { cause: SkipCause::DependencyFailed };
            row.client_request_id = begun.client_request_id.filter(|_| was_sent);
            row.new_id = row.new_id.or(begun.new_id);
            row.status = begun.status;
            row.request_id = begun.request_id;
        }
        if let Some(answer) = verdict.answer {
            row.status = (answer.status > 0).then_some(answer.status).or(row.status);
            row.request_id = answer.request_id.or(row.request_id);
        }
        row.found_after_interruption = row.state == OutcomeState::Done && row.status.is_none();
        self.sent.list(step, &mut row);
        self.put(row, vec![]).await
    }

    pub(super) fn row(&self, step: &Step, state: OutcomeState) -> StepOutcome {
        StepOutcome {
            tenant: self.restore.tenant.clone(),
            restore: self.restore.id.clone(),
            number: step.number,
            id: step.id.clone(),
            asked: asked(step),
            state,
            status: None,
            request_id: None,
            client_request_id: None,
            found_after_interruption: false,
            refused: Vec::new(),
            read_back: None,
            new_id: None,
            may_exist_beside: None,
            calls: Vec::new(),
            more_calls: 0,
            at: self.worker.clock.now(),
        }
    }

    pub(super) async fn put(&mut self, row: StepOutcome, with: Vec<engine::ports::Write>) -> Result<()> {
        self.put_all(vec![row], with).await
    }

    /// Writes rows of steps and others, all or none.
    pub(super) async fn put_all(
        &mut self,
        rows: Vec<StepOutcome>,
        with: Vec<engine::ports::Write>,
    ) -> Result<()> {
        let mut writes = Vec::with_capacity(rows.len() + with.len());
        for row in &rows {
            writes.push(match self.outcomes.get(&row.number) {
                Some(found) => replace(row, found.version)?,
                None => put_new(row)?,
            });
        }
        writes.extend(with);
        self.worker.records.write(writes).await?;
        for row in rows {
            let version = self.outcomes.get(&row.number).map_or(0, |found| found.version) + 1;
            self.outcomes.insert(row.number, Found { version, value: row });
        }
        Ok(())
    }

    /// Takes into account what a finished step means for the steps after it.
    pub fn remember(&mut self, step: &Step) -> Result<()> {
        let Some(outcome) = self.outcome(step.number).cloned() else { return Ok(()) };
        self.note_losses(&self.of_today(step)?, &outcome);
        let brings = matches!(step.action, WriteAction::Undelete { .. } | WriteAction::Create { .. })
            && !step.is_fact();
        if !brings {
            return Ok(());
        }
        // Why apart: what follows a return from the recycle bin is written without comparing, and only where the
        // preview showed it. Where Graph said that the object is back, it is, though it does not show yet.
        let is_taken = outcome.status.is_some_and(|status| (200..300).contains(&status));
        let is_there = outcome.state.is_success()
            || match step.action {
                WriteAction::Undelete { .. } => is_taken,
                _ => outcome.new_id.is_some() && outcome.read_back != Some(ReadBack::Absent),
            };
        let mut known = self.known();
        if !is_there {
            known.lost.insert(step.id.clone());
            return Ok(());
        }
        // What this restore had begun is never told as so already.
        if matches!(step.action, WriteAction::Undelete { .. }) && outcome.state == OutcomeState::AlreadySo {
            known.returned_by_others.insert(step.id.clone());
        }
        known.came_back_at.insert(step.id.clone(), outcome.at);
        if let Some(new) = &outcome.new_id {
            known.ids.insert(step.id.as_str(), new.as_str());
        }
        Ok(())
    }

    /// How many steps came to which end.
    pub fn counts(&self, plan: &RestorePlan) -> RestoreCounts {
        RestoreCounts::of(plan, self.outcomes.values().map(|found| &found.value))
    }
}
