//! Objects of a kind that a snapshot could not read: it holds them as an earlier one did, or not at all.

use crate::archive::{OpenRun, SnapshotView, read_object};
use domain::Result;
use domain::kinds::{Identity, Kind};
use domain::stored::Missing;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many of them are looked up side by side.
const AT_ONCE: usize = 16;

/// Their ids at Graph.
pub(super) struct Stale<'v>(BTreeSet<&'v str>);

impl<'v> Stale<'v> {
    pub fn of(view: &'v SnapshotView, kind: &Kind) -> Self {
        let missing = view.manifest().missing.iter().filter_map(Missing::object);
        Self(missing.filter(|(of, _)| *of == kind.run()).map(|(_, id)| id).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether it is one of them. Why not by the key alone: that of a fact says what it is about, and not Graph's id.
    pub fn has(&self, key: &str, object: &Map<String, Value>) -> bool {
        let id = object.get("id").and_then(Value::as_str);
        self.0.contains(key) || id.is_some_and(|id| self.0.contains(id))
    }

    /// How many of them the snapshot does not hold at all.
    pub async fn count_not_held(&self, view: &SnapshotView, kind: &Kind) -> Result<u64> {
        if self.is_empty() {
            return Ok(0);
        }
        let run = view.opened(view.run(kind.run())?).await?;
        // Why: looked up one by one, many read more leaves than there are; and facts are not found by their ids.
        if kind.identity != Identity::Id || self.0.len() > run.leaves() {
            let (mut objects, mut not_held) = (run.scan_far(b"").await?, self.0.clone());
            while let Some((_, object)) = objects.next().await? {
                if let Some(id) = read_object(&object)?.get("id").and_then(Value::as_str) {
                    not_held.remove(id);
                }
            }
            return Ok(not_held.len() as u64);
        }
        let looks: Vec<_> = self.0.iter().map(|id| lacks(run.clone(), (*id).to_owned())).collect();
        let looked: Vec<bool> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(looked.into_iter().filter(|is_not_held| *is_not_held).count() as u64)
    }
}

/// Whether a run has no record of that key.
async fn lacks(run: Arc<OpenRun>, key: String) -> Result<bool> {
    Ok(run.lookup().get(key.as_bytes()).await?.is_none())
}
