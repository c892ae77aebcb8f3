//! How often an organisation's tenant is backed up.

use super::life::TRIES;
use super::{OrganisationView, Organisations};
use crate::commands::Caller;
use domain::rights::Action;
use domain::schedule::{check_per_day, next_due, offset_seconds};
use domain::{Error, ErrorKind, OrganisationId, Result};
use engine::records::{Found, Tenant, replace};

impl Organisations {
    /// Sets how many snapshots fall due in a day. What is due before the new times stays due.
    ///
    /// # Errors
    /// `Invalid` naming `snapshotsPerDay`; `Conflict` when no tenant is connected; `Stale` when the organisation was changed
    /// since `expected`; `Denied`; `NotFound`.
    pub async fn set_schedule(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        per_day: u8,
    ) -> Result<Found<OrganisationView>> {
        for tried in 1.. {
            let found = self.expect(caller, id, Action::ManageOrganisation, expected).await?;
            let per_day = check_per_day(per_day)?;
            let none = || Error::conflict("no tenant is connected: nothing is backed up yet");
            let tenant = self.tenant(&found.value).await?.ok_or_else(none)?;
            let next = next_due(per_day, offset_seconds(&tenant.value.tenant), self.clock.now())?;
            let next = tenant.value.next_snapshot_at.map(|at| at.min(next));
            let after = Tenant { snapshots_per_day: per_day, next_snapshot_at: next, ..tenant.value };
            // Why the organisation's row too: its version is the one that an edit names, so of two at once one is told.
            let writes = vec![replace(&found.value, found.version)?, replace(&after, tenant.version)?];
            match self.records().write(writes).await {
                // Why again: the tenant's version moves with every snapshot; `expect` finds out whether it was the
                // organisation's.
                Err(error) if error.kind() == ErrorKind::Conflict && tried < TRIES => {}
                Err(error) => return Err(error),
                Ok(()) => return self.get(caller, id).await,
            }
        }
        unreachable!("the last try returns")
    }
}
