//! A snapshot that the tenant refuses, as a whole or in part: while its consent may still be arriving it waits, or what is
//! refused does; otherwise it fails, or lacks that, and people are notified.
//!
//! A consent takes minutes to arrive everywhere at Microsoft, and until then tokens lack roles, or calls are refused. So in
//! the first hour after one nothing of it is final. Where nothing can be read the snapshot waits. Where a part can be read it
//! is sealed, so that there is one soon, nobody is alarmed, and another snapshot follows, which waits for the rest for as
//! long as the hour lasts. A snapshot that a person asked for waits for no part.

use super::Worker;
use domain::stored::MissingCause;
use domain::{Error, ErrorKind, ErrorReason, Refusal, Result, Timestamp};
use engine::open_work::OpenWork;
use engine::records::{
    Cause, CredentialStatus, Found, JobState, KindRuns, KindState, NotCovered, ReadingState, Reason,
    Snapshot, Tenant, replace,
};

/// How the tenant's last consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// It has arrived, or had the time to.
    Settled,
    /// It may still be arriving, and nothing could be read since.
    Arriving,
    /// It may still be arriving, and a snapshot since then holds a part.
    ArrivingFurther,
}

impl Consent {
    /// Whether a denial is final.
    pub(super) fn is_settled(self) -> bool {
        self == Self::Settled
    }
}

/// Whether a snapshot lacks something that a permission would give.
pub(super) fn is_partial(row: &Snapshot) -> bool {
    row.not_covered.iter().any(is_denied)
}

fn is_denied(gap: &NotCovered) -> bool {
    gap.cause == MissingCause::Denied.name()
}

/// What a kind that was read, or could not be, lacks for want of a permission: of each the permissions that would do, none
/// where Graph refused in spite of them.
fn denied(kind: &KindState) -> Vec<&[String]> {
    let parts: &[_] = match kind {
        KindState::Missing(missing) => std::slice::from_ref(missing),
        KindState::Done(KindRuns { missing, .. }) => missing,
        KindState::Reading(_) => &[],
    };
    let denied = parts.iter().filter(|missing| missing.cause == MissingCause::Denied);
    denied.map(|missing| missing.any_of.as_slice()).collect()
}

/// Forgets the kinds of a reading that lack what may be readable now: they begin anew. `granted` are the permissions of a
/// new token.
pub(super) fn forget_what_may_have_come(progress: &mut ReadingState, granted: &[String]) {
    let may_have_come =
        |any_of: &[String]| any_of.is_empty() || any_of.iter().any(|one| granted.contains(one));
    let before = progress.kinds.len();
    progress.kinds.retain(|_, kind| !denied(kind).into_iter().any(may_have_come));
    if progress.kinds.len() < before {
        progress.permissions = granted.to_vec();
    }
}

/// Whether a reading that is complete is put off until what it lacks has come.
///
/// # Errors
/// `Denied`, with the reason `ConsentArriving`, when it is.
pub(super) fn check_arrived(consent: Consent, reason: Reason, progress: &ReadingState) -> Result<()> {
    let lacks = progress.kinds.values().any(|kind| !denied(kind).is_empty());
    let has_some = progress.kinds.values().any(|kind| matches!(kind, KindState::Done(_)));
    let waits = match consent {
        Consent::Settled => false,
        Consent::Arriving => !has_some,
        Consent::ArrivingFurther => !has_some || reason == Reason::Schedule,
    };
    if lacks && waits {
        return Err(
            Error::denied("the consent has not arrived everywhere").because(ErrorReason::ConsentArriving)
        );
    }
    Ok(())
}

impl Worker {
    /// How the consent of the snapshot's tenant stands.
    pub(super) async fn consent(&self, row: &Snapshot, tenant: &Tenant) -> Result<Consent> {
        // Why not of a reading for a comparison: the snapshot that it is compared with was read, and a person waits.
        if row.reason == Reason::Live || !tenant.is_consent_young(self.clock.now()) {
            return Ok(Consent::Settled);
        }
        let Some(id) = &tenant.last_sealed else { return Ok(Consent::Arriving) };
        let last = self.records.find(&Snapshot::at(&row.tenant, id)).await?.map(|found| found.value);
        let since = last.filter(|last| last.sealed_at.is_some_and(|at| at >= tenant.consent_at()));
        Ok(match since {
            None => Consent::Arriving,
            Some(last) if last.provisional => Consent::ArrivingFurther,
            Some(_) => Consent::Settled,
        })
    }

    /// Lets the snapshot wait where the refusal may pass, since the consent may still be arriving; gives until when.
    pub(super) async fn wait_for_consent(
        &self,
        row: &Found<Snapshot>,
        error: &Error,
    ) -> Result<Option<Timestamp>> {
        let tenant: Found<Tenant> = self.records.get(&Tenant::at(&row.value.tenant)).await?;
        let may_pass = !error.is_unlicensed() && error.refusal().is_none_or(Refusal::is_about_consent);
        let is_known = error.reason() == Some(ErrorReason::ConsentArriving);
        let is_arriving =
            is_known || may_pass && !self.consent(&row.value, &tenant.value).await?.is_settled();
        if !is_arriving {
            return Ok(None);
        }
        let (now, mut course) = (self.clock.now(), row.value.course);
        let wait_ms = u64::try_from(Tenant::CONSENT_TRIED_AFTER.as_millis()).ok();
        let mark = self.mark(&row.value.tenant, &row.value.id).await;
        course.hold_up(Cause::Consent, mark, now, wait_ms);
        let waiting = row.value.clone().held_up(course, now);
        let mut after = tenant.value.clone();
        after.note_credentials(CredentialStatus::Waiting, now);
        let writes = vec![replace(&waiting, row.version)?, replace(&after, tenant.version)?];
        self.records.write(writes).await?;
        tracing::info!(tenant = %after.tenant, reason = %error, "the consent has not arrived everywhere yet");
        Ok(waiting.course.waits_until(now))
    }

    /// Ends the row of a snapshot that cannot be taken, and notifies people.
    pub(super) async fn fail(&self, row: &Found<Snapshot>, error: &Error) -> Result<()> {
        let tenant: Found<Tenant> = self.records.get(&Tenant::at(&row.value.tenant)).await?;
        let mut failed = row.value.clone();
        failed.state = JobState::Failed;
        failed.error = Some(error.summary().into());
        failed.course.fail(Cause::of(error.kind()));
        let mut after = tenant.value.clone();
        after.refused = error.refusal();
        let status = match (error.refusal(), error.reason()) {
            (Some(refusal), _) => CredentialStatus::of_refusal(refusal),
            (None, Some(ErrorReason::NothingRead)) => CredentialStatus::MissingPermissions,
            (None, _) => CredentialStatus::ConsentWithdrawn,
        };
        after.note_credentials(status, self.clock.now());
        if after.open_snapshot.as_ref() == Some(&failed.id) {
            after.open_snapshot = None;
        }
        // Why also where the status is as before: another reason is another thing to do.
        let is_new = after.credentials != tenant.value.credentials
            || tenant.value.refused.is_some_and(|before| after.refused != Some(before));
        // Why before the row is closed: if this is cut off, a rerun comes here again; it makes the same notice.
        self.notify_failure(&failed, error, is_new.then_some(after.credentials)).await?;
        self.records.write(vec![replace(&failed, row.version)?, replace(&after, tenant.version)?]).await
    }

    /// The gaps of the snapshot before that people know of.
    pub(super) async fn known_gaps(&self, tenant: &Tenant) -> Result<Vec<NotCovered>> {
        let Some(id) = &tenant.last_sealed else { return Ok(Vec::new()) };
        let before = self.records.find(&Snapshot::at(&tenant.tenant, id)).await?;
        let Some(Found { value: before, .. }) = before else { return Ok(Vec::new()) };
        let is_known_to_people = |gap: &NotCovered| !(before.provisional && is_denied(gap));
        Ok(before.not_covered.iter().filter(|gap| is_known_to_people(gap)).cloned().collect())
    }

    /// Makes the tenant's row say that the snapshot is not final: another follows soon.
    pub(super) fn expect_more(&self, after: &mut Tenant) {
        let now = self.clock.now();
        let soon = now + Tenant::CONSENT_TRIED_AFTER;
        after.note_credentials(CredentialStatus::Waiting, now);
        after.next_snapshot_at = after.next_snapshot_at.map(|at| at.min(soon));
    }
}

/// The gaps of a sealed snapshot that people are to be notified of now; not those that a consent may still close.
pub(super) fn final_gaps(done: &Snapshot) -> Vec<NotCovered> {
    let is_final = |gap: &&NotCovered| !(done.provisional && is_denied(gap));
    done.not_covered.iter().filter(is_final).cloned().collect()
}

/// Whether a new status of the credentials is news: that a consent has arrived is what everybody expects.
pub(super) fn is_news(before: CredentialStatus, after: CredentialStatus) -> bool {
    let is_expected = before == CredentialStatus::Waiting && after == CredentialStatus::Connected;
    before != after && after != CredentialStatus::Waiting && !is_expected
}

/// Whether what went wrong with asking for recoveries says nothing of the rest of the tenant.
pub(super) fn is_about_recovery(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Throttled { .. } | ErrorKind::Stale | ErrorKind::Corrupt)
}
