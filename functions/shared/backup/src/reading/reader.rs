//! The object of one kind's reading. Its stages are methods, each in a module of its own; `mod.rs` has their order.

use super::context::Context;
use super::sorters::Sorters;
use domain::Result;
use domain::kinds::{Kind, Source};
use domain::stored::RunRef;
use engine::records::KindReading;

/// One kind that is being read: what was asked for and where that goes on, and the operations that came of it.
pub(super) struct KindReader<'a> {
    pub(super) context: &'a Context,
    pub(super) kind: &'static Kind,
    /// How far it has come; its blocks are in `sorters` meanwhile.
    pub(super) state: KindReading,
    pub(super) sorters: Sorters,
}

impl<'a> KindReader<'a> {
    /// A reader that goes on from that state.
    pub(super) fn open(context: &'a Context, kind: &'static Kind, mut state: KindReading) -> Self {
        let sorters = Sorters::open(context, kind, &mut state.blocks);
        Self { context, kind, state, sorters }
    }

    /// Parks everything that is held in memory; gives the state from which another reader goes on.
    pub(super) async fn park(self) -> Result<KindReading> {
        let blocks = self.sorters.park().await?;
        Ok(KindReading { blocks, ..self.state })
    }

    /// The source that gives the objects; the others give facets.
    pub(super) fn main_source(&self) -> &'static Source {
        &self.kind.reading[0]
    }

    /// The run of that name in the base; none where there is no base to build on.
    pub(super) fn base_run(&self, run: &str) -> Option<&'a RunRef> {
        let base = self.context.base.as_deref().filter(|_| !self.state.without_base);
        base.and_then(|base| base.runs.get(run))
    }
}
