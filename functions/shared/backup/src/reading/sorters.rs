//! The operations of a kind, by the run that they belong to.

use super::context::Context;
use crate::archive::{Budget, Sorter, TenantArchive};
pub(super) use crate::archive::{bin, names_run};
use domain::Result;
use domain::kinds::Kind;
use domain::stored::ParkedBlock;
use std::collections::BTreeMap;

/// A sorter for each run of a kind, and for what follows from its objects.
pub(super) struct Sorters {
    archive: TenantArchive,
    budget: Budget,
    by_run: BTreeMap<String, Sorter>,
}

/// Where the objects of a kind are collected that are no longer there: their links go.
pub(super) fn gone(kind: &Kind) -> String {
    format!("{}!gone", kind.run())
}

/// Where the objects of a kind are collected that were deleted for good: links to them go.
pub(super) fn deleted(kind: &Kind) -> String {
    format!("{}!deleted", kind.run())
}

/// Where the objects of a kind are collected that went into the recycle bin.
pub(super) fn binned(kind: &Kind) -> String {
    format!("{}!binned", kind.run())
}

/// The run of a link type's links by their far ends.
pub(super) fn reverse(link: &str) -> String {
    format!("{link}.reverse")
}

impl Sorters {
    /// The sorters of a kind, which take the blocks that were parked before out of `blocks`.
    pub(super) fn open(
        context: &Context,
        kind: &Kind,
        blocks: &mut BTreeMap<String, Vec<ParkedBlock>>,
    ) -> Self {
        let mut all =
            vec![kind.run().to_owned(), names_run(kind), gone(kind), deleted(kind), binned(kind), bin(kind)];
        all.extend(kind.facets().map(|f| format!("{}.{f}", kind.run())));
        all.extend(kind.links.iter().flat_map(|link| [link.name.to_owned(), reverse(link.name)]));
        let by_run = all.into_iter().map(|run| {
            let blocks = blocks.remove(&run).unwrap_or_default();
            let sorter = Sorter::new(&context.archive, blocks, &context.budget);
            (run, sorter)
        });
        let by_run = by_run.collect();
        Self { archive: context.archive.clone(), budget: context.budget.clone(), by_run }
    }

    /// A sorter that holds nothing, of the same tenant and the same budget; of none of the runs.
    pub(super) fn empty(&self) -> Sorter {
        self.holding(Vec::new())
    }

    /// The same that holds those blocks.
    pub(super) fn holding(&self, blocks: Vec<ParkedBlock>) -> Sorter {
        Sorter::new(&self.archive, blocks, &self.budget)
    }

    /// The sorter of that run.
    pub(super) fn get(&mut self, run: &str) -> &mut Sorter {
        self.by_run.get_mut(run).expect("every run of the kind has a sorter")
    }

    /// Takes the sorter of that run away; an empty one stays in its place.
    pub(super) fn take(&mut self, run: &str) -> Sorter {
        let empty = self.empty();
        self.by_run.insert(run.to_owned(), empty).expect("every run of the kind has a sorter")
    }

    /// Puts a sorter in the place of that run's.
    pub(super) fn put(&mut self, run: &str, sorter: Sorter) {
        self.by_run.insert(run.to_owned(), sorter);
    }

    /// Whether operations were parked: then there are too many to be read again lightly.
    pub(super) fn have_blocks(&self) -> bool {
        self.by_run.values().any(Sorter::has_blocks)
    }

    /// Parks everything, and gives the blocks by run.
    pub(super) async fn park(self) -> Result<BTreeMap<String, Vec<ParkedBlock>>> {
        let mut blocks = BTreeMap::new();
        for (run, sorter) in self.by_run {
            let parked = sorter.into_blocks().await?;
            if !parked.is_empty() {
                blocks.insert(run, parked);
            }
        }
        Ok(blocks)
    }
}
