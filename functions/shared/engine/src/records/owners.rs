//! Who owns a partner, in one row, so that the last Owner cannot leave: every change of it is a change of this row.

use super::Record;
use crate::ports::Scope;
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
    /// Its one key.
    pub const KEY: &'static str = "owners";
}

impl Record for Owners {
    const FAMILY: &'static str = "owners";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        Self::KEY.to_owned()
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
    const FAMILY: &'static str = "below#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.above.clone())
    }
    fn key(&self) -> String {
        format!("below#{}", self.partner)
    }
}
