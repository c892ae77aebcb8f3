//! The row of a partner: its name and its place in the tree.

use super::Record;
use super::address::At;
use domain::{PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// A partner. Partners form a tree; a partner never changes its place in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// The id of the partner.
    pub id: PartnerId,
    /// The name of the partner.
    pub name: String,
    /// Who is above it, from the top down; empty for a top partner. The last one is its parent.
    pub above: Vec<PartnerId>,
    /// Whether plans with Entra can be made for it.
    pub entra_sku_active: bool,
    /// When the partner was made.
    pub created_at: Timestamp,
}

impl Partner {
    /// The address of the one row of a partner.
    pub fn at(id: &PartnerId) -> At<Self> {
        At::of(id, "")
    }

    /// The partner directly above it; none for a top partner.
    pub fn parent(&self) -> Option<&PartnerId> {
        self.above.last()
    }
    /// Whether `partner` is this one or above it, and so sees this one.
    pub fn is_seen_by(&self, partner: &PartnerId) -> bool {
        self.id == *partner || self.above.contains(partner)
    }
}

impl Record for Partner {
    type Owner = PartnerId;
    const PREFIX: &'static str = "partner";
    fn address(&self) -> At<Self> {
        Self::at(&self.id)
    }
}
