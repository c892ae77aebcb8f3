//! What an item says, as operations on the runs of its kind.

use super::Reading;
use super::progress::Stage;
use super::sorters::{self, Sorters};
use crate::archive::{Op, OpenRun};
use domain::Result;
use domain::kinds::{Interpreted, Kind, LinkRecord, LinkType, LinkWrite, Removal};
use std::collections::BTreeMap;

/// Takes items in.
pub(super) struct Taking<'a> {
    kind: &'static Kind,
    sorters: &'a mut Sorters,
    /// What the base holds of links of which a page may say that it names all: of a kind that is read whole
    /// there is nothing to take away.
    held: BTreeMap<&'static str, OpenRun>,
    /// Whether everything is read: what no page says of an object is empty, whatever the base says.
    everything: bool,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Taking<'a> {
    pub(super) async fn new(
        reading: &Reading,
        kind: &'static Kind,
        incremental: bool,
        stage: Stage,
        sorters: &'a mut Sorters,
    ) -> Result<Self> {
        let mut held = BTreeMap::new();
        if let Some(base) = reading.base.as_deref().filter(|_| incremental) {
            for link in kind.links.iter().filter(|link| link.write != LinkWrite::Single) {
                if let Some(run) = base.runs.get(link.name) {
                    held.insert(link.name, reading.archive.open_run(Some(run)).await?);
                }
            }
        }
        let everything = stage == Stage::Everything;
        Ok(Self { kind, sorters, held, everything, key: Vec::new(), value: Vec::new() })
    }

    pub(super) async fn take(&mut self, item: Interpreted) -> Result<()> {
        let kind = self.kind;
        for (facet, value) in item.facets {
            let op = value.as_deref().map_or(Op::Remove, Op::Put);
            self.sorters.get(&format!("{}.{facet}", kind.name)).push(item.key.as_bytes(), op).await?;
        }
        if let Some(removal) = item.removed {
            if removal == Removal::Hard {
                self.sorters.get(&sorters::deleted(kind)).push(item.key.as_bytes(), Op::Remove).await?;
            }
            for facet in kind.facets() {
                let run = format!("{}.{facet}", kind.name);
                self.sorters.get(&run).push(item.key.as_bytes(), Op::Remove).await?;
            }
            return self.sorters.get(kind.run()).push(item.key.as_bytes(), Op::Remove).await;
        }
        for link in &item.whole {
            let Some(held) = self.held.get(link.name) else { continue };
            for to in held.ends(&format!("{}/", item.key)).await? {
                self.link(link, &item.key, &to, None).await?;
            }
        }
        for LinkRecord { link, to, value } in &item.links {
            self.link(link, &item.key, to, value.as_deref()).await?;
        }
        let Some(object) = item.object else { return Ok(()) };
        let op = match (object.is_whole, self.everything) {
            (true, _) => Op::Whole(&object.text),
            // Why: a first round leaves out what has no value, and may give an object on several pages.
            (false, true) => Op::Renew(&object.text),
            (false, false) => Op::Overlay(&object.text),
        };
        self.sorters.get(kind.run()).push(item.key.as_bytes(), op).await
    }

    /// A link that is there, with what Graph says of it, or that is gone.
    async fn link(&mut self, link: &LinkType, from: &str, to: &str, value: Option<&str>) -> Result<()> {
        if link.write == LinkWrite::Single {
            // Why: of several that Graph reports the last one counts, so the far end is a part of the value
            // until the pages are sorted (`merging::single_links`).
            joined(&mut self.value, to, value.unwrap_or_default());
            let op = if value.is_some() { Op::Put(&self.value) } else { Op::Remove };
            return self.sorters.get(link.name).push(from.as_bytes(), op).await;
        }
        joined(&mut self.key, from, to);
        let op = value.map_or(Op::Remove, |value| Op::Put(value.as_bytes()));
        self.sorters.get(link.name).push(&self.key, op).await?;
        joined(&mut self.key, to, from);
        let op = if value.is_some() { Op::Put(b"") } else { Op::Remove };
        self.sorters.get(&sorters::reverse(link.name)).push(&self.key, op).await
    }
}

/// `one/other`
pub(super) fn joined(out: &mut Vec<u8>, one: &str, other: &str) {
    out.clear();
    out.extend_from_slice(one.as_bytes());
    out.push(b'/');
    out.extend_from_slice(other.as_bytes());
}
