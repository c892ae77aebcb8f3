//! Signs what a restore did, once it has ended, however it ended. Nothing is read from the tenant or written to it.
//!
//! Twice equals once: pages are named by their hashes, and of two heads the first row counts. A restore that ended without
//! this job (stopped or given up before its first step, or never approved) gets its receipt when it is asked for.

use super::{Request, Worker};
use crate::receipts::{Ending, PageMark, RECEIPT_TYPE, Receipt, entries, paged};
use domain::restore::RestorePlan;
use domain::{Error, ErrorKind, Result};
use engine::records::{Approval, Restore, RestoreCounts, SignedReceipt, StepOutcome};
use engine::signed;
use std::collections::BTreeMap;

impl Worker {
    /// Makes the receipt of a restore that has ended, unless there is one.
    ///
    /// # Errors
    /// Those of rows, the vault and the signature; `Corrupt` when the plan is not there.
    pub(super) async fn keep_receipt(&self, request: &Request) -> Result<()> {
        let (tenant, id) = (&request.tenant, &request.restore);
        let row = self.records.get(&Restore::at(tenant, id)).await?.value;
        let Some(ending) = Ending::of(&row, self.clock.now()) else { return Ok(()) };
        if self.records.find(&SignedReceipt::at(tenant, id)).await?.is_some() {
            return Ok(());
        }
        let approval = self.records.find(&Approval::at(tenant, id)).await?.map(|found| found.value);
        let (counts, marks, plan) = if row.previewed_at.is_some() {
            let stored = self.plans.find_plan(tenant, id).await?;
            let stored = stored.ok_or_else(|| Error::corrupt("the plan of a restore is missing"))?;
            let (counts, marks) = self.keep_pages(request, &stored.plan).await?;
            // Why not as the row says: these are the steps that stand in the pages.
            (counts, marks, Some(stored.hash))
        } else {
            (RestoreCounts::default(), Vec::new(), None)
        };
        let pages = marks.iter().map(|mark| mark.hash.clone()).collect();
        let head = Receipt { plan, ..Receipt::of(&row, ending, approval, counts, marks, self.clock.now()) };
        let signed = signed::sign(&*self.signer, RECEIPT_TYPE, &head).await?;
        let receipt = SignedReceipt { tenant: tenant.clone(), restore: id.clone(), signed, pages };
        match self.records.put_new(&receipt).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            put => put,
        }
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
