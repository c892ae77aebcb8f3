//! Telling people: other jobs say what happened, this makes the notice and asks for its immediate mails.
//!
//! Idempotent: a notice's id follows from what it is about and the notice is create-only, so a job that is
//! run again tells nothing twice. The last act is the queue's; a notice whose message was lost is put into
//! the queue again by the tick. Not here: who hears of it, and the mails (`send_digests`).

mod compose;
mod words;

use crate::messages;
use crate::ports::{Clock, Queue, Write};
use crate::records::{
    ConnectRefusal, Connecting, CredentialStatus, DiffCounts, NotCovered, Notice, NoticeEntry, Organisation,
    Partner, Records, RestoreCounts, Severity, Subject, Tenant, put_new,
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
pub use words::one_line;

/// Whom a notice is about.
struct About {
    partner: PartnerId,
    organisation: OrganisationId,
    name: String,
}

/// Makes notices.
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

    /// Tells the changes that a comparison found. `sample` is made of all of them in their order; `counts` counts
    /// them. Without changes nothing is told.
    pub async fn announce_changes(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        sample: &Sample,
        counts: &DiffCounts,
    ) -> Result<()> {
        if counts.privileged > 0 {
            self.tell(tenant, compose::privileged_changes(diff, sample, counts)).await?;
        }
        if counts.created + counts.deleted + counts.modified > 0 {
            self.tell(tenant, compose::changes(diff, sample, counts)).await?;
        }
        Ok(())
    }

    /// Tells that work was given up. `what` says which, for a person: `The snapshot of 22 November`.
    pub async fn announce_error(
        &self,
        tenant: &TenantId,
        subject: Subject,
        what: &str,
        kind: ErrorKind,
    ) -> Result<()> {
        self.tell(tenant, compose::error(subject, what, kind)).await
    }

    /// Tells that work came to nothing since the tenant does not let us in, and why. As [`Self::announce_error`].
    pub async fn announce_refusal(
        &self,
        tenant: &TenantId,
        subject: Subject,
        what: &str,
        refusal: Refusal,
    ) -> Result<()> {
        self.tell(tenant, compose::refused(subject, what, refusal)).await
    }

    /// Tells that a connection that waited came to nothing. The tenant is not the organisation's, so the notice is made
    /// of what the organisation's own row says.
    pub async fn announce_not_connected(
        &self,
        organisation: &Organisation,
        waited: &Connecting,
        why: ConnectRefusal,
    ) -> Result<()> {
        let of = About {
            partner: organisation.partner.clone(),
            organisation: organisation.id.clone(),
            name: organisation.name.clone(),
        };
        let draft = compose::not_connected(&organisation.id, waited.since, why);
        self.tell_of(&waited.tenant, draft, Some(of)).await
    }

    /// Tells what a sealed snapshot does not hold. To be called with those gaps alone that the snapshot
    /// before did not have: a missing licence is told once, not every day.
    pub async fn announce_not_covered(
        &self,
        tenant: &TenantId,
        snapshot: &SnapshotId,
        gaps: &[NotCovered],
    ) -> Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        self.tell(tenant, compose::not_covered(snapshot, gaps)).await
    }

    /// Tells that a restore has ended, and how many of its steps came to which end.
    pub async fn announce_restore(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        counts: &RestoreCounts,
    ) -> Result<()> {
        self.tell(tenant, compose::restore(restore, counts)).await
    }

    /// Tells that the credentials are otherwise than before; `seen_by` is the snapshot that found it. To be
    /// called when the status changes, not each time that it is seen.
    pub async fn announce_credentials(
        &self,
        tenant: &TenantId,
        seen_by: &SnapshotId,
        status: CredentialStatus,
    ) -> Result<()> {
        self.tell(tenant, compose::credentials(seen_by, status)).await
    }

    /// The same of a tenant that does not let us in, with the reason.
    pub async fn announce_no_entry(
        &self,
        tenant: &TenantId,
        seen_by: &SnapshotId,
        status: CredentialStatus,
        refusal: Refusal,
    ) -> Result<()> {
        self.tell(tenant, compose::no_entry(seen_by, status, refusal)).await
    }

    /// Tells that more seats are in use than are paid for; `counted_by` is the snapshot that counted. To be called when
    /// that begins, not each time that it is counted.
    pub async fn announce_over_use(
        &self,
        tenant: &TenantId,
        counted_by: &SnapshotId,
        seats: u32,
        in_use: u64,
    ) -> Result<()> {
        self.tell(tenant, compose::over_use(counted_by, seats, in_use)).await
    }

    async fn tell(&self, tenant: &TenantId, draft: Draft) -> Result<()> {
        self.tell_of(tenant, draft, None).await
    }

    /// `about` says whose it is, where the tenant's row does not.
    async fn tell_of(&self, tenant: &TenantId, draft: Draft, about: Option<About>) -> Result<()> {
        if let Some(told) = self.records.find(&Notice::at(tenant, &draft.id)).await? {
            return self.ask_for_mails(&told.value).await;
        }
        let of = if let Some(of) = about {
            of
        } else {
            let Tenant { partner, organisation, name, .. } =
                self.records.get(&Tenant::at(tenant)).await?.value;
            About { partner, organisation, name }
        };
        let partner = self.records.get(&Partner::at(&of.partner)).await?.value;
        let now = self.clock.now();
        let notice = Notice {
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
        };
        let mut writes: Vec<Write> = vec![put_new(&notice)?];
        for listener in notice.listeners() {
            writes.push(put_new(&NoticeEntry::of(&notice, listener))?);
        }
        self.records.write(writes).await?;
        self.ask_for_mails(&notice).await
    }

    async fn ask_for_mails(&self, notice: &Notice) -> Result<()> {
        if notice.due_at.is_none() {
            return Ok(());
        }
        self.queue.send(messages::send_notice(&notice.tenant, &notice.id, notice.attempts)).await
    }
}

/// When the mails of a notice that has been put into the queue so often count as overdue: two minutes the
/// first time, then twice as long each time, up to four hours and a quarter.
pub fn overdue_at(now: Timestamp, attempts: u32) -> Timestamp {
    now + SignedDuration::from_mins(2 << attempts.saturating_sub(1).min(7))
}

/// The topic of a change.
#[must_use]
pub fn topic_of(change: &Change) -> Topic {
    if change.privileged { Topic::PrivilegedChanges } else { Topic::Changes }
}

/// How bad a credential status is.
#[must_use]
pub fn severity_of(status: CredentialStatus) -> Severity {
    match status {
        CredentialStatus::Connected | CredentialStatus::Waiting => Severity::Info,
        CredentialStatus::ExcessPermissions | CredentialStatus::SecretExpiring => Severity::Warning,
        CredentialStatus::MissingPermissions
        | CredentialStatus::ConsentWithdrawn
        | CredentialStatus::Unreachable => Severity::Critical,
    }
}
