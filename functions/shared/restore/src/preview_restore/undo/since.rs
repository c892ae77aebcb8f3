//! What somebody else changed since a restore: what is neither as the restore left it nor as it was before. It is left, and
//! named.

use super::Undone;
use super::touched::{Touched, Way};
use domain::kinds::{self, Identity, Kind, LinkWrite};
use domain::restore::{
    Cause, IdMap, Impossible, Item, LICENCES, ScheduleEnd, SelectedLink, content, direct_licences, same,
    same_in,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const CHANGED: &str = "somebody changed it since the restore, and it is left as it is";
const REMADE: &str = "it was brought back once more since the restore, and that is left as it is";
const NOT_DELETED: &str = "the restore asked for it to be deleted, nobody saw that, and it is there";
const NOT_KEPT: &str = "what it was like when the restore had brought it back was not kept: whether somebody changed it \
                        since cannot be told, and it is left as it is";
const UNANSWERED: &str = "the restore asked for it and nobody answered or saw it then: whether the restore or somebody else \
                          made it so cannot be told, and it is left as it is";
const LINKS_NOT_KEPT: &str = "what led to it when the restore deleted it, such as memberships, assignments and roles of \
                              its own, was not kept and goes back by hand";

/// What becomes of an object in undoing.
enum Verdict {
    /// It is as the restore left it, but for these parts.
    Ours(Parts),
    /// All of it is left as it is.
    Others(Cause, &'static str),
}

/// The properties and links of one object that undoing leaves as others set them.
#[derive(Default)]
struct Parts {
    properties: BTreeSet<String>,
    links: BTreeSet<SelectedLink>,
    /// What is said of them: the part, and why it is left.
    named: Vec<(String, Cause, &'static str)>,
}

impl Undone {
    /// Takes out of the items what somebody else changed since, and names it; and names what cannot be given back since
    /// nobody kept it. `ids` are those of today.
    pub fn leave_to_others(&self, items: Vec<Item>, ids: &IdMap) -> (Vec<Item>, Vec<Impossible>) {
        let (mut ours, mut told) = (Vec::with_capacity(items.len()), Vec::new());
        for mut item in items {
            let Some(touched) = self.touched.get(&(item.kind.name, item.key.clone())) else { continue };
            match touched.judge(&item, ids) {
                Verdict::Others(cause, why) => told.push(say(&item, "object".to_owned(), cause, why)),
                Verdict::Ours(but) => {
                    let named = but.named.into_iter();
                    told.extend(named.map(|(what, cause, why)| say(&item, what, cause, why)));
                    item.properties.iter_mut().for_each(|all| all.retain(|p| !but.properties.contains(p)));
                    item.links.iter_mut().for_each(|all| all.retain(|link| !but.links.contains(link)));
                    // Why named, and not all: what it has besides in the recycle bin came there with it, and leads to what the
                    // restore had deleted before it.
                    if touched.way == Way::Deleted && item.live.is_none() && item.in_recycle_bin {
                        item.links = Some(touched.links_then());
                    }
                    let is_gone = touched.way == Way::Deleted && item.live.is_none() && !item.in_recycle_bin;
                    if is_gone && is_referred_to(item.kind) {
                        told.push(say(&item, "links".to_owned(), Cause::NotRead, LINKS_NOT_KEPT));
                    }
                    ours.push(item);
                }
            }
        }
        (ours, told)
    }
}

/// Whether links or references of others lead to objects of the kind.
fn is_referred_to(kind: &Kind) -> bool {
    let mut references = kinds::KINDS.iter().flat_map(|other| other.references);
    kind.identity == Identity::Id
        && (kinds::links().any(|link| link.to.contains(&kind.name))
            || references.any(|reference| reference.kinds.contains(&kind.name)))
}

fn say(item: &Item, what: String, cause: Cause, why: &str) -> Impossible {
    let held = item.live.as_ref().or(item.wanted.as_ref());
    let name = held.and_then(|held| held.object.get(item.kind.name_property)).and_then(Value::as_str);
    Impossible {
        kind: item.kind.name.into(),
        key: item.key.clone(),
        name: name.map(str::to_owned),
        what,
        cause,
        why: why.to_owned(),
    }
}

/// A property as it is compared here: of licences the direct ones.
fn value_of(kind: &Kind, object: &Map<String, Value>, property: &str) -> Option<Value> {
    match property {
        LICENCES => Some(Value::Array(direct_licences(object))),
        _ => content(kind, object).get(property).cloned(),
    }
}

impl Touched {
    fn judge(&self, item: &Item, ids: &IdMap) -> Verdict {
        let is_fact = item.kind.identity != Identity::Id;
        let Some(live) = &item.live else {
            // A fact of which the restore changed a part, such as its end, was taken away since: it is not given again.
            return if is_fact && self.way == Way::Changed {
                Verdict::Others(Cause::ChangedSince, CHANGED)
            } else {
                Verdict::Ours(Parts::default())
            };
        };
        let is_other = |is_changed: bool| {
            if is_changed {
                Verdict::Others(Cause::ChangedSince, CHANGED)
            } else {
                Verdict::Ours(Parts::default())
            }
        };
        match self.way {
            // It is there again: what is done with it is somebody else's.
            Way::Deleted if self.is_doubtful => Verdict::Others(Cause::NotRead, NOT_DELETED),
            Way::Deleted => is_other(true),
            // What is there by now came by a later restore, with all that it has.
            _ if self.is_remade || ids.rewrite(&item.key) != item.key => {
                Verdict::Others(Cause::ChangedSince, REMADE)
            }
            Way::Changed if is_fact => is_other(self.is_given_another_end(&live.object)),
            // Of a role that nobody saw given by the restore, it is not known who gave it.
            Way::Returned if self.came.is_none() => Verdict::Others(Cause::NotRead, NOT_KEPT),
            Way::Made if is_fact && self.came.is_none() => Verdict::Others(Cause::NotRead, NOT_KEPT),
            Way::Made if is_fact => is_other(self.is_given_anew(&live.object)),
            Way::Made | Way::Returned => {
                is_other(self.has_other_links(item, ids) || self.is_changed(item, &live.object))
            }
            Way::Changed => {
                let mut parts = Parts::default();
                self.changed_properties(item, &live.object, &mut parts);
                self.changed_links(item, ids, &mut parts);
                Verdict::Ours(parts)
            }
        }
    }

    /// Whether a fact has an end that is neither the one that the restore left nor the one that it had before.
    fn is_given_another_end(&self, live: &Map<String, Value>) -> bool {
        if self.left.is_empty() {
            return false;
        }
        let now = ScheduleEnd::of(live);
        now != ScheduleEnd::of(&self.left)
            && self.before.as_ref().is_none_or(|before| now != ScheduleEnd::of(before))
    }

    /// Whether a fact that the restore gave was taken away and given anew: then it has another id.
    fn is_given_anew(&self, live: &Map<String, Value>) -> bool {
        let id = |object: &Map<String, Value>| object.get("id").and_then(Value::as_str).map(str::to_owned);
        let made = self.came.as_ref().and_then(id);
        made.is_some() && made != id(live)
    }

    /// Whether an object that the restore brought back has links that the restore did not write.
    fn has_other_links(&self, item: &Item, ids: &IdMap) -> bool {
        let written: BTreeSet<(&str, String)> =
            self.left_links.keys().map(|at| (at.link.as_str(), ids.rewrite(&at.to))).collect();
        let all: BTreeMap<&str, BTreeSet<String>> = self
            .all
            .iter()
            .map(|(link, ends)| (link.as_str(), ends.iter().map(|id| ids.rewrite(id)).collect()))
            .collect();
        let Some(live) = &item.live else { return false };
        live.links.iter().any(|held| {
            // Links that follow from a rule are nobody's doing.
            if held.link.ruled_by.is_some_and(|rule| rule.mark.is_on(&live.object)) {
                return false;
            }
            match all.get(held.link.name) {
                Some(all) => !all.contains(&held.to),
                None => self.way == Way::Made && !written.contains(&(held.link.name, held.to.clone())),
            }
        })
    }

    /// Whether an object that the restore brought back is not as the restore left it.
    fn is_changed(&self, item: &Item, live: &Map<String, Value>) -> bool {
        let kind = item.kind;
        let now = content(kind, live);
        let is_left = |property: &str, left: Option<&Value>| match property {
            LICENCES => same(value_of(kind, live, LICENCES).as_ref(), left),
            _ => same_in(kind, property, now.get(property), left),
        };
        let then = self.came.as_ref().map(|came| content(kind, came));
        // Where it is not known whether the restore wrote it, it may be as it came, too.
        let is_unwritten = |property: &String| {
            let came = then.as_ref().and_then(|then| then.get(property));
            self.doubtful.contains(property) && same_in(kind, property, now.get(property), came)
        };
        let mut left = self.left.iter().filter(|(property, left)| !is_left(property, Some(left)));
        if left.any(|(property, _)| !is_unwritten(property)) {
            return true;
        }
        // What the restore did not write is as it came.
        let (Some(came), Some(then)) = (&self.came, &then) else { return false };
        let is_read = |property: &str| item.live.as_ref().is_some_and(|held| !held.lacks(kind, property));
        let properties: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
        let mut others = properties.into_iter().filter(|property| {
            kind.can_update(property)
                && !self.properties.contains(*property)
                && !self.left.contains_key(*property)
        });
        others.any(|property| match property.as_str() {
            LICENCES => !is_left(LICENCES, value_of(kind, came, LICENCES).as_ref()),
            _ => is_read(property) && !same_in(kind, property, now.get(property), then.get(property)),
        })
    }

    /// The properties that are neither as the restore left them nor as they were before.
    fn changed_properties(&self, item: &Item, live: &Map<String, Value>, parts: &mut Parts) {
        for (property, left) in &self.left {
            let now = value_of(item.kind, live, property);
            let was = self.before.as_ref().and_then(|before| value_of(item.kind, before, property));
            let is = |then: Option<&Value>| same_in(item.kind, property, now.as_ref(), then);
            if !is(Some(left)) && !is(was.as_ref()) {
                parts.properties.insert(property.clone());
                parts.named.push((property.clone(), Cause::ChangedSince, CHANGED));
            } else if self.unanswered.contains(property) && !is(was.as_ref()) {
                parts.properties.insert(property.clone());
                parts.named.push((property.clone(), Cause::NotRead, UNANSWERED));
            }
        }
    }

    /// The links that are neither as the restore left them nor as they were before. A link that is there or is not is
    /// always one of these; what can be there once, and what says more than that it is there, need not be.
    fn changed_links(&self, item: &Item, ids: &IdMap, parts: &mut Parts) {
        let live = item.live.iter().flat_map(|live| &live.links);
        let live: Vec<_> = live.collect();
        let mut by_type: BTreeMap<&str, Vec<(&SelectedLink, &Option<Value>)>> = BTreeMap::new();
        for (at, left) in &self.left_links {
            let to = ids.rewrite(&at.to);
            if left.is_some() && to != at.to {
                // What it leads to came back by a later restore, which gave it what led to it.
                parts.named.push((format!("{}/{to}", at.link), Cause::ChangedSince, REMADE));
                parts.links.insert(at.clone());
                continue;
            }
            let is_there = || live.iter().any(|held| held.link.name == at.link && held.to == to);
            if self.unanswered_links.contains(at) && is_there() != self.was_there(at) {
                parts.named.push((format!("{}/{to}", at.link), Cause::NotRead, UNANSWERED));
                parts.links.insert(at.clone());
                continue;
            }
            by_type.entry(&at.link).or_default().push((at, left));
        }
        for (name, written) in by_type {
            let Some(link) = item.kind.links.iter().find(|link| link.name == name) else { continue };
            let now = live.iter().filter(|held| held.link.name == name);
            match link.write {
                LinkWrite::Single => {
                    let now: BTreeSet<String> = now.map(|held| held.to.clone()).collect();
                    let ends = |of: &dyn Fn(&SelectedLink, &Option<Value>) -> bool| -> BTreeSet<String> {
                        let of = written.iter().filter(|(at, left)| of(at, left));
                        of.map(|(at, _)| ids.rewrite(&at.to)).collect()
                    };
                    let (left, was) = (ends(&|_, left| left.is_some()), ends(&|at, _| self.was_there(at)));
                    if now != left && now != was {
                        let named = now.iter().next().map_or(name.to_owned(), |to| format!("{name}/{to}"));
                        parts.named.push((named, Cause::ChangedSince, CHANGED));
                        parts.links.extend(written.into_iter().map(|(at, _)| at.clone()));
                    }
                }
                LinkWrite::AssignAll => {
                    let now: BTreeMap<&str, Option<&Value>> =
                        now.map(|held| (held.to.as_str(), held.value.get("target"))).collect();
                    for (at, left) in written {
                        let to = ids.rewrite(&at.to);
                        let now = now.get(to.as_str()).copied().flatten();
                        let is =
                            |side: Option<&Value>| same(now, side.map(|value| ids.value(value)).as_ref());
                        if !is(left.as_ref()) && !is(self.target_before(at)) {
                            parts.named.push((format!("{name}/{to}"), Cause::ChangedSince, CHANGED));
                            parts.links.insert(at.clone());
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
