//! Which step of a plan may begin beside those that are under way: one that has nothing to do with them.
//!
//! Pure: it is told which steps begin and which have landed, and knows nothing of how they are performed.

use domain::kinds::{self, LinkType, LinkWrite, Phase, Update};
use domain::restore::{ACCESS_PASS, LICENCES, Step, WriteAction, may_lose, only_ones};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};

/// How many steps of a restore are under way at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many are at work; the others wait until Graph shows something.
    pub at_work: usize,
    /// How many have begun and not ended. Why bounded: each holds what it is about to compare.
    pub under_way: usize,
    /// How many bytes these have in the plan, together. A step that is under way holds a dozen times as much.
    pub bytes: usize,
    /// How many steps on one object write before it is read for all of them.
    pub together: usize,
    /// How many steps that wait for others are passed over at the same time by those behind them. Why bounded: each time one
    /// comes to its end all of these are looked at.
    pub passed_over: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { at_work: 24, under_way: 3_000, bytes: 8 << 20, together: 100, passed_over: 500 }
    }
}

/// What steps have to have in common to be performed at the same time: the order of a plan is one of sorts.
#[derive(Clone, PartialEq)]
struct Sort {
    phase: Phase,
    action: Discriminant<WriteAction>,
}

impl Sort {
    /// The sort of a step; none where it is performed by itself.
    fn of(step: &Step, may_take_rights: bool) -> Option<Self> {
        // Why by itself: what takes rights is judged by what there is when everything before it is done. Facts follow
        // from each other (a schedule from an assignment); deletions and removals are few, and final.
        let is_apart = step.is_fact()
            || may_take_rights && may_lose(step)
            || matches!(
                step.action,
                WriteAction::Adopt { .. } | WriteAction::RemoveOtherLinks { .. } | WriteAction::Delete
            );
        (!is_apart).then(|| Self { phase: step.phase, action: discriminant(&step.action) })
    }
}

/// A step that is to begin, with what decides when it may.
#[derive(Clone)]
pub(super) struct Next<'a> {
    pub step: &'a Step,
    sort: Option<Sort>,
    /// What its object gets that may have to be free before: values of which only one object has each, and licences.
    gets: BTreeSet<String>,
    /// What of that kind its object gives up.
    frees: BTreeSet<String>,
    /// By what its object would be looked for, where it is made and nobody hears of it.
    found_by: Option<String>,
    bytes: usize,
}

impl<'a> Next<'a> {
    pub fn of(step: &'a Step) -> Self {
        Self::of_sort(step, Sort::of(step, true))
    }

    /// The same of a step of which it is known that it takes no rights from anybody.
    pub fn taking_no_rights(step: &'a Step) -> Self {
        Self::of_sort(step, Sort::of(step, false))
    }

    fn of_sort(step: &'a Step, sort: Option<Sort>) -> Self {
        let (had, has) = (only_ones(step, step.before.as_ref()), only_ones(step, step.after.as_ref()));
        let mut gets: BTreeSet<String> = has.difference(&had).cloned().collect();
        let mut frees: BTreeSet<String> = had.difference(&has).cloned().collect();
        if let WriteAction::AssignLicences { add, remove } = &step.action {
            gets.extend(add.iter().filter_map(|licence| licence.get("skuId")?.as_str()).map(str::to_owned));
            frees.extend(remove.iter().cloned());
        }
        let bytes = serde_json::to_vec(step).map_or(0, |bytes| bytes.len());
        Self { step, sort, gets, frees, found_by: found_by(step), bytes }
    }

    /// Whether it is performed by itself.
    pub fn is_alone(&self) -> bool {
        self.sort.is_none()
    }
}

/// The kind and the name by which a new object is looked for.
fn found_by(step: &Step) -> Option<String> {
    let WriteAction::Create { body } = &step.action else { return None };
    let kind = step.kind.find()?;
    let name = body.get(kind.found_by())?.as_str()?.to_lowercase();
    Some(format!("{} {name}", kind.run()))
}

/// The link that a step adds to, or takes from, and whether it adds; it does nothing else: several may do the same to one object,
/// since each looks for its own ends.
pub(super) fn edits(step: &Step) -> Option<(&str, bool)> {
    let (link, adds) = match &step.action {
        WriteAction::AddLinks { link, .. } => (link, true),
        WriteAction::RemoveLink { link, .. } => (link, false),
        _ => return None,
    };
    let holds_several = |link: &LinkType| matches!(link.write, LinkWrite::Collection | LinkWrite::OneByOne);
    kinds::link(link).is_ok_and(holds_several).then_some((link, adds))
}

/// Whether a step adds links, of any type, and does nothing else: the object stays as it is, so whoever needs that need not
/// wait.
fn adds_any(step: &Step) -> bool {
    matches!(step.action, WriteAction::AddLinks { .. })
}

/// The link that a step is about, whether it adds, removes or replaces.
fn about_link(step: &Step) -> Option<&str> {
    match &step.action {
        WriteAction::AddLinks { link, .. }
        | WriteAction::RemoveLink { link, .. }
        | WriteAction::RemoveOtherLinks { link, .. }
        | WriteAction::Assign { link, .. } => Some(link),
        _ => None,
    }
}

/// What a step writes of an object that is there, where whatever else the object has stays as it is.
#[derive(Default)]
struct Parts<'a> {
    /// By name: links, which are called otherwise than properties, and properties.
    written: BTreeSet<&'a str>,
    /// The properties by which Graph judges whether it takes that, such as the rule that members follow from.
    judged_by: BTreeSet<&'a str>,
}

impl<'a> Parts<'a> {
    /// The parts that a step writes; none where it makes the object, replaces it, or takes something away.
    fn of(step: &'a Step) -> Option<Self> {
        let kind = step.kind.find().filter(|_| !step.is_fact())?;
        let mut parts = Self::default();
        match &step.action {
            WriteAction::Update { properties, .. } if kind.writing.update == Update::Patch => {
                parts.written.extend(properties.iter().map(String::as_str));
            }
            WriteAction::Act { property, .. } => parts.written.extend([property.as_str()]),
            WriteAction::AddLinks { link, .. } => {
                parts.written.extend([link.as_str()]);
                let rule = kinds::link(link).ok().and_then(|link| link.ruled_by);
                parts.judged_by.extend(rule.iter().flat_map(|r| [r.mark.property, r.property, r.state]));
            }
            WriteAction::AssignLicences { .. } => {
                parts.written.extend([LICENCES]);
                parts.judged_by.extend(kind.writing.licensed_by);
            }
            WriteAction::IssuePass { .. } => {
                parts.written.extend([ACCESS_PASS]);
                parts.judged_by.extend(kind.writing.lets_in);
            }
            _ => return None,
        }
        Some(parts)
    }

    /// Whether neither writes what the other does, or is judged by it.
    fn is_beside(&self, other: &Self) -> bool {
        let meets = |one: &Self, other: &Self| {
            !one.written.is_disjoint(&other.written) || !one.written.is_disjoint(&other.judged_by)
        };
        !meets(self, other) && !meets(other, self)
    }

    fn add(&mut self, other: Self) {
        self.written.extend(other.written);
        self.judged_by.extend(other.judged_by);
    }
}

/// The ids of what comes back that a step needs, besides its own object.
fn needed(step: &Step) -> impl Iterator<Item = &str> {
    step.depends_on.iter().map(String::as_str).filter(|id| *id != step.id)
}

/// How steps that are under way write one object.
struct Writes<'a> {
    /// How many steps under way write it.
    steps: usize,
    /// Whether each of them adds to lists, or each of them takes from lists, as [`edits`] has it; none where they do not.
    adds: Option<bool>,
    /// The parts of it that they write; none where one of them writes it otherwise.
    parts: Option<Parts<'a>>,
    /// Whether all that they do is add links.
    links_alone: bool,
    /// Whether one of them makes the object, or brings it back: nothing leads to it before it shows.
    makes: bool,
}

/// The steps that are under way, as far as others must not meet them.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Each by the number that it has in the plan.
    steps: BTreeMap<u32, Next<'a>>,
    /// That of the last that began.
    sort: Option<Sort>,
    /// The ids of the objects that they write, each with how they do.
    writes: BTreeMap<&'a str, Writes<'a>>,
    /// The ids that they need, each with how many do.
    needs: BTreeMap<&'a str, usize>,
    /// By what those that they make would be looked for.
    made: BTreeSet<String>,
    bytes: usize,
}

impl<'a> Beside<'a> {
    /// Whether a step may begin now; `writes_more` says whether one of those that are under way may still write.
    pub fn takes(&self, next: &Next<'_>, writes_more: bool, bounds: &Bounds) -> bool {
        self.has_room(next, bounds) && self.is_in_order(next, writes_more) && self.is_clear(next, writes_more)
    }

    /// Whether there is room for one more.
    pub fn has_room(&self, next: &Next<'_>, bounds: &Bounds) -> bool {
        // Why first: where nothing is under way nothing is waited for, whatever else is so.
        self.steps.is_empty()
            || self.steps.len() < bounds.under_way && self.bytes + next.bytes <= bounds.bytes
    }

    /// Whether a step has nothing to do with these.
    pub fn is_clear(&self, next: &Next<'_>, writes_more: bool) -> bool {
        // Why not two of one name: an object that was made and not told of is found by its name alone.
        let is_other = next.found_by.as_ref().is_none_or(|name| !self.made.contains(name));
        is_other && self.is_free(next, writes_more) && !self.frees_for(next)
    }

    /// Whether a step is of the sort of the last that began.
    pub fn is_of_sort(&self, next: &Next<'_>) -> bool {
        next.sort.is_some() && next.sort == self.sort
    }

    fn is_in_order(&self, next: &Next<'_>, writes_more: bool) -> bool {
        if self.steps.is_empty() {
            return true;
        }
        let Some(sort) = &next.sort else { return false };
        if Some(sort) == self.sort.as_ref() {
            return true;
        }
        // Why not before all have ended: what is written to a member of a restricted unit from then on is refused for good, and
        // whoever goes on with a restore that was cut off writes again what it does not see.
        !writes_more && sort.phase != Phase::RestrictedLinks
    }

    /// Whether it neither writes nor needs what is written.
    fn is_free(&self, next: &Next<'_>, writes_more: bool) -> bool {
        let (step, id) = (next.step, next.step.id.as_str());
        let is_free = self.writes.get(id).is_none_or(|writes| {
            let is_other = |written: &Parts<'_>| match Parts::of(step) {
                Some(parts) => parts.is_beside(written),
                // Why no removal beside an addition to the same list: the last owner may go when another is seen to be there.
                None => {
                    writes.links_alone && about_link(step).is_none_or(|link| !written.written.contains(link))
                }
            };
            // Whether a part shows says nothing of what else is written to its object. All of them are written.
            let is_beside_parts = !writes_more && writes.parts.as_ref().is_some_and(is_other);
            let does_the_same = edits(step).is_some_and(|(_, adds)| writes.adds == Some(adds));
            does_the_same || is_beside_parts
        });
        // Who needs an object needs it as long as there is something to write.
        let is_needed = writes_more && self.needs.contains_key(id) && !adds_any(step);
        let is_made = |id: &str| {
            self.writes.get(id).is_some_and(|writes| writes.makes || writes_more && !writes.links_alone)
        };
        is_free && !is_needed && !needed(step).any(is_made)
    }

    /// Whether one of them gives up what its object gets: until that is seen, Graph may refuse it for good.
    fn frees_for(&self, next: &Next<'_>) -> bool {
        !next.gets.is_empty() && self.steps.values().any(|other| !other.frees.is_disjoint(&next.gets))
    }

    pub fn begin(&mut self, next: Next<'a>) {
        let step = next.step;
        self.sort.clone_from(&next.sort);
        self.bytes += next.bytes;
        self.made.extend(next.found_by.clone());
        let adds = edits(step).map(|(_, adds)| adds);
        let none_yet =
            Writes { steps: 0, adds, parts: Some(Parts::default()), links_alone: true, makes: false };
        let writes = self.writes.entry(&step.id).or_insert(none_yet);
        writes.steps += 1;
        if writes.adds != adds {
            writes.adds = None;
        }
        writes.makes |= matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. });
        writes.links_alone &= adds_any(step);
        match (&mut writes.parts, Parts::of(step)) {
            (Some(all), Some(parts)) => all.add(parts),
            _ => writes.parts = None,
        }
        for id in needed(step) {
            *self.needs.entry(id).or_default() += 1;
        }
        self.steps.insert(step.number, next);
    }

    /// Forgets a step that has landed.
    pub fn forget(&mut self, number: u32) {
        let Some(Next { step, bytes, found_by, .. }) = self.steps.remove(&number) else { return };
        self.bytes -= bytes;
        if let Some(name) = found_by {
            self.made.remove(&name);
        }
        if let Entry::Occupied(mut writers) = self.writes.entry(&step.id) {
            writers.get_mut().steps -= 1;
            if writers.get().steps == 0 {
                writers.remove();
            }
        }
        for id in needed(step) {
            if let Entry::Occupied(mut count) = self.needs.entry(id) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
