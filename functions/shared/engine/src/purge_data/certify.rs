//! The end of a deletion: the certificate takes the place of the last rows.

use super::Worker;
use crate::ports::Write;
use crate::records::{
    DeletionCertificate, DowngradeRequest, FormerTenant, Found, OpenDowngrade, Organisation,
    OrganisationPlace, Tenant, TransferOffer, TransferOffered, delete, end_of_sessions, end_of_token,
    put_new, replace,
};
use crate::signed;
use domain::Result;
use domain::organisations::HOW_TO_WITHDRAW;

impl Worker {
    /// Removes the last rows and leaves the signed certificate, in one write: there is no moment in which neither
    /// says what became of the organisation.
    pub(super) async fn certify(&self, found: &Found<Organisation>) -> Result<()> {
        let organisation = &found.value;
        let Some(ending) = &organisation.ending else { return Ok(()) };
        let now = self.clock.now();
        // The row and the place go first: by them the organisation is found, and whoever reads them later finds the
        // certificate alone.
        let mut writes = vec![delete(organisation, found.version)];
        if let Some(place) = self.records.find(&OrganisationPlace::at(&organisation.id)).await? {
            writes.push(delete(&place.value, place.version));
        }
        // The tenant's own row stayed until now, since deletions find the tenant by it; without it the tenant can be
        // connected anew.
        if let Some(tenant) = &organisation.tenant
            && let Some(row) = self.records.find(&Tenant::at(tenant)).await?
        {
            writes.push(delete(&row.value, row.version));
        }
        // What points to the organisation from elsewhere must not outlive it: its token and what is open of its portal
        // would still be good, ...
        writes.extend(end_of_token(&self.records, &organisation.partner, &organisation.id).await?);
        writes.extend(end_of_sessions(&self.records, &organisation.partner, &organisation.id).await?);
        // ... a downgrade would wait for a decision about nothing, ...
        if let Some(waiting) =
            self.records.find(&OpenDowngrade::at(&organisation.partner, &organisation.id)).await?
        {
            if let Some(asked) =
                self.records.find(&DowngradeRequest::at(&waiting.value.top, &waiting.value.request)).await?
            {
                let refused = DowngradeRequest {
                    state: asked.value.state.decide(false)?,
                    decided_at: Some(now),
                    reason: Some("The organisation was deleted.".to_owned()),
                    ..asked.value
                };
                writes.push(replace(&refused, asked.version)?);
            }
            writes.push(delete(&waiting.value, waiting.version));
        }
        // ... and an offer could still be accepted.
        if let Some(offer) =
            self.records.find(&TransferOffer::at(&organisation.partner, &organisation.id)).await?
        {
            if let Some(offered) =
                self.records.find(&TransferOffered::at(&offer.value.to, &organisation.id)).await?
            {
                writes.push(delete(&offered.value, offered.version));
            }
            writes.push(delete(&offer.value, offer.version));
        }
        // The rows that this write deletes count too; the request of a downgrade is refused and stays.
        let deleted = writes.iter().filter(|write| matches!(write, Write::Delete(..))).count();
        let rows = ending.rows + deleted as u64;
        let mut certificate = DeletionCertificate {
            organisation: organisation.id.clone(),
            partner: organisation.partner.clone(),
            tenant: organisation.tenant.clone(),
            asked_by: ending.by.clone(),
            asked_at: ending.asked_at,
            began_at: ending.began_at.unwrap_or(now),
            deleted_at: now,
            blobs: ending.blobs,
            rows,
            key_fingerprint: ending.key_fingerprint.clone(),
            withdraw_consent: organisation.tenant.as_ref().map(|_| HOW_TO_WITHDRAW.to_owned()),
            signed: None,
        };
        // The signature covers everything but itself, so it is made last and put into what is written.
        let signed = signed::sign(&*self.signer, DeletionCertificate::TYPE, &certificate).await?;
        certificate.signed = Some(signed);
        writes.push(put_new(&certificate)?);
        // The consent in Entra outlives all of it: whoever connects the tenant next is told that it was here before.
        if let Some(tenant) = &organisation.tenant {
            let former = FormerTenant::of(tenant, now);
            writes.push(match self.records.find(&FormerTenant::at(tenant)).await? {
                Some(before) => replace(&former, before.version)?,
                None => put_new(&former)?,
            });
        }
        self.records.write(writes).await
    }
}
