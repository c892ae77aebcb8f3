//! The offer of an organisation to another partner: a row with the one who gives, and one with the one who is to
//! take, since neither sees into the other's part of the tree.

use super::Record;
use super::address::At;
use domain::{OrganisationId, PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// An offer, as the giver has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferOffer {
    /// Which organisation; it is offered to one partner at a time, so that its id names the offer.
    pub organisation: OrganisationId,
    /// Who gives it.
    pub from: PartnerId,
    /// Who is to take it.
    pub to: PartnerId,
    /// Who offered it, as the audit names them.
    pub by: String,
    /// When.
    pub offered_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl TransferOffer {
    /// Where the offer of an organisation, at the partner who gives it is.
    pub fn at(from: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(from, id)
    }
}

impl Record for TransferOffer {
    type Owner = PartnerId;
    const PREFIX: &'static str = "offer#";
    fn address(&self) -> At<Self> {
        Self::at(&self.from, &self.organisation)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// An offer, as the taker has it: what the giver tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferOffered {
    /// Which organisation.
    pub organisation: OrganisationId,
    /// Its name.
    pub name: String,
    /// Seats that it has.
    pub seats: u32,
    /// Who gives it.
    pub from: PartnerId,
    /// The giver's name.
    pub from_name: String,
    /// Who is to take it.
    pub to: PartnerId,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl TransferOffered {
    /// Where the offer of an organisation, at the partner who takes it is.
    pub fn at(to: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(to, id)
    }
}

impl Record for TransferOffered {
    type Owner = PartnerId;
    const PREFIX: &'static str = "offered#";
    fn address(&self) -> At<Self> {
        Self::at(&self.to, &self.organisation)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
