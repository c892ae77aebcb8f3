//! A plan's row.

use super::Record;
use crate::ports::Scope;
use domain::plans::Terms;
use domain::{PartnerId, PlanId, Timestamp};
use serde::{Deserialize, Serialize};

/// A plan, in the scope of the partner that it is assigned to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// The partner that it is assigned to.
    pub partner: PartnerId,
    /// What it says.
    pub terms: Terms,
    /// Since when.
    pub created_at: Timestamp,
}

impl Plan {
    /// The key of that plan's row.
    pub fn key_of(id: &PlanId) -> String {
        format!("plan#{id}")
    }
}

impl Record for Plan {
    const FAMILY: &'static str = "plan#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.id)
    }
}
