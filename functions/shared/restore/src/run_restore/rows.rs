//! What a run writes down while it is under way: that a step is about to be written, what Graph answered, how far the
//! run is.

use super::progress::RestoreRun;
use domain::restore::{RestorePlan, Step};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::{Applied, DirectoryWrite};
use engine::records::{Found, OutcomeState, Restore, RestoreCounts, StepOutcome};
use jiff::SignedDuration;
use std::sync::Arc;

/// How often a run says in its restore's row how far it is.
const TELLS_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// Where a write goes.
enum Written<'a> {
    /// To the links of the object of that id.
    Links(&'a str),
    /// To the object of that id itself.
    Object(&'a str),
    /// To an object that was not there before.
    New,
}

fn written(call: &DirectoryWrite) -> Written<'_> {
    match call {
        DirectoryWrite::AddLinks { from, .. }
        | DirectoryWrite::RemoveLink { from, .. }
        | DirectoryWrite::Assign { from, .. } => Written::Links(from),
        DirectoryWrite::Undelete { id, .. }
        | DirectoryWrite::Update { id, .. }
        | DirectoryWrite::Act { id, .. }
        | DirectoryWrite::Delete { id, .. }
        | DirectoryWrite::AssignLicences { id, .. }
        | DirectoryWrite::IssuePass { id, .. }
        | DirectoryWrite::RevokePass { id, .. } => Written::Object(id),
        DirectoryWrite::Create { .. } => Written::New,
    }
}

impl RestoreRun<'_> {
    /// Makes one write in the tenant, and notes it for the receipt.
    pub async fn apply(&mut self, call: &DirectoryWrite) -> Result<Applied> {
        // Whoever is at the links of the same object waits until this is written.
        let object = match written(call) {
            Written::Links(id) => Some(self.looks.object(id)),
            Written::Object(id) => self.looks.find(id),
            Written::New => None,
        };
        let answer = match object {
            Some(object) => {
                let mut last = object.last.lock().await;
                let answer = self.worker.writer.apply_as(self.tenant(), call, &self.request).await;
                last.written = self.looks.moment();
                self.wrote = last.written;
                answer
            }
            None => self.worker.writer.apply_as(self.tenant(), call, &self.request).await,
        };
        self.writing = None;
        self.sent.note(call, &answer);
        answer
    }

    /// Now and then says in the restore's row how far it is, for whoever watches it.
    pub async fn tell(&mut self, plan: &RestorePlan) -> Result<()> {
        let now = self.worker.clock.now();
        if now < self.row_written_at + TELLS_EVERY {
            return Ok(());
        }
        let counts = self.counts(plan);
        let expected_at = self.expected_at(&counts, now);
        let row = Restore { counts, expected_at, touched_at: now, ..self.restore.as_ref().clone() };
        self.row_written_at = now;
        match self.worker.records.replace(&row, self.version).await {
            Ok(()) => (self.restore, self.version) = (Arc::new(row), self.version + 1),
            // Somebody asks to stop it, which is read before the next step.
            Err(e) if matches!(e.kind(), ErrorKind::Conflict | ErrorKind::Stale) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// When the last step ends, if those that are left take as long as those of this invocation did.
    fn expected_at(&self, counts: &RestoreCounts, now: Timestamp) -> Option<Timestamp> {
        let (since, before) = self.went_on_at;
        let took_ms = now.duration_since(since).as_millis();
        let done = i128::from(counts.ended().saturating_sub(before));
        let left = i128::from(counts.steps.saturating_sub(counts.ended()));
        let left_ms = (took_ms * left).checked_div(done)?;
        now.checked_add(SignedDuration::from_millis(i64::try_from(left_ms).ok()?)).ok()
    }

    /// Whether somebody asked to stop the restore, by its row as it is now.
    ///
    /// # Errors
    /// `Conflict` where the row says that it is over.
    pub async fn is_cancelled(&mut self) -> Result<bool> {
        let (tenant, id) = (&self.restore.tenant, &self.restore.id);
        let row = self.worker.records.get(&Restore::at(tenant, id)).await?;
        if row.value.is_over() {
            return Err(Error::conflict("the restore was ended meanwhile"));
        }
        if row.version != self.version {
            self.version = row.version;
            let restore = Arc::make_mut(&mut self.restore);
            restore.cancelled_by = row.value.cancelled_by;
            restore.attempts = row.value.attempts;
        }
        Ok(self.restore.cancelled_by.is_some())
    }

    /// Now and then asks whether somebody stopped the restore: all steps may wait, so that none begins which would ask.
    pub async fn hear_of_stop(&self) {
        if !self.halt.is_to_be_asked(self.worker.clock.now()) {
            return;
        }
        let row = self.worker.records.get(&Restore::at(&self.restore.tenant, &self.restore.id)).await;
        // Why no error: it is asked again.
        let Ok(Found { value, .. }) = row else { return };
        if value.is_over() {
            self.halt.leave();
        } else if value.cancelled_by.is_some() {
            self.halt.stop();
        }
    }

    /// Writes down that the step is about to be written, so that nobody takes what comes of it for somebody else's work.
    pub async fn intend(&mut self, step: &Step) -> Result<()> {
        let row = match self.outcome(step.number) {
            // It was begun with the creation of its object, by that request; from here on it is written by its own.
            Some(row) if row.client_request_id.as_ref() != Some(&self.request) => {
                StepOutcome { status: None, request_id: None, ..row.clone() }
            }
            Some(_) => return Ok(()),
            None => self.row(step, OutcomeState::Started { before_ids: Vec::new(), begun_at: None }),
        };
        self.put(StepOutcome { client_request_id: Some(self.request.clone()), ..row }, vec![]).await
    }

    /// Keeps the calls of a step that another invocation goes on with: its receipt lists them.
    pub async fn keep_calls(&mut self, step: &Step) -> Result<()> {
        let Some(mut row) = self.outcome(step.number).cloned() else { return Ok(()) };
        if self.sent.list_so_far(step, &mut row) { self.put(row, vec![]).await } else { Ok(()) }
    }

    /// Keeps Graph's answer to a step that is not verified yet.
    pub async fn keep_answer(&mut self, step: &Step, answer: &Applied) -> Result<()> {
        let Some(mut row) = self.outcome(step.number).cloned() else { return Ok(()) };
        row.status = (answer.status > 0).then_some(answer.status);
        row.request_id.clone_from(&answer.request_id);
        self.sent.list_so_far(step, &mut row);
        self.put(row, vec![]).await
    }
}
