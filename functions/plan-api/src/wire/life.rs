//! The JSON of an organisation's life: edits, ends, offers.

use super::Name;
use domain::rights::Feature;
use domain::{OrganisationId, PartnerId, PlanId, TenantId, Timestamp};
use engine::records::{DeletionCertificate, Ending, TransferOffer, TransferOffered};
use garde::Validate;
use partners::commands::organisations::{Edit, Hold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganisationEditIn {
    #[garde(dive)]
    pub name: Option<Name>,
    #[garde(inner(email, length(max = 254)))]
    pub email: Option<String>,
    #[garde(inner(length(chars, max = 2_000)))]
    pub details: Option<String>,
}

impl From<OrganisationEditIn> for Edit {
    fn from(edit: OrganisationEditIn) -> Self {
        Self { name: edit.name.map(Into::into), email: edit.email, details: edit.details }
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeaturesIn {
    /// Those that are on; the others are off.
    #[garde(length(max = 4))]
    pub features: Vec<Feature>,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionIn {
    /// Days until the data is deleted.
    #[garde(skip)]
    pub hold_days: Option<u8>,
    /// The organisation's name: needed without a hold.
    #[garde(inner(length(chars, max = 100)))]
    pub confirmation: Option<String>,
}

impl From<DeletionIn> for Hold {
    fn from(deletion: DeletionIn) -> Self {
        Self { days: deletion.hold_days, confirmation: deletion.confirmation }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndingOut {
    pub asked_at: Timestamp,
    pub delete_at: Timestamp,
    /// Whether the deletion has begun: then it cannot be cancelled.
    pub begun: bool,
}

impl From<Ending> for EndingOut {
    fn from(ending: Ending) -> Self {
        Self { asked_at: ending.asked_at, delete_at: ending.delete_at, begun: ending.began_at.is_some() }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateIn {
    /// Of a partner below the caller's.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateOut {
    pub organisation: OrganisationId,
    pub tenant: Option<TenantId>,
    pub asked_by: String,
    pub asked_at: Timestamp,
    pub began_at: Timestamp,
    pub deleted_at: Timestamp,
    pub blobs: u64,
    pub rows: u64,
    pub key_fingerprint: Option<String>,
    /// The same, signed: a compact JSON Web Signature (ES256) by a key of `GET /v1/signing-keys`.
    pub signed: Option<String>,
}

impl From<DeletionCertificate> for CertificateOut {
    fn from(row: DeletionCertificate) -> Self {
        Self {
            organisation: row.organisation,
            tenant: row.tenant,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            began_at: row.began_at,
            deleted_at: row.deleted_at,
            blobs: row.blobs,
            rows: row.rows,
            key_fingerprint: row.key_fingerprint,
            signed: row.signed,
        }
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferIn {
    /// The partner that is to take it.
    #[garde(skip)]
    pub to: PartnerId,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferOut {
    pub organisation: OrganisationId,
    pub from: PartnerId,
    pub to: PartnerId,
    pub offered_at: Timestamp,
    pub expires_at: Timestamp,
}

impl From<TransferOffer> for OfferOut {
    fn from(offer: TransferOffer) -> Self {
        Self {
            organisation: offer.organisation,
            from: offer.from,
            to: offer.to,
            offered_at: offer.offered_at,
            expires_at: offer.expires_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedOut {
    pub organisation: OrganisationId,
    pub name: String,
    pub seats: u32,
    pub from: PartnerId,
    pub from_name: String,
    pub expires_at: Timestamp,
}

impl From<TransferOffered> for OfferedOut {
    fn from(offered: TransferOffered) -> Self {
        Self {
            organisation: offered.organisation,
            name: offered.name,
            seats: offered.seats,
            from: offered.from,
            from_name: offered.from_name,
            expires_at: offered.expires_at,
        }
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptIn {
    /// The taker's own plan that it goes on.
    #[garde(skip)]
    pub plan: PlanId,
}
