//! A link by which a partner opens an organisation's portal.

use super::address::{At, Auth};
use super::{Maker, Record};
use domain::rights::Feature;
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
    /// The same, as whom its session ends with; none for links made before makers were written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<Maker>,
    /// The features that were switched on when it was made: its session gets no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
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
