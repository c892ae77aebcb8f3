//! Work whose time has come: rows that are open and whose wait is over, or that no job has written to for longer than
//! any function may run. A tenant gets one message in each queue, unless one is under way there. What was in vain for long
//! is given up, and people are notified.

use super::lanes::Lanes;
use super::{PAGE_ROWS, Report, TickOutcome, Worker};
use domain::{ErrorKind, Result, Timestamp};
use engine::announce::overdue_at;
use engine::messages;
use engine::open_work::{OpenWork, find_given_up, give_up};
use engine::ports::{Page, Write};
use engine::records::{Cause, Diff, Found, Notice, Record, Restore, Snapshot, replace, watched};

/// How often a notice's mails are enqueued, over a day, before the operator hears of it too. It is never given up: it
/// is tried every few hours until it has left, or its row ends.
const LONG_UNMAILED: u32 = 12;

impl Worker {
    pub(super) async fn sweep(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let begins = |row: &Snapshot| Some(row.requested_at);
        self.sweep_open::<Snapshot>(deadline, report, begins).await?;
        self.sweep_open::<Diff>(deadline, report, |_| None).await?;
        self.sweep_open::<Restore>(deadline, report, |_| None).await?;
        let notice = async |worker: &Self, row: Found<Notice>| worker.sweep_notice(row).await;
        self.each_due(watched::NOTICES_DUE, deadline, report, |_| None, notice).await
    }

    async fn sweep_open<T: OpenWork>(
        &self,
        deadline: Timestamp,
        report: &mut Report,
        begins: impl Fn(&T) -> Option<Timestamp>,
    ) -> Result<()> {
        let (mut lanes, mut after) = (Lanes::<T>::new(), None);
        loop {
            let page = Page { after, limit: PAGE_ROWS, descending: false };
            let (rows, next) = self.records.list_due::<T>(watched::OPEN_WORK, page).await?;
            for row in rows {
                if self.clock.now() >= deadline {
                    return Ok(());
                }
                // Why those later that were not sent again yet: what was is before them in its queue, and is given up
                // or worked on first.
                let is_new = row.value.course().held_up.is_none();
                if is_new && matches!(self.is_given_up(&mut lanes, &row.value).await, Ok(false)) {
                    lanes.keep(row);
                    continue;
                }
                let begins_at = begins(&row.value);
                let outcome = self.sweep_work(&mut lanes, row).await;
                report.row(watched::OPEN_WORK, (begins_at, self.clock.now()), outcome);
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        for row in lanes.take_first() {
            let begins_at = begins(&row.value);
            let outcome = self.sweep_work(&mut lanes, row).await;
            report.row(watched::OPEN_WORK, (begins_at, self.clock.now()), outcome);
        }
        Ok(())
    }

    async fn sweep_work<T: OpenWork>(&self, lanes: &mut Lanes<T>, listed: Found<T>) -> Result<TickOutcome> {
        let now = self.clock.now();
        let is_over = self.is_given_up(lanes, &listed.value).await?;
        // Why before the row is read: of a tenant whose queue stands there may be many.
        if !is_over && lanes.is_busy(&self.records, &listed.value, now).await? {
            return Ok(TickOutcome::Nothing);
        }
        let Some(found) = self.records.find(&listed.value.address()).await? else {
            return Ok(TickOutcome::Nothing);
        };
        let (course, touched_at) = (*found.value.course(), found.value.touched_at());
        if !found.value.is_open() || course.due_at(touched_at) > now {
            return Ok(TickOutcome::Nothing);
        }
        let ended = match course.held_up.filter(|_| course.is_hopeless(found.value.patience(), now)) {
            Some(held) => Some((held.cause, format!("given up after {} attempts", held.attempts))),
            None if is_over => Some((Cause::Lost, "given up with other work that was lost".to_owned())),
            None => None,
        };
        if let Some((cause, why)) = ended {
            if cause == Cause::Lost {
                lanes.give_up(&found.value, now);
            }
            let is_over = give_up((&self.records, &self.announcer()), found, cause, &why).await?;
            return Ok(if is_over { TickOutcome::GivenUp } else { TickOutcome::Nothing });
        }
        let again = found.value.again(now);
        if !self.changed(vec![replace(&again, found.version)?]).await? {
            return Ok(TickOutcome::Nothing);
        }
        self.queue.send(again.message()).await?;
        lanes.sent(&again);
        Ok(TickOutcome::Swept)
    }

    /// Whether the row is to be given up: by its own course, or because the work before it in its lane was lost for as long
    /// as anybody waits, and this one has waited as long.
    async fn is_given_up<T: OpenWork>(&self, lanes: &mut Lanes<T>, row: &T) -> Result<bool> {
        let (course, now) = (row.course(), self.clock.now());
        if course.held_up.is_some() {
            return Ok(course.is_hopeless(row.patience(), now));
        }
        if now.duration_since(row.touched_at()) < row.patience() {
            return Ok(false);
        }
        let given_up_at = lanes.given_up_at(&self.records, row).await?;
        Ok(given_up_at.is_some_and(|at| row.touched_at() < at))
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
