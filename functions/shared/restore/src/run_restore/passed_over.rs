//! Steps that wait for what is under way, and are passed over by those behind them that do not.
//!
//! Invariants: whoever passes is of the same sort as those that wait, and has nothing to do with any of them: neither writes
//! nor needs what they write. So the order of sorts stays that of the plan, and so does the order on each object.

use super::beside::{Beside, Next};
use super::flight::Flight;
use super::progress::RestoreRun;
use domain::restore::Step;
use std::collections::VecDeque;

/// What is left of a plan, in its order.
pub(super) struct PassedOver<'a> {
    /// Those that wait, in the order of the plan.
    waiting: VecDeque<Next<'a>>,
    /// What others must not meet of those.
    beside: Beside<'a>,
    /// What comes behind them; the first of it as it was weighed already.
    behind: VecDeque<&'a Step>,
    next: Option<Next<'a>>,
}

impl<'a> PassedOver<'a> {
    pub fn of(left: impl Iterator<Item = &'a Step>) -> Self {
        let behind = left.collect();
        Self { waiting: VecDeque::new(), beside: Beside::default(), behind, next: None }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.waiting.is_empty() && self.next.is_none() && self.behind.is_empty()
    }

    /// Takes the first step that may begin while those are under way; none where all of them have to wait.
    pub fn take_ready(&mut self, flight: &Flight<'_>, run: &RestoreRun<'_>) -> Option<Next<'a>> {
        // Why nobody passes a step that waits for room: it may be large, and would wait for all that are small.
        let has_room = self.waiting.front().is_none_or(|first| flight.has_room(first, run));
        let looked_at = if has_room { self.waiting.len() } else { 1 };
        if let Some(at) = self.waiting.iter().take(looked_at).position(|next| flight.takes(next, run)) {
            let next = self.waiting.remove(at)?;
            self.beside.forget(next.step.number);
            return Some(next);
        }
        if !has_room {
            return None;
        }
        loop {
            let next = if let Some(next) = self.next.take() {
                next
            } else {
                let step = self.behind.pop_front()?;
                if run.takes_no_role(step) { Next::taking_no_rights(step) } else { Next::of(step) }
            };
            if self.may_pass(&next) && flight.takes(&next, run) {
                return Some(next);
            }
            if !flight.has_room(&next, run) {
                self.next = Some(next);
                return None;
            }
            let waits = self.may_pass(&next) && !next.is_alone();
            if !waits || self.waiting.len() == run.worker.bounds.passed_over {
                self.next = Some(next);
                return None;
            }
            self.beside.begin(next.clone());
            self.waiting.push_back(next);
        }
    }

    /// Whether a step may begin before those that wait.
    fn may_pass(&self, next: &Next<'_>) -> bool {
        self.waiting.is_empty() || self.beside.is_of_sort(next) && self.beside.is_clear(next, true)
    }
}
