//! The offer of an organisation to another partner: a row with the one who gives, and one with the one who is to
//! take, since neither sees into the other's part of the tree.

use super::Record;
use crate::ports::Scope;
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
    /// The key of that organisation's offer.
    pub fn key_of(id: &OrganisationId) -> String {
        format!("offer#{id}")
    }
}

impl Record for TransferOffer {
    const FAMILY: &'static str = "offer#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.from.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.organisation)
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
    /// The key of that organisation's offer.
    pub fn key_of(id: &OrganisationId) -> String {
        format!("offered#{id}")
    }
}

impl Record for TransferOffered {
    const FAMILY: &'static str = "offered#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.to.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.organisation)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
