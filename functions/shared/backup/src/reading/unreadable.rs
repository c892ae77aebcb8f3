//! Objects that cannot be read, though others of their kind can: each is named, and held as the base holds it, if it does.

use super::missing;
use super::reader::KindReader;
use super::sorters::{deleted, reverse};
use super::take::join;
use crate::archive::{Op, RunReader};
use domain::kinds::{Identity, Kind, LinkType, LinkWrite, Source};
use domain::stored::{Manifest, Missing};
use domain::{Error, Result};
use engine::ports::Unreadable;
use std::collections::BTreeSet;

/// How many objects of a kind may be named. Where there are more it is no fault of the objects.
const MOST: usize = 100;

/// What the base names of the objects of a kind: until everything is read again no change of them can be understood.
pub(super) fn named_by(base: &Manifest, kind: &Kind) -> Vec<Missing> {
    let is_of = |m: &&Missing| m.object().is_some_and(|(of, _)| of == kind.run());
    base.missing.iter().filter(is_of).cloned().collect()
}

/// Whether so many objects could not be read that it is no fault of theirs.
pub(super) fn names_too_many(missing: &[Missing]) -> bool {
    missing.iter().filter(|m| m.object().is_some()).count() > MOST
}

impl KindReader<'_> {
    /// Notes the items of a page that cannot be read.
    ///
    /// # Errors
    /// `Invalid` where that is a change to what the base holds, or where they are too many.
    pub(super) fn note_unreadable(&mut self, source: &Source, unreadable: Vec<Unreadable>) -> Result<()> {
        let kind = self.kind;
        for Unreadable { id, why } in unreadable {
            tracing::warn!(kind = kind.run(), source = source.name, id, "an object cannot be read");
            // Why everything is read then: what changed of the object would be told by no later change.
            if self.state.incremental {
                return Err(Error::invalid(format!("{}: a change cannot be read", source.name)));
            }
            let missing = missing::unreadable(kind, id.as_deref(), why);
            if self.state.missing.iter().all(|m| m.source != missing.source) {
                self.state.missing.push(missing);
            }
        }
        if names_too_many(&self.state.missing) {
            return Err(Error::invalid(format!("{}: more than {MOST} objects cannot be read", source.name)));
        }
        Ok(())
    }

    /// The ids of the objects that are named.
    fn named(&self) -> BTreeSet<String> {
        let objects = self.state.missing.iter().filter_map(Missing::object);
        objects.map(|(_, id)| id.to_owned()).filter(|id| id != Missing::UNKNOWN).collect()
    }

    /// Puts, in place of whatever pages said of the objects that are named, what the base holds of them: a part of an object
    /// is no object, and an object that could not be read was not deleted.
    pub(super) async fn hold_as_before(&mut self) -> Result<()> {
        let ids = self.named();
        if ids.is_empty() || std::mem::replace(&mut self.state.merging.held_back, true) {
            return Ok(());
        }
        let kind = self.kind;
        let keys = self.keys_of(&ids).await?;
        self.forget(&deleted(kind), |key| keys.contains(key)).await?;
        let facets: Vec<String> = kind.facets().map(|facet| format!("{}.{facet}", kind.run())).collect();
        for run in std::iter::once(kind.run().to_owned()).chain(facets) {
            self.forget(&run, |key| keys.contains(key)).await?;
            let held = self.context.archive.open_run(self.replaced(&run)).await?;
            let mut lookup = held.lookup();
            for key in &keys {
                let Some(value) = lookup.get(key.as_bytes()).await? else { continue };
                let op = if run == kind.run() { Op::Complete(value) } else { Op::Put(value) };
                self.sorters.get(&run).push(key.as_bytes(), op).await?;
            }
        }
        for link in kind.links {
            self.hold_links(link, &ids).await?;
        }
        Ok(())
    }

    async fn hold_links(&mut self, link: &LinkType, ids: &BTreeSet<String>) -> Result<()> {
        let is_single = link.write == LinkWrite::Single;
        self.forget(link.name, |key| ids.contains(key.split('/').next().unwrap_or(key))).await?;
        self.forget(&reverse(link.name), |key| key.rsplit_once('/').is_some_and(|(_, id)| ids.contains(id)))
            .await?;
        let held = self.context.archive.open_run(self.replaced(link.name)).await?;
        let mut other = Vec::new();
        for id in ids {
            let mut links: RunReader = held.from_key(format!("{id}/").as_bytes()).await?;
            while let Some((key, value)) = links.next().await? {
                let key = text(&key)?;
                let Some(to) = key.strip_prefix(id.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
                    break;
                };
                if is_single {
                    // As `take` pushes it: the far end is a part of the value until the merge.
                    join(&mut other, to, text(&value)?);
                    self.sorters.get(link.name).push(id.as_bytes(), Op::Put(&other)).await?;
                } else {
                    self.sorters.get(link.name).push(key.as_bytes(), Op::Put(&value)).await?;
                    join(&mut other, to, id);
                    self.sorters.get(&reverse(link.name)).push(&other, Op::Put(b"")).await?;
                }
            }
        }
        Ok(())
    }

    /// The base's run where what was read takes its place; where it is changed, what nobody changes stays by itself.
    fn replaced(&self, run: &str) -> Option<&domain::stored::RunRef> {
        self.base_run(run).filter(|_| !self.state.incremental)
    }

    /// The keys under which those objects are held.
    async fn keys_of(&self, ids: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        if self.kind.identity == Identity::Id {
            return Ok(ids.clone());
        }
        // Why all are looked at: the key of a fact is not its id; such kinds are short.
        let mut held = self.context.archive.open_run(self.base_run(self.kind.run())).await?.scan(b"").await?;
        let mut keys = BTreeSet::new();
        while let Some((key, object)) = held.next().await? {
            let object = crate::archive::read_object(&object)?;
            if object.get("id").and_then(serde_json::Value::as_str).is_some_and(|id| ids.contains(id)) {
                keys.insert(text(&key)?.to_owned());
            }
        }
        Ok(keys)
    }

    /// Drops the operations on those keys.
    async fn forget(&mut self, run: &str, is_named: impl Fn(&str) -> bool) -> Result<()> {
        let mut kept = self.sorters.empty();
        let mut ops = self.sorters.take(run).into_ops(None).await?;
        while ops.advance().await? {
            let key = ops.head().unwrap_or_default();
            if !is_named(text(key)?) {
                kept.push(key, ops.op()?).await?;
            }
        }
        self.sorters.put(run, kept);
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::corrupt("a stored record is not text"))
}
