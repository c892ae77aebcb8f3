//! Signs what a restore did, once it has ended, however it ended. Nothing is read from the tenant or written to it.
//!
//! Twice equals once: pages are named by their hashes, and of two heads the first row counts. A restore that ended without
//! this job (stopped or given up before its first step, or never approved) gets its receipt when it is asked for.

use super::{Request, Worker};
use crate::receipts::{PageMark, PlanFault, RECEIPT_TYPE, Receipt, RestoreEnding, entries, paged};
use domain::restore::RestorePlan;
use domain::{ErrorKind, Result};
use engine::records::{Approval, Restore, RestoreCounts, SignedReceipt, StepOutcome};
use engine::signed;
use std::collections::BTreeMap;

impl Worker {
    /// Makes the receipt of a restore that has ended, unless there is one.
    ///
    /// # Errors
    /// Those of rows, the vault and the signature.
    pub(super) async fn keep_receipt(&self, request: &Request) -> Result<()> {
        let (tenant, id) = (&request.tenant, &request.restore);
        let row = self.records.get(&Restore::at(tenant, id)).await?.value;
        let Some(ending) = RestoreEnding::of(&row, self.clock.now()) else { return Ok(()) };
        if self.records.find(&SignedReceipt::at(tenant, id)).await?.is_some() {
            return Ok(());
        }
        let approval = self.records.find(&Approval::at(tenant, id)).await?.map(|found| found.value);
        let (counts, marks, listed) = if row.previewed_at.is_some() {
            let (plan, listed) = self.shown_plan(&row, approval.as_ref()).await?;
            let (mut counts, marks) = self.keep_pages(request, &plan).await?;
            if listed.is_err() {
                // How many there were says the row alone.
                (counts.steps, counts.impossible) = (row.counts.steps, row.counts.impossible);
            }
            (counts, marks, listed.map(Some))
        } else {
            (RestoreCounts::default(), Vec::new(), Ok(None))
        };
        let pages = marks.iter().map(|mark| mark.hash.clone()).collect();
        let mut head = Receipt::of(&row, ending, approval, counts, marks, self.clock.now());
        match listed {
            // Why not as the row says: these are the steps that stand in the pages.
            Ok(hash) => head.plan = hash,
            Err(fault) => head.plan_fault = Some(fault),
        }
        let signed = signed::sign(&*self.signer, RECEIPT_TYPE, &head).await?;
        let receipt = SignedReceipt { tenant: tenant.clone(), restore: id.clone(), signed, pages };
        match self.records.put_new(&receipt).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            put => put,
        }
    }

    /// The plan whose steps are listed with its hash; an empty one, and why, where what was previewed and approved cannot be
    /// told any more.
    async fn shown_plan(
        &self,
        row: &Restore,
        approval: Option<&Approval>,
    ) -> Result<(RestorePlan, std::result::Result<String, PlanFault>)> {
        let stored = match self.plans.find_plan(&row.tenant, &row.id).await {
            // Why no failure: what was written is told all the same, by the outcomes.
            Err(error) if error.kind() == ErrorKind::Corrupt => None,
            found => found?,
        };
        let Some(stored) = stored else { return Ok((RestorePlan::default(), Err(PlanFault::Unreadable))) };
        let mut shown = approval.map(|of| &of.plan).into_iter().chain(&row.plan);
        if shown.any(|hash| *hash != stored.hash) {
            return Ok((RestorePlan::default(), Err(PlanFault::Replaced)));
        }
        Ok((stored.plan, Ok(stored.hash)))
    }

    /// Stores the pages; gives their marks, and how many steps came to which end.
    async fn keep_pages(
        &self,
        request: &Request,
        plan: &RestorePlan,
    ) -> Result<(RestoreCounts, Vec<PageMark>)> {
        let (tenant, id) = (&request.tenant, &request.restore);
        let rows = self.records.list_all(&StepOutcome::of_restore(tenant, id)).await?;
        let outcomes: BTreeMap<u32, StepOutcome> =
            rows.into_iter().map(|found| (found.value.number, found.value)).collect();
        let mut marks = Vec::new();
        for page in paged(entries(plan, &outcomes)) {
            let page = page?;
            let mark = PageMark::of(&page);
            self.plans.put_new_receipt_page(tenant, id, &mark.hash, &page).await?;
            marks.push(mark);
        }
        Ok((RestoreCounts::of(plan, outcomes.values()), marks))
    }
}
