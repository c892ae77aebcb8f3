//! Works out what a restore would do, and stores that for a person to approve. Writes to no directory.
//!
//! From: the snapshot (what is wanted), the live tenant (what is there), earlier re-creations (new ids).
//! To: a plan in the vault, create-only, and the restore's row. What is decided is decided in
//! [`domain::restore`]; this job fetches.

mod archived;
mod chosen;
mod extensions;
mod filtered;
mod gather;
mod guard;
mod outside;
mod ports;
mod power;
mod reads;
mod referrers;
mod restricted;
mod rivals;
mod taken;
mod targets;
mod undo;
mod whole_kinds;

pub use archived::Archived;
pub use engine::messages::RestoreMessage as Request;
pub use ports::{FilteredChanges, OpenSnapshot, OwnPrincipals, Snapshots};
pub(crate) use whole_kinds::too_many;

use crate::plans::{self, PlanStore, StoredPlan};
use async_trait::async_trait;
use backup::archive::Archive;
use domain::restore::{Guard, Inputs, Item, Selection};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::announce::Announcer;
use engine::messages::{self, PREVIEW_RESTORE};
use engine::open_work::{put_off, wait_if_deadly};
use engine::ports::{Clock, Directory, KeyRing, Queue, Vault};
use engine::records::{
    Cause, Course, Found, PREVIEW_GOOD_FOR, PRIVILEGED_PREVIEW_GOOD_FOR, Records, Restore, RestoreState,
    StepOutcome,
};
use engine::work::{JobWorker, unless_gone};
use filtered::Filtered;
use jiff::SignedDuration;
use reads::Reads;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most objects that one restore takes.
///
/// Why: a preview reads each of them live, and shows them together.
pub const MAX_ITEMS: usize = 10_000;

/// How long before its end an invocation stops reading, and keeps what it has read.
const TO_KEEP: SignedDuration = SignedDuration::from_secs(20);

/// What a preview came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many steps the plan has.
    pub steps: usize,
    /// How many items cannot be restored.
    pub impossible: usize,
    /// Whether there was nothing to do: another message had done it, or its time has not come yet.
    pub was_done: bool,
    /// Whether another invocation goes on with what this one has read: the time was up.
    pub is_continued: bool,
}

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// Reads the live tenant, with the reading credential.
    pub directory: Arc<dyn Directory>,
    /// Where snapshots are and plans go.
    pub vault: Arc<dyn Vault>,
    /// Opens what is in the vault, tenant by tenant.
    pub keys: Arc<dyn KeyRing>,
    /// Rows of restores, comparisons and re-creations.
    pub records: Records,
    /// Takes continuations, and notices of previews that were given up.
    pub queue: Arc<dyn Queue>,
    /// Says when a preview was made.
    pub clock: Arc<dyn Clock>,
}

/// The job with its ports. It holds no writing credential.
#[derive(Clone)]
pub struct Worker {
    /// What snapshots and comparisons hold.
    pub snapshots: Arc<dyn Snapshots>,
    /// Reads the live tenant, with the reading credential.
    pub directory: Arc<dyn Directory>,
    /// Where the plan goes.
    pub plans: Arc<dyn PlanStore>,
    /// Names our own applications in the tenant.
    pub own: Arc<dyn OwnPrincipals>,
    /// Rows of restores, comparisons and re-creations.
    pub records: Records,
    /// Takes the continuation of a preview whose time was up, and asks what of its plan may be written.
    pub queue: Arc<dyn Queue>,
    /// Says when a preview was made.
    pub clock: Arc<dyn Clock>,
    /// Notifies people of previews that were given up.
    pub announcer: Announcer,
}

impl Worker {
    /// The job over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { directory, vault, keys, records, queue, clock } = ports;
        let announcer = Announcer::new(records.clone(), queue.clone(), clock.clone());
        let archive = Arc::new(Archive::new(vault, keys, records.clone()));
        let archived = Arc::new(Archived::new(archive, records.clone()));
        Self {
            snapshots: archived.clone(),
            own: Arc::new(directory.clone()),
            directory,
            plans: archived,
            records,
            queue,
            clock,
            announcer,
        }
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "preview-restore"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let request: Request = messages::read(body, PREVIEW_RESTORE)?;
        let done = self.run(&request, deadline).await.map(|report| {
            tracing::info!(tenant = %request.tenant, restore = %request.restore, ?report, "preview-restore");
        });
        let done = unless_gone(&self.records, &request.tenant, done).await;
        let (at, ports) = (Restore::at(&request.tenant, &request.restore), (&self.records, &self.announcer));
        put_off(ports, &at, async |row: &Restore| self.mark(row).await, done).await
    }
}

impl Worker {
    /// How far a preview is: the number of its last invocation, where that kept something of what it had read. It is asked by a
    /// job that may die at any call, so it is one call.
    async fn mark(&self, row: &Restore) -> u64 {
        let kept = self.plans.find_reads(&row.tenant, &row.id, row.attempts, 0).await;
        // Why as if it had kept nothing: where that cannot be read, nobody waits the longer for it.
        if matches!(kept, Ok(Some(_))) { u64::from(row.attempts) } else { 0 }
    }

    /// Makes the preview.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore. What will not succeed later either fails the restore and is not an
    /// error here.
    pub async fn run(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let directory = self.directory.with_deadline(deadline).unwrap_or_else(|| self.directory.clone());
        let ran = Self { directory, ..self.clone() }.run_until(request, deadline).await;
        self.directory.give_back().await;
        ran
    }

    async fn run_until(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let found = self.records.get(&Restore::at(&request.tenant, &request.restore)).await?;
        if found.value.state == RestoreState::Previewed {
            // Why again: the last message may have been cut off between the row and this.
            self.foretell(&found.value).await?;
        }
        let waits = found.value.course.waits_until(self.clock.now()).is_some();
        if found.value.state != RestoreState::Previewing || waits {
            return Ok(Report { was_done: true, ..Report::default() });
        }
        if wait_if_deadly(&self.records, &found, async |row: &Restore| self.mark(row).await).await?.is_some()
        {
            return Ok(Report { was_done: true, ..Report::default() });
        }
        let Found { mut value, version } = found;
        value.touched_at = self.clock.now();
        value.attempts += 1;
        value.course.take_up();
        self.records.replace(&value, version).await?;
        // Planning takes minutes, in which another message may have ended the restore: so the row is read again.
        let (tenant, restore, attempt) = (&request.tenant, &request.restore, value.attempts);
        let reads = Reads::load(self.plans.clone(), &value, value.touched_at).await?;
        let planned = self.plan(&value, &reads, deadline - TO_KEEP).await;
        let is_late = self.clock.now() >= deadline - TO_KEEP;
        // Why not what is throttled: that says itself when to go on.
        let has_to_wait =
            planned.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::Throttled { .. }));
        let is_unfinished = planned.is_err() && is_late && !has_to_wait && reads.is_further();
        let is_stale = matches!(&planned, Ok(Planned::Stale));
        if is_stale || planned.as_ref().is_err_and(|error| is_unfinished || error.is_transient()) {
            reads.keep().await?;
        }
        let found = self.records.get(&Restore::at(&request.tenant, &request.restore)).await?;
        if found.value.state != RestoreState::Previewing {
            return Ok(Report { was_done: true, ..Report::default() });
        }
        let Found { mut value, version } = found;
        value.touched_at = self.clock.now();
        let report = match planned {
            _ if is_unfinished || is_stale => {
                // What is known to be about rights is read once more as far as it is too old for that.
                value.privileged |= is_stale;
                value.course = Course::default();
                self.records.replace(&value, version).await?;
                self.queue.send(messages::preview_restore(tenant, restore, attempt)).await?;
                return Ok(Report { is_continued: true, ..Report::default() });
            }
            Ok(Planned::Stale) => Report::default(),
            Ok(Planned::Stored(plan, is_privileged)) => {
                value.state = RestoreState::Previewed;
                value.previewed_at = Some(value.touched_at);
                // Why not from now: it shows the tenant as it was when that was read.
                value.expires_at = Some(reads.oldest() + good_for(is_privileged));
                value.plan = Some(plan.hash);
                value.privileged = is_privileged;
                let plan = plan.plan;
                value.course = Course::default();
                value.counts.steps = plan.steps.len() as u64;
                value.counts.impossible = plan.impossible.len() as u64;
                Report { steps: plan.steps.len(), impossible: plan.impossible.len(), ..Report::default() }
            }
            // What may pass leaves the row as it is: the message comes back, and the preview goes on with what was read.
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                tracing::warn!(restore = %value.id, kind = error.kind().name(), "a preview failed");
                value.state = RestoreState::Failed;
                value.error = Some(error.summary().into());
                value.course.fail(Cause::of(error.kind()));
                Report::default()
            }
        };
        self.records.replace(&value, version).await?;
        if value.state == RestoreState::Previewed {
            self.foretell(&value).await?;
        }
        Ok(report)
    }

    /// Has the job that holds the writing credential say what of the plan that may not write.
    async fn foretell(&self, restore: &Restore) -> Result<()> {
        if restore.permissions_read_at.is_some() || restore.counts.steps == 0 {
            return Ok(());
        }
        self.queue.send(messages::read_permissions(&restore.tenant, &restore.id, restore.attempts)).await
    }

    /// Makes the plan and stores it.
    async fn plan(&self, restore: &Restore, reads: &Reads, deadline: Timestamp) -> Result<Planned> {
        // Why not a new plan: this is a rerun after the plan was stored, and what is stored is what people see.
        if let Some(stored) = self.plans.find_plan(&restore.tenant, &restore.id).await? {
            // Why the shorter time: what the tenant was like when it was made is not known any more.
            return Ok(Planned::Stored(Box::new(stored), true));
        }
        // What a restore goes back to is a snapshot, or what another restore wrote over.
        let undone = match &restore.undoes {
            Some(other) => {
                let part = restore.undoes_only.as_ref();
                Some(undo::Undone::of(self, &restore.tenant, other, part, deadline).await?)
            }
            None => None,
        };
        let filtered = self.filtered(restore).await?;
        let opened;
        let (snapshot, (mut selection, mut apart)): (&dyn OpenSnapshot, _) = if let Some(undone) = &undone {
            (undone, undone.selection(&restore.selection))
        } else {
            opened = self.snapshots.open(&restore.tenant, &restore.snapshot).await?;
            let chosen = match &filtered {
                Some(Filtered { items, left, .. }) => {
                    (Selection { items: items.clone(), ..restore.selection.clone() }, left.clone())
                }
                None => self.selection(restore).await?,
            };
            (opened.as_ref(), chosen)
        };
        let mut ids = plans::new_ids(&self.records, &restore.tenant).await?;
        if !selection.kinds.is_empty() {
            let (tenant, kinds) = (&restore.tenant, &selection.kinds);
            let found = whole_kinds::Found::of(self, tenant, (snapshot, &ids), kinds, deadline).await?;
            selection.items = found.items;
            apart.extend(found.apart);
        }
        selection.check()?;
        let known = ids.clone();
        let gather = gather::Gather::new(self, &restore.tenant, snapshot, &known, (reads, deadline));
        let (mut items, unreadable) = gather.items(&selection.items).await?;
        apart.extend(unreadable);
        if let Some(undone) = &undone {
            let (ours, others) = undone.leave_to_others(items, &known);
            items = ours;
            apart.extend(others);
        }
        if let Some(filtered) = &filtered {
            let (ours, others) = filtered.leave_to_others(items, &known).await?;
            items = ours;
            apart.extend(others);
        }
        let mut rivals = gather.rivals(&items).await?;
        // What is adopted is looked at once more, as the object that it now is.
        let mut adopted = rivals::adopted(&selection, &items, &mut rivals, &mut ids);
        // What is taken for an object that was there did not come since.
        let taken: BTreeSet<String> = adopted.keys().map(|(_, key)| ids.rewrite(key)).collect();
        items.retain(|item| item.wanted.is_some() || !taken.contains(&item.key));
        let gather = gather::Gather::new(self, &restore.tenant, snapshot, &ids, (reads, deadline));
        apart.extend(gather.look_again(&mut items, &mut adopted).await?);
        let (referrers, unreadable) = gather.referrers(&items, &adopted).await?;
        apart.extend(unreadable);
        let chosen = |item: &Item| {
            let choices = selection.choices(item.kind, &item.key).cloned().collect();
            ((item.kind.name, item.key.clone()), choices)
        };
        let choices = items.iter().map(chosen).collect();
        let own_principals = self.own.list_own(&restore.tenant).await?.into_iter().collect();
        let extensions = gather.extensions(&items).await?;
        let mut inputs = Inputs {
            items,
            extensions,
            referrers,
            rivals,
            choices,
            adopted,
            ids: ids.clone(),
            guard: Guard { own_principals, ..Guard::default() },
            attributes: selection.attributes,
            links: selection.links,
            delete_created: selection.delete_created,
            come_back_blocked: selection.come_back_blocked,
            access_pass: selection.access_pass.clone(),
            now: self.clock.now(),
            ..Inputs::default()
        };
        // Why twice: only a plan says which far ends matter, and whether it can take somebody's rights.
        let first = domain::restore::plan(&inputs);
        gather.targets(&first, &mut inputs).await?;
        gather.outside(&first, &mut inputs).await?;
        gather.restricted(&first, &mut inputs).await?;
        gather.taken(&first, &mut inputs).await?;
        inputs.guard.administrators = self.administrators(&restore.tenant, &first).await?;
        let mut plan = domain::restore::plan(&inputs);
        plan.impossible.extend(apart);
        if plan.steps.len() > StepOutcome::MAX_STEPS {
            let most = StepOutcome::MAX_STEPS;
            return Err(Error::invalid(format!(
                "this restore has more than {most} steps; choose less at once"
            )));
        }
        let mut is_privileged = domain::restore::is_privileged(&inputs, &plan);
        if !is_privileged {
            inputs.guard.powerful = self.powerful(restore, &plan).await?;
            is_privileged = domain::restore::is_privileged(&inputs, &plan);
        }
        if is_privileged && reads.oldest() + good_for(true) <= self.clock.now() {
            if !restore.privileged {
                return Ok(Planned::Stale);
            }
            let why = "what is about rights over the tenant has to be read within half an hour; choose less at once";
            return Err(Error::invalid(why));
        }
        self.plans.put_new_plan(&restore.tenant, &restore.id, &plan).await?;
        let stored = self.plans.find_plan(&restore.tenant, &restore.id).await?;
        let stored = stored.ok_or_else(|| Error::corrupt("a stored plan cannot be found"))?;
        Ok(Planned::Stored(Box::new(stored), is_privileged))
    }
}

/// What planning came to.
enum Planned {
    /// The plan as it is stored, and whether it is about rights over the tenant.
    Stored(Box<StoredPlan>, bool),
    /// Nothing is stored: the plan is about rights, and follows from what was read too long ago for that.
    Stale,
}

/// For how long a preview is good.
fn good_for(is_privileged: bool) -> SignedDuration {
    if is_privileged { PRIVILEGED_PREVIEW_GOOD_FOR } else { PREVIEW_GOOD_FOR }
}
