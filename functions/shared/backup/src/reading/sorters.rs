//! The operations of a kind, by run.

use super::Reading;
use super::progress::KindReading;
use crate::archive::{Block, Sorter};
use domain::Result;
use domain::kinds::Kind;
use std::collections::BTreeMap;

/// A sorter for each run of a kind, and for what follows from its objects.
pub(super) struct Sorters {
    by_run: BTreeMap<String, Sorter>,
}

/// The objects that are no longer there: their links go.
pub(super) fn gone(kind: &Kind) -> String {
    format!("{}!gone", kind.name)
}

/// The objects that are gone for good: links to them go.
pub(super) fn deleted(kind: &Kind) -> String {
    format!("{}!deleted", kind.name)
}

/// The names of a kind's objects.
pub(super) fn names(kind: &Kind) -> String {
    format!("{}.names", kind.name)
}

/// The far ends of a link type's links.
pub(super) fn reverse(link: &str) -> String {
    format!("{link}.reverse")
}

impl Sorters {
    /// The sorters, with the blocks that were parked before.
    pub(super) fn open(reading: &Reading, kind: &Kind, state: &mut KindReading) -> Self {
        let mut all = vec![kind.run().to_owned(), names(kind), gone(kind), deleted(kind)];
        all.extend(kind.facets().map(|f| format!("{}.{f}", kind.name)));
        all.extend(kind.links.iter().flat_map(|link| [link.name.to_owned(), reverse(link.name)]));
        let by_run = all.into_iter().map(|run| {
            let blocks = state.blocks.remove(&run).unwrap_or_default();
            let sorter = Sorter::new(&reading.archive, blocks, &reading.budget);
            (run, sorter)
        });
        Self { by_run: by_run.collect() }
    }

    pub(super) fn get(&mut self, run: &str) -> &mut Sorter {
        self.by_run.get_mut(run).expect("every run of the kind has a sorter")
    }

    /// Takes a sorter away; an empty one stays in its place.
    pub(super) fn take(&mut self, reading: &Reading, run: &str) -> Sorter {
        let empty = Sorter::new(&reading.archive, Vec::new(), &reading.budget);
        self.by_run.insert(run.to_owned(), empty).expect("every run of the kind has a sorter")
    }

    pub(super) fn put(&mut self, run: &str, sorter: Sorter) {
        self.by_run.insert(run.to_owned(), sorter);
    }

    /// Whether something was parked: then there is more than would be read again lightly.
    pub(super) fn have_blocks(&self) -> bool {
        self.by_run.values().any(Sorter::has_blocks)
    }

    /// Parks everything; the blocks are in the state then.
    pub(super) async fn park(self, state: &mut KindReading) -> Result<()> {
        let mut blocks: BTreeMap<String, Vec<Block>> = BTreeMap::new();
        for (run, sorter) in self.by_run {
            let parked = sorter.into_blocks().await?;
            if !parked.is_empty() {
                blocks.insert(run, parked);
            }
        }
        state.blocks = blocks;
        Ok(())
    }
}
