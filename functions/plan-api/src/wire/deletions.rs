//! The end of an organisation's data: the hold before it, and the certificate after it.

use domain::organisations::HOW_TO_WITHDRAW;
use domain::{OrganisationId, PartnerId, TenantId, Timestamp};
use engine::records::{DeletionCertificate, Ending};
use garde::Validate;
use partners::commands::organisations::Hold;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the data is to be deleted.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionIn {
    /// Days until the data is deleted: 7 when nothing is said, 30 at most. With 0, which an Owner alone may say, it is
    /// deleted at once.
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

/// How an organisation ends.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndingOut {
    /// When its end was asked for.
    pub asked_at: Timestamp,
    /// When its data is deleted.
    pub delete_at: Timestamp,
    /// Whether the deletion has begun: then it cannot be cancelled.
    pub begun: bool,
    /// What is left to do at Microsoft for whoever administers the tenant; null where none is connected.
    pub withdraw_consent: Option<&'static str>,
}

impl EndingOut {
    /// The end of an organisation with that tenant.
    pub fn of(ending: &Ending, tenant: Option<&TenantId>) -> Self {
        Self {
            asked_at: ending.asked_at,
            delete_at: ending.delete_at,
            begun: ending.began_at.is_some(),
            withdraw_consent: tenant.map(|_| HOW_TO_WITHDRAW),
        }
    }
}

/// Of whom the certificate is.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateIn {
    /// A partner below the caller's, whose customer the organisation was; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
}

/// That the data of an organisation was deleted.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateOut {
    /// The id of the organisation.
    pub organisation: OrganisationId,
    /// The tenant whose data it was; null where none was connected.
    pub tenant: Option<TenantId>,
    /// Who asked for the deletion: a person's id, or the first characters of a token.
    pub asked_by: String,
    /// When the deletion was asked for.
    pub asked_at: Timestamp,
    /// When the deletion began.
    pub began_at: Timestamp,
    /// When nothing was left.
    pub deleted_at: Timestamp,
    /// How many sealed blobs were deleted.
    pub blobs: u64,
    /// How many rows of the catalog were deleted.
    pub rows: u64,
    /// The fingerprint of the tenant's data key, which was destroyed; null where there was none.
    pub key_fingerprint: Option<String>,
    /// What is left to do at Microsoft for whoever administers the tenant: consent outlives what was deleted here. Null where
    /// no tenant was connected.
    pub withdraw_consent: Option<String>,
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
            withdraw_consent: row.withdraw_consent,
            signed: row.signed,
        }
    }
}
