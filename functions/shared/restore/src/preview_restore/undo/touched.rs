//! An object that a restore wrote to: what it was before, and what the restore left it as.

use crate::plans::Before;
use domain::Result;
use domain::kinds::{self, LinkType, LinkWrite};
use domain::restore::{LICENCES, SelectedLink, Step, WriteAction, at_last, content, direct_licences, same};
use engine::records::{OutcomeState, ReadBack, StepOutcome};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How a restore came by an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
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
pub(super) struct Touched {
    pub way: Way,
    /// As it was before; none where it was not there.
    pub before: Option<Map<String, Value>>,
    /// As it was when it had been made or had come back; none where that is not known.
    pub came: Option<Map<String, Value>>,
    /// What of it could not be read before.
    pub unknown: BTreeSet<String>,
    /// Of the properties that were written those of which it is not known that they took effect.
    pub doubtful: BTreeSet<String>,
    /// The properties that were sent, of which Graph did not say that it took them, and which nobody saw when the step
    /// ended: what is so by now may be somebody else's.
    pub unanswered: BTreeSet<String>,
    /// The same of links.
    pub unanswered_links: BTreeSet<SelectedLink>,
    /// Whether the object was to be deleted, and nobody saw that.
    pub is_doubtful: bool,
    /// Of what was made: whether it has the id that it had once.
    pub keeps_id: bool,
    /// Whether another restore made it once more, under the same id.
    pub is_remade: bool,
    /// The properties that were written.
    pub properties: BTreeSet<String>,
    /// What they were left as, where that is known.
    pub left: Map<String, Value>,
    /// The links that were written, with what each was left as: of an assignment its target, of another link nothing; none
    /// where it was taken away.
    pub left_links: BTreeMap<SelectedLink, Option<Value>>,
    /// The far ends beyond which there were no links of a type when the restore had written to it.
    pub all: BTreeMap<String, BTreeSet<String>>,
    /// The links as they were before; none where there was none.
    links: BTreeMap<SelectedLink, Option<Map<String, Value>>>,
}

impl Touched {
    /// Notes that the object was made, or came back, with what it was like then.
    pub fn came(&mut self, step: &Step, outcome: &StepOutcome, id: &str, kept: Option<Before>) {
        self.came = kept.and_then(|kept| kept.object);
        if let WriteAction::Create { .. } = step.action {
            self.way = Way::Made;
            self.left = step.after.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            let differs = match &outcome.read_back {
                Some(ReadBack::Differs { what }) => what.as_slice(),
                _ => &[],
            };
            let is_refused = |property: &String| outcome.refused.iter().any(|part| part.what == *property);
            self.left.retain(|property, _| !differs.contains(property) && !is_refused(property));
            if !outcome.state.is_success() {
                self.doubtful.extend(self.left.keys().cloned());
            }
            self.keeps_id = !step.is_fact() && id == step.key;
        } else {
            self.way = Way::Returned;
        }
    }

    /// Notes what a step wrote to the object, which was as `before` when it did.
    pub fn write(&mut self, step: &Step, outcome: &StepOutcome, before: Before) -> Result<()> {
        let kind = step.kind()?;
        let refused: BTreeSet<&str> = outcome.refused.iter().map(|part| part.what.as_str()).collect();
        let is_seen = outcome.state.is_success();
        let unanswered = Unanswered::of(outcome);
        match &step.action {
            WriteAction::Delete if matches!(self.way, Way::Changed) => {
                (self.way, self.is_doubtful) = (Way::Deleted, !is_seen);
            }
            WriteAction::Update { properties, .. } => {
                let after = step.after.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
                let now = before.object.as_ref().map(|object| content(kind, object));
                let left = |property: &String| {
                    let after = after.get(property)?;
                    if !step.is_compared_later() {
                        return Some(after.clone());
                    }
                    // What it came to followed from what was seen when it was written.
                    Some(at_last(kind, property, after, now.as_ref()?, step.is_exact()))
                };
                let written = properties.iter().filter(|property| !refused.contains(property.as_str()));
                let written: Vec<_> = written.map(|property| (property.clone(), left(property))).collect();
                if !is_seen {
                    self.doubtful.extend(written.iter().map(|(property, _)| property.clone()));
                }
                self.note_answers(&unanswered, written.iter().map(|(property, _)| property.clone()));
                self.wrote(written, &before);
            }
            WriteAction::Act { property, .. } => {
                self.note_answers(&unanswered, [property.clone()]);
                self.wrote(vec![(property.clone(), step.after.clone())], &before);
            }
            WriteAction::AssignLicences { add, remove } => {
                let left = if refused.is_empty() { licences_left(step, add, remove, &before) } else { None };
                self.note_answers(&unanswered, [LICENCES.to_owned()]);
                self.wrote(vec![(LICENCES.to_owned(), left)], &before);
            }
            _ => {}
        }
        self.write_links(step, &before, &refused, &unanswered)?;
        if is_seen {
            self.all_of(&step.action);
        }
        if self.before.is_none() && !matches!(self.way, Way::Made | Way::Returned) {
            self.before = before.object;
            self.unknown = before.unknown;
        }
        Ok(())
    }

    /// Notes which links of a type an object has at the most, where a step saw to that.
    pub fn all_of(&mut self, action: &WriteAction) {
        if let WriteAction::RemoveOtherLinks { link, keep } = action {
            self.all.insert(link.clone(), keep.iter().map(|end| end.id.clone()).collect());
        }
    }

    /// The links of a type that there were before.
    pub fn links_before(&self, link: &LinkType) -> Vec<(String, Map<String, Value>)> {
        let of_type = self.links.iter().filter(|(at, _)| at.link == link.name);
        of_type.filter_map(|(at, value)| Some((at.to.clone(), value.clone()?))).collect()
    }

    /// The links that there were before, of all types.
    pub fn links_then(&self) -> Vec<SelectedLink> {
        let there = self.links.iter().filter(|(_, value)| value.is_some());
        there.map(|(at, _)| at.clone()).collect()
    }

    /// Whether there was a link before.
    pub fn was_there(&self, at: &SelectedLink) -> bool {
        self.links.get(at).is_some_and(Option::is_some)
    }

    /// The target that an assignment had before; none where there was none.
    pub fn target_before(&self, at: &SelectedLink) -> Option<&Value> {
        self.links.get(at)?.as_ref()?.get("target")
    }

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

    /// Notes whether nobody answered the last write of these properties.
    fn note_answers(&mut self, unanswered: &Unanswered<'_>, properties: impl IntoIterator<Item = String>) {
        for property in properties {
            if unanswered.has(&property) {
                self.unanswered.insert(property);
            } else {
                self.unanswered.remove(&property);
            }
        }
    }

    /// Notes the links that a step wrote, as they were and as they were left, and whether nobody answered.
    fn write_links(
        &mut self,
        step: &Step,
        before: &Before,
        refused: &BTreeSet<&str>,
        unanswered: &Unanswered<'_>,
    ) -> Result<()> {
        let noted = &mut self.unanswered_links;
        let mut wrote = |link: &str, to: &str, was: Option<&Map<String, Value>>, left: Option<Value>| {
            let at = SelectedLink { link: link.to_owned(), to: to.to_owned() };
            if unanswered.has(link) || unanswered.has(&format!("{link}/{to}")) {
                noted.insert(at.clone());
            } else {
                noted.remove(&at);
            }
            // What it was before the first of several writes counts, and what the last one left.
            self.links.entry(at.clone()).or_insert_with(|| was.cloned());
            self.left_links.insert(at, left);
        };
        let is_refused = |link: &str, to: &str| refused.contains(format!("{link}/{to}").as_str());
        let there = |link: &str| -> BTreeMap<&str, &Map<String, Value>> {
            let of_type = before.links.iter().filter(|held| held.link == link);
            of_type.map(|held| (held.to.as_str(), &held.value)).collect()
        };
        match &step.action {
            WriteAction::AddLinks { link, to } => {
                let there = there(link);
                let is_single = kinds::link(link)?.write == LinkWrite::Single;
                let added = to.iter().map(|end| end.id.as_str()).filter(|id| !is_refused(link, id));
                let added: Vec<&str> = added.filter(|id| !there.contains_key(id)).collect();
                // What can be there once is replaced.
                let replaced = there.iter().filter(|_| is_single && !added.is_empty());
                replaced.for_each(|(id, was)| wrote(link, id, Some(was), None));
                for id in added {
                    wrote(link, id, None, Some(Value::Null));
                }
            }
            WriteAction::RemoveLink { link, to } => {
                if let Some(was) = there(link).get(to.id.as_str()) {
                    wrote(link, &to.id, Some(was), None);
                }
            }
            WriteAction::RemoveOtherLinks { link, keep } => {
                let keep: BTreeSet<&str> = keep.iter().map(|end| end.id.as_str()).collect();
                let is_kept = |id: &str| keep.contains(id) || is_refused(link, id);
                let there = there(link);
                let removed = there.iter().filter(|(id, _)| !is_kept(id));
                removed.for_each(|(id, was)| wrote(link, id, Some(was), None));
            }
            WriteAction::Assign { link, assignments } => {
                let there = there(link);
                let target = |held: &Map<String, Value>| held.get("target").cloned().unwrap_or_default();
                let after: BTreeMap<String, Value> = assignments
                    .iter()
                    .map(&target)
                    .map(|target| (kinds::assignment_key(&target), target))
                    .collect();
                let keys: BTreeSet<&str> =
                    there.keys().copied().chain(after.keys().map(String::as_str)).collect();
                for key in keys {
                    let (was, left) = (there.get(key).copied(), after.get(key));
                    if !is_refused(link, key) && !same(was.map(target).as_ref(), left) {
                        wrote(link, key, was, left.cloned());
                    }
                }
            }
            // Of an object whose links follow from a rule by now, those are kept that it lost by that.
            WriteAction::Update { .. } => {
                for held in &before.links {
                    wrote(&held.link, &held.to, Some(&held.value), None);
                }
            }
            WriteAction::Delete => {
                for held in &before.links {
                    let at = SelectedLink { link: held.link.clone(), to: held.to.clone() };
                    self.links.entry(at).or_insert_with(|| Some(held.value.clone()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The parts of a step of which Graph did not say that it took them, and which nobody saw when the step ended.
enum Unanswered<'a> {
    None,
    These(&'a [String]),
    All,
}

impl<'a> Unanswered<'a> {
    fn of(outcome: &'a StepOutcome) -> Self {
        let is_taken = outcome.status.is_some_and(|status| (200..300).contains(&status));
        // Why not of a step without an end: nobody looked after it, and what is so by now is most likely its own.
        if !matches!(outcome.state, OutcomeState::Failed { .. }) || is_taken {
            return Self::None;
        }
        match &outcome.read_back {
            Some(ReadBack::AsAsked) => Self::None,
            Some(ReadBack::Differs { what }) => Self::These(what),
            Some(ReadBack::Absent) | None => Self::All,
        }
    }

    fn has(&self, part: &str) -> bool {
        match self {
            Self::None => false,
            Self::These(parts) => parts.iter().any(|one| one == part),
            Self::All => true,
        }
    }
}

/// The licences that a step left, from those that there were when it gave and took some; none where that is not known.
fn licences_left(step: &Step, add: &[Value], remove: &[String], before: &Before) -> Option<Value> {
    if !step.is_compared_later() {
        return step.after.clone();
    }
    let sku = |licence: &Value| licence.get("skuId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kept: Vec<Value> = step.after.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let mut left = direct_licences(before.object.as_ref()?);
    left.retain(|licence| {
        let is_replaced = add.iter().any(|given| sku(given) == sku(licence));
        let is_extra = step.is_exact() && !kept.iter().any(|kept| sku(kept) == sku(licence));
        !is_replaced && !remove.contains(&sku(licence)) && !is_extra
    });
    left.extend(add.iter().cloned());
    left.sort_by_key(sku);
    Some(Value::Array(left))
}
