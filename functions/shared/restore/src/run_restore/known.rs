//! What a run has learnt of objects that come back: it decides about later steps, and all that are under way share it.

use super::delays::FRESH;
use domain::Timestamp;
use domain::restore::IdMap;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Known {
    /// Ids that objects got when they were created again: in this restore and in others.
    pub ids: IdMap,
    /// When objects came back, by their ids in the plan: for a while parts of Graph do not know them yet.
    pub came_back_at: BTreeMap<String, Timestamp>,
    /// Objects that did not come back, by their ids in the plan.
    pub lost: BTreeSet<String>,
    /// Objects that somebody else took out of the recycle bin since the preview, by their ids in the plan.
    pub returned_by_others: BTreeSet<String>,
}

impl Known {
    pub fn of(ids: IdMap) -> Self {
        Self { ids, ..Self::default() }
    }

    /// When the last of these objects came back, by their ids in the plan.
    pub fn last_back(&self, ids: &[String]) -> Option<Timestamp> {
        ids.iter().filter_map(|id| self.came_back_at.get(id)).max().copied()
    }

    /// Whether the object of that id, the plan's or today's, came back a moment ago.
    pub fn is_new(&self, id: &str, now: Timestamp) -> bool {
        let is_fresh = |old: &str| self.came_back_at.get(old).is_some_and(|at| *at + FRESH > now);
        if is_fresh(id) {
            return true;
        }
        let is_it = |old: &String| self.ids.resolve(old) == id;
        self.came_back_at.iter().any(|(old, at)| *at + FRESH > now && is_it(old))
    }

    /// Notes that the object of that id in the plan came back at that time, under that id.
    pub fn came_back(&mut self, old: &str, id: &str, at: Timestamp) {
        self.came_back_at.insert(old.to_owned(), at);
        self.ids.insert(old, id);
    }
}
