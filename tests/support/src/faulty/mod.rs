//! Any port, wrapped so that each call is counted, logged and can be made to fail.
//!
//! One [`FaultPlan`] is shared by all ports of a run, so calls have one order over all of them. A crash-point
//! test runs once to learn [`FaultPlan::call_count`], then, for every [`crash_points`] pair, builds a new
//! world, calls [`FaultPlan::fail_at`], runs, calls [`FaultPlan::heal`], runs again and compares the ends.
//! Not wrapped: the clock, the ids and `take_spent`, which cannot fail.

mod directory;
mod log;
mod plan;
mod ports;

pub use log::{CallLog, LoggedCall, Outcome};
pub use plan::{FaultPlan, Mode, crash_points};

use std::sync::Arc;

/// A port of type `T` (an adapter or `dyn` port), under a plan; it is whatever ports `T` is.
pub struct Faulty<T: ?Sized> {
    inner: Arc<T>,
    plan: Arc<FaultPlan>,
}

impl<T: ?Sized> Faulty<T> {
    /// The port under the plan.
    pub fn new(inner: Arc<T>, plan: &Arc<FaultPlan>) -> Arc<Self> {
        Arc::new(Self { inner, plan: plan.clone() })
    }
}
