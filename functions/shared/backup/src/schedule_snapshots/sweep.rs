//! Work whose time has come: rows that are open and whose wait is over, or that no job has written to for longer than
//! any function may run. Each gets another message. What was in vain for long is given up, and people are notified.

use super::{Report, TickOutcome, Worker};
use domain::{ErrorKind, Result, Timestamp};
use engine::announce::overdue_at;
use engine::messages;
use engine::open_work::{OpenWork, give_up};
use engine::ports::Write;
use engine::records::{Diff, Found, Notice, Record, Restore, Snapshot, replace, watched};

/// How often a notice's mails are enqueued, over a day, before the operator hears of it too. It is never given up: it
/// is tried every few hours until it has left, or its row ends.
const LONG_UNMAILED: u32 = 12;

impl Worker {
    pub(super) async fn sweep(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let snapshot = async |worker: &Self, row: Found<Snapshot>| worker.sweep_work(row).await;
        let begins = |row: &Snapshot| Some(row.requested_at);
        self.each_due(watched::OPEN_WORK, deadline, report, begins, snapshot).await?;
        let diff = async |worker: &Self, row: Found<Diff>| worker.sweep_work(row).await;
        self.each_due(watched::OPEN_WORK, deadline, report, |_| None, diff).await?;
        let restore = async |worker: &Self, row: Found<Restore>| worker.sweep_work(row).await;
        self.each_due(watched::OPEN_WORK, deadline, report, |_| None, restore).await?;
        let notice = async |worker: &Self, row: Found<Notice>| worker.sweep_notice(row).await;
        self.each_due(watched::NOTICES_DUE, deadline, report, |_| None, notice).await
    }

    async fn sweep_work<T: OpenWork>(&self, listed: Found<T>) -> Result<TickOutcome> {
        let Some(found) = self.records.find(&listed.value.address()).await? else {
            return Ok(TickOutcome::Nothing);
        };
        let now = self.clock.now();
        let (course, touched_at) = (*found.value.course(), found.value.touched_at());
        if !found.value.is_open() || course.due_at(touched_at) > now {
            return Ok(TickOutcome::Nothing);
        }
        if let Some(held) = course.held_up.filter(|_| course.is_hopeless(found.value.patience(), now)) {
            let why = format!("given up after {} attempts", held.attempts);
            let is_over = give_up((&self.records, &self.announcer()), found, held.cause, &why).await?;
            return Ok(if is_over { TickOutcome::GivenUp } else { TickOutcome::Nothing });
        }
        let again = found.value.again(now);
        if !self.changed(vec![replace(&again, found.version)?]).await? {
            return Ok(TickOutcome::Nothing);
        }
        self.queue.send(again.message()).await?;
        Ok(TickOutcome::Swept)
    }

    async fn sweep_notice(&self, listed: Found<Notice>) -> Result<TickOutcome> {
        let Some(mut found) = self.records.find(&listed.value.address()).await? else {
            return Ok(TickOutcome::Nothing);
        };
        let now = self.clock.now();
        if found.value.due_at.is_none_or(|at| at > now) {
            return Ok(TickOutcome::Nothing);
        }
        if found.value.attempts >= LONG_UNMAILED {
            let (notice, attempts) = (&found.value.id, found.value.attempts);
            tracing::error!(notice, attempts, "immediate mails have not left for long; they are tried again");
        }
        found.value.attempts += 1;
        found.value.due_at = Some(overdue_at(now, found.value.attempts));
        if !self.changed(vec![replace(&found.value, found.version)?]).await? {
            return Ok(TickOutcome::Nothing);
        }
        let notice = &found.value;
        self.queue.send(messages::send_notice(&notice.tenant, &notice.id, notice.attempts)).await?;
        Ok(TickOutcome::MailAgain)
    }

    /// Writes; false when another job was faster.
    pub(super) async fn changed(&self, writes: Vec<Write>) -> Result<bool> {
        match self.records.write(writes).await {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(false),
            Err(e) => Err(e),
        }
    }
}
