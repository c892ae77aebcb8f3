//! The list of organisations, with how each is protected where that is asked for.

use super::health::{HealthInAllOut, HealthOut, StatesOut};
use super::organisations::OrganisationOut;
use engine::records::{Newest, OrganisationState};
use partners::commands::organisations::{Health, HealthPage};
use schemars::JsonSchema;
use serde::Serialize;

/// A part of the organisations that the caller sees.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationsOut {
    /// The items of this part.
    pub items: Vec<OrganisationOut>,
    /// Where the next part begins, as an opaque text; none at the end. May be set though nothing more follows.
    pub next: Option<String>,
    /// What there is in all, where it was asked for how each is protected.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthInAllOut>,
}

impl From<HealthPage> for OrganisationsOut {
    fn from(page: HealthPage) -> Self {
        let of = |state: OrganisationState| page.states.get(&state).copied().unwrap_or_default();
        let states = StatesOut {
            active: of(OrganisationState::Active),
            suspended: of(OrganisationState::Suspended),
            unsubscribed: of(OrganisationState::Unsubscribed),
            deleting: of(OrganisationState::Deleting),
        };
        let in_all = HealthInAllOut { states, checked_at: page.checked_at, complete: page.is_complete };
        Self { items: page.items.into_iter().map(shown).collect(), next: page.next, health: Some(in_all) }
    }
}

fn shown(health: Health) -> OrganisationOut {
    let Health { customer, is_late, changes } = health;
    let (tenant, newest) = (customer.tenant, customer.newest);
    let out = HealthOut {
        credentials: tenant.as_ref().map(|tenant| tenant.credentials),
        last_snapshot: tenant.as_ref().and_then(|tenant| tenant.last_sealed.clone()),
        last_sealed_at: newest.as_ref().map(|newest| newest.sealed_at),
        late: is_late,
        next_snapshot_at: tenant.as_ref().and_then(|tenant| tenant.next_snapshot_at),
        whole: newest.as_ref().map(Newest::is_complete),
        parts_not_held: newest.as_ref().map(|newest| newest.gaps.len() as u64 + newest.more_gaps),
        seats_in_use: customer.seats.as_ref().map(|count| count.in_use),
        changes,
    };
    let mut shown = OrganisationOut::from(customer.organisation);
    // What the tenant's row says is newer than the organisation's, which says what was missing at the consent.
    if let (Some(shown), Some(found)) = (&mut shown.tenant, tenant.and_then(|tenant| tenant.not_protected)) {
        shown.not_protected = found;
    }
    OrganisationOut { health: Some(out), ..shown }
}
