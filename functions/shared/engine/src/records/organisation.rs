//! An organisation's row, and the row by which it is found from its id alone.

use super::Record;
use crate::ports::Scope;
use domain::rights::Feature;
use domain::{OrganisationId, PartnerId, PlanId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stops and what goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrganisationState {
    /// Everything works.
    Active,
    /// Nobody of it signs in; backups go on.
    Suspended,
    /// Backups have stopped; its data is kept for a while.
    Unsubscribed,
    /// Its data is being deleted.
    Deleting,
}

/// What is not protected because a permission is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotProtected {
    /// The kind, or the part of one (`users.customSecurityAttributes`).
    pub what: String,
    /// Any one of these application permissions would do; the first asks for least.
    pub any_of: Vec<String>,
}

/// An organisation: one customer of one partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Whose customer.
    pub partner: PartnerId,
    /// Its name.
    pub name: String,
    /// Whom to write to.
    pub email: String,
    /// Free text.
    pub details: String,
    /// State.
    pub state: OrganisationState,
    /// Its plan.
    pub plan: PlanId,
    /// Seats paid for.
    pub seats: u32,
    /// What its end users may do.
    pub features: Vec<Feature>,
    /// Its tenant, once connected.
    pub tenant: Option<TenantId>,
    /// What a missing permission keeps out of the backups, as of the last consent.
    pub not_protected: Vec<NotProtected>,
    /// When the writing app was consented to; it is tried when a restore needs it.
    pub writer_consented_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

impl Organisation {
    /// The key of that organisation's row.
    pub fn key_of(id: &OrganisationId) -> String {
        format!("org#{id}")
    }
}

impl Record for Organisation {
    const FAMILY: &'static str = "org#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.id)
    }
}

/// Where an organisation is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationPlace {
    /// Which one.
    pub organisation: OrganisationId,
    /// Whose customer it is now.
    pub partner: PartnerId,
    /// Its tenant, once connected.
    pub tenant: Option<TenantId>,
}

impl OrganisationPlace {
    /// The key of that organisation's place.
    pub fn key_of(id: &OrganisationId) -> String {
        format!("org#{id}")
    }
}

impl Record for OrganisationPlace {
    const FAMILY: &'static str = "org#";
    fn scope(&self) -> Scope {
        Scope::System
    }
    fn key(&self) -> String {
        Self::key_of(&self.organisation)
    }
}
