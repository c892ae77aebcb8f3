//! A plan's row, and the rows by which it is found: from its id alone, and by partners that may sell it too.

use super::Record;
use super::address::{At, Installation, Under};
use domain::plans::Terms;
use domain::{OrganisationId, PartnerId, PlanId, Timestamp};
use serde::{Deserialize, Serialize};

/// A plan, in the scope of the partner that it is made for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The id of the plan.
    pub id: PlanId,
    /// The partner that it is made for, and that may change it.
    pub partner: PartnerId,
    /// The plan's name, price, product and period.
    pub terms: Terms,
    /// When the plan was made.
    pub created_at: Timestamp,
    /// Whether it is the partner's licence for its own testing.
    #[serde(default)]
    pub not_for_resale: bool,
    /// What a seat cost before, oldest first: what was used at that time is paid at that price.
    #[serde(default)]
    pub former_prices: Vec<FormerPrice>,
}

/// A price that no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerPrice {
    /// Minor units of the plan's currency, for each seat and period.
    pub amount_minor: u64,
    /// When another one took its place.
    pub until: Timestamp,
}

impl Plan {
    /// The address of the plan of that id.
    pub fn at(partner: &PartnerId, id: &PlanId) -> At<Self> {
        At::of(partner, id)
    }
}

impl Record for Plan {
    type Owner = PartnerId;
    const PREFIX: &'static str = "plan#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.id)
    }
}

/// Which partner has a plan: the row by which it is found from its id alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanPlace {
    /// The id of the plan.
    pub plan: PlanId,
    /// The partner that it is made for.
    pub partner: PartnerId,
}

impl PlanPlace {
    /// The address of the place of the plan of that id.
    pub fn at(id: &PlanId) -> At<Self> {
        At::of(&Installation, id)
    }
}

impl Record for PlanPlace {
    type Owner = Installation;
    const PREFIX: &'static str = "plan#";
    fn address(&self) -> At<Self> {
        Self::at(&self.plan)
    }
}

/// That a partner may sell a plan of a partner above it. In the scope of the partner that may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignedPlan {
    /// Who may sell it.
    pub partner: PartnerId,
    /// The id of the plan.
    pub plan: PlanId,
    /// The partner that the plan is made for.
    pub owner: PartnerId,
    /// When it was assigned.
    pub assigned_at: Timestamp,
}

impl AssignedPlan {
    /// The address of the plan of that id, as it is assigned to a partner.
    pub fn at(partner: &PartnerId, id: &PlanId) -> At<Self> {
        At::of(partner, id)
    }
}

impl Record for AssignedPlan {
    type Owner = PartnerId;
    const PREFIX: &'static str = "assigned-plan#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.plan)
    }
}

/// The same in the scope of the plan's own partner, so that the assignments can be listed from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanAssignment {
    /// The partner that the plan is made for.
    pub owner: PartnerId,
    /// The id of the plan.
    pub plan: PlanId,
    /// Who may sell it.
    pub partner: PartnerId,
}

impl PlanAssignment {
    /// The partners to whom an owner has assigned a plan.
    pub fn of_plan(owner: &PartnerId, plan: &PlanId) -> Under<Self> {
        Under::of(owner, format_args!("{plan}#"))
    }
}

impl Record for PlanAssignment {
    type Owner = PartnerId;
    const PREFIX: &'static str = "plan-assignment#";
    fn address(&self) -> At<Self> {
        At::of(&self.owner, format_args!("{}#{}", self.plan, self.partner))
    }
}

/// A partner's one licence that is not for resale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnLicence {
    /// The partner whose licence it is.
    pub partner: PartnerId,
    /// The plan that is the licence.
    pub plan: PlanId,
    /// The organisation that is on it.
    pub organisation: Option<OrganisationId>,
}

impl OwnLicence {
    /// The address of the one row of a partner's own licence.
    pub fn at(partner: &PartnerId) -> At<Self> {
        At::of(partner, "")
    }
}

impl Record for OwnLicence {
    type Owner = PartnerId;
    const PREFIX: &'static str = "own-licence";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner)
    }
}
