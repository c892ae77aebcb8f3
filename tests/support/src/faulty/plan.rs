//! Which call fails, and how.

use super::log::{CallLog, LoggedCall, Outcome};
use crate::lock;
use domain::{Error, ErrorKind, Result};
use std::sync::Mutex;

/// When the call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing happens, and the caller is told that it failed.
    Before,
    /// It happens, and the caller is told that it failed.
    After,
}

/// Every call of a run once with each mode: what a crash-point test goes through.
pub fn crash_points(call_count: u64) -> impl Iterator<Item = (u64, Mode)> {
    (0..call_count).flat_map(|call| [(call, Mode::Before), (call, Mode::After)])
}

/// Counts the calls of a run over all its ports, from 0, and fails some of them.
#[derive(Default)]
pub struct FaultPlan(Mutex<State>);

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    log: CallLog,
}

#[derive(Clone, Copy)]
struct Fault {
    at: u64,
    mode: Mode,
    kind: ErrorKind,
    /// Whether every later call fails too, before it takes effect.
    dead_afterwards: bool,
}

impl FaultPlan {
    /// A plan under which nothing fails.
    pub fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::default()
    }

    /// Call `call` fails `Unavailable`; the others do not.
    pub fn fail_at(&self, call: u64, mode: Mode) {
        self.fail_at_with(call, mode, ErrorKind::Unavailable);
    }

    /// Call `call` fails with that kind; the others do not.
    pub fn fail_at_with(&self, call: u64, mode: Mode, kind: ErrorKind) {
        self.add(Fault { at: call, mode, kind, dead_afterwards: false });
    }

    /// At call `call` the process dies: it fails, and so does every later one, without effect, until healed.
    pub fn die_at(&self, call: u64, mode: Mode) {
        self.add(Fault { at: call, mode, kind: ErrorKind::Unavailable, dead_afterwards: true });
    }

    /// From now on nothing fails. The count goes on.
    pub fn heal(&self) {
        lock(&self.0).faults.clear();
    }

    /// How many calls were made so far; failed ones count.
    pub fn call_count(&self) -> u64 {
        lock(&self.0).log.len()
    }

    /// The calls so far.
    pub fn log(&self) -> CallLog {
        lock(&self.0).log.clone()
    }

    /// Takes the calls since the last taking. The count of [`Self::fail_at`] then begins at 0 again.
    pub fn take_log(&self) -> CallLog {
        std::mem::take(&mut lock(&self.0).log)
    }

    fn add(&self, fault: Fault) {
        lock(&self.0).faults.push(fault);
    }

    /// Makes the call, or not, as planned.
    pub(super) async fn around<T>(
        &self,
        call: LoggedCall,
        inner: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (index, fault) = {
            let mut state = lock(&self.0);
            let index = state.log.push(call);
            (index, state.faults.iter().find_map(|fault| fault.of(index)))
        };
        let result = match fault {
            Some((Mode::Before, kind)) => {
                Err((Outcome::FailedBefore, Error::new(kind, "planned fault, before")))
            }
            Some((Mode::After, kind)) => {
                drop(inner.await);
                Err((Outcome::FailedAfter, Error::new(kind, "planned fault, after")))
            }
            None => inner.await.map_err(|error| (Outcome::Refused(error.kind()), error)),
        };
        let outcome = result.as_ref().map_or_else(|(outcome, _)| *outcome, |_| Outcome::Done);
        lock(&self.0).log.finish(index, outcome);
        result.map_err(|(_, error)| error)
    }
}

impl Fault {
    fn of(&self, call: u64) -> Option<(Mode, ErrorKind)> {
        if call == self.at {
            Some((self.mode, self.kind))
        } else {
            (self.dead_afterwards && call > self.at).then_some((Mode::Before, self.kind))
        }
    }
}
