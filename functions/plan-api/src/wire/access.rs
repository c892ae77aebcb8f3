//! The way into an organisation's portal: a link, and the session that it is exchanged for.

use domain::{OrganisationId, SessionId, Timestamp};
use garde::Validate;
use partners::commands::access::{NewAccessLink, PortalSession};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A link to an organisation's portal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessLinkOut {
    /// The address that the end user opens. It is good once, and shown this once.
    pub url: String,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

impl From<NewAccessLink> for AccessLinkOut {
    fn from(link: NewAccessLink) -> Self {
        Self { url: link.url.into(), expires_at: link.expires_at }
    }
}

/// The proof that a link holds.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessIn {
    /// What follows `access=` in the link.
    #[garde(length(min = 1, max = 200))]
    pub token: String,
}

/// A session in an organisation's portal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionOut {
    /// The session's id, which is no secret.
    pub id: SessionId,
    /// The bearer token of the session, shown this once.
    pub token: String,
    /// The organisation that it opens.
    pub organisation: OrganisationId,
    /// Until when the session is good.
    pub expires_at: Timestamp,
}

impl From<PortalSession> for SessionOut {
    fn from(session: PortalSession) -> Self {
        let PortalSession { id, token, organisation, expires_at, .. } = session;
        Self { id, token, organisation, expires_at }
    }
}
