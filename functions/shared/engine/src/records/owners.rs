//! Who owns a partner, in one row, so that the last Owner cannot leave: every change of it is a change of this row.

use super::Record;
use super::address::At;
use domain::{PartnerId, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The Owners of a partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owners {
    /// Of which partner.
    pub partner: PartnerId,
    /// Who.
    pub people: BTreeSet<PersonId>,
}

impl Owners {
    /// Where the one row that names a partner's owners is.
    pub fn at(partner: &PartnerId) -> At<Self> {
        At::of(partner, "")
    }
}

impl Record for Owners {
    type Owner = PartnerId;
    const PREFIX: &'static str = "owners";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner)
    }
}

/// A partner as whoever is above it lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartnerBelow {
    /// Who lists it.
    pub above: PartnerId,
    /// The partner.
    pub partner: PartnerId,
}

impl Record for PartnerBelow {
    type Owner = PartnerId;
    const PREFIX: &'static str = "below#";
    fn address(&self) -> At<Self> {
        At::of(&self.above, &self.partner)
    }
}
