//! The page that a plan is drafted on: those who plan objects, properties and links write steps, and what is impossible,
//! onto it. What becomes of the page, and the order of its steps, is decided in `planner`.

use super::values;
use super::{
    Cause, Conflict, Impossible, Inputs, Item, Left, LeftBy, Phase, SelectedLink, Step, Warning, WriteAction,
};
use crate::changes::property_of;
use crate::kinds::KindName;
use serde_json::Value;
use std::collections::BTreeSet;

/// A step without its number and without the object that it is about.
pub(super) struct Draft {
    pub phase: Phase,
    pub action: WriteAction,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub warnings: Vec<Warning>,
}

pub(super) struct Planner<'a> {
    pub inputs: &'a Inputs,
    /// Ids of objects that steps create or take out of the recycle bin.
    pub returning: BTreeSet<String>,
    /// Facts that have a step, by kind and id. A schedule can be asked for twice: it may be chosen itself, and a
    /// chosen assignment may stand for it.
    scheduled: BTreeSet<(KindName, String)>,
    pub steps: Vec<Step>,
    pub impossible: Vec<Impossible>,
    pub left: Vec<Left>,
    pub conflicts: Vec<Conflict>,
}

impl Item {
    /// The key that the object has in the live tenant.
    pub(super) fn id(&self, inputs: &Inputs) -> String {
        inputs.ids.rewrite(&self.key)
    }
    /// Whether the property is among the chosen ones.
    pub(super) fn chooses(&self, property: &str) -> bool {
        self.properties.as_ref().is_none_or(|chosen| chosen.iter().any(|c| c == property))
    }
    /// The chosen paths that lead into the property.
    pub(super) fn paths_in<'a>(&'a self, property: &'a str) -> impl Iterator<Item = &'a str> + Clone {
        self.paths.iter().map(String::as_str).filter(move |path| property_of(path) == property)
    }
    /// Whether the property, or a part of it, is among what was chosen.
    pub(super) fn touches(&self, property: &str) -> bool {
        self.chooses(property) || self.paths_in(property).next().is_some()
    }
    /// Whether the link was named.
    pub(super) fn names_link(&self, link: &SelectedLink) -> bool {
        self.links.as_ref().is_some_and(|links| links.contains(link))
    }
    /// Whether it comes out of the recycle bin: what follows is compared again once it is back.
    pub(super) fn returns(&self) -> bool {
        self.in_recycle_bin && self.live.is_none()
    }
    /// Whether the property, or a part of it, was named, and not just included in everything.
    pub(super) fn names(&self, property: &str) -> bool {
        self.properties.is_some() && self.touches(property)
    }
    /// What a person calls the object; a fact is called by who holds which role.
    fn name(&self, inputs: &Inputs) -> Option<String> {
        let Some(grant) = self.kind.grant() else {
            let sides = self.wanted.iter().chain(&self.live);
            let mut names = sides.map(|held| values::text(&held.object, self.kind.name_property));
            return names.find(|name| !name.is_empty()).map(str::to_owned);
        };
        let held = self.wanted.as_ref().or(self.live.as_ref())?;
        let part = |property: &str| {
            let id = inputs.ids.rewrite(values::text(&held.object, property));
            inputs.names.get(&id).cloned().unwrap_or(id)
        };
        Some(format!("{}: {}", part(grant.principal), part(grant.role)))
    }
}

impl<'a> Planner<'a> {
    /// An empty page; `returning` are the ids of objects that steps will bring back.
    pub fn new(inputs: &'a Inputs, returning: BTreeSet<String>) -> Self {
        Self {
            inputs,
            returning,
            scheduled: BTreeSet::new(),
            steps: vec![],
            impossible: vec![],
            left: vec![],
            conflicts: vec![],
        }
    }

    /// Adds a step on an item.
    pub fn step(&mut self, item: &Item, mut draft: Draft) {
        if item.returns() && !matches!(draft.action, WriteAction::Undelete { .. }) {
            draft.warnings.push(Warning::ComparedLater);
        }
        self.steps.push(Step {
            number: 0,
            phase: draft.phase,
            kind: item.kind.name.into(),
            key: item.key.clone(),
            id: item.id(self.inputs),
            name: item.name(self.inputs),
            action: draft.action,
            before: draft.before,
            after: draft.after,
            depends_on: vec![],
            instead: None,
            warnings: draft.warnings,
        });
    }

    /// What a person calls the object of an item.
    pub fn name_of(&self, item: &Item) -> Option<String> {
        item.name(self.inputs)
    }

    /// Says that a part of an item cannot be restored.
    pub fn impossible(&mut self, item: &Item, what: &str, cause: Cause, why: &str) {
        self.impossible.push(Impossible {
            kind: item.kind.name.into(),
            key: item.key.clone(),
            name: item.name(self.inputs),
            what: what.to_owned(),
            cause,
            why: why.to_owned(),
        });
    }

    /// Says that a part of an item stays as it is, since the chosen mode does not write it.
    pub fn left(&mut self, item: &Item, what: &str, to: Vec<String>, mode: LeftBy) {
        self.left.push(Left {
            kind: item.kind.name.into(),
            key: item.key.clone(),
            name: item.name(self.inputs),
            what: what.to_owned(),
            to,
            mode,
        });
    }

    /// Adds a step that gives a fact, or changes its end, unless there is one.
    pub fn fact_step(&mut self, item: &Item, draft: Draft) {
        if self.scheduled.insert((item.kind.name, item.id(self.inputs))) {
            self.step(item, draft);
        }
    }

    /// Whether an object is chosen that gets another id when it comes back.
    pub fn is_made_anew(&self, id: &str) -> bool {
        let is_it = |item: &Item| item.live.is_none() && !item.in_recycle_bin && item.id(self.inputs) == id;
        self.returning.contains(id) && self.inputs.items.iter().any(is_it)
    }

    /// Whether an id leads to nothing, now and after this restore.
    pub fn is_missing(&self, id: &str) -> bool {
        self.inputs.missing.contains(id) && !self.returning.contains(id)
    }
}
