//! The end of a comparison that cannot be made.

use super::{Report, Worker};
use domain::{Error, ErrorKind, ErrorReason, Result};
use engine::messages;
use engine::open_work::note_unannounced;
use engine::records::{Cause, Course, Diff, Found, JobState, Subject, replace};

/// How often a comparison stores its pages anew: once for each release that takes it up, which are hardly more.
const MOST_ANEW: u32 = 3;

impl Worker {
    /// Ends the comparison; or begins it again: in another place, where another release had stored other pages, and at the
    /// snapshot right before, where it had begun at an older one that cannot be read.
    pub(super) async fn fail(&self, row: Found<Diff>, error: &Error) -> Result<Report> {
        let Found { value: diff, version } = row;
        let is_stored_otherwise = error.reason() == Some(ErrorReason::StoredOtherwise);
        if is_stored_otherwise && diff.span.stored_anew < MOST_ANEW {
            let mut again = Diff { progress: None, course: Course::default(), ..diff };
            again.span.stored_anew += 1;
            return self.begin_again(again, version).await;
        }
        if error.kind() == ErrorKind::Corrupt {
            tracing::error!(tenant = %diff.tenant, diff = %diff.id, %error, "stored bytes are damaged");
        }
        if let Some(before) = diff.span.instead_of.clone().filter(|_| error.kind() != ErrorKind::Denied) {
            // Why without a notice: that the comparison with the older snapshot failed was told when it was given up.
            let mut again = Diff { before, progress: None, course: Course::default(), ..diff };
            again.span.instead_of = None;
            again.span.begun_again = true;
            return self.begin_again(again, version).await;
        }
        // Why only then: what a person asked for they follow themselves; the comparison after a snapshot nobody watches.
        if diff.announce {
            let subject = Subject::Diff(diff.id.clone());
            let what = "The comparison with the snapshot before";
            self.announcer.announce_error(&diff.tenant, subject, what, error.kind()).await?;
        }
        let mut failed = diff;
        failed.state = JobState::Failed;
        failed.error = Some(error.summary().into());
        failed.course.fail(Cause::of(error.kind()));
        let mut writes = vec![replace(&failed, version)?];
        // The next comparison begins where this one did.
        writes.extend(note_unannounced(&self.records, &failed).await?);
        self.records.write(writes).await?;
        Ok(Report::Failed(error.summary().into()))
    }

    async fn begin_again(&self, again: Diff, version: u64) -> Result<Report> {
        self.records.replace(&again, version).await?;
        self.queue.send(messages::diff_snapshots(&again.tenant, &again.id, again.attempts + 1)).await?;
        Ok(Report::Continues)
    }
}
