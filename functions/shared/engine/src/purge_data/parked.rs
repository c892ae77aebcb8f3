//! What a large reading parked, once its snapshot is sealed.
//!
//! A snapshot that begins while its tenant is swept may miss a block that it has just found to be there: it then
//! reads that kind anew, and loses time and nothing else.

use super::{Report, Worker};
use crate::ports::PARKED;
use crate::ports::Page;
use crate::records::{Installation, OrganisationPlace, Record, Tenant};
use domain::{ErrorKind, Result, TenantId, Timestamp};

impl Worker {
    pub(super) async fn sweep_parked(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let mut after = None;
        loop {
            let page = Page { after, limit: 1_000, descending: false };
            let places = self.records.list(&OrganisationPlace::all(&Installation), page).await?;
            for tenant in places.0.into_iter().filter_map(|place| place.value.tenant) {
                if self.clock.now() >= deadline {
                    return Ok(());
                }
                match self.sweep_parked_of(&tenant, deadline).await {
                    Ok(swept) => report.swept += swept,
                    Err(error) => {
                        report.failed += 1;
                        tracing::warn!(%tenant, kind = error.kind().name(), %error, "a tenant could not be swept");
                    }
                }
            }
            after = places.1;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn sweep_parked_of(&self, tenant: &TenantId, deadline: Timestamp) -> Result<u64> {
        let found = self.records.find(&Tenant::at(tenant)).await?;
        let Some(found) = found.filter(|f| f.value.has_parked && f.value.open_snapshot.is_none()) else {
            return Ok(0);
        };
        let (swept, is_complete) = self.delete_blobs(tenant, PARKED, deadline).await?;
        if is_complete {
            let row = Tenant { has_parked: false, ..found.value };
            match self.records.replace(&row, found.version).await {
                // Why this is no error: a snapshot has begun meanwhile; the tenant is swept again after it.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                other => other?,
            }
        }
        Ok(swept)
    }
}
