//! Who owns a partner, in one row, so that the last Owner cannot leave: every change of who owns it is a change of
//! this row.

use super::Record;
use super::address::{At, People};
use domain::{PartnerId, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The people who own a partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owners {
    /// The partner that they own.
    pub partner: PartnerId,
    /// The ids of its Owners.
    pub people: BTreeSet<PersonId>,
}

impl Owners {
    /// The address of the one row that names a partner's owners.
    pub fn at(partner: &PartnerId) -> At<Self> {
        At::of(partner, "")
    }
}

impl Record for Owners {
    type Owner = People;
    const PREFIX: &'static str = "owners";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner)
    }
}

/// A partner that is directly below another, in the scope of the one above, which lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartnerBelow {
    /// The partner that lists it.
    pub above: PartnerId,
    /// The partner that is listed.
    pub partner: PartnerId,
}

impl Record for PartnerBelow {
    type Owner = PartnerId;
    const PREFIX: &'static str = "below#";
    fn address(&self) -> At<Self> {
        At::of(&self.above, &self.partner)
    }
}
