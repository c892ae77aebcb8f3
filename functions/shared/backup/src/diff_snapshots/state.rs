//! How far a comparison is, and what it has found so far: all that it holds besides the object that it is comparing.

use super::candidate::Candidate;
use super::ends::Ends;
use crate::archive::{OnPage, TenantArchive};
use domain::{DiffId, Error, Result};
use engine::announce::Sample;
use engine::records::DiffCounts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The stages of a comparison, one after the other; each goes run by run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Stage {
    /// Finds which objects came or went.
    #[default]
    Objects,
    /// Counts how many links came or went with them.
    Links,
    /// Counts the objects that have what a whole type of them may have on one side alone.
    Shapes,
    /// Writes the changes into pages.
    Changes,
}

/// The keys of objects that were created again: by the key that an object has now, the keys that it has in the run.
pub(super) type Apart = BTreeMap<String, BTreeSet<String>>;

/// The state of a suspended comparison, as it is stored: FORMAT.md section 2.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct State {
    pub stage: Stage,
    /// The run, link type or kind that is being worked on; none at the beginning of a stage.
    pub item: Option<String>,
    /// The last key of it that is done.
    pub after: Option<String>,
    pub ends: Ends,
    /// Objects that were created again and differ, by run: they do not come in the order of their keys. And roles of whoever
    /// came, went or was created again.
    pub apart: BTreeMap<String, Apart>,
    /// Properties that a whole type of objects may have on one side alone.
    pub candidates: Vec<Candidate>,
    pub counts: DiffCounts,
    /// The same of each kind that has any.
    pub by_kind: BTreeMap<String, DiffCounts>,
    /// What the heaviest change of each of these kinds weighs.
    pub heaviest: BTreeMap<String, u8>,
    /// How many pages are stored.
    pub pages: u32,
    /// The page that is being written: its changes as JSON, without the brackets.
    pub open: String,
    pub open_count: usize,
    /// What is on the page that is being written,
    pub on_page: OnPage,
    /// and on those that are stored.
    pub index: Vec<OnPage>,
    pub sample: Sample,
}

impl State {
    /// Loads the state that was stored under that name.
    ///
    /// # Errors
    /// `Corrupt` when it is not there or cannot be read.
    pub(super) async fn load(archive: &TenantArchive, name: &str) -> Result<Self> {
        let bytes = archive.find(name).await?;
        let bytes = bytes.ok_or_else(|| Error::corrupt("a suspended comparison is missing"))?;
        let mut state: Self = serde_json::from_slice(&bytes)
            .map_err(|e| Error::corrupt("a suspended comparison cannot be read").caused_by(e))?;
        // Why the most: of what an earlier release counted it is not known, and nobody may pass it over.
        for kind in state.by_kind.keys() {
            state.heaviest.entry(kind.clone()).or_insert(u8::MAX);
        }
        Ok(state)
    }

    /// Stores the state; returns its name. Each take-up of a row has another number, so each has a name of its own.
    pub(super) async fn store(&self, archive: &TenantArchive, diff: &DiffId, attempt: u32) -> Result<String> {
        let name = format!("diffs/{diff}/progress/{attempt:06}");
        let bytes = serde_json::to_vec(self)
            .map_err(|e| Error::invalid("a comparison cannot be suspended").caused_by(e))?;
        archive.put_new(&name, &bytes).await?;
        Ok(name)
    }

    /// Goes to the beginning of that stage.
    pub(super) fn go_to(&mut self, stage: Stage) {
        (self.stage, self.item, self.after) = (stage, None, None);
    }

    /// At which of these items to go on.
    ///
    /// # Errors
    /// `Corrupt` when the state names an item that does not exist.
    pub(super) fn first_of(&self, names: &[String]) -> Result<usize> {
        let Some(item) = &self.item else { return Ok(0) };
        let found = names.iter().position(|name| name == item);
        found.ok_or_else(|| Error::corrupt("a comparison was suspended at what is not compared"))
    }

    /// Begins with that item, unless it is already being worked on.
    pub(super) fn begin(&mut self, item: &str) {
        if self.item.as_deref() != Some(item) {
            (self.item, self.after) = (Some(item.to_owned()), None);
        }
    }

    /// Remembers that this key of the run belongs to the object whose key is `now`.
    pub(super) fn put_apart(&mut self, run: &str, now: String, key: &str) {
        let apart = self.apart.entry(run.to_owned()).or_default();
        apart.entry(now).or_default().insert(key.to_owned());
    }

    /// Whether the object whose key is `now` is looked at apart.
    pub(super) fn is_apart(&self, run: &str, now: &str) -> bool {
        self.apart.get(run).is_some_and(|apart| apart.contains_key(now))
    }

    /// The keys in a run that belong to the object whose key is `now`.
    pub(super) fn keys_apart(&self, run: &str, now: &str) -> impl Iterator<Item = &String> {
        self.apart.get(run).and_then(|apart| apart.get(now)).into_iter().flatten()
    }
}
