//! What an item says, as operations on the runs of its kind.

use super::reader::KindReader;
use super::sorters::{self, Sorters};
use crate::archive::{Op, OpenRun};
use domain::Result;
use domain::kinds::{Interpreted, Kind, LinkRecord, LinkType, LinkWrite, ObjectText, Removal, Term};
use domain::restore::is_activated;
use engine::records::ReadingStage;
use std::collections::BTreeMap;

/// Turns the items of pages into operations.
pub(super) struct Intake {
    kind: &'static Kind,
    /// The base's runs of those links of which a page may name all that an object has: the others that the base has are
    /// then removed. Empty when everything is read: then links that no page names are gone anyhow.
    held: BTreeMap<&'static str, OpenRun>,
    /// Whether everything is read: what no page says of an object is empty, whatever the base says.
    everything: bool,
    /// Whether objects are asked for that may be back from the recycle bin.
    returned: bool,
    /// Space for a key, and for a value; kept from item to item.
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Intake {
    /// An intake for the stage that the reader is at.
    pub(super) async fn new(reader: &KindReader<'_>) -> Result<Self> {
        let (context, kind) = (reader.context, reader.kind);
        let mut held = BTreeMap::new();
        if let Some(base) = context.base.as_deref().filter(|_| reader.state.incremental) {
            for link in kind.links.iter().filter(|link| link.write != LinkWrite::Single) {
                if let Some(run) = base.runs.get(link.name) {
                    held.insert(link.name, context.archive.open_run(Some(run)).await?);
                }
            }
        }
        let everything = reader.state.stage == ReadingStage::Everything;
        let returned = reader.state.stage == ReadingStage::Returned;
        Ok(Self { kind, held, everything, returned, key: Vec::new(), value: Vec::new() })
    }

    /// Pushes what the item says into the sorters of the runs that it concerns.
    pub(super) async fn take(&mut self, sorters: &mut Sorters, item: Interpreted) -> Result<()> {
        let kind = self.kind;
        for (facet, value) in item.facets {
            let op = value.as_deref().map_or(Op::Remove, Op::Put);
            sorters.get(&format!("{}.{facet}", kind.run())).push(item.key.as_bytes(), op).await?;
        }

        // An object that is gone takes its facets along at once. Its links are only known when runs are merged.
        if let Some(removal) = item.removed {
            let kept = match removal {
                Removal::Hard => sorters::deleted(kind),
                Removal::Soft => sorters::binned(kind),
            };
            sorters.get(&kept).push(item.key.as_bytes(), Op::Remove).await?;
            for facet in kind.facets() {
                let run = format!("{}.{facet}", kind.run());
                sorters.get(&run).push(item.key.as_bytes(), Op::Remove).await?;
            }
            return sorters.get(kind.run()).push(item.key.as_bytes(), Op::Remove).await;
        }

        // What was asked for since it left the recycle bin, and is there.
        if self.returned {
            sorters.get(&sorters::bin(kind)).push(item.key.as_bytes(), Op::Remove).await?;
        }

        // Links of which the item names all: first every one of the base goes, then those that it names are there.
        for link in &item.complete_links {
            let Some(held) = self.held.get(link.name) else { continue };
            for to in held.ends(&format!("{}/", item.key)).await? {
                self.link(sorters, link, &item.key, &to, None).await?;
            }
        }
        for LinkRecord { link, to, value } in &item.links {
            self.link(sorters, link, &item.key, to, value.as_deref()).await?;
        }

        let Some(object) = item.object else { return Ok(()) };
        let op = match (object.is_complete, self.everything) {
            // Why: who activated a role may have been given it for good as well, which is the same fact of the same key.
            (true, _) if is_activation(kind, &object)? => Op::Unless(&object.text),
            (true, _) => Op::Complete(&object.text),
            // Why: a first round leaves out what has no value, and may give an object on several pages.
            (false, true) => Op::Renew(&object.text),
            (false, false) => Op::Overlay(&object.text),
        };
        sorters.get(kind.run()).push(item.key.as_bytes(), op).await
    }

    /// A link that is there, with what Graph says of it, or that is gone.
    async fn link(
        &mut self,
        sorters: &mut Sorters,
        link: &LinkType,
        from: &str,
        to: &str,
        value: Option<&str>,
    ) -> Result<()> {
        if link.write == LinkWrite::Single {
            // Why: of several that Graph reports the last one counts, so the far end is a part of the value
            // until the pages are sorted (`links`).
            join(&mut self.value, to, value.unwrap_or_default());
            let op = if value.is_some() { Op::Put(&self.value) } else { Op::Remove };
            return sorters.get(link.name).push(from.as_bytes(), op).await;
        }
        join(&mut self.key, from, to);
        let op = value.map_or(Op::Remove, |value| Op::Put(value.as_bytes()));
        sorters.get(link.name).push(&self.key, op).await?;
        join(&mut self.key, to, from);
        let op = if value.is_some() { Op::Put(b"") } else { Op::Remove };
        sorters.get(&sorters::reverse(link.name)).push(&self.key, op).await
    }
}

/// Whether the object is the activation of a role, and not that it was given.
fn is_activation(kind: &Kind, object: &ObjectText) -> Result<bool> {
    match kind.grant() {
        Some(grant) if grant.term == Term::Scheduled => Ok(is_activated(&object.to_map()?)),
        _ => Ok(false),
    }
}

/// Writes `one/other` into `out`, in place of what is there: the key of a link, near end first.
pub(super) fn join(out: &mut Vec<u8>, one: &str, other: &str) {
    out.clear();
    out.extend_from_slice(one.as_bytes());
    out.push(b'/');
    out.extend_from_slice(other.as_bytes());
}
