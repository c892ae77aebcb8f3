//! From an organisation's id to its tenant, if the caller may.

use crate::SnapshotApi;
use domain::rights::Action;
use domain::{Error, OrganisationId, Result, TenantId};
use engine::records::OrganisationState;
use partners::commands::Caller;

/// Whether what is asked works on the live tenant, or only reads what is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Reads what is kept: possible as long as it is kept.
    Kept,
    /// Goes to the live tenant: only while backups run.
    Live,
}

impl SnapshotApi {
    /// The tenant of the organisation.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see the organisation; `Denied` when the right is missing;
    /// `Conflict` when it has no tenant, or its backups have stopped and the live tenant is asked for.
    pub async fn admit(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        action: Action,
        reach: Reach,
    ) -> Result<TenantId> {
        let organisation = self.gate.organisation(caller, id, action).await?.value;
        let runs = matches!(organisation.state, OrganisationState::Active | OrganisationState::Suspended);
        if reach == Reach::Live && !runs {
            return Err(Error::conflict("the organisation's backups have stopped"));
        }
        organisation.tenant.ok_or_else(|| Error::conflict("the organisation's tenant is not connected yet"))
    }
}
