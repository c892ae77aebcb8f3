//! What happened to subscriptions, requests for downgrades, and seats in use. What a subscription is now, the
//! organisation's row says.

use super::address::{At, Under};
use super::{Organisation, OrganisationState, Record};
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

    /// The changes of an organisation that a partner pays for, in order of time.
    pub fn of_organisation(partner: &PartnerId, organisation: &OrganisationId) -> Under<Self> {
        Under::of(partner, format_args!("{organisation}#"))
    }
}

impl Record for SubscriptionChange {
    type Owner = PartnerId;
    const PREFIX: &'static str = "subscribed#";
    fn address(&self) -> At<Self> {
        At::of(
            &self.partner,
            format_args!("{}#{:015}#{:010}", self.organisation, self.at.as_millisecond(), self.version),
        )
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
    /// Where the request of that id, at the top partner who decides it is.
    pub fn at(top: &PartnerId, id: &DowngradeId) -> At<Self> {
        At::of(top, id)
    }
}

impl Record for DowngradeRequest {
    type Owner = PartnerId;
    const PREFIX: &'static str = "downgrade#";
    fn address(&self) -> At<Self> {
        Self::at(&self.top, &self.id)
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
    /// Where the open request of an organisation is.
    pub fn at(partner: &PartnerId, organisation: &OrganisationId) -> At<Self> {
        At::of(partner, organisation)
    }
}

impl Record for OpenDowngrade {
    type Owner = PartnerId;
    const PREFIX: &'static str = "open-downgrade#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.organisation)
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
    /// Where the one row of a tenant's seats is.
    pub fn at(tenant: &TenantId) -> At<Self> {
        At::of(tenant, "")
    }
}

impl Record for SeatCount {
    type Owner = TenantId;
    const PREFIX: &'static str = "seat-count";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant)
    }
}
