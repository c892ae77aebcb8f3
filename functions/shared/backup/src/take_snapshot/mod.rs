//! Takes a snapshot of a tenant: from a queue message, with the reading credential.
//!
//! Row -> reading (of everything the first time, then by delta) -> runs in the vault -> manifest -> row `Done` ->
//! last, the comparison with the snapshot before. Not here: how pages become runs (`reading`).
//! Invariants: the manifest is written once and last; what it names is stored; a rerun from any point ends in the
//! same state; what was sealed before is never touched.

mod extensions;
mod further;
mod keep;
mod logs;
mod notify;
mod refused;
mod seal;

use crate::archive::{Archive, TenantArchive};
use crate::reading::{Reading, is_recovered_since_read};
use async_trait::async_trait;
use domain::stored::Manifest;
use domain::{ErrorKind, Result, SnapshotId, TenantId, Timestamp};
use engine::announce::Announcer;
use engine::messages;
use engine::metrics;
use engine::open_work::{put_off, wait_if_deadly};
use engine::ports::{Clock, Directory, KeyRing, Queue, Vault};
use engine::records::{
    Found, JobState, KindState, ReadingState, Reason, Records, SeatCount, Snapshot, SnapshotMode, Tenant,
};
use engine::work::{JobWorker, unless_gone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use keep::{Keeper, Renewal};
pub(crate) use seal::comparison_id;

/// The message `take-snapshot.v1`: which snapshot is to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The tenant to read.
    pub tenant: TenantId,
    /// The snapshot; its row says the rest.
    pub snapshot: SnapshotId,
}

/// What one invocation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// There was nothing left to do.
    AlreadyDone,
    /// The deadline came; another invocation goes on.
    Continues,
    /// The time that it waits for has not come.
    Waits(Timestamp),
    /// The snapshot is sealed.
    Sealed,
    /// It cannot be taken, and why.
    Failed(String),
}

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// Reads the tenant, with the reading credential.
    pub directory: Arc<dyn Directory>,
    /// Where the snapshot's blobs are stored.
    pub vault: Arc<dyn Vault>,
    /// Opens what is in the vault, tenant by tenant.
    pub keys: Arc<dyn KeyRing>,
    /// Rows of tenants, snapshots and readings.
    pub records: Records,
    /// Takes continuations, the comparison that follows, and notices.
    pub queue: Arc<dyn Queue>,
    /// Says when a snapshot was taken, and how much of a call is left.
    pub clock: Arc<dyn Clock>,
}

/// The job, with its ports as fields.
#[derive(Clone)]
pub struct Worker {
    /// Reads the tenant, with the reading credential.
    pub directory: Arc<dyn Directory>,
    /// Where snapshots are read and written.
    pub archive: Arc<Archive>,
    /// Rows of tenants, snapshots and readings.
    pub records: Records,
    /// For the continuation and the comparison that follows.
    pub queue: Arc<dyn Queue>,
    /// Says when a snapshot was taken, and when to stop.
    pub clock: Arc<dyn Clock>,
    /// Notifies people of what a snapshot shows or does not hold.
    pub announcer: Announcer,
}

impl Worker {
    /// The job over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { directory, vault, keys, records, queue, clock } = ports;
        let archive = Arc::new(Archive::new(vault, keys, records.clone()));
        let announcer = Announcer::new(records.clone(), queue.clone(), clock.clone());
        Self { directory, archive, records, queue, clock, announcer }
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "take-snapshot"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let request: Request = messages::read(body, messages::TAKE_SNAPSHOT)?;
        // Why a zero: the alarm then sees a function that runs and seals nothing.
        metrics::SNAPSHOTS_SEALED.add(0);
        let done = self.run(&request, deadline).await.map(|report| {
            tracing::info!(tenant = %request.tenant, snapshot = %request.snapshot, ?report, "take-snapshot");
        });
        let done = unless_gone(&self.records, &request.tenant, done).await;
        let at = Snapshot::at(&request.tenant, &request.snapshot);
        let mark = async |_: &Snapshot| self.mark(&request.tenant, &request.snapshot).await;
        put_off((&self.records, &self.announcer), &at, mark, done).await
    }
}

impl Worker {
    /// Takes the snapshot, or goes on with it.
    pub async fn run(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let directory = self.directory.with_deadline(deadline).unwrap_or_else(|| self.directory.clone());
        let ran = Self { directory, ..self.clone() }.run_until(request, deadline).await;
        self.directory.give_back().await;
        ran
    }

    async fn run_until(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let found: Found<Snapshot> =
            self.records.get(&Snapshot::at(&request.tenant, &request.snapshot)).await?;
        match found.value.state {
            JobState::Queued | JobState::Running => {}
            JobState::Failed => return Ok(Report::AlreadyDone),
            JobState::Done => {
                // Why again: the message that starts the comparison is the last act, and may have been missed.
                self.compare_with_base(&found.value).await?;
                return Ok(Report::AlreadyDone);
            }
        }
        if let Some(until) = found.value.course.waits_until(self.clock.now()) {
            return Ok(Report::Waits(until));
        }
        // Why not of a reading for a comparison: the comparison's own row says whether that waits.
        if found.value.reason != Reason::Live {
            let mark = async |_: &Snapshot| self.mark(&request.tenant, &request.snapshot).await;
            if let Some(until) = wait_if_deadly(&self.records, &found, mark).await? {
                return Ok(Report::Waits(until));
            }
        }
        let row = self.take_up(found).await?;
        let archive = self.archive.open(&request.tenant).await?;
        match self.read_and_seal(&archive, &row.value, deadline).await {
            Ok(Some(manifest)) => {
                // Why also after more than one attempt: what earlier attempts parked is not counted here.
                let has_parked = archive.has_parked() || row.value.attempts > 1;
                self.finish(&row, &manifest, has_parked).await?;
                Ok(Report::Sealed)
            }
            Ok(None) => self.go_on(request, row).await,
            Err(error) if error.kind() == ErrorKind::Denied => {
                if let Some(until) = self.wait_for_consent(&row, &error).await? {
                    return Ok(Report::Waits(until));
                }
                self.fail(&row, &error).await?;
                metrics::SNAPSHOTS_REFUSED.add(u64::from(row.value.reason == Reason::Schedule));
                Ok(Report::Failed(error.summary().into()))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes to the row that a job works on it.
    async fn take_up(&self, found: Found<Snapshot>) -> Result<Found<Snapshot>> {
        let Found { mut value, version } = found;
        value.state = JobState::Running;
        value.attempts += 1;
        value.touched_at = self.clock.now();
        value.course.take_up();
        self.records.replace(&value, version).await?;
        Ok(Found { value, version: version + 1 })
    }

    /// The sealed manifest; none when the deadline came first.
    async fn read_and_seal(
        &self,
        archive: &TenantArchive,
        row: &Snapshot,
        deadline: Timestamp,
    ) -> Result<Option<Manifest>> {
        if let Some(manifest) = archive.find_manifest(&row.id).await? {
            return Ok(Some(manifest));
        }
        let Some((progress, version)) = self.read(archive, row, deadline).await? else { return Ok(None) };
        self.log_and_seal(archive, row, (progress, version), deadline).await
    }

    /// Goes on with the reading; returns its state, with the version of its row if it has one, once it is complete.
    async fn read(
        &self,
        archive: &TenantArchive,
        row: &Snapshot,
        deadline: Timestamp,
    ) -> Result<Option<(ReadingState, Option<u64>)>> {
        let tenant = archive.tenant();
        let saved: Option<Found<ReadingState>> =
            self.records.find(&ReadingState::at(tenant, &row.id)).await?;
        let (mut progress, version) = match saved {
            Some(found) => (found.value, Some(found.version)),
            None => (self.begin(row).await?, None),
        };
        // Why a base that cannot be read is no failure: without one, everything is read and the snapshot is complete
        // all the same.
        let base = match &progress.base {
            Some(id) => seal::readable_base(archive, id).await?,
            None => None,
        };
        // Why by a new token each time: the roles that a consent gives are in no earlier one. While it may still be
        // arriving no refusal is final, so kinds that lack what the token permits by now begin anew.
        let access = self.directory.access(tenant).await?;
        let owner: Found<Tenant> = self.records.get(&Tenant::at(tenant)).await?;
        let consent = self.consent(row, &owner.value).await?;
        if !consent.is_settled() {
            refused::forget_what_may_have_come(&mut progress, &access.permissions);
        }
        let mut everything = false;
        // Only at the beginning: what the token said then decides what counts as missing, and how to read is decided
        // once.
        if progress.kinds.is_empty() {
            progress.permissions.clone_from(&access.permissions);
            progress.extensions = Some(self.extensions(tenant, &access.permissions, base.as_ref()).await?);
            if let Some(before) = &base {
                everything = self.may_be_recovered_since(tenant, before).await?;
            }
        }
        // Why: what a kind that is read anew comes to is in no log yet.
        if !progress.kinds.values().all(KindState::is_finished) {
            progress.logs.clear();
            progress.log = None;
        }
        let (directory, clock) = (self.directory.clone(), self.clock.clone());
        let mut reading = Reading::new(directory, archive, clock, base, &access.permissions, deadline)
            .asking_for(progress.extensions.clone());
        if everything {
            reading = reading.reading_everything();
        }
        // The counts are kept in the row over all invocations, and whether the reading got further decides how long
        // it is tried.
        let (blobs, bytes) = (progress.stored_blobs, progress.stored_bytes);
        let (before, log_before) = (progress.kinds.clone(), progress.audit.clone());
        let outcome = reading.run_with_log(&mut progress).await;
        let is_further = further::got_further(&before, &progress.kinds) || progress.audit != log_before;
        progress.advances += u32::from(is_further);
        let (new_blobs, new_bytes) = archive.stored();
        (progress.stored_blobs, progress.stored_bytes) = (blobs + new_blobs, bytes + new_bytes);
        // What is complete but for a consent that may still come waits for it: an error, and the reading is kept.
        let outcome = outcome.and_then(|is_complete| {
            let waits = is_complete.then(|| refused::check_arrived(consent, row.reason, &progress));
            waits.unwrap_or(Ok(())).map(|()| is_complete)
        });
        match outcome {
            Ok(true) => Ok(Some((progress, version))),
            Ok(false) => self.save(&progress, version).await.map(|()| None),
            Err(error) => {
                self.save(&progress, version).await?;
                Err(error)
            }
        }
    }

    /// Whether Microsoft's own recovery wrote since that snapshot was begun, or may have: no delta shows that.
    async fn may_be_recovered_since(&self, tenant: &TenantId, before: &Manifest) -> Result<bool> {
        if is_recovered_since_read(before) {
            return Ok(true);
        }
        let last = match self.directory.last_recovery(tenant).await {
            // Why to read everything then: not to know is not to know that there was none. And why no failure: when
            // this service is down but the directory is not, or refuses what it is asked, the backup must go on.
            Err(error) if refused::is_about_recovery(error.kind()) => {
                tracing::warn!(%tenant, %error, "whether Microsoft recovered is not known; reading everything");
                return Ok(true);
            }
            other => other?,
        };
        let is_since = last.is_some_and(|at| at >= before.started_at);
        if is_since {
            tracing::info!(%tenant, "a recovery of Microsoft's wrote to the tenant; reading everything");
        }
        Ok(is_since)
    }

    async fn save(&self, progress: &ReadingState, version: Option<u64>) -> Result<()> {
        match version {
            Some(version) => self.records.replace(progress, version).await,
            None => self.records.put_new(progress).await,
        }
    }

    /// The row of a new reading: on the newest sealed snapshot, whatever it is compared with afterwards.
    async fn begin(&self, row: &Snapshot) -> Result<ReadingState> {
        let tenant: Found<Tenant> = self.records.get(&Tenant::at(&row.tenant)).await?;
        Ok(ReadingState {
            tenant: row.tenant.clone(),
            snapshot: row.id.clone(),
            started_at: self.clock.now(),
            base: tenant.value.last_sealed,
            permissions: Vec::new(),
            extensions: None,
            audit: None,
            kinds: BTreeMap::new(),
            spent: engine::ports::Spent::default(),
            stored_blobs: 0,
            stored_bytes: 0,
            advances: 0,
            logs: BTreeMap::new(),
            log: None,
        })
    }

    /// Writes to the rows that the snapshot is sealed; then starts the comparison with the one before.
    async fn finish(&self, row: &Found<Snapshot>, manifest: &Manifest, has_parked: bool) -> Result<()> {
        let tenant: Found<Tenant> = self.records.get(&Tenant::at(&row.value.tenant)).await?;
        let progress: Option<Found<ReadingState>> =
            self.records.find(&ReadingState::at(&row.value.tenant, &row.value.id)).await?;
        let mut done = seal::done_row(&row.value, manifest, self.clock.now());
        let is_settled = self.consent(&done, &tenant.value).await?.is_settled();
        // While a consent arrives, denials may pass: no gap is told then, and another snapshot follows.
        done.provisional = !is_settled && refused::is_partial(&done);
        let mut writes = vec![engine::records::replace(&done, row.version)?];
        // A reading for a comparison changes nothing else of the tenant: it is never the newest snapshot, and is not
        // listed.
        if done.reason != Reason::Live {
            let mut after = tenant.value.clone();
            after.open_snapshot = None;
            after.last_sealed = Some(done.id.clone());
            // This snapshot's comparison begins there (`seal::comparison`), and tells it.
            after.untold_since = None;
            if done.mode == Some(SnapshotMode::Full) {
                after.last_full_at = Some(manifest.started_at);
            }
            seal::count_days_left(self.directory.credential_ends_at().await?, self.clock.now());
            after.refused = None;
            after.note_credentials(seal::credentials(manifest), done.touched_at);
            if done.provisional {
                self.expect_more(&mut after);
            }
            after.not_protected = Some(seal::not_protected(manifest));
            after.newest = Some(seal::newest(&done, manifest, tenant.value.newest.as_ref()));
            // Why before the row is closed: if this is cut off, a rerun comes here again; it makes the same notice.
            if refused::is_news(tenant.value.credentials, after.credentials) {
                let excess = seal::excess_permissions(manifest);
                self.announcer.announce_excess(&done.tenant, &done.id, after.credentials, &excess).await?;
            }
            after.has_parked |= has_parked;
            writes.push(engine::records::replace(&after, tenant.version)?);
            if let Some(mut count) = seal::seat_count(manifest) {
                let found: Option<Found<SeatCount>> =
                    self.records.find(&SeatCount::at(&row.value.tenant)).await?;
                let before = found.as_ref().map(|f| &f.value);
                if self.notify_over_use(&after, before, &count).await? {
                    count.over_since = before.and_then(|b| b.over_since).or(Some(count.counted_at));
                }
                writes.push(match found {
                    Some(found) => engine::records::replace(&count, found.version)?,
                    None => engine::records::put_new(&count)?,
                });
            }
            if let Some(diff) = seal::comparison(&done, &tenant.value) {
                writes.push(engine::records::put_new(&diff)?);
            }
        } else if has_parked && !tenant.value.has_parked {
            let after = Tenant { has_parked, ..tenant.value.clone() };
            writes.push(engine::records::replace(&after, tenant.version)?);
        }
        if let Some(progress) = progress {
            writes.push(engine::records::delete(&progress.value, progress.version));
        }
        self.notify_new_gaps(&done, &tenant.value).await?;
        // Why the message after this: the comparison's row is written here, and a rerun sends what was cut off.
        self.records.write(writes).await?;
        seal::count(&done, manifest);
        self.compare_with_base(&done).await
    }

    /// Enqueues the comparison that follows the snapshot, unless it is done.
    async fn compare_with_base(&self, done: &Snapshot) -> Result<()> {
        let id = seal::comparison_id(&done.id);
        let diff = self.records.find(&engine::records::Diff::at(&done.tenant, &id)).await?;
        match diff {
            Some(diff) if diff.value.state.is_open() => {
                self.queue.send(messages::diff_snapshots(&done.tenant, &id, diff.value.attempts)).await
            }
            _ => Ok(()),
        }
    }
}
