//! Whose consent a callback is about, as its one-time state says: asked before anything is done with it, for the audit log.

use super::{Connect, ConsentAnswer};
use domain::{OrganisationId, PartnerId, Result};
use engine::records::{ApiToken, ConsentSignIn};

impl Connect {
    /// The partner and the organisation that the state of a callback was given out for, while it is good; none where the
    /// state is not one of ours.
    pub async fn whose(&self, answer: &ConsentAnswer) -> Result<Option<(PartnerId, OrganisationId)>> {
        let Some(hash) = answer.state.as_deref().map(ApiToken::hash) else { return Ok(None) };
        let mut consent = self.consent_of(&hash).await?;
        if consent.is_none()
            && let Some(sign_in) = self.gate.records.find(&ConsentSignIn::at(&hash)).await?
        {
            consent = self.consent_of(&sign_in.value.consent).await?;
        }
        Ok(consent.map(|found| (found.value.partner, found.value.organisation)))
    }
}
