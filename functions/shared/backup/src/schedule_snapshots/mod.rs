//! The tick: starts the snapshots that are due, enqueues work whose wait is over, stuck work and late mails, and
//! tries pending connections again.
//!
//! Reads watched lists, which may lag, and so looks at each row again before it acts. Whatever fails for one row is
//! counted and left for the next tick; the other rows go on. Two ticks at the same time do no harm: every write has a
//! condition.

mod connections;
mod lanes;
mod start_due;
mod sweep;

use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use engine::announce::Announcer;
use engine::metrics;
use engine::ports::{Clock, Ids, Page, Queue};
use engine::records::{Found, Record, Records};
use engine::work::TickWorker;
use jiff::SignedDuration;
use serde::Serialize;
use std::sync::Arc;

/// How many rows of a watched list are read at a time.
const PAGE_ROWS: usize = 100;

/// How long after it fell due a snapshot that was not begun counts as late, or one that was asked for and that no job
/// works on.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_hours(2);

/// The job's ports. No directory, no vault, no key: the tick reads no customer data.
#[derive(Clone)]
pub struct Worker {
    /// Rows of all scopes, by their watched lists.
    pub records: Records,
    /// Where the work that is due is enqueued.
    pub queue: Arc<dyn Queue>,
    /// Says what is due, and when to stop.
    pub clock: Arc<dyn Clock>,
    /// Names of new snapshots.
    pub ids: Arc<dyn Ids>,
}

/// What one tick did, as counts for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many snapshots were started.
    pub started: u64,
    /// Tenants whose snapshot is due while another is being taken; they stay due.
    pub still_open: u64,
    /// Tenants that have waited for a snapshot for [`LATE_AFTER`].
    pub late: u64,
    /// Work that was enqueued again: its wait was over, or it was stuck.
    pub swept: u64,
    /// Work that was given up, since it was in vain for long.
    pub given_up: u64,
    /// Notices whose mails were enqueued again.
    pub mails_again: u64,
    /// Pending connections that were tried again.
    pub connections: u64,
    /// Rows that could not be handled; they stay due.
    pub failed: u64,
}

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TickOutcome {
    Started,
    StillOpen,
    Swept,
    GivenUp,
    MailAgain,
    TriedAgain,
    /// It was no longer due, or another tick or job was faster.
    Nothing,
}

impl Worker {
    /// Does what is due.
    ///
    /// # Errors
    /// When a list cannot be read. A row that cannot be handled is counted in the report instead.
    pub async fn run(&self, deadline: Timestamp) -> Result<Report> {
        let mut report = Report::default();
        let started = self.start_due(deadline, &mut report).await;
        let swept = if started.is_ok() { self.sweep(deadline, &mut report).await } else { Ok(()) };
        // Why before the failure is returned: what was done is done, and a level that is not set keeps its last
        // value.
        metrics::SNAPSHOTS_STARTED.add(report.started);
        if let Some(late) = report.late_level(started.is_ok() && swept.is_ok()) {
            metrics::SNAPSHOTS_LATE.set(late);
        }
        metrics::WORK_GIVEN_UP.add(report.given_up);
        // Why also after a failure: a person has a page before them which says that the connection is tried again.
        let tried = self.try_connections(deadline, &mut report).await;
        started.and(swept).and(tried).map(|()| report)
    }

    fn announcer(&self) -> Announcer {
        Announcer::new(self.records.clone(), self.queue.clone(), self.clock.clone())
    }

    /// Handles every row of a watched list, until the deadline. `begins` gives when the snapshot that a row stands
    /// for should have begun, if it stands for one.
    async fn each_due<T: Record>(
        &self,
        list: &str,
        deadline: Timestamp,
        report: &mut Report,
        begins: impl Fn(&T) -> Option<Timestamp>,
        handle: impl AsyncFn(&Self, Found<T>) -> Result<TickOutcome>,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let page = Page { after, limit: PAGE_ROWS, descending: false };
            let (rows, next) = self.records.list_due::<T>(list, page).await?;
            for row in rows {
                let now = self.clock.now();
                if now >= deadline {
                    return Ok(());
                }
                let begins_at = begins(&row.value);
                report.row(list, (begins_at, now), handle(self, row).await);
            }
            match next {
                Some(_) => after = next,
                None => return Ok(()),
            }
        }
    }
}

/// Whether a tenant still waits for its snapshot after that outcome.
fn leaves_waiting(outcome: &Result<TickOutcome>) -> bool {
    matches!(outcome, Err(_) | Ok(TickOutcome::StillOpen | TickOutcome::Swept))
}

impl Report {
    /// How many snapshots are late; none where that is not known. A list begins with what has been due the longest,
    /// so when it was cut off, a count above 0 still says more than none.
    fn late_level(&self, is_complete: bool) -> Option<u64> {
        (is_complete || self.late > 0).then_some(self.late)
    }

    /// Counts what became of a row; `begins_at` is when the snapshot that it stands for should have begun, if it stands
    /// for one.
    fn row(
        &mut self,
        list: &str,
        (begins_at, now): (Option<Timestamp>, Timestamp),
        outcome: Result<TickOutcome>,
    ) {
        let is_overdue = begins_at.is_some_and(|at| at + LATE_AFTER <= now);
        self.late += u64::from(is_overdue && leaves_waiting(&outcome));
        self.count(list, outcome);
    }

    fn count(&mut self, list: &str, outcome: Result<TickOutcome>) {
        match outcome {
            Ok(TickOutcome::Started) => self.started += 1,
            Ok(TickOutcome::StillOpen) => self.still_open += 1,
            Ok(TickOutcome::Swept) => self.swept += 1,
            Ok(TickOutcome::GivenUp) => self.given_up += 1,
            Ok(TickOutcome::MailAgain) => self.mails_again += 1,
            Ok(TickOutcome::TriedAgain) => self.connections += 1,
            Ok(TickOutcome::Nothing) => {}
            Err(error) => {
                self.failed += 1;
                tracing::warn!(list, kind = error.kind().name(), %error, "a due row could not be handled");
            }
        }
    }
}

#[async_trait]
impl TickWorker for Worker {
    fn name(&self) -> &'static str {
        "schedule-snapshots"
    }

    async fn tick(&self, deadline: Timestamp) -> Result<serde_json::Value> {
        let report = self.run(deadline).await?;
        serde_json::to_value(report).map_err(|e| Error::invalid("a report cannot be written").caused_by(e))
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn a_tick_that_failed_does_not_say_that_nobody_is_late() {
        let late = |late| Report { late, ..Report::default() };
        assert_eq!((late(0).late_level(true), late(0).late_level(false)), (Some(0), None));
        assert_eq!((late(3).late_level(true), late(3).late_level(false)), (Some(3), Some(3)));
    }
}
