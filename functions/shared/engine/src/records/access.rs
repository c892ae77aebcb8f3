//! A link by which a partner opens an organisation's portal.

use super::Record;
use crate::ports::Scope;
use domain::{OrganisationId, PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// An access link: good once, for a few minutes. Its token is not kept, only the token's hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLink {
    /// The hash of the token, as [`super::ApiToken::hash`] gives it.
    pub hash: String,
    /// Whose customer.
    pub partner: PartnerId,
    /// Whose portal.
    pub organisation: OrganisationId,
    /// Who made it: how logs name the token.
    pub made_by: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl AccessLink {
    /// The key of that hash's row.
    pub fn key_of(hash: &str) -> String {
        format!("access#{hash}")
    }
}

impl Record for AccessLink {
    const FAMILY: &'static str = "access#";
    fn scope(&self) -> Scope {
        Scope::System
    }
    fn key(&self) -> String {
        Self::key_of(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
