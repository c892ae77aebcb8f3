//! Executes an approved restore: only what its preview showed, step by step, several at the same time where they have
//! nothing to do with each other, and verifies each step.
//!
//! From: the plan in the vault. To: the live tenant; an outcome row after every step; the report in the vault; at the
//! end the restore's row and a notice. Before a step is written the object is read again; after it, it is read until
//! it is as asked. A step that fails or is skipped stops only the steps that need it. Invariants: nothing is created
//! twice and no step is lost, wherever a run is cut off; no password is kept; nothing counts as done that a read-back
//! did not find.

mod adopt;
mod before;
mod beside;
mod bound;
mod cancel;
mod check;
mod create;
mod credentials;
mod delays;
mod execute;
mod flight;
mod guard;
mod halt;
mod issue_pass;
mod known;
mod lags;
mod least;
mod looks;
mod missing;
mod narrow;
mod narrowing;
mod others;
mod outcome;
mod parcel;
mod passed_over;
mod progress;
mod put_back;
mod receipt;
mod roleless;
mod rows;
mod sent;
mod step;
mod wait;

pub use beside::Bounds;
pub use engine::messages::RestoreMessage as Request;

use crate::plans::{FinalReport, PlanStore, StoredPlan};
use crate::preview_restore::Archived;
use crate::receipts::RestoreEnding;
use async_trait::async_trait;
use backup::archive::Archive;
use domain::{Error, ErrorKind, Result, TenantId, Timestamp};
use engine::announce::Announcer;
use engine::messages::{self, RUN_RESTORE};
use engine::metrics;
use engine::open_work::{OpenWork, put_off, wait_if_deadly};
use engine::ports::{Clock, Directory, DirectoryWriter, Ids, KeyRing, Queue, Signer, Spent, Vault};
use engine::records::{
    Approval, Cause, Course, Found, Records, Restore, RestoreCounts, RestoreState, Subject,
};
use engine::work::{JobWorker, unless_gone};
use progress::{Reached, RestoreRun};
use std::sync::Arc;

/// What one invocation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The counts so far, over all invocations.
    pub counts: RestoreCounts,
    /// Whether another invocation goes on: the time was up, or has not come yet.
    pub is_continued: bool,
    /// Whether there was nothing to do.
    pub was_done: bool,
}

/// Notifies people of a restore. Each may be called twice for the same.
#[async_trait]
pub trait Announce: Send + Sync {
    /// Called when the restore's state is `Done`, `Failed` or `Cancelled`.
    async fn restore_finished(&self, restore: &Restore) -> Result<()>;
    /// Called when it is to be run, and waits for somebody to approve it.
    async fn restore_waits(&self, restore: &Restore) -> Result<()>;
}

/// An [`Announce`] that notifies nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

#[async_trait]
impl Announce for Silence {
    async fn restore_finished(&self, _restore: &Restore) -> Result<()> {
        Ok(())
    }
    async fn restore_waits(&self, _restore: &Restore) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Announce for Announcer {
    async fn restore_finished(&self, restore: &Restore) -> Result<()> {
        if restore.state == RestoreState::Failed {
            let (subject, cause) = (Subject::Restore(restore.id.clone()), restore.course.cause());
            let kind = cause.unwrap_or(Cause::Unavailable).kind();
            return self.announce_error(&restore.tenant, subject, restore.label(), kind).await;
        }
        // Of what nothing was begun, nobody needs to hear: whoever stopped it knows.
        if restore.state == RestoreState::Cancelled && restore.started_at.is_none() {
            return Ok(());
        }
        self.announce_restore(&restore.tenant, &restore.id, &restore.counts).await
    }
    async fn restore_waits(&self, restore: &Restore) -> Result<()> {
        self.announce_waiting_restore(restore).await
    }
}

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// Reads the tenant, with the reading credential.
    pub directory: Arc<dyn Directory>,
    /// Writes the tenant, with the writing credential.
    pub writer: Arc<dyn DirectoryWriter>,
    /// Where the plan is and the report goes.
    pub vault: Arc<dyn Vault>,
    /// The keys that the vault's content is sealed with.
    pub keys: Arc<dyn KeyRing>,
    /// Rows of restores, their steps and re-creations.
    pub records: Records,
    /// Takes continuations, and notices of restores.
    pub queue: Arc<dyn Queue>,
    /// Says when to stop, and when a step was done.
    pub clock: Arc<dyn Clock>,
    /// Makes the passwords of users that are created again.
    pub ids: Arc<dyn Ids>,
    /// Signs the receipt when the restore has ended, under the installation's key.
    pub signer: Arc<dyn Signer>,
}

/// The job with its ports; the only one that holds the writing credential.
#[derive(Clone)]
pub struct Worker {
    /// Reads the tenant, with the reading credential.
    pub directory: Arc<dyn Directory>,
    /// Writes the tenant, with the writing credential.
    pub writer: Arc<dyn DirectoryWriter>,
    /// Rows of restores, their steps and re-creations.
    pub records: Records,
    /// Where the plan is and the report goes.
    pub plans: Arc<dyn PlanStore>,
    /// Takes the continuation of a suspended restore.
    pub queue: Arc<dyn Queue>,
    /// Says when to stop, and when a step was done.
    pub clock: Arc<dyn Clock>,
    /// Makes the passwords of users that are created again.
    pub ids: Arc<dyn Ids>,
    /// Notifies people of the restore's end.
    pub announce: Arc<dyn Announce>,
    /// Signs the receipt when the restore has ended, under the installation's key.
    pub signer: Arc<dyn Signer>,
    /// How many steps are under way at the same time.
    pub bounds: Bounds,
}

impl Worker {
    /// The job over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { directory, writer, vault, keys, records, queue, clock, ids, signer } = ports;
        let archive = Arc::new(Archive::new(vault, keys, records.clone()));
        let announcer = Announcer::new(records.clone(), queue.clone(), clock.clone());
        Self {
            directory,
            writer,
            plans: Arc::new(Archived::new(archive, records.clone())),
            announce: Arc::new(announcer),
            records,
            queue,
            clock,
            ids,
            signer,
            bounds: Bounds::default(),
        }
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "run-restore"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let request: Request = messages::read(body, RUN_RESTORE)?;
        let done = self.run(&request, deadline).await.map(|report| {
            tracing::info!(tenant = %request.tenant, restore = %request.restore, ?report, "run-restore");
        });
        let done = unless_gone(&self.records, &request.tenant, done).await;
        let announcer = Announcer::new(self.records.clone(), self.queue.clone(), self.clock.clone());
        let mark = async |row: &Restore| row.counts.ended();
        put_off::<Restore>(
            (&self.records, &announcer),
            &Restore::at(&request.tenant, &request.restore),
            mark,
            done,
        )
        .await
    }
}

impl Worker {
    /// Executes the restore, or goes on with it, until it is done or the time is up.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Corrupt` when its plan cannot be read; and what may pass
    /// (throttling beyond the deadline, a row that another job changed).
    pub async fn run(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let directory = self.directory.with_deadline(deadline).unwrap_or_else(|| self.directory.clone());
        let writer = self.writer.with_deadline(deadline).unwrap_or_else(|| self.writer.clone());
        let ran = Self { directory, writer, ..self.clone() }.run_until(request, deadline).await;
        // Another restore may need it at once; the next invocation of this one leases anew.
        self.directory.give_back().await;
        self.writer.give_back().await;
        let report = ran?;
        if !report.is_continued {
            self.keep_receipt(request).await?;
        }
        Ok(report)
    }

    async fn run_until(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let found = self.records.get(&Restore::at(&request.tenant, &request.restore)).await?;
        if found.value.state == RestoreState::Previewed && found.value.run_by.is_none() {
            let is_over = RestoreEnding::of(&found.value, self.clock.now()).is_some();
            let told = match self.foretell(&found).await {
                // Why no failure: nothing of it can be run any more, and somebody may wait for its receipt.
                Err(_) if is_over => false,
                told => told?,
            };
            // Why as if it went on: the message was about this, however late it came, and is no wish for a receipt.
            if told {
                return Ok(Report { was_done: true, is_continued: true, counts: found.value.counts });
            }
        }
        match found.value.state {
            RestoreState::Queued | RestoreState::Running => {}
            RestoreState::Done | RestoreState::Failed | RestoreState::Cancelled => {
                // Why again: the last run may have been cut off between the row and the notice.
                if found.value.queued_at.is_some() {
                    self.announce.restore_finished(&found.value).await?;
                }
                return Ok(Report { was_done: true, counts: found.value.counts, is_continued: false });
            }
            RestoreState::Previewed if RestoreEnding::of(&found.value, self.clock.now()).is_some() => {
                return Ok(Report { was_done: true, ..Report::default() });
            }
            RestoreState::Previewed if found.value.waits_for_approval() => {
                self.announce.restore_waits(&found.value).await?;
                return Ok(Report { was_done: true, ..Report::default() });
            }
            RestoreState::Previewed => return Ok(Report { was_done: true, ..Report::default() }),
            RestoreState::Previewing => return Err(Error::invalid("the restore is not previewed yet")),
        }
        // Who asked to stop it does not wait for what it waits for.
        let is_stopped = found.value.cancelled_by.is_some();
        if !is_stopped && found.value.course.waits_until(self.clock.now()).is_some() {
            return Ok(Report { counts: found.value.counts, is_continued: true, was_done: false });
        }
        let is_deadly =
            wait_if_deadly(&self.records, &found, async |row: &Restore| row.counts.ended()).await?.is_some();
        if is_deadly {
            return Ok(Report { counts: found.value.counts, is_continued: true, was_done: false });
        }
        let mut found = self.take_up(found).await?;
        let stored = self.plans.find_plan(&request.tenant, &request.restore).await?;
        let StoredPlan { plan, hash } =
            stored.ok_or_else(|| Error::corrupt("the plan of an approved restore is missing"))?;
        // Why not by the row of the restore: other jobs write it, and what they say there approves nothing.
        let approval = self.records.find(&Approval::at(&request.tenant, &request.restore)).await?;
        let Some(approval) = approval.map(|found| found.value).filter(|approval| approval.allows(&hash))
        else {
            let why = Error::denied("nobody approved this plan; ask for another preview and approve it");
            return self.give_up(found, Cause::NotApproved, &why).await;
        };
        found.value.note_approval(&approval);
        if is_stopped {
            let mut progress = RestoreRun::load(self, &found, vec![], deadline).await?;
            return self.cancel(found, &plan, &mut progress).await;
        }
        // Why before the first write: a consent that was taken back ends the restore, rather than failing each of its
        // steps.
        let checked = match self.check_credentials(&request.tenant, &plan).await {
            Ok(checked) => checked,
            Err(error) if error.kind() == ErrorKind::Denied => {
                return self.give_up(found, Cause::Denied, &error).await;
            }
            Err(error) => return Err(error),
        };
        let said = (found.value.not_permitted.clone(), found.value.permissions_read_at.is_some());
        found.value.writer = checked.writer.or(found.value.writer);
        found.value.permissions_read_at = checked.not_permitted.as_ref().map(|_| self.clock.now());
        found.value.not_permitted = checked.not_permitted.unwrap_or_default();
        // Why before the first step: who watches it knows then what will be refused.
        if said != (found.value.not_permitted.clone(), found.value.permissions_read_at.is_some()) {
            self.records.replace(&found.value, found.version).await?;
            found.version += 1;
        }
        let mut progress = RestoreRun::load(self, &found, checked.own, deadline).await?;
        let reached = progress.execute(&plan).await;
        found.version = progress.version;
        found.value.cancelled_by.clone_from(&progress.restore.cancelled_by);
        found.value.attempts = progress.restore.attempts;
        found.value.expected_at = progress.restore.expected_at;
        // What was spent and done is written to the row however the execution ended.
        found.value.spent += self.taken(&request.tenant);
        found.value.counts = progress.counts(&plan);
        match reached {
            Ok(Reached::End) => self.finish(found, &plan, &progress).await,
            Ok(Reached::Cancelled) => self.cancel(found, &plan, &mut progress).await,
            Ok(Reached::Deadline) => {
                let counts = found.value.counts;
                found.value.touched_at = self.clock.now();
                found.value.course = Course::default();
                self.records.replace(&found.value, found.version).await?;
                let next = found.value.attempts;
                self.queue.send(messages::run_restore(&request.tenant, &request.restore, next)).await?;
                Ok(Report { counts, is_continued: true, was_done: false })
            }
            Err(error) => {
                found.value.touched_at = self.clock.now();
                // Why its own error is dropped: the counts are worth keeping, but the error that brings the message
                // back comes first.
                let _ = self.records.replace(&found.value, found.version).await;
                Err(error)
            }
        }
    }

    async fn take_up(&self, found: Found<Restore>) -> Result<Found<Restore>> {
        let Found { mut value, version } = found;
        let now = self.clock.now();
        value.state = RestoreState::Running;
        value.started_at = value.started_at.or(Some(now));
        value.touched_at = now;
        value.attempts += 1;
        value.course.take_up();
        self.records.replace(&value, version).await?;
        Ok(Found { value, version: version + 1 })
    }

    /// Ends a restore that is not executed any further: a credential was refused, or nobody approved it.
    async fn give_up(&self, found: Found<Restore>, cause: Cause, why: &Error) -> Result<Report> {
        let Found { mut value, version } = found;
        tracing::warn!(restore = %value.id, ?cause, "a restore was given up");
        value.state = RestoreState::Failed;
        value.error = Some(why.summary().into());
        value.course.fail(cause);
        value.done_at = Some(self.clock.now());
        value.touched_at = self.clock.now();
        self.records.replace(&value, version).await?;
        self.announce.restore_finished(&value).await?;
        Ok(Report { counts: value.counts, ..Report::default() })
    }

    async fn finish(
        &self,
        found: Found<Restore>,
        plan: &domain::restore::RestorePlan,
        progress: &RestoreRun<'_>,
    ) -> Result<Report> {
        let Found { mut value, version } = found;
        let now = self.clock.now();
        value.state = RestoreState::Done;
        value.course = Course::default();
        (value.expected_at, value.cancelled_by) = (None, None);
        value.done_at = Some(now);
        value.touched_at = now;
        let report = FinalReport::of(&value, plan, |number| progress.outcome(number));
        // A report that is there already came from a run that was cut off here: it says the same.
        self.plans.put_new_report(&value.tenant, &value.id, &report).await?;
        self.records.replace(&value, version).await?;
        self.announce.restore_finished(&value).await?;
        metrics::RESTORES_DONE.add(1);
        metrics::RESTORE_STEPS_FAILED.add(value.counts.failed);
        Ok(Report { counts: value.counts, ..Report::default() })
    }

    fn taken(&self, tenant: &TenantId) -> Spent {
        let mut spent = self.directory.take_spent(tenant);
        spent += self.writer.take_spent(tenant);
        spent
    }
}
