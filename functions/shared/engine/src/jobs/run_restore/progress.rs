//! How far a restore is: the outcomes so far, the new ids, what must not be tried any more.

use super::Worker;
use super::outcome::{Ended, Verdict, asked};
use super::wait::{FRESH, MARGIN};
use crate::ports::{LiveObject, Scope};
use crate::records::{
    Found, NewId, OutcomeState, ReadBack, Restore, RestoreCounts, SkipCause, StepOutcome, put_new, replace,
};
use domain::restore::{Action, IdMap, Plan, Step};
use domain::{Result, TenantId, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The links of an object as they were read last.
pub(super) struct Seen {
    pub id: String,
    pub link: String,
    pub at: Timestamp,
    pub live: Option<LiveObject>,
}

pub(super) struct Progress<'a> {
    pub worker: &'a Worker,
    pub restore: Restore,
    pub deadline: Timestamp,
    /// The writing app's own service principal.
    own: Option<String>,
    /// Ids that objects got in this restore.
    pub ids: IdMap,
    pub seen: Option<Seen>,
    outcomes: BTreeMap<u32, Found<StepOutcome>>,
    /// When objects came back, by their ids in the plan: for a while not all of Graph knows them.
    came_back_at: BTreeMap<String, Timestamp>,
    /// Objects that did not come back, by their ids in the plan.
    lost: BTreeSet<String>,
}

impl<'a> Progress<'a> {
    pub async fn load(
        worker: &'a Worker,
        restore: &Restore,
        own: Option<String>,
        deadline: Timestamp,
    ) -> Result<Self> {
        let scope = Scope::Tenant(restore.tenant.clone());
        let prefix = StepOutcome::prefix_of(&restore.id);
        let rows = worker.records.list_all::<StepOutcome>(&scope, &prefix).await?;
        Ok(Self {
            worker,
            restore: restore.clone(),
            deadline,
            own,
            ids: IdMap::default(),
            seen: None,
            outcomes: rows.into_iter().map(|row| (row.value.number, row)).collect(),
            came_back_at: BTreeMap::new(),
            lost: BTreeSet::new(),
        })
    }

    pub fn tenant(&self) -> &TenantId {
        &self.restore.tenant
    }

    pub fn outcome(&self, number: u32) -> Option<&StepOutcome> {
        self.outcomes.get(&number).map(|f| &f.value)
    }

    /// Executes what is left of the plan; `false` when the time is up before its end.
    pub async fn execute(&mut self, plan: &Plan) -> Result<bool> {
        for step in &plan.steps {
            if self.outcome(step.number).is_some_and(|o| o.state.is_final()) {
                self.remember(step);
                continue;
            }
            if self.worker.clock.now() + MARGIN > self.deadline {
                return Ok(false);
            }
            let ended = if step.depends_on.iter().any(|id| self.lost.contains(id)) {
                Verdict::skipped(SkipCause::DependencyFailed)
            } else if self.takes_our_access(step) {
                Verdict::skipped(SkipCause::OwnAccess)
            } else {
                let now = step.rewritten(&self.ids)?;
                match &now.action {
                    Action::Create { body } if !step.is_fact() => self.create(step, &now, body).await?,
                    _ => self.perform(step, &now).await?,
                }
            };
            match ended {
                Ended::With(verdict) => self.write_down(step, verdict).await?,
                Ended::OutOfTime => return Ok(false),
            }
            self.remember(step);
        }
        Ok(true)
    }

    /// Whether the step takes a role from the app that makes it: then nothing more could be restored.
    fn takes_our_access(&self, step: &Step) -> bool {
        let principal = step.before.as_ref().and_then(|b| b.get("principalId")).and_then(Value::as_str);
        matches!(step.action, Action::Delete) && principal.is_some() && principal == self.own.as_deref()
    }

    /// Until when a step may wait for what it needs or has written.
    pub fn patience(&self, step: &Step) -> Timestamp {
        let now = self.worker.clock.now();
        let fresh = step.depends_on.iter().filter_map(|id| self.came_back_at.get(id)).max();
        let settled = now + super::wait::SETTLED;
        fresh.map_or(settled, |at| settled.max(*at + FRESH))
    }

    /// Whether the step refers to something that not all of Graph may know yet.
    pub fn is_fresh(&self, step: &Step) -> bool {
        let now = self.worker.clock.now();
        step.depends_on.iter().filter_map(|id| self.came_back_at.get(id)).any(|at| *at + FRESH > now)
    }

    /// Notes that a creation is begun.
    pub async fn begin(&mut self, step: &Step, before_ids: Vec<String>) -> Result<()> {
        let row = self.row(step, OutcomeState::Started { before_ids });
        self.put(row, vec![]).await
    }

    /// Notes the id of a created object, and leads from the old one to it, both or neither.
    pub async fn found_new(&mut self, step: &Step, answer: &crate::ports::Applied, id: &str) -> Result<()> {
        let Some(mut row) = self.outcome(step.number).cloned() else { return Ok(()) };
        row.new_id = Some(id.to_owned());
        row.status = (answer.status > 0).then_some(answer.status);
        row.request_id.clone_from(&answer.request_id);
        let new_id = NewId {
            tenant: self.restore.tenant.clone(),
            kind: step.kind.clone(),
            old: step.id.clone(),
            new: id.to_owned(),
            created_at: self.worker.clock.now(),
        };
        self.put(row, vec![put_new(&new_id)?]).await
    }

    async fn write_down(&mut self, step: &Step, verdict: Verdict) -> Result<()> {
        let begun = self.outcome(step.number).cloned();
        let mut row = self.row(step, verdict.state);
        row.read_back = verdict.read_back;
        if let Some(begun) = begun {
            row.new_id = begun.new_id;
            row.status = begun.status;
            row.request_id = begun.request_id;
        }
        if let Some(answer) = verdict.answer {
            row.status = (answer.status > 0).then_some(answer.status).or(row.status);
            row.request_id = answer.request_id.or(row.request_id);
        }
        self.put(row, vec![]).await
    }

    fn row(&self, step: &Step, state: OutcomeState) -> StepOutcome {
        StepOutcome {
            tenant: self.restore.tenant.clone(),
            restore: self.restore.id.clone(),
            number: step.number,
            id: step.id.clone(),
            asked: asked(step),
            state,
            status: None,
            request_id: None,
            read_back: None,
            new_id: None,
            at: self.worker.clock.now(),
        }
    }

    async fn put(&mut self, row: StepOutcome, with: Vec<crate::ports::Write>) -> Result<()> {
        let version = self.outcomes.get(&row.number).map(|f| f.version);
        let mut writes = vec![match version {
            Some(version) => replace(&row, version)?,
            None => put_new(&row)?,
        }];
        writes.extend(with);
        self.worker.records.write(writes).await?;
        self.outcomes.insert(row.number, Found { version: version.unwrap_or(0) + 1, value: row });
        Ok(())
    }

    /// Takes into account what a finished step means for the others.
    fn remember(&mut self, step: &Step) {
        let Some(outcome) = self.outcomes.get(&step.number).map(|f| &f.value) else { return };
        let brings = matches!(step.action, Action::Undelete | Action::Create { .. }) && !step.is_fact();
        if !brings {
            return;
        }
        let is_there = outcome.state.is_success()
            || (outcome.new_id.is_some() && outcome.read_back != Some(ReadBack::Absent));
        if !is_there {
            self.lost.insert(step.id.clone());
            return;
        }
        self.came_back_at.insert(step.id.clone(), outcome.at);
        if let Some(new) = &outcome.new_id {
            self.ids.insert(step.id.as_str(), new.as_str());
        }
    }

    /// How many steps came to which end.
    pub fn counts(&self, plan: &Plan) -> RestoreCounts {
        RestoreCounts::of(plan, self.outcomes.values().map(|found| &found.value))
    }
}
