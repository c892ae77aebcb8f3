//! Subscriptions: what an organisation pays for.

use super::downgrades::DowngradeOut;
use domain::plans::{Periodicity, ProductType};
use domain::{OrganisationId, PlanId, Timestamp};
use engine::records::OrganisationState;
use garde::Validate;
use partners::commands::subscriptions::{SubscriptionEdit, SubscriptionView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is to be changed of a subscription; what is absent stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionEditIn {
    /// The new plan. One of a lower product is asked for, and not changed at once.
    #[garde(skip)]
    pub plan: Option<PlanId>,
    /// The new number of seats.
    #[garde(range(min = 1, max = 1_000_000))]
    pub seats: Option<u32>,
}

impl From<SubscriptionEditIn> for SubscriptionEdit {
    fn from(edit: SubscriptionEditIn) -> Self {
        Self { plan: edit.plan, seats: edit.seats }
    }
}

/// What an organisation pays for, beside what it uses.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionOut {
    /// The id of the organisation.
    pub organisation: OrganisationId,
    /// The plan that it pays for.
    pub plan: PlanId,
    /// The plan's name, for people.
    pub plan_name: String,
    /// The product that the plan sells.
    pub product: ProductType,
    /// `Entra` for what protects Entra ID.
    pub label: Option<&'static str>,
    /// How often the plan is paid for.
    pub periodicity: Periodicity,
    /// Whether it is the partner's own licence.
    pub not_for_resale: bool,
    /// Where the organisation is in its life.
    pub state: OrganisationState,
    /// The number of seats that it pays for.
    pub seats: u32,
    /// Enabled member users; null before a snapshot has counted.
    pub seats_in_use: Option<u64>,
    /// As of when `seatsInUse` was counted.
    pub counted_at: Option<Timestamp>,
    /// How many more are in use than paid for.
    pub over_use: Option<u64>,
    /// The request for a downgrade that is not decided; null where there is none.
    pub pending_downgrade: Option<DowngradeOut>,
}

impl From<SubscriptionView> for SubscriptionOut {
    fn from(view: SubscriptionView) -> Self {
        let over_use = view.over_use();
        let (terms, organisation) = (view.plan.terms, view.organisation);
        Self {
            organisation: organisation.id,
            plan: view.plan.id,
            plan_name: terms.name,
            product: terms.product,
            label: terms.product.label(),
            periodicity: terms.periodicity,
            not_for_resale: view.plan.not_for_resale,
            state: organisation.state,
            seats: organisation.seats,
            seats_in_use: view.count.as_ref().map(|c| c.in_use),
            counted_at: view.count.map(|c| c.counted_at),
            over_use,
            pending_downgrade: view.pending.map(Into::into),
        }
    }
}
