//! Which step of a plan may begin beside those that are under way: one that has nothing to do with them.
//!
//! Pure: it is told which steps begin and which have landed, and knows nothing of how they are performed.

use domain::kinds::{self, LinkType, LinkWrite, Phase};
use domain::restore::{Step, WriteAction, may_lose};
use serde_json::Value;
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
}

impl Default for Bounds {
    fn default() -> Self {
        Self { at_work: 8, under_way: 1_000, bytes: 8 << 20, together: 100 }
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
    fn of(step: &Step) -> Option<Self> {
        // Why by itself: what takes rights is judged by what there is when everything before it is done. Facts follow
        // from each other (a schedule from an assignment); deletions and removals are few, and final.
        let is_apart = step.is_fact()
            || may_lose(step)
            || matches!(
                step.action,
                WriteAction::Adopt { .. } | WriteAction::RemoveOtherLinks { .. } | WriteAction::Delete
            );
        (!is_apart).then(|| Self { phase: step.phase, action: discriminant(&step.action) })
    }
}

/// A step that is to begin, with what decides when it may.
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
        let (had, has) = (only_ones(step, step.before.as_ref()), only_ones(step, step.after.as_ref()));
        let mut gets: BTreeSet<String> = has.difference(&had).cloned().collect();
        let mut frees: BTreeSet<String> = had.difference(&has).cloned().collect();
        if let WriteAction::AssignLicences { add, remove } = &step.action {
            gets.extend(add.iter().filter_map(|licence| licence.get("skuId")?.as_str()).map(str::to_owned));
            frees.extend(remove.iter().cloned());
        }
        let bytes = serde_json::to_vec(step).map_or(0, |bytes| bytes.len());
        Self { step, sort: Sort::of(step), gets, frees, found_by: found_by(step), bytes }
    }

    /// Whether it is performed by itself.
    pub fn is_alone(&self) -> bool {
        self.sort.is_none()
    }
}

/// The values by which an object takes places that only one object has.
fn only_ones(step: &Step, object: Option<&Value>) -> BTreeSet<String> {
    let (Some(kind), Some(object)) = (step.kind.find(), object.and_then(Value::as_object)) else {
        return BTreeSet::new();
    };
    let places = kind.writing.places.iter().filter(|place| place.is_unique);
    places.flat_map(|place| place.values(object)).map(str::to_lowercase).collect()
}

/// The kind and the name by which a new object is looked for.
fn found_by(step: &Step) -> Option<String> {
    let WriteAction::Create { body } = &step.action else { return None };
    let kind = step.kind.find()?;
    let name = body.get(kind.found_by())?.as_str()?.to_lowercase();
    Some(format!("{} {name}", kind.run()))
}

/// The link that a step adds to, and does nothing else: several may add to one object, since each looks for its own ends.
pub(super) fn adds_to(step: &Step) -> Option<&str> {
    let WriteAction::AddLinks { link, .. } = &step.action else { return None };
    let holds_several = |link: &LinkType| matches!(link.write, LinkWrite::Collection | LinkWrite::OneByOne);
    kinds::link(link).is_ok_and(holds_several).then_some(link)
}

/// The ids of what comes back that a step needs, besides its own object.
fn needed(step: &Step) -> impl Iterator<Item = &str> {
    step.depends_on.iter().map(String::as_str).filter(|id| *id != step.id)
}

/// The steps that are under way, as far as others must not meet them.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Each by the number that it has in the plan.
    steps: BTreeMap<u32, Next<'a>>,
    /// That of the last that began.
    sort: Option<Sort>,
    /// The ids of the objects that they write, each with how many do, and whether they only add links to it.
    writes: BTreeMap<&'a str, (usize, bool)>,
    /// The ids that they need, each with how many do.
    needs: BTreeMap<&'a str, usize>,
    /// By what those that they make would be looked for.
    made: BTreeSet<String>,
    bytes: usize,
}

impl<'a> Beside<'a> {
    /// Whether a step may begin now; `writes_more` says whether one of those that are under way may still write.
    pub fn takes(&self, next: &Next<'_>, writes_more: bool, bounds: &Bounds) -> bool {
        // Why first: where nothing is under way nothing is waited for, whatever else is so.
        if self.steps.is_empty() {
            return true;
        }
        let has_room = self.steps.len() < bounds.under_way && self.bytes + next.bytes <= bounds.bytes;
        // Why not two of one name: an object that was made and not told of is found by its name alone.
        let is_other = next.found_by.as_ref().is_none_or(|name| !self.made.contains(name));
        has_room
            && is_other
            && self.is_in_order(next, writes_more)
            && self.is_free(next)
            && !self.frees_for(next)
    }

    fn is_in_order(&self, next: &Next<'_>, writes_more: bool) -> bool {
        let Some(sort) = &next.sort else { return false };
        if Some(sort) == self.sort.as_ref() {
            return true;
        }
        // Why not before all have ended: what is written to a member of such a unit from then on is refused for good.
        let comes_last = sort.phase == Phase::RestrictedLinks;
        !writes_more && !comes_last
    }

    /// Whether it neither writes nor needs what is written.
    fn is_free(&self, next: &Next<'_>) -> bool {
        let (step, id) = (next.step, next.step.id.as_str());
        let is_free = self.writes.get(id).is_none_or(|(_, adds)| *adds && adds_to(step).is_some());
        is_free && !self.needs.contains_key(id) && !needed(step).any(|id| self.writes.contains_key(id))
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
        self.writes.entry(&step.id).or_insert((0, adds_to(step).is_some())).0 += 1;
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
            writers.get_mut().0 -= 1;
            if writers.get().0 == 0 {
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
mod tests {
    use super::*;
    use serde_json::json;

    fn step(number: u32, phase: &str, id: &str, of: &Value) -> Step {
        let kind = if id.starts_with('g') { "groups" } else { "users" };
        let mut step = json!({ "number": number, "phase": phase, "kind": kind, "key": id, "id": id });
        step.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
        serde_json::from_value(step).unwrap()
    }

    fn update(number: u32, id: &str, before: &Value, after: &Value) -> Step {
        let properties: Vec<&String> = after.as_object().unwrap().keys().collect();
        let action = json!({ "type": "update", "body": after, "properties": properties });
        step(number, "users", id, &json!({ "action": action, "before": before, "after": after }))
    }

    fn licences(number: u32, id: &str, add: &Value, remove: &Value) -> Step {
        let action = json!({ "type": "assignLicences", "add": add, "remove": remove });
        step(number, "licences", id, &json!({ "action": action }))
    }

    fn members(number: u32, phase: &str, group: &str, to: &[&str]) -> Step {
        let to: Vec<Value> = to.iter().map(|id| json!({ "id": id })).collect();
        let action = json!({ "type": "addLinks", "link": "groups.members", "to": to });
        step(number, phase, group, &json!({ "action": action }))
    }

    /// Whether the second may begin while the first is under way, which writes no more.
    fn may_meet(first: &Step, second: &Step, bounds: Bounds) -> bool {
        let mut beside = Beside::default();
        beside.begin(Next::of(first));
        let takes = beside.takes(&Next::of(second), false, &bounds);
        beside.forget(first.number);
        assert!(beside.takes(&Next::of(second), false, &bounds), "where nothing is under way each may begin");
        takes
    }

    #[test]
    fn a_licence_is_given_when_the_one_that_is_taken_is_seen_to_be_free() {
        let (one, other) = (json!([{ "skuId": "one" }]), json!([{ "skuId": "other" }]));
        let taken = licences(1, "u1", &json!([]), &json!(["one"]));
        let swapped = licences(1, "u1", &other, &json!(["one"]));
        let given = licences(2, "u2", &one, &json!([]));
        assert!(!may_meet(&taken, &given, Bounds::default()));
        assert!(!may_meet(&swapped, &given, Bounds::default()));
        assert!(may_meet(&taken, &licences(2, "u2", &other, &json!([])), Bounds::default()));
        assert!(may_meet(&given, &licences(3, "u3", &one, &json!([])), Bounds::default()));
        let links = members(1, "links", "g1", &["u1"]);
        assert!(may_meet(&links, &given, Bounds::default()), "nothing else is waited for");
    }

    #[test]
    fn restricted_units_get_their_members_when_everything_else_has_ended() {
        let before = members(1, "links", "g1", &["u1"]);
        let (last, other) =
            (members(2, "restrictedLinks", "g2", &["u2"]), members(3, "restrictedLinks", "g3", &["u3"]));
        assert!(!may_meet(&before, &last, Bounds::default()));
        assert!(may_meet(&last, &other, Bounds::default()));
    }

    #[test]
    fn a_value_that_only_one_object_has_is_given_when_the_other_has_given_it_up() {
        let gives_up = update(
            1,
            "u1",
            &json!({ "userPrincipalName": "Ann@x.y" }),
            &json!({ "userPrincipalName": "old@x.y" }),
        );
        let gets = update(
            2,
            "u2",
            &json!({ "userPrincipalName": "b@x.y" }),
            &json!({ "userPrincipalName": "ann@x.y" }),
        );
        let another = update(
            3,
            "u3",
            &json!({ "userPrincipalName": "c@x.y" }),
            &json!({ "userPrincipalName": "d@x.y" }),
        );
        let title = |at, id| update(at, id, &json!({ "jobTitle": "Clerk" }), &json!({ "jobTitle": "Cook" }));
        assert!(!may_meet(&gives_up, &gets, Bounds::default()));
        assert!(may_meet(&gives_up, &another, Bounds::default()));
        assert!(may_meet(&title(1, "u1"), &title(2, "u2"), Bounds::default()), "titles are everybody's");
    }

    #[test]
    fn what_is_under_way_is_bounded_by_its_bytes_too() {
        let long = "x".repeat(1_000);
        let large = |at, id| update(at, id, &json!({ "jobTitle": "" }), &json!({ "jobTitle": long }));
        let (one, other) = (large(1, "u1"), large(2, "u2"));
        let of_both = Next::of(&one).bytes + Next::of(&other).bytes;
        let bytes = |bytes| Bounds { bytes, ..Bounds::default() };
        assert!(of_both > 2 * long.len(), "what they write counts");
        assert!(!may_meet(&one, &other, bytes(of_both - 1)));
        assert!(may_meet(&one, &other, bytes(of_both)));
    }
}
