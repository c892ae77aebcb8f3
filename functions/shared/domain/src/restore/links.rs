//! Links of an object: members, owners, managers, assignments.

use super::draft::{Draft, Planner};
use super::limits::{self, Attempt};
use super::unread::{self, Known};
use super::values::{is_true, same};
use super::{Cause, End, Held, HeldLink, Item, LinkMode, Phase, Warning, WriteAction, left, outside};
use crate::kinds::{self, LinkType, LinkWrite, PropertyValue};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Members that Graph takes in one PATCH.
/// Source: learn.microsoft.com/graph/api/group-post-members.
pub(super) const AT_ONCE: usize = 20;

type Side<'a> = BTreeMap<&'a str, &'a HeldLink>;

/// The steps that make the chosen links what they shall be; `live` is none for an object that is not there
/// (or lies in the recycle bin).
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: &Held, live: Option<&Held>) {
    // The choice names far ends as the snapshot has them; they may have been created again under other ids.
    let chosen: Option<BTreeSet<(&str, String)>> = item
        .links
        .as_ref()
        .map(|links| links.iter().map(|l| (l.link.as_str(), planner.inputs.ids.rewrite(&l.to))).collect());
    for link in item.kind.links {
        let chooses = |to: &str| chosen.as_ref().is_none_or(|c| c.contains(&(link.name, to.to_owned())));
        // Of a type of which no link was chosen it is not told that a side could not be read.
        let is_looked_at = chosen.as_ref().is_none_or(|c| c.iter().any(|(name, _)| *name == link.name));
        let known = unread::links(planner, item, link, wanted, live, is_looked_at);
        // Links that are sent all at once take away what is not among them, so there a side that is known in part
        // will not do.
        if known == Known::NotNow || (known == Known::Some && link.write == LinkWrite::AssignAll) {
            continue;
        }
        let side = |held: &'_ Held| -> Vec<HeldLink> {
            held.links.iter().filter(|l| l.link.name == link.name).cloned().collect()
        };
        let (then, now) = (side(wanted), live.map(side).unwrap_or_default());
        let (then, now): (Side, Side) = (
            then.iter().map(|l| (l.to.as_str(), l)).collect(),
            now.iter().map(|l| (l.to.as_str(), l)).collect(),
        );
        if link.write == LinkWrite::AssignAll {
            assign(planner, item, link, &then, &now, &chooses);
            continue;
        }
        // What is there already is not added, and only a rollback removes what came since. A single link that is
        // replaced is not removed first: the new one takes its place.
        let add: Vec<&HeldLink> =
            then.values().filter(|l| chooses(&l.to) && !now.contains_key(l.to.as_str())).copied().collect();
        let single = link.write == LinkWrite::Single;
        let mut remove: Vec<&HeldLink> = now
            .values()
            .filter(|l| known == Known::Both && chooses(&l.to))
            .filter(|l| !then.contains_key(l.to.as_str()) && (!single || add.is_empty()))
            .copied()
            .collect();
        // Of what lies in the recycle bin nobody sees which links came since.
        let may_have_others = item.returns() && chosen.is_none() && known == Known::Both;
        let removes_others = may_have_others && planner.inputs.links == LinkMode::Rollback;
        if add.is_empty() && remove.is_empty() && !removes_others {
            continue;
        }
        // Asked only now: where nothing differs, nobody needs to hear that it could not be written.
        if let Some((cause, why)) = refusal(planner, item, link, wanted, live) {
            let differs = !add.is_empty() || !remove.is_empty();
            match planner.inputs.links {
                // What follows from a rule comes by that, also where links are skipped.
                LinkMode::Skip
                    if cause == Cause::DynamicMembership && comes_by_rule(planner, item, link, wanted) => {}
                LinkMode::Skip => left::links(planner, item, link.name, &ids(&add), &ids(&remove)),
                LinkMode::Merge | LinkMode::Rollback if differs => {
                    planner.impossible(item, link.name, cause, why);
                }
                LinkMode::Merge | LinkMode::Rollback => {}
            }
            continue;
        }
        // Told before the mode takes it out of what is written. Where links are skipped, what has the place of a single one
        // stays, too.
        let mut extra = ids(&remove);
        if single && !add.is_empty() && planner.inputs.links == LinkMode::Skip {
            extra.extend(now.keys().filter(|to| !then.contains_key(*to)));
        }
        left::links(planner, item, link.name, &ids(&add), &extra);
        match planner.inputs.links {
            LinkMode::Skip => continue,
            LinkMode::Merge => remove.clear(),
            LinkMode::Rollback => {}
        }
        if removes_others {
            remove_others(planner, item, link, &then);
        }
        // What is added counts among what remains: a group that gets an owner back may lose one that came since.
        let added = add_links(planner, item, link, add, &now, live.is_some());
        let remaining = now.len() + added - remove.len();
        remove_links(planner, item, link, remove, (wanted, live), remaining);
    }
}

fn ids<'a>(links: &[&'a HeldLink]) -> Vec<&'a str> {
    links.iter().map(|l| l.to.as_str()).collect()
}

/// Why no link of the type can be written.
fn refusal(
    planner: &Planner<'_>,
    item: &Item,
    link: &LinkType,
    wanted: &Held,
    live: Option<&Held>,
) -> Option<(Cause, &'static str)> {
    let now = &live.unwrap_or(wanted).object;
    if live.is_some() && is_true(now, "onPremisesSyncEnabled") {
        return Some((Cause::Synced, SYNCED));
    }
    if let Some(refused) = limits::refusal(item.kind, now, Attempt::Link) {
        return Some(refused);
    }
    let mark = link.ruled_by?.mark;
    mark.is_on(written_rule(planner, item, mark).unwrap_or(now))
        .then_some((Cause::DynamicMembership, BY_RULE))
}

pub(super) const SYNCED: &str = "the object comes from the customer's own directory; its links too";
pub(super) const BY_RULE: &str = "members follow from the rule, which is restored instead";

/// What the steps that come before the links write of the object, where that says whether they follow from a rule.
fn written_rule<'a>(
    planner: &'a Planner<'_>,
    item: &Item,
    mark: PropertyValue,
) -> Option<&'a Map<String, Value>> {
    let id = item.id(planner.inputs);
    planner.steps.iter().filter(|s| s.id == id && s.kind == item.kind.name).find_map(|s| match &s.action {
        WriteAction::Create { body } | WriteAction::Update { body, .. }
            if body.contains_key(mark.property) =>
        {
            Some(body)
        }
        _ => None,
    })
}

/// Whether links follow from a rule that was there at the snapshot, or that the plan writes; not where one came since and
/// stays.
fn comes_by_rule(planner: &Planner<'_>, item: &Item, link: &LinkType, wanted: &Held) -> bool {
    let follows = |mark: PropertyValue| {
        mark.is_on(&wanted.object) || written_rule(planner, item, mark).is_some_and(|body| mark.is_on(body))
    };
    link.ruled_by.is_some_and(|rule| follows(rule.mark))
}

fn add_links(
    planner: &mut Planner<'_>,
    item: &Item,
    link: &'static LinkType,
    add: Vec<&HeldLink>,
    now: &Side<'_>,
    is_seen: bool,
) -> usize {
    let mut ends = Vec::new();
    for held in add {
        if planner.is_missing(&held.to) {
            let what = format!("{}/{}", link.name, held.to);
            planner.impossible(item, &what, Cause::TargetMissing, TARGET_MISSING);
        } else {
            ends.push(end(planner, held));
        }
    }
    let count = ends.len();
    let at_once = if link.write == LinkWrite::Collection { AT_ONCE } else { 1 };
    // A manager is replaced: the one that goes is shown.
    let before = (link.write == LinkWrite::Single && is_seen)
        .then(|| Value::Array(now.keys().map(|id| Value::from(*id)).collect()));
    // Why by type: members of some types need a permission of their own, and Graph takes all of a request or nothing.
    ends.sort_by(|a, b| a.odata_type.cmp(&b.odata_type));
    let alike = ends.chunk_by(|a, b| a.odata_type == b.odata_type);
    for chunk in alike.flat_map(|alike| alike.chunks(at_once)) {
        planner.step(
            item,
            Draft {
                phase: phase(item, link),
                action: WriteAction::AddLinks { link: link.name.to_owned(), to: chunk.to_vec() },
                before: before.clone(),
                after: None,
                warnings: doubts(link, chunk.first()),
            },
        );
    }
    count
}

/// When links are added: those that keep their far ends from being written, when everything else is.
fn phase(item: &Item, link: &LinkType) -> Phase {
    if keeps_others_out(item, link) { Phase::RestrictedLinks } else { Phase::Links }
}

fn keeps_others_out(item: &Item, link: &LinkType) -> bool {
    let now = item.live.as_ref().or(item.wanted.as_ref());
    link.restricts.zip(now).is_some_and(|(property, held)| is_true(&held.object, property))
}

/// When an object is changed: a unit that keeps others out comes back last, and is changed then.
pub(super) fn phase_of_changes(item: &Item) -> Phase {
    if item.returns() && restricts(item) { Phase::RestrictedLinks } else { item.kind.phase }
}

/// Whether an item keeps what it leads to from being managed by others.
pub(super) fn restricts(item: &Item) -> bool {
    item.kind.links.iter().any(|link| keeps_others_out(item, link))
}

const NOT_SENT: &str =
    "the group is not there any more, so it is left out of the assignments, which are sent all at once";
const TARGET_MISSING: &str = "what it leads to is not there; choose that too, to have it back first";

fn remove_links(
    planner: &mut Planner<'_>,
    item: &Item,
    link: &'static LinkType,
    remove: Vec<&HeldLink>,
    (wanted, live): (&Held, Option<&Held>),
    remaining: usize,
) {
    let mut remove = remove;
    // Why also by what is live: where links alone go back, the other side need not show what kind of group it is.
    let is_on =
        |mark: PropertyValue| mark.is_on(&wanted.object) || live.is_some_and(|live| mark.is_on(&live.object));
    if link.keeps_last.is_some_and(is_on)
        && remaining == 0
        && let Some(kept) = remove.pop()
    {
        let what = format!("{}/{}", link.name, kept.to);
        planner.impossible(item, &what, Cause::LastOwner, "a Microsoft 365 group keeps its last owner");
    }
    for held in remove {
        let to = end(planner, held);
        let warnings = doubts(link, Some(&to));
        planner.step(
            item,
            Draft {
                phase: Phase::Links,
                action: WriteAction::RemoveLink { link: link.name.to_owned(), to },
                before: None,
                after: None,
                warnings,
            },
        );
    }
}

/// The step that takes away the links that came before the object was deleted.
fn remove_others(planner: &mut Planner<'_>, item: &Item, link: &'static LinkType, then: &Side<'_>) {
    // What has one link of the type is given the right one, and a Microsoft 365 group keeps an owner.
    let is_replaced = link.write == LinkWrite::Single && !then.is_empty();
    let keeps_last = then.is_empty()
        && link.keeps_last.zip(item.wanted.as_ref()).is_some_and(|(mark, held)| mark.is_on(&held.object));
    if is_replaced || keeps_last {
        return;
    }
    let keep = then.values().map(|held| end(planner, held)).collect();
    planner.step(
        item,
        Draft {
            phase: phase(item, link),
            action: WriteAction::RemoveOtherLinks { link: link.name.to_owned(), keep },
            before: None,
            after: None,
            warnings: vec![],
        },
    );
}

/// What is to be known of a link to an end of that type: those of other kinds than the link's need a permission of their
/// own, which Holdfast does not ask for. Of an end whose type is not known nothing is said.
fn doubts(link: &LinkType, end: Option<&End>) -> Vec<Warning> {
    let of_type = end.and_then(|end| end.odata_type.as_deref());
    let is_other = of_type
        .is_some_and(|of_type| kinds::of_type(of_type).is_none_or(|kind| !link.to.contains(&kind.name)));
    if is_other { vec![Warning::OtherEnds] } else { vec![] }
}

fn end(planner: &Planner<'_>, held: &HeldLink) -> End {
    End {
        id: held.to.clone(),
        name: planner.inputs.names.get(&held.to).cloned(),
        odata_type: held.value.get("@odata.type").and_then(Value::as_str).map(str::to_owned),
    }
}

/// Assignments are sent all at once: the chosen ones as they were, the others as they are.
fn assign(
    planner: &mut Planner<'_>,
    item: &Item,
    link: &'static LinkType,
    then: &Side<'_>,
    now: &Side<'_>,
    chooses: &dyn Fn(&str) -> bool,
) {
    // Of a group that is made anew what is there leads to the old one, which nobody is in any more.
    let leads_nowhere =
        |to: &str| now.get(to).is_some_and(|l| group_of(l).is_some_and(|g| planner.is_made_anew(g)));
    let differs = |to: &str| {
        then.get(to).map(|l| target_of(l)) != now.get(to).map(|l| target_of(l)) || leads_nowhere(to)
    };
    let add: Vec<&str> = then.keys().copied().filter(|to| chooses(to) && differs(to)).collect();
    let extra: Vec<&str> = now.keys().copied().filter(|to| chooses(to) && !then.contains_key(to)).collect();
    let is_dead = then.keys().any(|to| chooses(to) && leads_nowhere(to));
    // What the mode leaves as it is, is said even where nothing is written.
    left::links(planner, item, link.name, &add, &extra);
    if planner.inputs.links == LinkMode::Skip {
        return;
    }
    let rollback = planner.inputs.links == LinkMode::Rollback;
    let mut goal: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    // Begins with what is live: what was not chosen stays as it is, but what leads to nobody, since Graph may refuse all for it.
    let mut dead: BTreeSet<&str> = BTreeSet::new();
    for (to, held) in now {
        if rollback && chooses(to) && !then.contains_key(to) {
            continue;
        }
        if group_of(held).is_some_and(|g| planner.is_missing(g)) {
            dead.insert(to);
        } else {
            goal.insert(to, target_of(held));
        }
    }
    // Then the chosen ones as they were. A group that is not there can be assigned nothing; where a filter is gone,
    // what is live stays, since without it the old one would reach more.
    for (to, held) in then.iter().filter(|(to, _)| chooses(to)) {
        let target = held.value.get("target").and_then(Value::as_object);
        let what = format!("{}/{to}", link.name);
        if group_of(held).is_some_and(|g| planner.is_missing(g)) {
            goal.remove(to);
            planner.impossible(item, &what, Cause::TargetMissing, TARGET_MISSING);
        } else if let Some(why) = target.and_then(|t| outside::gone_from_target(planner, t)) {
            planner.impossible(item, &what, Cause::TargetMissing, &why);
        } else {
            goal.insert(to, target_of(held));
        }
    }
    // Why compared as a whole: what is sent replaces all, so there is one step or none.
    let current: BTreeMap<&str, Map<String, Value>> = now.iter().map(|(to, l)| (*to, target_of(l))).collect();
    let mut alive = current.clone();
    alive.retain(|to, _| !dead.contains(to));
    let list = |side: &BTreeMap<&str, Map<String, Value>>| -> Vec<Map<String, Value>> {
        side.values().cloned().collect()
    };
    let value = |side: &BTreeMap<&str, Map<String, Value>>| {
        Value::Array(list(side).into_iter().map(Value::Object).collect())
    };
    let (before, after) = (value(&current), value(&goal));
    if same(Some(&value(&alive)), Some(&after)) && !is_dead {
        return;
    }
    for to in dead.into_iter().filter(|to| !(then.contains_key(to) && chooses(to))) {
        planner.impossible(item, &format!("{}/{to}", link.name), Cause::TargetMissing, NOT_SENT);
    }
    planner.step(
        item,
        Draft {
            phase: Phase::Assignments,
            action: WriteAction::Assign { link: link.name.to_owned(), assignments: list(&goal) },
            before: Some(before),
            after: Some(after),
            warnings: vec![],
        },
    );
}

/// The group that an assignment leads to.
fn group_of(held: &HeldLink) -> Option<&str> {
    held.value.get("target")?.get("groupId")?.as_str()
}

/// Of an assignment, what can be sent: where it leads and its filter; its id and source are the service's.
fn target_of(held: &HeldLink) -> Map<String, Value> {
    held.value.iter().filter(|(k, _)| *k == "target").map(|(k, v)| (k.clone(), v.clone())).collect()
}
