//! Restores: asked for, previewed, approved, followed.
//!
//! A preview is made from a choice of objects or from the changes of a comparison ([`NewRestore`]); only what was
//! previewed can be run, and only once.
//! Over 400 lines: each way to ask for a restore has to come to the same row, and each to read it begins there.

use super::new_restore::{choose, choose_kinds, sought};
use super::wanted::WantedRestores;
use crate::plans::{FinalReport, PlanStore, Sentence, StoredPlan};
use crate::preview_restore::Snapshots;
use backup::commands::slots::{self, Asker, TakesSlot};
use domain::restore::{
    AttributeMode, Conflict, EffectiveAdministrators, Impossible, Left, LinkMode, Remark, RestorePlan,
    Selection, Step,
};
use domain::who::ChangeFilter;
use domain::{DiffId, Error, RestoreId, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::messages;
use engine::ports::{Clock, Ids, Page, Queue, Spent};
use engine::records::{
    AskedWork, Course, Diff, Found, InSet, JobState, OutcomeState, Record, Records, Restore, RestoreCounts,
    RestoreState, Snapshot, StepOutcome, UndonePart, put_new,
};
use serde::Serialize;
use std::sync::Arc;

pub use super::new_restore::{AskedPart, MAX_NAMED, NamedChange, NamedObject, NewRestore, RestoreFrom};
pub use super::why::{MAX_REASON, MAX_TICKET, Why};

/// What is to be previewed.
pub(super) struct Choice {
    pub snapshot: SnapshotId,
    pub selection: Selection,
    pub diff: Option<DiffId>,
    pub filter: Option<Box<ChangeFilter>>,
    pub undoes: Option<RestoreId>,
    pub undoes_only: Option<UndonePart>,
    pub why: Why,
    pub named: Named,
}

/// What is known of a restore before it is made.
#[derive(Default)]
pub(super) struct Named {
    /// Its id: where there is a restore of that id, it is this one, and nothing is made.
    pub id: Option<RestoreId>,
    /// The restore that it is previewed in place of.
    pub again_of: Option<RestoreId>,
    /// The set that it is one of.
    pub set: Option<Box<InSet>>,
}

/// A step of the plan with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowedStep {
    /// The step, as it was previewed.
    #[serde(flatten)]
    pub step: Step,
    /// What became of it; none while it was not tried.
    pub outcome: Option<StepOutcome>,
    /// What Graph said of what it did not take.
    pub said: Vec<Sentence>,
}

/// A restore with a part of its plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanPage {
    /// The restore itself, as it stands.
    pub restore: Restore,
    /// What to know before anything else; on the first page only.
    pub remarks: Vec<Remark>,
    /// What cannot be restored; on the first page only.
    pub impossible: Vec<Impossible>,
    /// What differs and is left by the chosen modes; on the first page only.
    pub left_by_mode: Vec<Left>,
    /// Objects whose place is taken; on the first page only.
    pub conflicts: Vec<Conflict>,
    /// Who administers the tenant before and after, where that was asked; on the first page only.
    pub administrators: Option<EffectiveAdministrators>,
    /// The steps in the order in which they are written; none until there is a preview.
    pub steps: Listed<FollowedStep>,
}

impl PlanPage {
    fn of(restore: Restore, plan: RestorePlan, steps: Listed<FollowedStep>) -> Self {
        let RestorePlan { remarks, impossible, left_by_mode, conflicts, administrators, .. } = plan;
        Self { restore, remarks, impossible, left_by_mode, conflicts, administrators, steps }
    }
}

/// The commands on restores, with their ports.
#[derive(Clone)]
pub struct Restores {
    /// Rows of snapshots, comparisons and restores.
    pub records: Records,
    /// Where the changes of comparisons are read.
    pub comparisons: Arc<dyn Snapshots>,
    /// Where plans and reports of restores are.
    pub plans: Arc<dyn PlanStore>,
    /// Where the jobs of previews and restores are enqueued.
    pub queue: Arc<dyn Queue>,
    /// The time at which something is asked for.
    pub clock: Arc<dyn Clock>,
    /// Ids of new restores.
    pub ids: Arc<dyn Ids>,
}

impl Restores {
    /// Asks for a preview, in the name of that person or token.
    ///
    /// # Errors
    /// `Invalid`, naming the field, when the choice is not one; `NotFound` when there is no such snapshot or comparison;
    /// `Conflict` when the snapshot is not sealed or the comparison is not done; `Throttled` when too many previews are
    /// open, or end customers have asked for enough in this day.
    pub async fn create_preview(
        &self,
        tenant: &TenantId,
        asker: impl Into<Asker> + Send,
        new: NewRestore,
    ) -> Result<Restore> {
        self.create(tenant, asker.into(), new, Named::default()).await
    }

    pub(super) async fn create(
        &self,
        tenant: &TenantId,
        asker: Asker,
        new: NewRestore,
        named: Named,
    ) -> Result<Restore> {
        new.check()?;
        let NewRestore { from, mut selection, why } = new;
        let (mut filter, mut undoes, mut undoes_only) = (None, None, None);
        let (snapshot, diff) = match from {
            RestoreFrom::Items(snapshot) => {
                self.check_snapshot(tenant, &snapshot).await?;
                (snapshot, None)
            }
            RestoreFrom::Kinds(snapshot, kinds) => {
                let row = self.check_snapshot(tenant, &snapshot).await?;
                choose_kinds(&row, Some(kinds), &mut selection)?;
                (snapshot, None)
            }
            RestoreFrom::Everything(snapshot) => {
                let row = self.check_snapshot(tenant, &snapshot).await?;
                choose_kinds(&row, None, &mut selection)?;
                (snapshot, None)
            }
            RestoreFrom::Undo(restore) => {
                let snapshot = self.begin_undo(tenant, &restore, &mut selection).await?;
                undoes = Some(restore);
                (snapshot, None)
            }
            RestoreFrom::UndoOnly(restore, part) => {
                let snapshot = self.begin_undo(tenant, &restore, &mut selection).await?;
                let plan = self.plan(tenant, &restore).await?;
                let rows = self.records.list_all(&StepOutcome::of_restore(tenant, &restore)).await?;
                let outcomes: Vec<StepOutcome> = rows.into_iter().map(|row| row.value).collect();
                undoes_only = Some(part.of(&plan, &outcomes)?);
                undoes = Some(restore);
                (snapshot, None)
            }
            RestoreFrom::Changes(diff) => (self.earlier_side(tenant, &diff).await?, Some(diff)),
            RestoreFrom::Filtered(diff, chosen) => {
                filter = Some(chosen);
                (self.earlier_side(tenant, &diff).await?, Some(diff))
            }
            RestoreFrom::Only(diff, named) => {
                let snapshot = self.choose(tenant, &diff, &named, &mut selection).await?;
                self.check_snapshot(tenant, &snapshot).await?;
                (snapshot, None)
            }
        };
        let choice = Choice { snapshot, selection, diff, filter, undoes, undoes_only, why, named };
        self.put_preview(tenant, asker, choice).await
    }

    /// The snapshot of a restore that is to be undone; what it wrote is taken back exactly.
    async fn begin_undo(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        selection: &mut Selection,
    ) -> Result<SnapshotId> {
        let row = self.find(tenant, restore).await?.value;
        if row.started_at.is_none() {
            return Err(Error::conflict("it was never run: there is nothing to undo"));
        }
        if !row.is_over() {
            return Err(Error::conflict("it is running: cancel it first"));
        }
        selection.attributes = AttributeMode::Overwrite;
        selection.links = LinkMode::Rollback;
        selection.delete_created = true;
        Ok(row.snapshot)
    }

    pub(super) async fn put_preview(
        &self,
        tenant: &TenantId,
        asker: Asker,
        choice: Choice,
    ) -> Result<Restore> {
        let Choice { snapshot, selection, diff, filter, undoes, undoes_only, why, named } = choice;
        let Named { id, again_of, set } = named;
        let id = id.unwrap_or_else(|| RestoreId::from_ulid(&self.ids.ulid()));
        if let Some(found) = self.records.find(&Restore::at(tenant, &id)).await? {
            return Ok(found.value);
        }
        // Why the choice stands in the row: the message only names the restore, and a rerun finds the same choice.
        let now = self.clock.now();
        let restore = Restore {
            id,
            tenant: tenant.clone(),
            snapshot,
            selection,
            diff,
            filter,
            set,
            undoes,
            undoes_only,
            requested_by: asker.name.clone(),
            requested_for: asker.person.clone(),
            by_end_user: asker.is_end_customer,
            reason: why.reason,
            ticket: why.ticket,
            approved_by: None,
            approved_at: None,
            approved_by_second: false,
            run_by: None,
            state: RestoreState::Previewing,
            requested_at: now,
            previewed_at: None,
            queued_at: None,
            started_at: None,
            done_at: None,
            touched_at: now,
            attempts: 0,
            counts: RestoreCounts::default(),
            spent: Spent::default(),
            not_permitted: Vec::new(),
            permissions_read_at: None,
            plan: None,
            privileged: false,
            rule: None,
            again_of,
            expires_at: None,
            expected_at: None,
            writer: None,
            cancelled_by: None,
            error: None,
            course: Course::default(),
        };
        // The row first: should the message be lost, the row says that work is open, and the tick enqueues it again.
        let slots = TakesSlot {
            work: AskedWork::Previews,
            at: |tenant, id| Ok(Restore::at(tenant, &id.parse()?)),
            is_open: |restore: &Restore| restore.state == RestoreState::Previewing,
        };
        let row = (restore.id.as_str(), put_new(&restore)?);
        slots::take(&self.records, &slots, (tenant, &asker), row).await?;
        self.queue.send(messages::preview_restore(tenant, &restore.id, 0)).await?;
        Ok(restore)
    }

    /// One restore of the tenant.
    pub async fn get(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Restore> {
        Ok(self.find(tenant, restore).await?.value)
    }

    /// A tenant's restores that are wanted, the newest first; a part may have fewer than `page.limit` though more follow. One that waited until its preview expired waits no longer.
    pub async fn list(
        &self,
        tenant: &TenantId,
        wanted: &WantedRestores,
        page: Page,
    ) -> Result<Listed<Restore>> {
        let (found, next) =
            self.records.list(&Restore::all(tenant), Page { descending: true, ..page }).await?;
        let now = self.clock.now();
        let waits =
            |row: &Restore| row.waits_for_approval() && row.valid_until().is_none_or(|until| until >= now);
        let rows = found.into_iter().map(|found| found.value);
        let is_wanted = |row: &Restore| wanted.has(row) && (!wanted.only_waiting || waits(row));
        Ok(Listed { items: rows.filter(is_wanted).collect(), next })
    }

    /// A part of the plan, with what became of its steps so far. `page.after` is the number of steps before it.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Invalid` naming `cursor` when that is no number of steps; `Conflict` when
    /// another plan stands in the place of the one that was previewed.
    pub async fn read_plan(&self, tenant: &TenantId, restore: &RestoreId, page: Page) -> Result<PlanPage> {
        let row = self.find(tenant, restore).await?.value;
        // Why not by its state: a restore that failed after its preview has a plan, and may have written a part of
        // it.
        if row.previewed_at.is_none() {
            let steps = Listed { items: Vec::new(), next: None };
            return Ok(PlanPage::of(row, RestorePlan::default(), steps));
        }
        let plan = self.stored_plan(&row).await?.plan;
        let is_first = page.after.is_none();
        let steps = self.follow(tenant, restore, &plan, page).await?;
        Ok(PlanPage::of(row, if is_first { plan } else { RestorePlan::default() }, steps))
    }

    /// As [`Self::read_plan`], of a restore that was run to its end.
    ///
    /// # Errors
    /// As [`Self::read_plan`]; `Conflict` when it was not run, or has not come to its end.
    pub async fn read_report(&self, tenant: &TenantId, restore: &RestoreId, page: Page) -> Result<PlanPage> {
        let row = self.find(tenant, restore).await?.value;
        if row.started_at.is_none() || !row.is_over() {
            return Err(Error::conflict("the restore has not been run to its end"));
        }
        self.read_plan(tenant, restore, page).await
    }

    /// What the preview says cannot be restored.
    ///
    /// # Errors
    /// `Conflict` while there is no preview.
    pub async fn list_impossible(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Vec<Impossible>> {
        Ok(self.plan(tenant, restore).await?.impossible)
    }

    /// The report of a restore that is done; of one that has failed after its preview, what was done until then.
    ///
    /// # Errors
    /// `Conflict` while it is neither.
    pub async fn get_report(&self, tenant: &TenantId, restore: &RestoreId) -> Result<FinalReport> {
        let row = self.find(tenant, restore).await?.value;
        if let Some(report) = self.plans.find_report(tenant, restore).await? {
            return Ok(report);
        }
        // Why it is made only when asked for: the tick may end such a restore, and the tick opens no vault.
        if !row.is_over() || row.previewed_at.is_none() {
            return Err(Error::conflict("the restore is not done: it has no report"));
        }
        let plan = self.plan(tenant, restore).await?;
        let rows = self.records.list_all(&StepOutcome::of_restore(tenant, restore)).await?;
        let outcomes: Vec<StepOutcome> = rows.into_iter().map(|row| row.value).collect();
        Ok(FinalReport::partial(&row, &plan, &outcomes))
    }

    /// Chooses what takes back the named changes; gives the snapshot that holds them as they were.
    ///
    /// # Errors
    /// `Invalid` when no one snapshot holds all of them.
    async fn choose(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        named: &[NamedChange],
        selection: &mut Selection,
    ) -> Result<SnapshotId> {
        let row = self.records.get(&Diff::at(tenant, diff)).await?.value;
        let sought = sought(named)?;
        let found = self.comparisons.find_changes(tenant, diff, &sought).await?;
        let since = choose(&found, named, selection)?;
        Ok(since.unwrap_or(row.before))
    }

    pub(super) async fn find(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Found<Restore>> {
        self.records.get(&Restore::at(tenant, restore)).await
    }

    async fn follow(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        plan: &RestorePlan,
        page: Page,
    ) -> Result<Listed<FollowedStep>> {
        let not_ours = |_| Error::invalid_field("cursor", "is not one that this list gave");
        let after: usize = page.after.as_deref().unwrap_or("0").parse().map_err(not_ours)?;
        let mut items = Vec::new();
        for step in plan.steps.iter().skip(after).take(page.limit) {
            let at = StepOutcome::at(tenant, restore, step.number);
            let outcome = self.records.find(&at).await?.map(|f| f.value);
            let has_failed = outcome.as_ref().is_some_and(|o| matches!(o.state, OutcomeState::Failed { .. }));
            let said = if has_failed {
                self.plans.list_sentences(tenant, restore, step.number).await?
            } else {
                Vec::new()
            };
            items.push(FollowedStep { step: step.clone(), outcome, said });
        }
        let end = after.saturating_add(items.len());
        Ok(Listed { items, next: (end < plan.steps.len()).then(|| end.to_string()) })
    }

    async fn plan(&self, tenant: &TenantId, restore: &RestoreId) -> Result<RestorePlan> {
        let row = self.find(tenant, restore).await?.value;
        Ok(self.stored_plan(&row).await?.plan)
    }

    /// The plan that the restore's preview made.
    ///
    /// # Errors
    /// `Conflict` where there is no preview, and where another plan stands in its place.
    pub(super) async fn stored_plan(&self, row: &Restore) -> Result<StoredPlan> {
        let stored = self.plans.find_plan(&row.tenant, &row.id).await?;
        let stored = stored.ok_or_else(|| Error::conflict("the restore has no preview"))?;
        if !stored.is_of(row) {
            return Err(Error::conflict(
                "another plan stands in the place of the one that was previewed: preview it again",
            ));
        }
        Ok(stored)
    }

    async fn check_snapshot(&self, tenant: &TenantId, snapshot: &SnapshotId) -> Result<Snapshot> {
        let found = self.records.get(&Snapshot::at(tenant, snapshot)).await?;
        match found.value.state {
            JobState::Done => Ok(found.value),
            // Why not as if there were none: it may be sealed soon.
            _ => Err(Error::conflict("the snapshot is not sealed")),
        }
    }

    async fn earlier_side(&self, tenant: &TenantId, diff: &DiffId) -> Result<SnapshotId> {
        let found = self.records.get(&Diff::at(tenant, diff)).await?.value;
        if found.state != JobState::Done {
            return Err(Error::conflict("the comparison is not done"));
        }
        Ok(found.before)
    }
}
