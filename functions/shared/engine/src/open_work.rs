//! Work that a job has to finish, and what becomes of it when a message could not finish it.
//!
//! The row holds the truth about its work; a message only says that it is time for it. So a wait stands in the row,
//! and the message is done: no receipt is used up, the tenant's other work goes on, and the tick sends another
//! message when it is time. What no other try can help is closed at once, and what is in vain for long is closed by
//! the sweeper; people are notified of both here.

use crate::announce::Announcer;
use crate::messages;
use crate::metrics;
use crate::ports::{Outgoing, Write};
use crate::records::{
    At, Cause, Course, Diff, Found, GivenUp, JobState, Record, Records, Restore, RestoreState, Snapshot,
    Subject, Tenant, put_new, replace,
};
use domain::{Error, ErrorKind, Result, SnapshotId, TenantId, Timestamp};
use jiff::SignedDuration;

/// A row of work that a job has to finish.
pub trait OpenWork: Record + Clone {
    /// The tenant whose work it is.
    fn tenant(&self) -> &TenantId;
    /// Whether a job still has something to do for it.
    fn is_open(&self) -> bool;
    /// When a job last wrote to the row.
    fn touched_at(&self) -> Timestamp;
    /// How it went so far: waits, tries in vain, the cause of its end.
    fn course(&self) -> &Course;
    /// The same work, taken up once more: the row as it is to be written then.
    #[must_use]
    fn again(self, now: Timestamp) -> Self;
    /// The same work, waiting: the row as it is to be written then.
    #[must_use]
    fn held_up(self, course: Course, now: Timestamp) -> Self;
    /// The same work, given up: the row as it is to be written then. `why` is for a person.
    #[must_use]
    fn given_up(self, now: Timestamp, cause: Cause, why: &str) -> Self;
    /// The message that says it is time for it.
    fn message(&self) -> Outgoing;
    /// What a notice about it is about.
    fn subject(&self) -> Subject;
    /// The work in words for a person: *A snapshot*.
    fn label(&self) -> &'static str;
    /// How long it must have been in vain before it is given up.
    fn patience(&self) -> SignedDuration;
    /// The snapshot since which it was to tell people what changed; none where it tells nobody.
    fn announces_since(&self) -> Option<&SnapshotId> {
        None
    }
    /// Whether people are told of several such pieces, given up for one cause, once: because there may be many, and
    /// whoever asked for one follows it.
    fn is_notified_once(&self) -> bool;
}

macro_rules! open_work {
    (
        $record:ty, $failed:path, $label:literal, $subject:path, $patience:expr, $told_once:expr,
        |$row:ident| $message:expr $(, announces_since: $announces_since:expr)?
    ) => {
        impl OpenWork for $record {
            fn tenant(&self) -> &TenantId {
                &self.tenant
            }
            fn is_open(&self) -> bool {
                self.state.is_open()
            }
            fn touched_at(&self) -> Timestamp {
                self.touched_at
            }
            fn course(&self) -> &Course {
                &self.course
            }
            fn again(mut self, now: Timestamp) -> Self {
                self.course.again(self.touched_at);
                self.touched_at = now;
                self.attempts += 1;
                self
            }
            fn held_up(mut self, course: Course, now: Timestamp) -> Self {
                self.touched_at = now;
                self.course = course;
                self
            }
            fn given_up(mut self, now: Timestamp, cause: Cause, why: &str) -> Self {
                self.touched_at = now;
                self.state = $failed;
                self.error = Some(why.to_owned());
                self.course.fail(cause);
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
            fn patience(&self) -> SignedDuration {
                let patience: fn(&Self) -> SignedDuration = $patience;
                patience(self)
            }
            $(fn announces_since(&self) -> Option<&SnapshotId> {
                let announces_since: fn(&Self) -> Option<&SnapshotId> = $announces_since;
                announces_since(self)
            })?
            fn is_notified_once(&self) -> bool {
                let told_once: fn(&Self) -> bool = $told_once;
                told_once(self)
            }
        }
    };
}

/// How long most work is tried in vain: longer than most outages of one service.
const PATIENCE: SignedDuration = SignedDuration::from_hours(4);

open_work!(Snapshot, JobState::Failed, "A snapshot", Subject::Snapshot, |_| PATIENCE, |_| false, |s| {
    messages::take_snapshot(&s.tenant, &s.id, s.attempts)
});
open_work!(Diff, JobState::Failed, "A comparison", Subject::Diff, |_| PATIENCE, |_| true, |d| {
    messages::diff_snapshots(&d.tenant, &d.id, d.attempts)
}, announces_since: |d| Some(&d.before).filter(|_| d.announce));
open_work!(Restore, RestoreState::Failed, "A restore", Subject::Restore, patience_of, is_preview, |r| {
    if is_preview(r) {
        messages::preview_restore(&r.tenant, &r.id, r.attempts)
    } else {
        messages::run_restore(&r.tenant, &r.id, r.attempts)
    }
});

fn is_preview(restore: &Restore) -> bool {
    restore.state == RestoreState::Previewing
}

/// How long a restore is tried in vain. Why less for a preview: a person waits for it.
fn patience_of(restore: &Restore) -> SignedDuration {
    if is_preview(restore) { SignedDuration::from_hours(1) } else { PATIENCE }
}

/// What becomes of a message whose work ended in that error: a wait or an end is written to the row, and the message
/// is done. `mark` is how far the work is: any figure that changes when it gets further.
///
/// # Errors
/// The work's own error where the row cannot say so: there is no row, it is closed, or it cannot be written; and
/// where another job's write was in the way, since then that job works on it. The message comes back by itself.
pub async fn put_off<T: OpenWork>(
    (records, announcer): (&Records, &Announcer),
    at: &At<T>,
    mark: impl AsyncFnOnce(&T) -> u64,
    done: Result<()>,
) -> Result<()> {
    let Err(error) = done else { return Ok(()) };
    // Another job wrote to the row, so the work is in its hands, and this message must not write to it.
    if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Stale) {
        return Err(error);
    }
    let found = match records.find(at).await {
        Ok(Some(found)) if found.value.is_open() => found,
        _ => return Err(error),
    };
    // What may pass is waited for; what no other try can help is given up at once.
    let written = match error.kind() {
        ErrorKind::Throttled { .. } | ErrorKind::Unavailable => {
            let mark = mark(&found.value).await;
            wait(records, found, mark, &error).await
        }
        _ => {
            metrics::MESSAGES_PARKED.add(1);
            let cause = Cause::of(error.kind());
            give_up((records, announcer), found, cause, &error.summary().to_string()).await.map(drop)
        }
    };
    match written {
        Ok(()) => Ok(()),
        // Why the first error is returned: the row could not be written, so the queue has to bring the message back.
        Err(second) => {
            tracing::warn!(kind = second.kind().name(), reason = %second, "the row does not say so");
            Err(error)
        }
    }
}

/// Where jobs ended in the middle of that work again and again, lets it wait and gives until when; none where it may be taken
/// up. Why not tried until its message is given up: what the tenant has behind it in the same queue would wait for hours.
///
/// # Errors
/// Those of the catalog.
pub async fn wait_if_deadly<T: OpenWork>(
    records: &Records,
    found: &Found<T>,
    mark: impl AsyncFnOnce(&T) -> u64,
) -> Result<Option<Timestamp>> {
    let mut course = *found.value.course();
    if !course.is_deadly() {
        return Ok(None);
    }
    let now = records.clock().now();
    course.hold_up_lost(mark(&found.value).await, now);
    let waiting = found.value.clone().held_up(course, now);
    records.replace(&waiting, found.version).await?;
    metrics::MESSAGES_LATER.add(1);
    let (tenant, id, what) = (waiting.tenant(), waiting.subject(), waiting.label());
    let attempts = course.held_up.map(|held| held.attempts);
    tracing::warn!(%tenant, id = id.id(), what, attempts, "jobs ended in the middle of it; it waits");
    Ok(course.waits_until(now))
}

/// Writes to the row until when nobody takes it up.
async fn wait<T: OpenWork>(records: &Records, found: Found<T>, mark: u64, error: &Error) -> Result<()> {
    let (now, mut course) = (records.clock().now(), *found.value.course());
    let asked_ms = match error.kind() {
        ErrorKind::Throttled { retry_after_ms } => retry_after_ms,
        _ => None,
    };
    course.hold_up(Cause::of_wait(error), mark, now, asked_ms);
    metrics::OWN_APPLICATION_REFUSED.add(u64::from(error.fault().is_some()));
    let (subject, what) = (found.value.subject(), found.value.label());
    let waiting = found.value.held_up(course, now);
    records.replace(&waiting, found.version).await?;
    metrics::MESSAGES_LATER.add(1);
    let (attempts, until) = course.held_up.map(|held| (held.attempts, held.until)).unzip();
    let (id, until, kind) = (subject.id(), until.flatten().map(tracing::field::display), error.kind().name());
    tracing::warn!(tenant = %waiting.tenant(), id, what, kind, attempts, until, reason = %error, "later");
    Ok(())
}

/// Ends work that will not be done; false when another job was faster. People are notified first: when that fails,
/// the row is still open, and a job comes here again.
pub async fn give_up<T: OpenWork>(
    (records, announcer): (&Records, &Announcer),
    found: Found<T>,
    cause: Cause,
    why: &str,
) -> Result<bool> {
    let (tenant, subject, what) = (found.value.tenant().clone(), found.value.subject(), found.value.label());
    let given_up = find_given_up(records, &found.value, cause).await?;
    if given_up.is_none() {
        announcer.announce_error(&tenant, subject.clone(), what, cause.kind()).await?;
    }
    let mut writes = Vec::new();
    if found.value.is_notified_once() && given_up.is_none() {
        let (work, cause) = (subject.label().to_owned(), cause.kind().name().to_owned());
        let at = records.clock().now();
        writes.push(put_new(&GivenUp { tenant: tenant.clone(), work, cause, at })?);
    }
    let announces_since = found.value.announces_since().cloned();
    writes.extend([replace(&found.value.given_up(records.clock().now(), cause, why), found.version)?]);
    writes.extend(release_tenant(records, &tenant, &subject, announces_since.as_ref()).await?);
    match records.write(writes).await {
        Ok(()) => {
            // Why only after the write: so there is one line for each piece of work that is given up.
            tracing::error!(%tenant, id = subject.id(), what, kind = cause.kind().name(), reason = why, "given up");
            Ok(true)
        }
        Err(e) if e.kind() == ErrorKind::Conflict => Ok(false),
        Err(e) => Err(e),
    }
}

/// That such work was given up for that cause lately, so that people know; none where they are told of each piece.
///
/// # Errors
/// Those of the catalog.
pub async fn find_given_up<T: OpenWork>(records: &Records, row: &T, cause: Cause) -> Result<Option<GivenUp>> {
    if !row.is_notified_once() {
        return Ok(None);
    }
    let at = GivenUp::at(row.tenant(), row.subject().label(), cause.kind());
    Ok(records.find(&at).await?.map(|found| found.value))
}

/// Says in the tenant's row since when nobody was told what changed, where that comparison was to tell it and will not.
/// For the write that ends the comparison; none where nothing is to be written.
///
/// # Errors
/// Those of the catalog.
pub async fn note_unannounced(records: &Records, ended: &Diff) -> Result<Option<Write>> {
    release_tenant(records, &ended.tenant, &ended.subject(), ended.announces_since()).await
}

/// Takes the open snapshot that is given up out of its tenant's row, so that the next one can begin; and remembers there
/// the snapshot since which changes were to be told that nobody tells now.
async fn release_tenant(
    records: &Records,
    tenant: &TenantId,
    given_up: &Subject,
    announces_since: Option<&SnapshotId>,
) -> Result<Option<Write>> {
    let Some(found) = records.find(&Tenant::at(tenant)).await? else {
        return Ok(None);
    };
    let mut after = found.value.clone();
    if after.open_snapshot.as_ref().map(SnapshotId::as_str) == Some(given_up.id()) {
        after.open_snapshot = None;
    }
    // Why the least: ids begin with their time, and what is told from the earliest on is all told.
    after.untold_since = after.untold_since.into_iter().chain(announces_since.cloned()).min();
    if after == found.value { Ok(None) } else { replace(&after, found.version).map(Some) }
}
