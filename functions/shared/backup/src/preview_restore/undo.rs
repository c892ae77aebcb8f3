//! What a restore did, as the side to which another one goes back: each object as it was right before it was written.
//!
//! What the restore made is to be gone, what it deleted is to be there, and of the rest only the properties and links
//! that it wrote are looked at. Properties that somebody else changed since are left, and named.

use super::{OpenSnapshot, Worker};
use crate::plans::{Before, BeforeLink, new_ids, of_today};
use async_trait::async_trait;
use domain::kinds::{self, Kind, KindName, LinkType, LinkWrite};
use domain::restore::{
    AttributeMode, Cause, HeldLink, Impossible, Item, LinkMode, SelectedItem, SelectedLink, Selection, Step,
    WriteAction, content, direct_licences, same,
};
use domain::{Error, RestoreId, Result, TenantId};
use engine::records::{FailCause, OutcomeState, StepOutcome};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The property of users and groups whose direct part a restore writes.
const LICENCES: &str = "assignedLicenses";

/// How a restore came by an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    /// It was there, and stays.
    #[default]
    Changed,
    /// It made it anew.
    Made,
    /// It took it out of the recycle bin.
    Returned,
    /// The restore deleted the object, which is to come back.
    Deleted,
}

/// An object that a restore wrote to.
#[derive(Debug, Default)]
struct Touched {
    way: Way,
    /// As it was before; none where it was not there.
    before: Option<Map<String, Value>>,
    links: Vec<BeforeLink>,
    link_types: BTreeSet<String>,
    unknown: BTreeSet<String>,
    /// The properties and links that were written.
    properties: BTreeSet<String>,
    selected: BTreeSet<SelectedLink>,
    /// What the properties were left as.
    left: Map<String, Value>,
}

/// Whether Graph took nothing of a step: then what is there is somebody else's.
fn was_refused(outcome: &StepOutcome) -> bool {
    let refusals = [FailCause::Refused, FailCause::Denied, FailCause::NotFound, FailCause::Conflict];
    matches!(&outcome.state, OutcomeState::Failed { cause, .. } if refusals.contains(cause))
        && outcome.refused.is_empty()
        && outcome.read_back.is_none()
        && outcome.new_id.is_none()
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

impl Undone {
    /// What that restore did, by its plan, its outcomes and what it kept.
    pub async fn of(worker: &Worker, tenant: &TenantId, restore: &RestoreId) -> Result<Self> {
        let stored = worker.plans.find_plan(tenant, restore).await?;
        let plan =
            stored.ok_or_else(|| Error::corrupt("the plan of a restore that was run is missing"))?.plan;
        let rows = worker.records.list_all(&StepOutcome::of_restore(tenant, restore)).await?;
        let outcomes: BTreeMap<u32, StepOutcome> =
            rows.into_iter().map(|row| (row.value.number, row.value)).collect();
        let ids = new_ids(&worker.records, tenant).await?;
        let mut undone = Self::default();
        for step in &plan.steps {
            let Some(outcome) = outcomes.get(&step.number) else { continue };
            if matches!(outcome.state, OutcomeState::Skipped { .. } | OutcomeState::AlreadySo)
                || was_refused(outcome)
            {
                continue;
            }
            let before = worker.plans.find_before(tenant, restore, step.number).await?;
            undone.take(&of_today(step, &ids)?, outcome, before)?;
        }
        Ok(undone)
    }

    /// Takes in a step, with the ids of today.
    fn take(&mut self, step: &Step, outcome: &StepOutcome, before: Option<Before>) -> Result<()> {
        let kind = step.kind()?;
        let refused: BTreeSet<&str> = outcome.refused.iter().map(|part| part.what.as_str()).collect();
        let after = step.after.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let id = match &step.action {
            WriteAction::Create { .. } if !step.is_fact() => match &outcome.new_id {
                Some(id) => id.clone(),
                None if outcome.state.is_final() => return Ok(()),
                None => {
                    self.say(step, Cause::NotRead, "it may have been made, and under which id is not known");
                    return Ok(());
                }
            },
            _ => step.id.clone(),
        };
        let at = (kind.name, id);
        let is_made = self.touched.get(&at).is_some_and(|t| matches!(t.way, Way::Made | Way::Returned));
        let makes = matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. });
        let writes = !makes && !matches!(step.action, WriteAction::Adopt { .. });
        if writes && before.is_none() && !is_made {
            // Begun, and not written: it ended before.
            if outcome.state.is_success() {
                self.say(step, Cause::NotRead, "what it was before was not kept, and it is left as it is");
            }
            return Ok(());
        }
        if let WriteAction::Adopt { .. } = step.action {
            self.say(step, Cause::Unsupported, "which object stands for it stays as it was chosen");
            return Ok(());
        }
        let before = before.unwrap_or_default();
        if kind.schedules().is_some() && step.action == WriteAction::Delete {
            self.misses_schedules |= !before.knows_schedule;
            self.schedules.insert(at.1.clone(), before.schedule.clone());
        }
        let touched = self.touched.entry(at).or_default();
        match &step.action {
            WriteAction::Create { .. } => (touched.way, touched.left) = (Way::Made, after),
            WriteAction::Undelete { .. } => touched.way = Way::Returned,
            WriteAction::Delete if matches!(touched.way, Way::Changed) => touched.way = Way::Deleted,
            WriteAction::Update { properties, .. } => {
                let written = properties.iter().filter(|p| !refused.contains(p.as_str()));
                let left =
                    |property: &String| after.get(property).cloned().filter(|_| !step.is_compared_later());
                let written: Vec<_> = written.map(|p| (p.clone(), left(p))).collect();
                touched.wrote(written, &before);
            }
            WriteAction::Act { property, .. } => {
                touched.wrote(vec![(property.clone(), step.after.clone())], &before);
            }
            WriteAction::AssignLicences { .. } => {
                let left = step.after.clone().filter(|_| refused.is_empty() && !step.is_compared_later());
                touched.wrote(vec![(LICENCES.to_owned(), left)], &before);
            }
            _ => {}
        }
        touched.link(step, &before, &refused)?;
        touched.remember(before);
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
            let whole = touched.way != Way::Changed;
            SelectedItem {
                kind: (*kind).into(),
                key: id.clone(),
                properties: (!whole).then(|| touched.properties.iter().cloned().collect()),
                links: (!whole).then(|| touched.selected.iter().cloned().collect()),
            }
        };
        let selection = Selection {
            items: self.touched.iter().map(item).collect(),
            attributes: AttributeMode::Overwrite,
            links: LinkMode::Rollback,
            delete_created: true,
            conflicts: asked.conflicts.clone(),
        };
        (selection, self.impossible.clone())
    }

    /// Takes out of the items what somebody else changed since, and names it.
    pub fn leave_to_others(&self, items: Vec<Item>) -> (Vec<Item>, Vec<Impossible>) {
        let (mut ours, mut others) = (Vec::with_capacity(items.len()), Vec::new());
        for mut item in items {
            let Some(touched) = self.touched.get(&(item.kind.name, item.key.clone())) else { continue };
            let changed = touched.changed_since(&item);
            if touched.way == Way::Changed {
                item.properties.iter_mut().for_each(|all| all.retain(|p| !changed.contains(p)));
                ours.push(item.clone());
            } else if changed.is_empty() {
                ours.push(item.clone());
            }
            others.extend(changed.into_iter().map(|what| changed_by_others(&item, what)));
        }
        (ours, others)
    }
}

fn changed_by_others(item: &Item, what: String) -> Impossible {
    let held = item.live.as_ref().or(item.wanted.as_ref());
    let name = held.and_then(|held| held.object.get(item.kind.name_property)).and_then(Value::as_str);
    Impossible {
        kind: item.kind.name.into(),
        key: item.key.clone(),
        name: name.map(str::to_owned),
        what,
        cause: Cause::ChangedSince,
        why: "somebody changed it since the restore, and it is left as it is".to_owned(),
    }
}

impl Touched {
    /// Notes properties that were written, each with what it was left as, where that is known.
    fn wrote(&mut self, properties: Vec<(String, Option<Value>)>, before: &Before) {
        for (property, left) in properties {
            // What it was before the first of several writes counts.
            if self.properties.insert(property.clone())
                && let (Some(kept), Some(now)) = (&mut self.before, &before.object)
            {
                match now.get(&property) {
                    Some(value) => kept.insert(property.clone(), value.clone()),
                    None => kept.remove(&property),
                };
            }
            match left {
                Some(left) => self.left.insert(property, left),
                None => self.left.remove(&property),
            };
        }
    }

    /// Notes the links that a step wrote.
    fn link(&mut self, step: &Step, before: &Before, refused: &BTreeSet<&str>) -> Result<()> {
        let mut select = |link: &str, to: &str| {
            if !refused.contains(format!("{link}/{to}").as_str()) {
                self.selected.insert(SelectedLink { link: link.to_owned(), to: to.to_owned() });
            }
        };
        let there = |link: &str| -> BTreeSet<&str> {
            before.links.iter().filter(|l| l.link == link).map(|l| l.to.as_str()).collect()
        };
        match &step.action {
            WriteAction::AddLinks { link, to } => {
                let there = there(link);
                to.iter()
                    .filter(|end| !there.contains(end.id.as_str()))
                    .for_each(|end| select(link, &end.id));
                if kinds::link(link)?.write == LinkWrite::Single {
                    for replaced in &there {
                        select(link, replaced);
                    }
                }
            }
            WriteAction::RemoveLink { link, to } => select(link, &to.id),
            WriteAction::RemoveOtherLinks { link, keep } => {
                let others = there(link).into_iter().filter(|id| !keep.iter().any(|end| end.id == *id));
                others.for_each(|other| select(link, other));
            }
            WriteAction::Assign { link, assignments } => {
                for to in there(link) {
                    select(link, to);
                }
                let nothing = Value::Null;
                let keys =
                    assignments.iter().map(|a| kinds::assignment_key(a.get("target").unwrap_or(&nothing)));
                keys.for_each(|key| select(link, &key));
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps of an object what it was before the first step that wrote to it.
    fn remember(&mut self, before: Before) {
        if matches!(self.way, Way::Made | Way::Returned) {
            return;
        }
        if self.before.is_none() {
            self.before = before.object;
            self.unknown = before.unknown;
        }
        for link_type in before.link_types {
            if self.link_types.insert(link_type.clone()) {
                self.links.extend(before.links.iter().filter(|l| l.link == link_type).cloned());
            }
        }
    }

    /// The parts of a live object that are neither as the restore left them nor as they were before.
    fn changed_since(&self, item: &Item) -> Vec<String> {
        let Some(live) = &item.live else { return vec![] };
        let whole = || vec!["object".to_owned()];
        let now = content(item.kind, &live.object);
        let value = |object: &Map<String, Value>, property: &str| match property {
            LICENCES => Some(Value::Array(direct_licences(object))),
            _ => object.get(property).cloned(),
        };
        let is_left = |property: &str, left: &Value| match property {
            LICENCES => same(value(&live.object, LICENCES).as_ref(), Some(left)),
            _ => same(now.get(property), Some(left)),
        };
        match self.way {
            Way::Made if item.kind.identity == kinds::Identity::Id => {
                let link = |l: &HeldLink| SelectedLink { link: l.link.name.to_owned(), to: l.to.clone() };
                let has_others = live.links.iter().any(|l| !self.selected.contains(&link(l)));
                let is_changed = self.left.iter().any(|(property, left)| !is_left(property, left));
                if has_others || is_changed { whole() } else { vec![] }
            }
            Way::Made => vec![],
            Way::Returned => {
                let is_changed = self.left.iter().any(|(property, left)| !is_left(property, left));
                if is_changed { whole() } else { vec![] }
            }
            // It is there again: what is done with it is somebody else's.
            Way::Deleted => whole(),
            Way::Changed => {
                let was = |property: &str| self.before.as_ref().and_then(|before| value(before, property));
                let is_before =
                    |property: &str| same(value(&live.object, property).as_ref(), was(property).as_ref());
                let changed = self.left.iter().filter(|(p, left)| !is_left(p, left) && !is_before(p));
                let is_fact = item.kind.identity != kinds::Identity::Id;
                changed.filter(|_| !is_fact).map(|(property, _)| property.clone()).collect()
            }
        }
    }
}

#[async_trait]
impl OpenSnapshot for Undone {
    fn covers(&self, kind: &Kind) -> bool {
        // What is not known of schedules must not be taken for none.
        !self.misses_schedules
            || !kinds::KINDS.iter().any(|k| k.schedules().is_some_and(|s| s.name == kind.name))
    }

    fn is_unlicensed(&self, _: &Kind) -> bool {
        false
    }

    async fn find_object(&self, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>> {
        let touched = self.touched.get(&(kind.name, key.to_owned()));
        if let Some(touched) = touched {
            return Ok(touched.before.clone());
        }
        let is_schedule = kinds::KINDS.iter().any(|k| k.schedules().is_some_and(|s| s.name == kind.name));
        Ok(self.schedules.get(key).filter(|_| is_schedule).cloned().flatten())
    }

    fn unknown(&self, kind: &Kind, object: &Map<String, Value>) -> BTreeSet<&'static str> {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        let touched = self.touched.get(&(kind.name, id.to_owned()));
        let is_unknown = |part: &&'static str| touched.is_some_and(|t| t.unknown.contains(*part));
        let parts = kind.reading.iter().flat_map(|source| source.select).copied();
        let parts = parts.chain(kind.links.iter().map(|link| link.relation)).chain(kind.facets());
        parts.filter(is_unknown).collect()
    }

    async fn list_links(&self, link: &LinkType, from: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        let touched = self.touched.get(&(link.from, from.to_owned()));
        let links = touched.into_iter().flat_map(|touched| &touched.links).filter(|l| l.link == link.name);
        Ok(links.map(|l| (l.to.clone(), l.value.clone())).collect())
    }

    async fn list_links_to(&self, _: &LinkType, _: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        Ok(vec![])
    }

    async fn list_facts_of(&self, _: &Kind, _: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        Ok(vec![])
    }
}
