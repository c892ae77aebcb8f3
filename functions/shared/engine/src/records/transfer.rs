//! The offer of an organisation to another partner: a row with the partner who gives, and one with the partner who is
//! to take, since neither sees the other's part of the tree.

use super::Record;
use super::address::{At, Organisations};
use domain::{OrganisationId, PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// An offer, in the scope of the partner who gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferOffer {
    /// The id of the organisation. It is offered to one partner at a time, so that its id names the offer.
    pub organisation: OrganisationId,
    /// The partner who gives it.
    pub from: PartnerId,
    /// The partner who is to take it.
    pub to: PartnerId,
    /// Who made the offer, as the audit names them.
    pub by: String,
    /// When the offer was made.
    pub offered_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl TransferOffer {
    /// The address of the offer of an organisation with the partner who gives it.
    pub fn at(from: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(from, id)
    }
}

impl Record for TransferOffer {
    type Owner = Organisations;
    const PREFIX: &'static str = "offer#";
    fn address(&self) -> At<Self> {
        Self::at(&self.from, &self.organisation)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// An offer, in the scope of the partner who is to take: what it may know of the organisation before it accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferOffered {
    /// The id of the organisation.
    pub organisation: OrganisationId,
    /// The name of the organisation.
    pub name: String,
    /// How many seats are paid for.
    pub seats: u32,
    /// The partner who gives it.
    pub from: PartnerId,
    /// The name of the partner who gives it.
    pub from_name: String,
    /// The partner who is to take it.
    pub to: PartnerId,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl TransferOffered {
    /// The address of the offer of an organisation with the partner who is to take it.
    pub fn at(to: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(to, id)
    }
}

impl Record for TransferOffered {
    type Owner = Organisations;
    const PREFIX: &'static str = "offered#";
    fn address(&self) -> At<Self> {
        Self::at(&self.to, &self.organisation)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
