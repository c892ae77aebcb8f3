//! How organisations are protected, in their list.

use super::organisations::OrganisationOut;
use domain::{SnapshotId, Timestamp};
use engine::records::{CredentialStatus, OrganisationState};
use partners::commands::organisations::{Health, HealthPage, OrganisationView, Sort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is told of each organisation besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// How it is protected.
    Health,
}

/// What organisations are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SortIn {
    /// Their names.
    #[default]
    Name,
    /// Their last snapshots: those without one first, then the oldest.
    LastSnapshot,
    /// Seats in use beyond those that are paid for: the most first.
    Seats,
    /// Changes within a day: the most first.
    Changes,
}

impl From<SortIn> for Sort {
    fn from(sort: SortIn) -> Self {
        match sort {
            SortIn::Name => Self::Name,
            SortIn::LastSnapshot => Self::LastSnapshot,
            SortIn::Seats => Self::Seats,
            SortIn::Changes => Self::Changes,
        }
    }
}

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

/// What there is in all, where it was asked for how each is protected.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthInAllOut {
    /// How many organisations there are in each state, of those that are as wanted but for their state.
    pub states: StatesOut,
    /// When it was looked.
    pub checked_at: Timestamp,
    /// Whether all organisations were looked at, each with what is known of it: 2,000 are at the most.
    pub complete: bool,
}

/// How many organisations there are in each state.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatesOut {
    /// Those that are active.
    pub active: u64,
    /// Those that are suspended.
    pub suspended: u64,
    /// Those that are unsubscribed.
    pub unsubscribed: u64,
    /// Those that are being deleted.
    pub deleting: u64,
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

/// How an organisation is protected.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthOut {
    /// Whether what its tenant's administrator consented to is enough; null without a tenant.
    pub credentials: Option<CredentialStatus>,
    /// The newest sealed snapshot; null before the first.
    pub last_snapshot: Option<SnapshotId>,
    /// When that was sealed; null before the first.
    pub last_sealed_at: Option<Timestamp>,
    /// Whether there should be a newer one by now.
    pub late: bool,
    /// When the next one is due; null while none is.
    pub next_snapshot_at: Option<Timestamp>,
    /// Whether the newest holds everything; null before the first.
    pub whole: Option<bool>,
    /// How many kinds, and parts of kinds, the newest does not hold; null before the first.
    pub parts_not_held: Option<u64>,
    /// How many seats are in use, as the newest snapshot counted; null where none has.
    pub seats_in_use: Option<u64>,
    /// How many changes comparisons found within a day; null where the caller may not hear of them, or it is not known.
    pub changes: Option<u64>,
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
        whole: newest.as_ref().map(engine::records::Newest::is_complete),
        parts_not_held: newest.as_ref().map(|newest| newest.gaps.len() as u64 + newest.more_gaps),
        seats_in_use: customer.seats.as_ref().map(|count| count.in_use),
        changes,
    };
    let view = OrganisationView { organisation: customer.organisation, tenant: None, connected_before: None };
    OrganisationOut { health: Some(out), ..view.into() }
}
