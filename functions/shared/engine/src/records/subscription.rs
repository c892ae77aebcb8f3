//! What happened to subscriptions, requests for downgrades, and seats in use. What a subscription is now, the
//! organisation's row says.

use super::{Organisation, OrganisationState, Record};
use crate::ports::Scope;
use domain::plans::ProductType;
use domain::subscriptions::RequestState;
use domain::{DowngradeId, OrganisationId, PartnerId, PlanId, SnapshotId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a subscription was at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribed {
    /// The plan.
    pub plan: PlanId,
    /// Seats paid for.
    pub seats: u32,
}

impl Subscribed {
    /// What is paid for an organisation: nothing once it has unsubscribed or is being deleted.
    pub fn of(organisation: &Organisation) -> Option<Self> {
        match organisation.state {
            OrganisationState::Active | OrganisationState::Suspended => {
                Some(Self { plan: organisation.plan.clone(), seats: organisation.seats })
            }
            OrganisationState::Unsubscribed | OrganisationState::Deleting => None,
        }
    }
}

/// A change of what is paid for. Written once, with the organisation's row; invoices are made of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionChange {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Its name then: invoices name it also when it is gone.
    pub name: String,
    /// Whose customer.
    pub partner: PartnerId,
    /// When.
    pub at: Timestamp,
    /// What was; none when nothing was paid for.
    pub before: Option<Subscribed>,
    /// What is; none when nothing more is paid for.
    pub after: Option<Subscribed>,
    /// The version of the organisation's row that says so.
    pub version: u64,
}

impl SubscriptionChange {
    /// The change of an organisation from a row, if there was one, to the row of that version. None when
    /// nothing changes that is paid for.
    pub fn between(
        before: Option<&Organisation>,
        after: &Organisation,
        version: u64,
        at: Timestamp,
    ) -> Option<Self> {
        let (was, is) = (before.and_then(Subscribed::of), Subscribed::of(after));
        (was != is).then(|| Self {
            organisation: after.id.clone(),
            name: after.name.clone(),
            partner: after.partner.clone(),
            at,
            before: was,
            after: is,
            version,
        })
    }

    /// What the keys of an organisation's changes begin with.
    pub fn prefix_of(organisation: &OrganisationId) -> String {
        format!("subscribed#{organisation}#")
    }
}

impl Record for SubscriptionChange {
    const FAMILY: &'static str = "subscribed#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        let prefix = Self::prefix_of(&self.organisation);
        format!("{prefix}{:015}#{:010}", self.at.as_millisecond(), self.version)
    }
}

/// A request for a downgrade, in the scope of the top partner that decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DowngradeRequest {
    /// Its id.
    pub id: DowngradeId,
    /// Who decides.
    pub top: PartnerId,
    /// Whose customer.
    pub partner: PartnerId,
    /// Who is above that partner, from the top down.
    pub above: Vec<PartnerId>,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Its plan.
    pub from: PlanId,
    /// What that protects.
    pub from_product: ProductType,
    /// The plan that is wanted.
    pub to: PlanId,
    /// What that protects.
    pub to_product: ProductType,
    /// Where it stands.
    pub state: RequestState,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// By whom: how logs name the token.
    pub asked_by: String,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
}

impl DowngradeRequest {
    /// The key of that request's row.
    pub fn key_of(id: &DowngradeId) -> String {
        format!("downgrade#{id}")
    }
}

impl Record for DowngradeRequest {
    const FAMILY: &'static str = "downgrade#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.top.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.id)
    }
}

/// That a downgrade of an organisation waits: one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenDowngrade {
    /// Whose customer.
    pub partner: PartnerId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Who decides.
    pub top: PartnerId,
    /// The request.
    pub request: DowngradeId,
}

impl OpenDowngrade {
    /// The key of that organisation's row.
    pub fn key_of(organisation: &OrganisationId) -> String {
        format!("open-downgrade#{organisation}")
    }
}

impl Record for OpenDowngrade {
    const FAMILY: &'static str = "open-downgrade#";
    fn scope(&self) -> Scope {
        Scope::Partner(self.partner.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.organisation)
    }
}

/// How many seats a tenant uses, as its newest sealed snapshot counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatCount {
    /// Whose.
    pub tenant: TenantId,
    /// Enabled member users.
    pub in_use: u64,
    /// Which snapshot counted.
    pub snapshot: SnapshotId,
    /// As of when: the beginning of its reading.
    pub counted_at: Timestamp,
}

impl SeatCount {
    /// Its one key.
    pub const KEY: &'static str = "seat-count";
}

impl Record for SeatCount {
    const FAMILY: &'static str = "seat-count";
    fn scope(&self) -> Scope {
        Scope::Tenant(self.tenant.clone())
    }
    fn key(&self) -> String {
        Self::KEY.to_owned()
    }
}
