//! Restores: asked for, previewed, approved, followed. Who may do that is the caller's to check first.
//!
//! A preview is made from a choice of objects or from the changes of a comparison; only what was previewed
//! can be run, and only once.

use crate::preview_restore::{MAX_ITEMS, PlanStore};
use crate::run_restore::FinalReport;
use domain::restore::{Impossible, Plan, Remark, Selection, Step};
use domain::{DiffId, Error, RestoreId, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::messages;
use engine::ports::{Clock, Ids, Page, Queue, Spent};
use engine::records::{
    Course, Diff, Found, JobState, Record, Records, Restore, RestoreCounts, RestoreState, Snapshot,
    StepOutcome,
};
use serde::Serialize;
use std::sync::Arc;

/// The most objects that a choice can name one by one; for more, restore the changes of a comparison.
///
/// Why: the choice stands in the restore's row, which has room for so many.
pub const MAX_NAMED: usize = 1_000;
/// A row's room for the choice.
const MAX_SELECTION_BYTES: usize = 250_000;

/// What a preview is made from.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// Objects of a snapshot.
    Items(SnapshotId),
    /// All changes of a comparison, taken back to its earlier side.
    Changes(DiffId),
}

/// A step of the plan with what became of it so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowedStep {
    /// The step.
    #[serde(flatten)]
    pub step: Step,
    /// Its outcome, once it was worked on.
    pub outcome: Option<StepOutcome>,
}

/// The commands with their ports.
#[derive(Clone)]
pub struct Restores {
    /// Rows.
    pub records: Records,
    /// Plans and reports.
    pub plans: Arc<dyn PlanStore>,
    /// Where work is put down.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
}

impl Restores {
    /// Asks for a preview.
    ///
    /// # Errors
    /// `Invalid`, naming the field, when the choice is not one; `NotFound` when there is no such sealed
    /// snapshot or finished comparison.
    pub async fn create_preview(
        &self,
        tenant: &TenantId,
        who: &str,
        from: &From,
        selection: Selection,
    ) -> Result<Restore> {
        let (snapshot, diff) = match from {
            From::Items(snapshot) => {
                check_items(&selection)?;
                self.check_snapshot(tenant, snapshot).await?;
                (snapshot.clone(), None)
            }
            From::Changes(diff) => {
                if !selection.items.is_empty() {
                    let message = "either objects or a comparison can be chosen, not both";
                    return Err(Error::invalid_field("items", message));
                }
                (self.earlier_side(tenant, diff).await?, Some(diff.clone()))
            }
        };
        let now = self.clock.now();
        let restore = Restore {
            id: RestoreId::from_ulid(&self.ids.ulid()),
            tenant: tenant.clone(),
            snapshot,
            selection,
            diff,
            requested_by: who.to_owned(),
            approved_by: None,
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
            error: None,
            course: Course::default(),
        };
        self.records.put_new(&restore).await?;
        self.queue.send(messages::preview_restore(tenant, &restore.id, 0)).await?;
        Ok(restore)
    }

    /// Approves a preview: it is executed as it was shown.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` when it is not previewed, or was run already.
    pub async fn run(&self, tenant: &TenantId, who: &str, restore: &RestoreId) -> Result<Restore> {
        let Found { value: mut restore, version } = self.find(tenant, restore).await?;
        let message = match restore.state {
            RestoreState::Previewed => None,
            RestoreState::Previewing => Some("its preview is not made yet"),
            RestoreState::Failed => Some("it has failed; ask for another preview"),
            RestoreState::Queued | RestoreState::Running | RestoreState::Done => Some("it was run already"),
        };
        if let Some(message) = message {
            return Err(Error::conflict(format!("the restore cannot be run: {message}")));
        }
        restore.state = RestoreState::Queued;
        restore.approved_by = Some(who.to_owned());
        restore.queued_at = Some(self.clock.now());
        restore.touched_at = self.clock.now();
        self.records.replace(&restore, version).await?;
        self.queue.send(messages::run_restore(tenant, &restore.id, restore.attempts)).await?;
        Ok(restore)
    }

    /// One restore.
    pub async fn get(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Restore> {
        Ok(self.find(tenant, restore).await?.value)
    }

    /// A tenant's restores, the newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Listed<Restore>> {
        let page = Page { after, limit, descending: true };
        let (found, next) = self.records.list(&Restore::all(tenant), page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    /// Steps of the plan in their order, with what became of them so far; `after` is the number of the last
    /// one of the page before.
    ///
    /// # Errors
    /// `Conflict` while there is no preview.
    pub async fn list_steps(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Listed<FollowedStep>> {
        let plan = self.plan(tenant, restore).await?;
        let after: usize = match after {
            None => 0,
            Some(text) => text.parse().map_err(|_| Error::invalid_field("after", "not a page"))?,
        };
        let mut items = Vec::new();
        for step in plan.steps.iter().skip(after).take(limit) {
            let outcome =
                self.records.find(&StepOutcome::at(tenant, restore, step.number)).await?.map(|f| f.value);
            items.push(FollowedStep { step: step.clone(), outcome });
        }
        let end = after.saturating_add(items.len());
        Ok(Listed { items, next: (end < plan.steps.len()).then(|| end.to_string()) })
    }

    /// What the preview says cannot be restored.
    ///
    /// # Errors
    /// `Conflict` while there is no preview.
    pub async fn list_impossible(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Vec<Impossible>> {
        Ok(self.plan(tenant, restore).await?.impossible)
    }

    /// What the preview says of the whole, before anything else.
    ///
    /// # Errors
    /// `Conflict` while there is no preview.
    pub async fn list_remarks(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Vec<Remark>> {
        Ok(self.plan(tenant, restore).await?.remarks)
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
        // Why made when it is asked for: what ends such a restore may be the tick, which opens no vault.
        if row.state != RestoreState::Failed || row.previewed_at.is_none() {
            return Err(Error::conflict("the restore is not done: it has no report"));
        }
        let plan = self.plan(tenant, restore).await?;
        let rows = self.records.list_all(&StepOutcome::of_restore(tenant, restore)).await?;
        let outcomes: Vec<StepOutcome> = rows.into_iter().map(|row| row.value).collect();
        Ok(FinalReport::partial(&row, &plan, &outcomes))
    }

    async fn find(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Found<Restore>> {
        self.records.get(&Restore::at(tenant, restore)).await
    }

    async fn plan(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Plan> {
        self.find(tenant, restore).await?;
        let plan = self.plans.find_plan(tenant, restore).await?;
        plan.ok_or_else(|| Error::conflict("the restore has no preview"))
    }

    async fn check_snapshot(&self, tenant: &TenantId, snapshot: &SnapshotId) -> Result<()> {
        let found = self.records.get(&Snapshot::at(tenant, snapshot)).await?;
        match found.value.state {
            JobState::Done => Ok(()),
            _ => Err(Error::not_found("there is no such sealed snapshot")),
        }
    }

    async fn earlier_side(&self, tenant: &TenantId, diff: &DiffId) -> Result<SnapshotId> {
        let found = self.records.get(&Diff::at(tenant, diff)).await?.value;
        if found.state != JobState::Done {
            return Err(Error::not_found("there is no such finished comparison"));
        }
        Ok(found.before)
    }
}

fn check_items(selection: &Selection) -> Result<()> {
    if selection.items.is_empty() {
        return Err(Error::invalid_field("items", "nothing is chosen"));
    }
    selection.check()?;
    let bytes = serde_json::to_vec(selection).map_or(usize::MAX, |b| b.len());
    if selection.items.len() > MAX_NAMED || bytes > MAX_SELECTION_BYTES {
        let message = format!(
            "at most {MAX_NAMED} objects can be named; the changes of a comparison can be up to {MAX_ITEMS}"
        );
        return Err(Error::invalid_field("items", message));
    }
    Ok(())
}
