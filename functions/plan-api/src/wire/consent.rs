//! Links by which administrators of tenants consent.

use domain::Timestamp;
use garde::Validate;
use partners::commands::connect::{ConsentApp, ConsentLink};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the administrator is to be asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentLinkIn {
    /// The application that is to be consented to: the reading one backs up, the writing one restores.
    #[garde(skip)]
    pub app: ConsentApp,
}

/// A link for the administrator of a tenant.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentLinkOut {
    /// The address that the administrator opens.
    pub url: String,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

impl From<ConsentLink> for ConsentLinkOut {
    fn from(link: ConsentLink) -> Self {
        Self { url: link.url.into(), expires_at: link.expires_at }
    }
}
