//! Whose an organisation is at this moment. A notice bears whose it was when it happened; who hears of it must be above it
//! still when the mail leaves.

use domain::{OrganisationId, PartnerId, Result, TenantId};
use engine::records::{OrganisationPlace, Partner, Records, Tenant};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The partners of organisations, each looked up once: good for one call of the function, and no longer.
pub(super) struct Places<'a> {
    records: &'a Records,
    known: BTreeMap<OrganisationId, Option<Arc<[PartnerId]>>>,
}

impl<'a> Places<'a> {
    pub fn new(records: &'a Records) -> Self {
        Self { records, known: BTreeMap::new() }
    }

    /// The partner that has the organisation now, and those above it, the nearest first; none when it is nobody's any more.
    /// `tenant` is the one that a notice about it names.
    pub async fn line(
        &mut self,
        tenant: &TenantId,
        organisation: &OrganisationId,
    ) -> Result<Option<Arc<[PartnerId]>>> {
        if let Some(known) = self.known.get(organisation) {
            return Ok(known.clone());
        }
        let line = self.look_up(tenant, organisation).await?;
        self.known.insert(organisation.clone(), line.clone());
        Ok(line)
    }

    async fn look_up(
        &self,
        tenant: &TenantId,
        organisation: &OrganisationId,
    ) -> Result<Option<Arc<[PartnerId]>>> {
        let connected = self.records.find(&Tenant::at(tenant)).await?.map(|found| found.value);
        let partner = match connected.filter(|row| row.organisation == *organisation) {
            Some(row) => row.partner,
            // A notice of a connection that came to nothing names a tenant that is not the organisation's.
            None => match self.records.find(&OrganisationPlace::at(organisation)).await? {
                Some(place) => place.value.partner,
                None => return Ok(None),
            },
        };
        let Some(row) = self.records.find(&Partner::at(&partner)).await? else { return Ok(None) };
        Ok(Some(std::iter::once(partner).chain(row.value.above.into_iter().rev()).collect()))
    }
}
