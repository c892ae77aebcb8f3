//! The tick: starts the snapshots that are due, puts work whose wait is over, stuck work and late mails into their queues,
//! and tries waiting connections again.
//!
//! Reads watched lists, which may lag, and so looks at each row again before it acts. Whatever fails for
//! one row is counted and left for the next tick; the other rows go on. Two ticks at once do no harm:
//! every write has a condition.

mod connections;
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

/// So many rows of a watched list are read at once.
const PAGE_ROWS: usize = 100;

/// A snapshot is late so long after it fell due and was not begun, or was asked for and nobody works on it.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_hours(2);

/// The job's ports. No directory, no vault, no key: the tick reads no customer data.
#[derive(Clone)]
pub struct Worker {
    /// Rows.
    pub records: Records,
    /// Where work is put down.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names of new snapshots.
    pub ids: Arc<dyn Ids>,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Snapshots started.
    pub started: u64,
    /// Tenants whose snapshot is due while another is being taken; they stay due.
    pub still_open: u64,
    /// Tenants that have waited for a snapshot for [`LATE_AFTER`].
    pub late: u64,
    /// Work put into its queue again: its wait was over, or it was stuck.
    pub swept: u64,
    /// Stuck work given up.
    pub given_up: u64,
    /// Notices whose mails were put into the queue again.
    pub mails_again: u64,
    /// Connections that wait and are tried again.
    pub connections: u64,
    /// Rows that could not be handled; they stay due.
    pub failed: u64,
}

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Started,
    StillOpen,
    Swept,
    GivenUp,
    MailAgain,
    TriedAgain,
    /// It was no longer due, or somebody else was faster.
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
        // Why before a failure is told: what was done is done, and a level that is not set stays as it was.
        metrics::SNAPSHOTS_STARTED.add(report.started);
        if let Some(late) = report.late_level(started.is_ok() && swept.is_ok()) {
            metrics::SNAPSHOTS_LATE.set(late);
        }
        metrics::WORK_GIVEN_UP.add(report.given_up);
        // Why also after a failure: somebody stands before a page that says that it is tried again.
        let tried = self.try_connections(deadline, &mut report).await;
        started.and(swept).and(tried).map(|()| report)
    }

    fn announcer(&self) -> Announcer {
        Announcer::new(self.records.clone(), self.queue.clone(), self.clock.clone())
    }

    /// Handles every row of a watched list, until the deadline. `begins` is when the snapshot that a row stands for should
    /// have begun, if it stands for one.
    async fn each_due<T: Record>(
        &self,
        list: &str,
        deadline: Timestamp,
        report: &mut Report,
        begins: impl Fn(&T) -> Option<Timestamp>,
        handle: impl AsyncFn(&Self, Found<T>) -> Result<Outcome>,
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
                let is_overdue = begins(&row.value).is_some_and(|at| at + LATE_AFTER <= now);
                let outcome = handle(self, row).await;
                report.late += u64::from(is_overdue && leaves_waiting(&outcome));
                report.count(list, outcome);
            }
            match next {
                Some(_) => after = next,
                None => return Ok(()),
            }
        }
    }
}

/// Whether a tenant still waits for its snapshot after that.
fn leaves_waiting(outcome: &Result<Outcome>) -> bool {
    matches!(outcome, Err(_) | Ok(Outcome::StillOpen | Outcome::Swept))
}

impl Report {
    /// How many are late; nothing where that is not known. What comes first in a list is what is late the longest, so
    /// even of a list that was cut off some is more than none.
    fn late_level(&self, is_whole: bool) -> Option<u64> {
        (is_whole || self.late > 0).then_some(self.late)
    }

    fn count(&mut self, list: &str, outcome: Result<Outcome>) {
        match outcome {
            Ok(Outcome::Started) => self.started += 1,
            Ok(Outcome::StillOpen) => self.still_open += 1,
            Ok(Outcome::Swept) => self.swept += 1,
            Ok(Outcome::GivenUp) => self.given_up += 1,
            Ok(Outcome::MailAgain) => self.mails_again += 1,
            Ok(Outcome::TriedAgain) => self.connections += 1,
            Ok(Outcome::Nothing) => {}
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
