//! Stuck work: rows that are open and that nobody has touched for longer than any function may run. Each
//! gets its message again. What is stuck still after [`MAX_ATTEMPTS`] and [`MIN_AGE`] is given up, and people
//! are told.

use super::{Outcome, Report, Worker};
use crate::jobs::announce::overdue_at;
use crate::jobs::messages;
use crate::ports::{Outgoing, Scope, Write};
use crate::records::{
    Diff, Found, JobState, Notice, Record, Restore, RestoreState, Snapshot, Subject, Tenant, replace,
    stale_at, watched,
};
use domain::{ErrorKind, Result, TenantId, Timestamp};
use jiff::SignedDuration;

/// Stuck work that was taken up so often is given up,
const MAX_ATTEMPTS: u32 = 10;
/// but not before that age. Why: the continuations of a large tenant's first snapshot count as attempts too.
const MIN_AGE: SignedDuration = SignedDuration::from_hours(4);
/// A notice's mails are put into the queue so often: over two days, in ever longer intervals.
const MAX_MAIL_ATTEMPTS: u32 = 12;

/// A row of work that somebody has to finish.
pub(super) trait OpenWork: Record {
    fn tenant(&self) -> &TenantId;
    fn is_open(&self) -> bool;
    fn requested_at(&self) -> Timestamp;
    fn touched_at(&self) -> Timestamp;
    fn attempts(&self) -> u32;
    /// The same work, taken up once more.
    fn again(self, now: Timestamp) -> Self;
    /// The same work, given up.
    fn given_up(self, now: Timestamp, why: &str) -> Self;
    fn message(&self) -> Outgoing;
    fn subject(&self) -> Subject;
    /// For a person.
    fn label(&self) -> &'static str;
}

macro_rules! open_work {
    ($record:ty, $failed:path, $label:literal, $subject:path, |$row:ident| $message:expr) => {
        impl OpenWork for $record {
            fn tenant(&self) -> &TenantId {
                &self.tenant
            }
            fn is_open(&self) -> bool {
                self.state.is_open()
            }
            fn requested_at(&self) -> Timestamp {
                self.requested_at
            }
            fn touched_at(&self) -> Timestamp {
                self.touched_at
            }
            fn attempts(&self) -> u32 {
                self.attempts
            }
            fn again(mut self, now: Timestamp) -> Self {
                self.touched_at = now;
                self.attempts += 1;
                self
            }
            fn given_up(mut self, now: Timestamp, why: &str) -> Self {
                self.touched_at = now;
                self.state = $failed;
                self.error = Some(why.to_owned());
                self
            }
            fn message(&self) -> Outgoing {
                let $row = self;
                $message
            }
            fn subject(&self) -> Subject {
                $subject(self.id.clone())
            }
            fn label(&self) -> &'static str {
                $label
            }
        }
    };
}

open_work!(Snapshot, JobState::Failed, "A snapshot", Subject::Snapshot, |s| {
    messages::take_snapshot(&s.tenant, &s.id, s.attempts)
});
open_work!(Diff, JobState::Failed, "A comparison", Subject::Diff, |d| {
    messages::diff_snapshots(&d.tenant, &d.id, d.attempts)
});
open_work!(Restore, RestoreState::Failed, "A restore", Subject::Restore, |r| match r.state {
    RestoreState::Previewing => messages::preview_restore(&r.tenant, &r.id, r.attempts),
    _ => messages::run_restore(&r.tenant, &r.id, r.attempts),
});

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

    async fn sweep_work<T: OpenWork>(&self, listed: Found<T>) -> Result<Outcome> {
        let scope = Scope::Tenant(listed.value.tenant().clone());
        let Some(found) = self.records.find::<T>(&scope, &listed.value.key()).await? else {
            return Ok(Outcome::Nothing);
        };
        let now = self.clock.now();
        if !found.value.is_open() || stale_at(found.value.touched_at()) > now {
            return Ok(Outcome::Nothing);
        }
        if found.value.attempts() >= MAX_ATTEMPTS && found.value.requested_at() + MIN_AGE <= now {
            return self.give_up(found, now).await;
        }
        let again = found.value.again(now);
        if !self.changed(vec![replace(&again, found.version)?]).await? {
            return Ok(Outcome::Nothing);
        }
        self.queue.send(again.message()).await?;
        Ok(Outcome::Swept)
    }

    /// Tells people first: when that fails, the row is still open and the next tick is here again.
    async fn give_up<T: OpenWork>(&self, found: Found<T>, now: Timestamp) -> Result<Outcome> {
        let (tenant, subject, label) =
            (found.value.tenant().clone(), found.value.subject(), found.value.label());
        self.announcer().announce_error(&tenant, subject.clone(), label, ErrorKind::Unavailable).await?;
        let (id, attempts) = (subject.id(), found.value.attempts());
        tracing::warn!(%tenant, id, attempts, what = label, "given up");
        let why = format!("given up after {attempts} attempts");
        let mut writes = vec![replace(&found.value.given_up(now, &why), found.version)?];
        writes.extend(self.release_tenant(&tenant, &subject).await?);
        Ok(if self.changed(writes).await? { Outcome::GivenUp } else { Outcome::Nothing })
    }

    /// A tenant whose open snapshot is given up has none.
    async fn release_tenant(&self, tenant: &TenantId, given_up: &Subject) -> Result<Option<Write>> {
        let scope = Scope::Tenant(tenant.clone());
        let Some(mut found) = self.records.find::<Tenant>(&scope, Tenant::KEY).await? else {
            return Ok(None);
        };
        if found.value.open_snapshot.as_ref().map(domain::SnapshotId::as_str) != Some(given_up.id()) {
            return Ok(None);
        }
        found.value.open_snapshot = None;
        replace(&found.value, found.version).map(Some)
    }

    async fn sweep_notice(&self, listed: Found<Notice>) -> Result<Outcome> {
        let scope = Scope::Tenant(listed.value.tenant.clone());
        let Some(mut found) = self.records.find::<Notice>(&scope, &listed.value.key()).await? else {
            return Ok(Outcome::Nothing);
        };
        let now = self.clock.now();
        if found.value.due_at.is_none_or(|at| at > now) {
            return Ok(Outcome::Nothing);
        }
        if found.value.attempts >= MAX_MAIL_ATTEMPTS {
            tracing::error!(
                notice = found.value.id,
                "immediate mails are given up; the notice stays in the digests"
            );
            found.value.due_at = None;
            let gone = self.changed(vec![replace(&found.value, found.version)?]).await?;
            return Ok(if gone { Outcome::GivenUp } else { Outcome::Nothing });
        }
        found.value.attempts += 1;
        found.value.due_at = Some(overdue_at(now, found.value.attempts));
        if !self.changed(vec![replace(&found.value, found.version)?]).await? {
            return Ok(Outcome::Nothing);
        }
        let notice = &found.value;
        self.queue.send(messages::send_notice(&notice.tenant, &notice.id, notice.attempts)).await?;
        Ok(Outcome::MailAgain)
    }

    /// Writes; false when somebody else was faster.
    pub(super) async fn changed(&self, writes: Vec<Write>) -> Result<bool> {
        match self.records.write(writes).await {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(false),
            Err(e) => Err(e),
        }
    }
}
