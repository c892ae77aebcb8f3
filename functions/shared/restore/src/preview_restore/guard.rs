//! Who must keep their rights: those who can administer the tenant, and our own applications.

use super::Worker;
use crate::administrators::read_administrators;
use crate::passing::may_pass;
use domain::restore::{KnownAdministrators, RestorePlan, gains, may_let_in, may_lose};
use domain::{Result, TenantId};

impl Worker {
    /// What is known of the administrators, where a plan made without that knowledge could take somebody's rights, or could
    /// let somebody sign in who has them.
    pub(super) async fn administrators(
        &self,
        tenant: &TenantId,
        plan: &RestorePlan,
    ) -> Result<KnownAdministrators> {
        if !plan.steps.iter().any(|step| may_lose(step) || may_let_in(step)) {
            return Ok(KnownAdministrators::NotAsked);
        }
        let others: Vec<String> = plan.steps.iter().flat_map(gains).collect();
        match read_administrators(self.directory.as_ref(), tenant, &others).await {
            Ok(administrators) => Ok(KnownAdministrators::Known(administrators)),
            Err(e) if may_pass(&e) => Err(e),
            Err(e) => {
                tracing::warn!(%tenant, cause = e.kind().name(), "administrators cannot be read");
                Ok(KnownAdministrators::Unreadable)
            }
        }
    }
}
