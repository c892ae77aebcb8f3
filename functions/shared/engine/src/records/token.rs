//! An API token's row, found by the token's hash.

use super::Record;
use crate::ports::Scope;
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// An API token. The token itself is shown once, when it is made, and not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// The token's hash, see [`ApiToken::hash`].
    pub hash: String,
    /// Its first characters: how a person tells it from others, and how the audit names it.
    pub prefix: String,
    /// What it is for.
    pub name: String,
    /// Whose.
    pub partner: PartnerId,
    /// What it may do.
    pub role: Role,
    /// Only for these organisations; absent means every one of the partner's.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// What every token begins with, so that secret scanners know it.
    pub const START: &'static str = "hft_";
    /// How many characters of a token are its prefix.
    pub const PREFIX_CHARS: usize = 12;

    /// The hash under which a token is kept. Why no salt and no slow hash: a token is 256 random bits.
    pub fn hash(token: &str) -> String {
        blake3::hash(token.as_bytes()).to_hex().to_string()
    }
    /// The key of that hash's row.
    pub fn key_of(hash: &str) -> String {
        format!("token#{hash}")
    }
    /// Whether it is good now.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

impl Record for ApiToken {
    const FAMILY: &'static str = "token#";
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
