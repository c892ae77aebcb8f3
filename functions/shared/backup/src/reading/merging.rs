//! A kind whose pages are all read: its operations merged into its runs, one run after the other.

use super::reader::KindReader;
use super::resolvers::{ObjectResolver, PutResolver};
use super::sorters::{bin, gone, names_run, reverse};
use crate::archive::{Merge, Merged, Onto, Resolver, Stop, consolidate_in};
use domain::Result;
use engine::records::SeatChange;

/// The keys of runs of names, and of the recycle bin, are some sixty bytes, so their leaves end more rarely than those of objects.
const NAMES_CUT_BITS: u32 = 12;

impl<'a> KindReader<'a> {
    /// Merges run after run; says whether all are complete, or the time is over first. A run that is complete is passed
    /// over, so that a merge which was suspended goes on where it was.
    pub(super) async fn merge_runs(&mut self) -> Result<bool> {
        self.hold_as_before().await?;
        // Objects first: names, and the links that go, follow from what became of them.
        if !self.merge_objects().await? {
            return Ok(false);
        }
        let name_run = names_run(self.kind);
        // What follows from a merge onto a base is changes, even where the objects themselves were all read.
        let onto =
            if self.main_source().is_delta() { self.changing(&name_run) } else { self.anew(&name_run) };
        if !self.merge_run(&name_run, NAMES_CUT_BITS, onto).await? {
            return Ok(false);
        }

        let bin_run = bin(self.kind);
        let knows_bin = self.state.knows_bin;
        if knows_bin && !self.merge_run(&bin_run, NAMES_CUT_BITS, self.changing(&bin_run)).await? {
            return Ok(false);
        }

        // A facet was read from a source of its own, or with the delta, which gives what has changed since the base.
        for source in self.kind.reading.iter().skip(1) {
            let is_complete = self.state.facets.contains(source.name);
            let is_missing = self.state.missing.iter().any(|m| m.source == source.name);
            if is_missing || (!is_complete && self.base_run(source.name).is_none()) {
                continue;
            }
            let onto = if is_complete { self.anew(source.name) } else { self.changing(source.name) };
            if !self.merge_run(source.name, self.kind.cut_bits, onto).await? {
                return Ok(false);
            }
        }

        // Why the mark is set before: what fails from here on is done again from the state that was parked before.
        if !std::mem::replace(&mut self.state.merging.links_prepared, true) {
            self.prepare_links().await?;
        }
        for link in self.kind.links {
            for run in [link.name.to_owned(), reverse(link.name)] {
                let onto = self.onto(&run);
                if !self.merge_run(&run, link.cut_bits, onto).await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What a run is merged onto that is read as the kind's objects are.
    fn onto(&self, run: &str) -> Onto<'a> {
        if !self.main_source().is_delta() {
            // A list that is short: it is written anew each time, and leaves that are as before are shared by name.
            self.anew(run)
        } else if self.state.incremental {
            self.changing(run)
        } else {
            // Everything was read, and seldom differs much from the base.
            self.base_run(run).map_or_else(|| self.anew(run), Onto::Replacing)
        }
    }

    /// Onto the base's run, which what was read changes; onto nothing where the base has none.
    fn changing(&self, run: &str) -> Onto<'a> {
        self.base_run(run).map_or_else(|| self.anew(run), Onto::Changing)
    }

    /// Onto nothing, sharing leaves with the base's run.
    fn anew(&self, run: &str) -> Onto<'a> {
        // Why leaves are stored again each week: one that was lost is then there again.
        Onto::Anew { sharing: self.base_run(run).filter(|_| !self.context.is_storing_again()) }
    }

    /// Merges the objects, and collects what follows from them: names, who is gone, who takes a seat.
    async fn merge_objects(&mut self) -> Result<bool> {
        let kind = self.kind;
        if self.state.merging.runs.contains_key(kind.run()) {
            return Ok(true);
        }
        let left_out = self.left_out();
        // Why: what was counted is good only together with the merge that is resumed.
        let is_resumed = self.state.merging.suspended.as_ref().is_some_and(|(run, _)| run == kind.run());
        let seats = if is_resumed { self.state.merging.seats } else { SeatChange::default() };
        let mut resolver = ObjectResolver {
            kind,
            left_out: &left_out,
            extensions: self.context.extensions(kind),
            names: self.sorters.take(&names_run(kind)),
            gone: self.sorters.take(&gone(kind)),
            seats,
        };
        let done = self.merge_with(kind.run(), kind.cut_bits, self.onto(kind.run()), &mut resolver).await;
        // Put back whatever came of it: what was collected is parked with the rest where the merge is suspended.
        let ObjectResolver { names: names_sorter, gone: gone_sorter, seats, .. } = resolver;
        self.state.merging.seats = seats;
        self.sorters.put(&names_run(kind), names_sorter);
        self.sorters.put(&gone(kind), gone_sorter);
        done
    }

    /// Merges a run whose records are what the operations name; gives whether it is complete.
    async fn merge_run(&mut self, run: &str, cut_bits: u32, onto: Onto<'_>) -> Result<bool> {
        if self.state.merging.runs.contains_key(run) {
            return Ok(true);
        }
        self.merge_with(run, cut_bits, onto, &mut PutResolver).await
    }

    /// Merges a run from where it was suspended, or from its beginning; gives whether it is complete.
    async fn merge_with(
        &mut self,
        run: &str,
        cut_bits: u32,
        onto: Onto<'_>,
        resolver: &mut dyn Resolver,
    ) -> Result<bool> {
        let context = self.context;
        let suspended = self.state.merging.suspended.take().filter(|(name, _)| name == run);
        let suspended = suspended.map(|(_, suspended)| suspended);
        let after = suspended.as_ref().map(|suspended| suspended.last_key.as_slice());
        let ops = self.sorters.take(run).into_ops(after).await?;

        let is_over = || context.is_time_over();
        let merge = Merge::new(&context.archive, cut_bits, onto).stopping(Stop::when(&is_over));
        match merge.resuming(suspended.as_ref()).run(ops, resolver).await? {
            Merged::Done(merged) => {
                let merged = consolidate_in(&context.archive, merged, &|| context.seconds_left()).await?;
                self.state.merging.runs.insert(run.to_owned(), merged);
                Ok(true)
            }
            Merged::Suspended(suspended, ops) => {
                let blocks = ops.into_blocks().await?;
                self.sorters.put(run, self.sorters.holding(blocks));
                self.state.merging.suspended = Some((run.to_owned(), suspended));
                Ok(false)
            }
        }
    }
}
