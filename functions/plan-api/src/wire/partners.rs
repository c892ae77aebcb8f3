//! Partners on the wire, and the Owner of a new one.

use super::{Name, utc};
use domain::{PartnerId, Timestamp};
use engine::records::Partner;
use garde::Validate;
use partners::commands::partners::{NewPartner, Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A partner that is to be made, with its Owner.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPartnerIn {
    /// The name of the partner, as its customers know it.
    #[garde(dive)]
    pub name: Name,
    /// The person who becomes the partner's Owner.
    #[garde(dive)]
    pub owner: OwnerIn,
}

/// The Owner of a new partner.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnerIn {
    /// The name of the Owner.
    #[garde(dive)]
    pub name: Name,
    /// The address to which mails to the Owner go.
    #[garde(email, length(max = 254))]
    pub email: String,
    /// The IANA time zone in which mails give times, such as `Europe/Zurich`.
    #[garde(length(max = 64))]
    #[serde(default = "utc")]
    pub time_zone: String,
}

impl From<OwnerIn> for Owner {
    fn from(owner: OwnerIn) -> Self {
        Self { name: owner.name.into(), email: owner.email, time_zone: owner.time_zone }
    }
}

/// The SKU that is to be activated.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SkuIn {
    /// The one SKU that there is.
    #[garde(skip)]
    #[expect(dead_code, reason = "that it can be read is the check")]
    pub sku: Sku,
    /// A partner below the caller's, for which it is activated; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
}

/// What can be activated.
#[derive(Deserialize, JsonSchema)]
pub enum Sku {
    /// The protection of Entra ID.
    Entra,
}

/// A partner: a service provider, or a distributor above some.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerOut {
    /// The id of the partner.
    pub id: PartnerId,
    /// The name of the partner.
    pub name: String,
    /// The partner directly above it; null at the top.
    pub parent: Option<PartnerId>,
    /// Whether it may sell plans that protect Entra ID.
    pub entra_sku_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<Partner> for PartnerOut {
    fn from(partner: Partner) -> Self {
        Self {
            parent: partner.parent().cloned(),
            id: partner.id,
            name: partner.name,
            entra_sku_active: partner.entra_sku_active,
            created_at: partner.created_at,
        }
    }
}

/// A partner that was just made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPartnerOut {
    #[serde(flatten)]
    pub partner: PartnerOut,
    /// Its first API token, shown this once: an Owner's where the caller may give that role. Else null where the Owner is
    /// invited to sign in, and a token of the caller's own role where nobody can sign in.
    pub owner_token: Option<String>,
}

impl From<NewPartner> for NewPartnerOut {
    fn from(new: NewPartner) -> Self {
        Self { partner: new.partner.into(), owner_token: new.owner_token }
    }
}
