//! The steps that are under way, each in a run of its own.
//!
//! Some are at work at the same time (they have a turn); one that waits until Graph shows something gives its turn to another,
//! so that waits overlap. Invariants: what a step comes to is taken into account before one begins that may need it; a step
//! that is under way waits for Graph, for a turn, or for steps that have a turn, and never for one that has not begun, so
//! that each comes to its end.

use super::beside::{Beside, Next, edits};
use super::bound::Bound;
use super::looks::{Batch, Looked, Writers, Writing};
use super::progress::RestoreRun;
use domain::Result;
use domain::restore::Step;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

/// How far a step got, in the run that it was performed by.
pub(super) struct Landed<'a> {
    pub step: &'a Step,
    /// Whether it came to its end; otherwise the time is up.
    pub ended: Result<bool>,
    pub run: RestoreRun<'a>,
}

/// A batch whose next step may be about to begin.
struct Open<'a> {
    first: &'a Step,
    begun: usize,
    batch: Arc<Batch>,
    /// That there may be one more. It goes before anything that is under way is waited for.
    _more: Writing,
}

/// The steps that are under way.
#[derive(Default)]
pub(super) struct Flight<'a> {
    steps: FuturesUnordered<BoxFuture<'a, Landed<'a>>>,
    /// Those that have come to an end and were not yet looked at.
    landed: VecDeque<Landed<'a>>,
    /// What others must not meet of those above, until they were looked at.
    beside: Beside<'a>,
    /// Those that may still write.
    unwritten: Arc<Writers>,
    open: Option<Open<'a>>,
}

impl<'a> Flight<'a> {
    /// Whether a step may begin while these are under way.
    pub fn takes(&self, next: &Next<'_>, run: &RestoreRun<'_>) -> bool {
        self.beside.takes(next, self.unwritten.any(), &run.worker.bounds)
    }

    /// Whether there is room for it beside these, whatever it is about.
    pub fn has_room(&self, next: &Next<'_>, run: &RestoreRun<'_>) -> bool {
        self.beside.has_room(next, &run.worker.bounds)
    }

    /// Begins a step in a run of its own, with what its object is made with.
    pub fn begin(&mut self, next: Next<'a>, mut run: RestoreRun<'a>, bound: Bound) {
        let step = next.step;
        self.beside.begin(next);
        run.unwritten = Some(self.unwritten.enter());
        let performed = async move {
            let ended = run.conclude(step, bound).await;
            (run.writing, run.unwritten, run.batch) = (None, None, None);
            run.give_up_turn();
            Landed { step, ended, run }
        };
        self.steps.push(performed.boxed());
    }

    /// The batch that a step which adds to that object is of, with the mark that it is yet to write; `most` is how many
    /// may be of one.
    pub fn join(&mut self, step: &'a Step, object: Arc<Looked>, most: usize) -> (Arc<Batch>, Writing) {
        let is_more = |open: &Open<'_>| open.begun < most && is_of(open, step);
        let mut open = self.open.take().filter(is_more).unwrap_or_else(|| {
            let batch = Arc::new(Batch { object, writers: Arc::default() });
            Open { first: step, begun: 0, _more: batch.writers.enter(), batch }
        });
        open.begun += 1;
        let joined = (open.batch.clone(), open.batch.writers.enter());
        self.open = Some(open);
        joined
    }

    /// Says which step comes next: no further one is of the open batch, where that one is not.
    pub fn comes_next(&mut self, step: &Step) {
        self.open.take_if(|open| !is_of(open, step));
    }

    /// Says that no further step begins.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Forgets a step that has landed.
    pub fn forget(&mut self, step: &Step) {
        self.beside.forget(step.number);
    }

    /// The next step that lands; none where none is under way.
    pub async fn next(&mut self) -> Option<Landed<'a>> {
        self.close();
        match self.landed.pop_front() {
            Some(landed) => Some(landed),
            None => self.steps.next().await,
        }
    }

    /// The next step that lands; none where all have written before one does.
    pub async fn moves(&mut self) -> Option<Landed<'a>> {
        self.close();
        if let Some(landed) = self.landed.pop_front() {
            return Some(landed);
        }
        let unwritten = self.unwritten.clone();
        tokio::select! {
            biased;
            landed = self.steps.next() => landed,
            () = unwritten.none(), if unwritten.any() => None,
        }
    }

    /// Those that have landed while something else was done.
    pub fn take_landed(&mut self) -> Option<Landed<'a>> {
        self.landed.pop_front()
    }

    /// Does something else while these go on. It waits for none of them but for a turn.
    pub async fn alongside<T>(&mut self, own: impl Future<Output = T>) -> T {
        let mut own = pin!(own);
        loop {
            tokio::select! {
                biased;
                Some(landed) = self.steps.next(), if !self.steps.is_empty() => self.landed.push_back(landed),
                done = &mut own => return done,
            }
        }
    }
}

fn is_of(open: &Open<'_>, step: &Step) -> bool {
    let edit = edits(step);
    edit.is_some() && step.id == open.first.id && step.phase == open.first.phase && edit == edits(open.first)
}
