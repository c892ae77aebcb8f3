//! Where a comparison is, and what it has found so far: all that it holds beside the object at hand.

use super::ends::Ends;
use crate::archive::TenantArchive;
use domain::{DiffId, Error, Result};
use engine::announce::Sample;
use engine::records::DiffCounts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is done run by run, one stage after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Stage {
    /// Which objects came or went.
    #[default]
    Objects,
    /// How many links came or went with them.
    Links,
    /// The changes, into pages.
    Changes,
}

/// Keys that lead to one object which was created again: by the key that it has now, the keys that it has in the run.
pub(super) type Apart = BTreeMap<String, BTreeSet<String>>;

/// FORMAT.md section 2.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct State {
    pub stage: Stage,
    /// The run, link type or kind that is at hand; none at the beginning of a stage.
    pub item: Option<String>,
    /// The last key of it that is done.
    pub after: Option<String>,
    pub ends: Ends,
    /// What was created again and differs, by run: it does not come in the order of its keys.
    pub apart: BTreeMap<String, Apart>,
    pub counts: DiffCounts,
    /// Pages that are stored.
    pub pages: u32,
    /// The page that is being written: its changes as JSON, without the brackets.
    pub open: String,
    pub open_count: usize,
    pub sample: Sample,
}

impl State {
    /// What was put down under that name.
    ///
    /// # Errors
    /// `Corrupt` when it is not there or cannot be read.
    pub(super) async fn load(archive: &TenantArchive, name: &str) -> Result<Self> {
        let bytes = archive.find(name).await?;
        let bytes = bytes.ok_or_else(|| Error::corrupt("what a comparison put down is missing"))?;
        serde_json::from_slice(&bytes)
            .map_err(|e| Error::corrupt("what a comparison put down cannot be read").caused_by(e))
    }

    /// Puts it down; gives the name. No two take-ups of a row have one number, so that each has a name of its own.
    pub(super) async fn store(&self, archive: &TenantArchive, diff: &DiffId, attempt: u32) -> Result<String> {
        let name = format!("diffs/{diff}/progress/{attempt:06}");
        let bytes = serde_json::to_vec(self)
            .map_err(|e| Error::invalid("a comparison cannot be put down").caused_by(e))?;
        archive.put_new(&name, &bytes).await?;
        Ok(name)
    }

    /// The next stage, from its beginning.
    pub(super) fn go_to(&mut self, stage: Stage) {
        (self.stage, self.item, self.after) = (stage, None, None);
    }

    /// Where among these items to go on.
    ///
    /// # Errors
    /// `Corrupt` when it was put down at an item that there is not.
    pub(super) fn first_of(&self, names: &[String]) -> Result<usize> {
        let Some(item) = &self.item else { return Ok(0) };
        let found = names.iter().position(|name| name == item);
        found.ok_or_else(|| Error::corrupt("a comparison was put down at what is not compared"))
    }

    /// Begins with that item, unless it is the one that is at hand.
    pub(super) fn begin(&mut self, item: &str) {
        if self.item.as_deref() != Some(item) {
            (self.item, self.after) = (Some(item.to_owned()), None);
        }
    }

    /// That key of that run belongs to the object which has `now`.
    pub(super) fn put_apart(&mut self, run: &str, now: String, key: &str) {
        let apart = self.apart.entry(run.to_owned()).or_default();
        apart.entry(now).or_default().insert(key.to_owned());
    }

    /// The keys in a run that belong to the object which has `now`.
    pub(super) fn keys_apart(&self, run: &str, now: &str) -> impl Iterator<Item = &String> {
        self.apart.get(run).and_then(|apart| apart.get(now)).into_iter().flatten()
    }
}
