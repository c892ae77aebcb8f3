//! What a restore did, as the side to which another one goes back: each object as it was right before it was written.
//!
//! What the restore made is to be gone, what it deleted is to be there, and of the rest only the properties and links
//! that it wrote are looked at. What somebody else changed since is left, and named ([`since`]). Ids are those of the time
//! of the restore that is undone: under which ids its objects are today is for the reading of the tenant to find out.

mod since;
mod touched;

use super::gather::{AT_ONCE, lean};
use super::reads::parts;
use super::{OpenSnapshot, Worker};
use crate::plans::{Before, of_today};
use async_trait::async_trait;
use domain::kinds::{self, Identity, Kind, KindName, LinkType};
use domain::restore::{
    AttributeMode, Cause, IdMap, Impossible, LinkMode, SelectedItem, Selection, Step, WriteAction,
};
use domain::{Error, RestoreId, Result, TenantId, Timestamp};
use engine::records::{
    FailCause, NewId, OutcomeState, Record, Remaking, Restore, StepOutcome, UndoneObject, UndonePart,
};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use touched::{Touched, Way};

const WROTE_NOTHING: &str = "that step wrote nothing: there is nothing of it to undo";

/// Whether Graph took nothing of a step: then what is there is somebody else's.
fn was_refused(outcome: &StepOutcome) -> bool {
    let refusals = [FailCause::Refused, FailCause::Denied, FailCause::NotFound, FailCause::Conflict];
    matches!(&outcome.state, OutcomeState::Failed { cause, .. } if refusals.contains(cause))
        && outcome.refused.is_empty()
        && outcome.read_back.is_none()
        && outcome.new_id.is_none()
        && outcome.unfound_beside().is_none()
}

/// Whether nothing was sent for a step: it came to its end before that.
fn was_not_sent(outcome: &StepOutcome) -> bool {
    matches!(outcome.state, OutcomeState::Failed { .. })
        && outcome.client_request_id.is_none()
        && outcome.status.is_none()
        && outcome.read_back.is_none()
        && outcome.refused.is_empty()
        && outcome.new_id.is_none()
}

/// Whether a step brings an object with an id back, or makes it anew.
fn brings(step: &Step) -> bool {
    matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. }) && !step.is_fact()
}

/// What a restore did.
#[derive(Debug, Default)]
pub(super) struct Undone {
    touched: BTreeMap<(KindName, String), Touched>,
    /// The schedules of role assignments that were deleted, by the keys of these.
    schedules: BTreeMap<String, Option<Map<String, Value>>>,
    /// Whether the schedule of one of those is not known.
    misses_schedules: bool,
    impossible: Vec<Impossible>,
}

/// The plan of a restore that is undone, and what became of it.
struct Ran {
    steps: Vec<Step>,
    outcomes: BTreeMap<u32, StepOutcome>,
    /// Ids as they were when it ended.
    ids: IdMap,
}

impl Ran {
    async fn read(worker: &Worker, tenant: &TenantId, restore: &RestoreId) -> Result<Self> {
        let stored = worker.plans.find_plan(tenant, restore).await?;
        let plan = stored.ok_or_else(|| Error::corrupt("the plan of a restore that was run is missing"))?;
        let row = worker.records.get(&Restore::at(tenant, restore)).await?.value;
        if !plan.is_of(&row) {
            return Err(Error::corrupt("another plan stands in the place of the one that was run"));
        }
        let rows = worker.records.list_all(&StepOutcome::of_restore(tenant, restore)).await?;
        let outcomes: BTreeMap<u32, StepOutcome> =
            rows.into_iter().map(|row| (row.value.number, row.value)).collect();
        let last = outcomes.values().map(|outcome| outcome.at).max();
        let mut ids = IdMap::default();
        for row in worker.records.list_all(&NewId::all(tenant)).await? {
            // Why not those of later restores: what these made is theirs, though it stands for the same object.
            if last.is_some_and(|last| row.value.created_at <= last) {
                ids.insert(row.value.old, row.value.new);
            }
        }
        for step in plan.plan.steps.iter().filter(|step| brings(step)) {
            let outcome = outcomes.get(&step.number);
            let is_ours = |outcome: &&StepOutcome| !matches!(outcome.state, OutcomeState::Skipped { .. });
            if let Some(new) = outcome.filter(is_ours).and_then(|outcome| outcome.new_id.as_ref())
                && *new != step.id
            {
                ids.insert(step.id.as_str(), new.as_str());
            }
        }
        Ok(Self { steps: plan.plan.steps, outcomes, ids })
    }

    /// The outcome of a step that may have written.
    fn tried(&self, step: &Step) -> Option<&StepOutcome> {
        let outcome = self.outcomes.get(&step.number)?;
        let is_skipped = matches!(outcome.state, OutcomeState::Skipped { .. });
        (!is_skipped && !was_refused(outcome) && !was_not_sent(outcome)).then_some(outcome)
    }

    /// The steps that were named one by one and wrote nothing; of an object none of whose steps did, the first.
    fn in_vain(&self, part: &UndonePart) -> Vec<&Step> {
        let wrote =
            |step: &&Step| self.tried(step).is_some_and(|outcome| outcome.state != OutcomeState::AlreadySo);
        let named = self.steps.iter().filter(|step| part.steps.contains(&step.number) && !wrote(step));
        let mut in_vain: Vec<&Step> = named.collect();
        for object in &part.objects {
            let mut of_it = self.steps.iter().filter(|step| UndoneObject::of(step) == *object).peekable();
            let first = of_it.peek().copied();
            if !of_it.any(|step| wrote(&step)) {
                in_vain.extend(first.filter(|first| !part.steps.contains(&first.number)));
            }
        }
        in_vain
    }

    /// The steps that are to be undone, in the order of the plan: with the one that made an object all that were written to
    /// it, which go with it.
    fn chosen<'a>(&'a self, part: Option<&UndonePart>) -> Vec<&'a Step> {
        let Some(part) = part else { return self.steps.iter().collect() };
        let made = self.steps.iter().filter(|step| part.names(step) && brings(step));
        let made: BTreeSet<(String, &str)> = made.map(object_of).collect();
        self.steps.iter().filter(|step| part.names(step) || made.contains(&object_of(step))).collect()
    }
}

/// The object that a step of a plan is about.
fn object_of(step: &Step) -> (String, &str) {
    (step.kind.to_string(), step.id.as_str())
}

impl Undone {
    /// What that restore did, or a part of it, by its plan, its outcomes and what it kept.
    ///
    /// # Errors
    /// `Invalid` where there is not time enough to read all that it kept.
    pub async fn of(
        worker: &Worker,
        tenant: &TenantId,
        restore: &RestoreId,
        part: Option<&UndonePart>,
        deadline: Timestamp,
    ) -> Result<Self> {
        let ran = Ran::read(worker, tenant, restore).await?;
        let mut undone = Self::default();
        for step in part.into_iter().flat_map(|part| ran.in_vain(part)) {
            undone.say(step, Cause::NothingWritten, WROTE_NOTHING);
        }
        let tried =
            ran.chosen(part).into_iter().filter_map(|step| ran.tried(step).map(|outcome| (step, outcome)));
        let reading = tried.map(|(step, outcome)| {
            async move {
                if worker.clock.now() >= deadline {
                    let why =
                        "there was not time enough to read what the restore wrote over; undo a part of it";
                    return Err(Error::invalid(why));
                }
                let kept = worker.plans.find_before(tenant, restore, step.number).await?;
                Ok((step, outcome, kept))
            }
            .boxed()
        });
        let reading: Vec<BoxFuture<'_, Result<_>>> = reading.collect();
        // Why one after another into what is undone: only a few of what was kept are then held as they are stored.
        let mut reading = stream::iter(reading).buffered(AT_ONCE);
        while let Some((step, outcome, kept)) = reading.try_next().await? {
            let is_named = part.is_some_and(|part| part.names(step));
            undone.take(&of_today(step, &ran.ids)?, outcome, kept, is_named)?;
        }
        undone.find_remade(worker, tenant, restore).await?;
        Ok(undone)
    }

    /// Takes in a step, with the ids of its time; whether it was named as what is to be undone.
    fn take(
        &mut self,
        step: &Step,
        outcome: &StepOutcome,
        kept: Option<Before>,
        is_named: bool,
    ) -> Result<()> {
        let kind = step.kind()?;
        let kept = kept.map(|kept| Before { object: kept.object.map(|object| lean(kind, object)), ..kept });
        if outcome.state == OutcomeState::AlreadySo {
            // It wrote nothing, and has shown which links there were.
            if let Some(touched) = self.touched.get_mut(&(kind.name, step.id.clone())) {
                touched.all_of(&step.action);
            }
            return Ok(());
        }
        let id = match &step.action {
            WriteAction::Create { .. } if !step.is_fact() => match &outcome.new_id {
                Some(id) => id.clone(),
                None if outcome.unfound_beside().is_none() => return Ok(()),
                None => {
                    let why =
                        "it may have been made, and under which id is not known: look for it by its name";
                    self.say(step, Cause::NotRead, why);
                    return Ok(());
                }
            },
            _ => step.id.clone(),
        };
        let at = (kind.name, id);
        if let WriteAction::Adopt { .. } = step.action {
            self.say(step, Cause::Unsupported, "which object stands for it stays as it was chosen");
            return Ok(());
        }
        if matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. }) {
            let id = at.1.clone();
            self.touched.entry(at).or_default().came(step, outcome, &id, kept);
            return Ok(());
        }
        let is_made = self.touched.get(&at).is_some_and(|t| matches!(t.way, Way::Made | Way::Returned));
        if kept.is_none() && !is_made {
            // Begun, and not written: it ended before.
            if outcome.state.is_success() {
                self.say(step, Cause::NotRead, "what it was before was not kept, and it is left as it is");
            } else if is_named {
                self.say(step, Cause::NothingWritten, WROTE_NOTHING);
            }
            return Ok(());
        }
        let before = kept.unwrap_or_default();
        if kind.schedules().is_some() && step.action == WriteAction::Delete {
            self.misses_schedules |= !before.knows_schedule;
            self.schedules.insert(at.1.clone(), before.schedule.clone());
        }
        self.touched.entry(at).or_default().write(step, outcome, before)
    }

    /// Notes which objects another restore has made since under the very id that they had.
    async fn find_remade(&mut self, worker: &Worker, tenant: &TenantId, restore: &RestoreId) -> Result<()> {
        for ((_, id), touched) in &mut self.touched {
            if touched.way == Way::Made && touched.keeps_id {
                let claim = worker.records.find(&Remaking::at(tenant, id)).await?;
                touched.is_remade = claim.is_some_and(|claim| claim.value.restore != *restore);
            }
        }
        Ok(())
    }

    fn say(&mut self, step: &Step, cause: Cause, why: &str) {
        self.impossible.push(Impossible {
            kind: step.kind.clone(),
            key: step.id.clone(),
            name: step.name.clone(),
            what: "object".to_owned(),
            cause,
            why: why.to_owned(),
        });
    }

    /// What is to be as it was, and what cannot be told.
    pub fn selection(&self, asked: &Selection) -> (Selection, Vec<Impossible>) {
        let item = |((kind, id), touched): (&(KindName, String), &Touched)| {
            let is_all_of_it = touched.way != Way::Changed;
            SelectedItem {
                kind: (*kind).into(),
                key: id.clone(),
                properties: (!is_all_of_it).then(|| touched.properties.iter().cloned().collect()),
                links: (!is_all_of_it).then(|| touched.left_links.keys().cloned().collect()),
                paths: Vec::new(),
                incoming: false,
            }
        };
        let selection = Selection {
            items: self.touched.iter().map(item).collect(),
            kinds: Vec::new(),
            attributes: AttributeMode::Overwrite,
            links: LinkMode::Rollback,
            delete_created: true,
            come_back_blocked: asked.come_back_blocked,
            access_pass: asked.access_pass.clone(),
            conflicts: asked.conflicts.clone(),
        };
        (selection, self.impossible.clone())
    }
}

/// Whether objects of the kind say for how long role assignments are given.
fn is_of_schedules(kind: &Kind) -> bool {
    kinds::assignments().any(|(_, schedules)| schedules.name == kind.name)
}

#[async_trait]
impl OpenSnapshot for Undone {
    fn covers(&self, kind: &Kind) -> bool {
        // What is not known of schedules must not be taken for none.
        !self.misses_schedules || !is_of_schedules(kind)
    }

    fn is_unlicensed(&self, _: &Kind) -> bool {
        false
    }

    async fn find_object(&self, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>> {
        if let Some(touched) = self.touched.get(&(kind.name, key.to_owned())) {
            // Of what a step added to an object that the same restore had just made, nobody kept the object: its links alone
            // go back, and it stays.
            let is_there = touched.way == Way::Changed && kind.identity == Identity::Id;
            let id_alone = || is_there.then(|| Map::from_iter([("id".to_owned(), Value::from(key))]));
            return Ok(touched.before.clone().or_else(id_alone));
        }
        Ok(self.schedules.get(key).filter(|_| is_of_schedules(kind)).cloned().flatten())
    }

    fn may_have_missed(&self, _: &Kind, _: &str) -> bool {
        false
    }

    async fn list_keys(&self, kind: &'static Kind, limit: usize) -> Result<Vec<String>> {
        let of_kind = self.touched.keys().filter(|(name, _)| *name == kind.name);
        Ok(of_kind.map(|(_, key)| key.clone()).take(limit).collect())
    }

    fn unknown(&self, kind: &Kind, object: &Map<String, Value>) -> BTreeSet<&'static str> {
        let Some(touched) = kind.key_of(object).ok().and_then(|key| self.touched.get(&(kind.name, key)))
        else {
            return BTreeSet::new();
        };
        parts(kind).filter(|part| touched.unknown.contains(*part)).collect()
    }

    async fn list_links(&self, link: &LinkType, from: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        let touched = self.touched.get(&(link.from, from.to_owned()));
        Ok(touched.map(|touched| touched.links_before(link)).unwrap_or_default())
    }

    async fn list_links_to(&self, _: &LinkType, _: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        Ok(vec![])
    }

    async fn list_facts_of(&self, _: &Kind, _: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        Ok(vec![])
    }
}
