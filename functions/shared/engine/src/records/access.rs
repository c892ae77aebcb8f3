//! A link by which a partner opens an organisation's portal.

use super::Record;
use super::address::{At, Auth};
use domain::{OrganisationId, PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// An access link: it opens the portal once, within a few minutes. Its token is not kept, only the token's hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLink {
    /// The hash of the token, as [`super::ApiToken::hash`] gives it.
    pub hash: String,
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The organisation whose portal it opens.
    pub organisation: OrganisationId,
    /// Who made it, as logs name their token.
    pub made_by: String,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

impl AccessLink {
    /// The address of the link whose secret has that hash.
    pub fn at(hash: &str) -> At<Self> {
        At::of(&Auth, hash)
    }
}

impl Record for AccessLink {
    type Owner = Auth;
    const PREFIX: &'static str = "access#";
    fn address(&self) -> At<Self> {
        Self::at(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
