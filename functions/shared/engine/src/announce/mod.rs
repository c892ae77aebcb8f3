//! Notifying people: other jobs say what happened; this makes the notice and enqueues its immediate mails.
//!
//! Idempotent: a notice's id follows from what it is about and the notice is create-only, so a job that is run again
//! notifies nobody twice. The last act is the queue's; a notice whose message was lost is enqueued again by the tick.
//! Not here: who hears of it, and the mails (`send_digests`).

mod compose;
mod news;
mod span;
mod words;

use crate::messages;
use crate::ports::{Clock, Queue, Write};
use crate::records::{
    ConnectRefusal, Connecting, CredentialStatus, DiffCounts, NotCovered, Notice, NoticeEntry, Organisation,
    Partner, Records, Restore, RestoreCounts, Severity, Subject, Tenant, put_new,
};
use compose::Draft;
pub use compose::Sample;
use domain::changes::Change;
use domain::notices::Topic;
use domain::{
    DiffId, ErrorKind, OrganisationId, PartnerId, Refusal, RestoreId, Result, SnapshotId, TenantId, Timestamp,
};
use jiff::SignedDuration;
use std::sync::Arc;

pub use compose::not_connected_notices;
pub use news::News;
pub use words::one_line;

/// The organisation that a notice is about, and its place in the tree.
struct About {
    partner: PartnerId,
    organisation: OrganisationId,
    name: String,
}

impl About {
    fn of(organisation: &Organisation) -> Self {
        Self {
            partner: organisation.partner.clone(),
            organisation: organisation.id.clone(),
            name: organisation.name.clone(),
        }
    }
}

/// Makes notices and enqueues their immediate mails.
#[derive(Clone)]
pub struct Announcer {
    records: Records,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
}

impl Announcer {
    /// An announcer over these ports.
    pub fn new(records: Records, queue: Arc<dyn Queue>, clock: Arc<dyn Clock>) -> Self {
        Self { records, queue, clock }
    }

    /// Notifies of the changes that a comparison found. `sample` is made of all of them in their order; `counts`
    /// counts them. Without changes there is no notice.
    pub async fn announce_changes(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        sample: &Sample,
        counts: &DiffCounts,
    ) -> Result<()> {
        if counts.privileged > 0 {
            self.announce(tenant, &News::PrivilegedChanges { diff, sample, counts }).await?;
        }
        if counts.changes() > 0 {
            self.announce(tenant, &News::Changes { diff, sample, counts }).await?;
        }
        // Why apart: an administrator who does a day's work with a role is not what a change of power is, and digests put
        // a day's activations together.
        if counts.activations() > 0 {
            self.announce(tenant, &News::Activations { diff, sample, counts }).await?;
        }
        Ok(())
    }

    /// Notifies of work that was given up. `what` says which, for a person: `The snapshot of 22 November`.
    pub async fn announce_error(
        &self,
        tenant: &TenantId,
        subject: Subject,
        what: &str,
        kind: ErrorKind,
    ) -> Result<()> {
        self.announce(tenant, &News::GivenUp { subject, what, kind }).await
    }

    /// Notifies of work that came to nothing since the tenant does not admit Holdfast, and why. As
    /// [`Self::announce_error`].
    pub async fn announce_refusal(
        &self,
        tenant: &TenantId,
        subject: Subject,
        what: &str,
        refusal: Refusal,
    ) -> Result<()> {
        self.announce(tenant, &News::Refused { subject, what, refusal }).await
    }

    /// Notifies of a pending connection that came to nothing. The tenant is not the organisation's, so the notice is
    /// made of what the organisation's own row says.
    pub async fn announce_not_connected(
        &self,
        organisation: &Organisation,
        waited: &Connecting,
        why: ConnectRefusal,
    ) -> Result<()> {
        let news = News::NotConnected { organisation: &organisation.id, since: waited.since, why };
        self.notify_of(&waited.tenant, news.draft(), Some(About::of(organisation))).await
    }

    /// Notifies of what a sealed snapshot does not hold. To be called with only those gaps that the snapshot before
    /// did not have: people are notified of a missing licence once, not every day.
    pub async fn announce_not_covered(
        &self,
        tenant: &TenantId,
        snapshot: &SnapshotId,
        gaps: &[NotCovered],
    ) -> Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        self.announce(tenant, &News::NotCovered { snapshot, gaps }).await
    }

    /// Notifies of a restore that has ended, and how many of its steps came to which end.
    pub async fn announce_restore(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        counts: &RestoreCounts,
    ) -> Result<()> {
        self.announce(tenant, &News::Restored { restore, counts }).await
    }

    /// Notifies of a restore that is to be run and waits for its approval.
    pub async fn announce_waiting_restore(&self, restore: &Restore) -> Result<()> {
        self.announce(&restore.tenant, &News::WaitsForApproval { restore }).await
    }

    /// Notifies of a new status of the credentials; `seen_by` is the snapshot that found it. To be called when the
    /// status changes, not each time that it is found.
    pub async fn announce_credentials(
        &self,
        tenant: &TenantId,
        seen_by: &SnapshotId,
        status: CredentialStatus,
    ) -> Result<()> {
        self.announce(tenant, &News::Credentials { seen_by, status, excess: &[] }).await
    }

    /// The same of a status that says that more is granted than is needed, with the names of the permissions that nothing
    /// needs.
    pub async fn announce_excess(
        &self,
        tenant: &TenantId,
        seen_by: &SnapshotId,
        status: CredentialStatus,
        excess: &[String],
    ) -> Result<()> {
        self.announce(tenant, &News::Credentials { seen_by, status, excess }).await
    }

    /// The same of a tenant that does not admit Holdfast, with the reason.
    pub async fn announce_no_entry(
        &self,
        tenant: &TenantId,
        seen_by: &SnapshotId,
        status: CredentialStatus,
        refusal: Refusal,
    ) -> Result<()> {
        self.announce(tenant, &News::NoEntry { seen_by, status, refusal }).await
    }

    /// Notifies that more seats are in use than are paid for; `counted_by` is the snapshot that counted. To be called
    /// when that begins, not each time that it is counted.
    pub async fn announce_over_use(
        &self,
        tenant: &TenantId,
        counted_by: &SnapshotId,
        seats: u32,
        in_use: u64,
    ) -> Result<()> {
        self.announce(tenant, &News::OverUse { counted_by, seats, in_use }).await
    }

    /// Notifies of any news about a connected tenant.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no row; otherwise those of catalog and queue. Done again, it notifies nobody twice.
    pub async fn announce(&self, tenant: &TenantId, news: &News<'_>) -> Result<()> {
        self.notify_of(tenant, news.draft(), None).await
    }

    /// `about` says whose tenant it is, where the tenant's row does not.
    async fn notify_of(&self, tenant: &TenantId, draft: Draft, about: Option<About>) -> Result<()> {
        // A notice of that id was made before: only its message may be lost, so that alone is done again.
        if let Some(earlier) = self.records.find(&Notice::at(tenant, &draft.id)).await? {
            return self.ask_for_mails(&earlier.value).await;
        }
        // Whose tenant it is stands in the tenant's row, and is copied: the notice is about what was so when it
        // happened.
        let of = if let Some(of) = about {
            of
        } else {
            let Tenant { partner, organisation, name, .. } =
                self.records.get(&Tenant::at(tenant)).await?.value;
            About { partner, organisation, name }
        };
        let partner = self.records.get(&Partner::at(&of.partner)).await?.value;
        let now = self.clock.now();
        let notice = made(draft, tenant, partner, of, now);
        self.records.write(rows_of(&notice)?).await?;
        self.ask_for_mails(&notice).await
    }

    async fn ask_for_mails(&self, notice: &Notice) -> Result<()> {
        if notice.due_at.is_none() {
            return Ok(());
        }
        self.queue.send(messages::send_notice(&notice.tenant, &notice.id, notice.attempts)).await
    }
}

/// The rows of the notice that an organisation with a tenant ends, for the write that has it end. Whoever writes them has
/// no queue: the tick finds the notice and enqueues its mails. None where the notice was made before.
///
/// # Errors
/// Those of the rows.
pub async fn ending_notice(
    records: &Records,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<Vec<Write>> {
    let (Some(tenant), Some(ending)) = (&organisation.tenant, &organisation.ending) else {
        return Ok(Vec::new());
    };
    let draft = News::Ending { organisation: &organisation.id, ending }.draft();
    if records.find(&Notice::at(tenant, &draft.id)).await?.is_some() {
        return Ok(Vec::new());
    }
    let partner = records.get(&Partner::at(&organisation.partner)).await?.value;
    let notice = Notice { due_at: Some(now), ..made(draft, tenant, partner, About::of(organisation), now) };
    rows_of(&notice)
}

fn made(draft: Draft, tenant: &TenantId, partner: Partner, of: About, now: Timestamp) -> Notice {
    Notice {
        id: draft.id,
        tenant: tenant.clone(),
        partner: partner.id,
        above: partner.above,
        organisation: of.organisation,
        organisation_name: one_line(&of.name),
        topic: draft.topic,
        severity: draft.severity,
        title: draft.title,
        lines: draft.lines,
        changes: draft.changes,
        more_changes: draft.more_changes,
        subject: draft.subject,
        at: now,
        due_at: Some(overdue_at(now, 1)),
        attempts: 1,
    }
}

/// The notice with all listeners' entries, for one write: it is found by everybody who may hear of it, or by nobody.
fn rows_of(notice: &Notice) -> Result<Vec<Write>> {
    let mut writes: Vec<Write> = vec![put_new(notice)?];
    for listener in notice.listeners() {
        writes.push(put_new(&NoticeEntry::of(notice, listener))?);
    }
    Ok(writes)
}

/// When the mails of a notice that has been enqueued `attempts` times count as overdue: two minutes the first time,
/// then twice as long each time, up to four hours and a quarter.
pub fn overdue_at(now: Timestamp, attempts: u32) -> Timestamp {
    now + SignedDuration::from_mins(2 << attempts.saturating_sub(1).min(7))
}

/// The topic that a change belongs to.
#[must_use]
pub fn topic_of(change: &Change) -> Topic {
    if change.privileged { Topic::PrivilegedChanges } else { Topic::Changes }
}

/// How much a credential status matters.
#[must_use]
pub fn severity_of(status: CredentialStatus) -> Severity {
    match status {
        CredentialStatus::Connected | CredentialStatus::Waiting | CredentialStatus::ExcessReading => {
            Severity::Info
        }
        CredentialStatus::ExcessPermissions => Severity::Warning,
        CredentialStatus::MissingPermissions
        | CredentialStatus::ConsentWithdrawn
        | CredentialStatus::Unreachable => Severity::Critical,
    }
}
