//! What happened to subscriptions, requests for downgrades, and seats in use. What a subscription is now stands in
//! the organisation's row.

use super::address::{At, Organisations, Under};
use super::{Organisation, OrganisationState, Record};
use crate::ports::list_cursor;
use domain::plans::ProductType;
use domain::subscriptions::RequestState;
use domain::{DowngradeId, OrganisationId, PartnerId, PlanId, SnapshotId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a subscription was at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribed {
    /// The plan that was subscribed to.
    pub plan: PlanId,
    /// How many seats were paid for.
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
    /// The organisation whose subscription changed.
    pub organisation: OrganisationId,
    /// Its name then: invoices name it also when it is gone.
    pub name: String,
    /// The partner whose customer the organisation was then.
    pub partner: PartnerId,
    /// When the subscription changed.
    pub at: Timestamp,
    /// The subscription before; none when nothing was paid for.
    pub before: Option<Subscribed>,
    /// The subscription after; none when nothing is paid for any more.
    pub after: Option<Subscribed>,
    /// The version of the organisation's row that says so.
    pub version: u64,
}

impl SubscriptionChange {
    /// What changed in an organisation's subscription from one row (if there was one) to the row of that version.
    /// None when what is paid for stays the same.
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

    /// The cursor behind all changes of an organisation, in the list of all changes.
    pub fn behind(partner: &PartnerId, organisation: &OrganisationId) -> String {
        // Why this sign: it is greater than any digit, and so than what the keys go on with.
        Self::cursor(partner, format_args!("{organisation}#~"))
    }

    /// The cursor at which a descending list begins with an organisation's last change before that moment.
    pub fn just_before(partner: &PartnerId, organisation: &OrganisationId, at: Timestamp) -> String {
        Self::cursor(partner, format_args!("{organisation}#{:015}", at.as_millisecond()))
    }

    fn cursor(partner: &PartnerId, rest: impl fmt::Display) -> String {
        let at: At<Self> = At::of(partner, rest);
        list_cursor(at.scope(), at.key())
    }
}

impl Record for SubscriptionChange {
    type Owner = Organisations;
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
    /// The id of the request.
    pub id: DowngradeId,
    /// The top partner, which decides on it.
    pub top: PartnerId,
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The partners above that one, from the top down.
    pub above: Vec<PartnerId>,
    /// The organisation that asks for another plan.
    pub organisation: OrganisationId,
    /// The plan that it has.
    pub from: PlanId,
    /// What the plan that it has protects.
    pub from_product: ProductType,
    /// The plan that is wanted.
    pub to: PlanId,
    /// What the plan that is wanted protects.
    pub to_product: ProductType,
    /// Whether it is open, and how it was decided.
    pub state: RequestState,
    /// When the request was made.
    pub asked_at: Timestamp,
    /// Who made the request, as logs name their token.
    pub asked_by: String,
    /// When it was decided; none while it is open.
    pub decided_at: Option<Timestamp>,
    /// Who decided it, as logs name their token.
    pub decided_by: Option<String>,
    /// Why it was refused; none unless it was.
    pub reason: Option<String>,
}

impl DowngradeRequest {
    /// The address of the request of that id with the top partner that decides.
    pub fn at(top: &PartnerId, id: &DowngradeId) -> At<Self> {
        At::of(top, id)
    }
}

impl Record for DowngradeRequest {
    type Owner = Organisations;
    const PREFIX: &'static str = "downgrade#";
    fn address(&self) -> At<Self> {
        Self::at(&self.top, &self.id)
    }
}

/// That an organisation has an open request for a downgrade: one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenDowngrade {
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The organisation that asks for another plan.
    pub organisation: OrganisationId,
    /// The top partner, which decides on it.
    pub top: PartnerId,
    /// The id of the request.
    pub request: DowngradeId,
}

impl OpenDowngrade {
    /// The address of the open request of an organisation.
    pub fn at(partner: &PartnerId, organisation: &OrganisationId) -> At<Self> {
        At::of(partner, organisation)
    }
}

impl Record for OpenDowngrade {
    type Owner = Organisations;
    const PREFIX: &'static str = "open-downgrade#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.organisation)
    }
}

/// How many seats a tenant uses, as its newest sealed snapshot counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatCount {
    /// The tenant whose seats were counted.
    pub tenant: TenantId,
    /// How many enabled member users there were: each takes a seat.
    pub in_use: u64,
    /// The snapshot that they were counted in.
    pub snapshot: SnapshotId,
    /// As of when they were counted: the beginning of the snapshot's reading.
    pub counted_at: Timestamp,
    /// Since when more are in use than were paid for, as of that count; none while they are not, and in rows of earlier
    /// releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_since: Option<Timestamp>,
}

impl SeatCount {
    /// The address of the one row of a tenant's seats.
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
