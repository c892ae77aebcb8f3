//! Organisations that go to another partner.

use domain::{OrganisationId, PartnerId, PlanId, Timestamp};
use engine::records::{TransferOffer, TransferOffered};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// To whom an organisation is offered.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferIn {
    /// The partner that is to take it.
    #[garde(skip)]
    pub to: PartnerId,
}

/// On what terms an organisation is taken.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptTransferIn {
    /// The taker's own plan that it goes on.
    #[garde(skip)]
    pub plan: PlanId,
}

/// An offer, as the giver sees it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferOut {
    /// The organisation that is offered.
    pub organisation: OrganisationId,
    /// The partner that gives it.
    pub from: PartnerId,
    /// The partner that is to take it.
    pub to: PartnerId,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// Until when it can be taken.
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

/// An offer, as the partner that is to take it sees it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedOut {
    /// The organisation that is offered.
    pub organisation: OrganisationId,
    /// The name of the organisation.
    pub name: String,
    /// The number of seats that it pays for.
    pub seats: u32,
    /// The partner that gives it.
    pub from: PartnerId,
    /// The giving partner's name.
    pub from_name: String,
    /// Until when it can be taken.
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
