//! The end of a comparison that cannot be made.

use super::{Report, Worker};
use domain::{Error, ErrorKind, Result};
use engine::messages;
use engine::open_work::note_unannounced;
use engine::records::{Cause, Course, Diff, Found, JobState, Subject, replace};

impl Worker {
    /// Ends the comparison; or begins it again at the snapshot right before, where it had begun at an older one that
    /// cannot be read.
    pub(super) async fn fail(&self, row: Found<Diff>, error: &Error) -> Result<Report> {
        let Found { value: diff, version } = row;
        if error.kind() == ErrorKind::Corrupt {
            tracing::error!(tenant = %diff.tenant, diff = %diff.id, %error, "stored bytes are damaged");
        }
        if let Some(before) = diff.span.instead_of.clone().filter(|_| error.kind() != ErrorKind::Denied) {
            // Why without a notice: that the comparison with the older snapshot failed was told when it was given up.
            let mut again = Diff { before, progress: None, course: Course::default(), ..diff };
            again.span.instead_of = None;
            again.span.begun_again = true;
            self.records.replace(&again, version).await?;
            self.queue.send(messages::diff_snapshots(&again.tenant, &again.id, again.attempts + 1)).await?;
            return Ok(Report::Continues);
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
}
