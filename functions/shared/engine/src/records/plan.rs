//! A plan's row, and the rows by which it is found: from its id alone, and by partners that may sell it too.

use super::Record;
use crate::ports::Scope;
use domain::plans::Terms;
use domain::{OrganisationId, PartnerId, PlanId, Timestamp};
use serde::{Deserialize, Serialize};

/// A plan, in the scope of the partner that it is made for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// The partner that it is made for, and that may change it.
    pub partner: PartnerId,
    /// What it says.
    pub terms: Terms,
    /// Since when.
    pub created_at: Timestamp,
    /// Whether it is the partner's licence for its own testing.
    #[serde(default)]
    pub not_for_resale: bool,
    /// What a seat cost before, oldest first: what was used then is paid at that price.
    #[serde(default)]
    pub former_prices: Vec<FormerPrice>,
}

/// A price that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerPrice {
    /// Minor units of the plan's currency, for each seat and period.
    pub amount_minor: u64,
    /// When another one took its place.
    pub until: Timestamp,
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

/// Where a plan is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanPlace {
    /// Which one.
    pub plan: PlanId,
    /// The partner that it is made for.
    pub partner: PartnerId,
}

impl PlanPlace {
    /// The key of that plan's place.
    pub fn key_of(id: &PlanId) -> String {
        format!("plan#{id}")
    }
}

impl Record for PlanPlace {
    const FAMILY: &'static str = "plan#";
    fn scope(&self) -> Scope {
        Scope::System
    }
    fn key(&self) -> String {
        Self::key_of(&self.plan)
    }
}

/// That a partner may sell a plan of a partner above it; in the scope of the one that may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignedPlan {
    /// Who may sell it.
    pub partner: PartnerId,
    /// Which plan.
    pub plan: PlanId,
    /// Whose plan.
    pub owner: PartnerId,
    /// Since when.
    pub assigned_at: Timestamp,
}

impl AssignedPlan {
    /// What the keys of a partner's assigned plans begin with.
    pub const PREFIX: &'static str = Self::FAMILY;

    /// The key of that plan's assignment.
    pub fn key_of(id: &PlanId) -> String {
        format!("assigned-plan#{id}")
    }
}

impl Record for AssignedPlan {
    const FAMILY: &'static str = "assigned-plan#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.plan)
    }
}

/// The same in the scope of the plan's own partner, so that it can be listed from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanAssignment {
    /// Whose plan.
    pub owner: PartnerId,
    /// Which plan.
    pub plan: PlanId,
    /// Who may sell it.
    pub partner: PartnerId,
}

impl PlanAssignment {
    /// What the keys of a plan's assignments begin with.
    pub fn prefix_of(plan: &PlanId) -> String {
        format!("plan-assignment#{plan}#")
    }
}

impl Record for PlanAssignment {
    const FAMILY: &'static str = "plan-assignment#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.owner.clone())
    }
    fn key(&self) -> String {
        format!("{}{}", Self::prefix_of(&self.plan), self.partner)
    }
}

/// A partner's one licence that is not for resale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnLicence {
    /// Whose.
    pub partner: PartnerId,
    /// Its plan.
    pub plan: PlanId,
    /// The organisation that is on it.
    pub organisation: Option<OrganisationId>,
}

impl OwnLicence {
    /// Its one key.
    pub const KEY: &'static str = "own-licence";
}

impl Record for OwnLicence {
    const FAMILY: &'static str = "own-licence";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        Self::KEY.to_owned()
    }
}
