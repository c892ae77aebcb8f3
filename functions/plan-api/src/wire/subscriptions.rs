//! Subscriptions, downgrades and access links.

use super::{PageIn, not_blank};
use domain::plans::{Periodicity, ProductType};
use domain::subscriptions::RequestState;
use domain::{DowngradeId, OrganisationId, PartnerId, PlanId, Timestamp};
use engine::ports::Page;
use engine::records::{DowngradeRequest, OrganisationState};
use garde::Validate;
use partners::commands::access::{NewAccessLink, Session};
use partners::commands::subscriptions::{SubscriptionEdit, SubscriptionView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionEditIn {
    #[garde(skip)]
    pub plan: Option<PlanId>,
    #[garde(range(min = 1, max = 1_000_000))]
    pub seats: Option<u32>,
}

impl From<SubscriptionEditIn> for SubscriptionEdit {
    fn from(edit: SubscriptionEditIn) -> Self {
        Self { plan: edit.plan, seats: edit.seats }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionOut {
    pub organisation: OrganisationId,
    pub plan: PlanId,
    pub plan_name: String,
    pub product: ProductType,
    /// `Entra` for what protects Entra ID.
    pub label: Option<&'static str>,
    pub periodicity: Periodicity,
    pub not_for_resale: bool,
    pub state: OrganisationState,
    pub seats: u32,
    /// Enabled member users; null before a snapshot has counted.
    pub seats_in_use: Option<u64>,
    /// As of when.
    pub counted_at: Option<Timestamp>,
    /// How many more are in use than paid for.
    pub over_use: Option<u64>,
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DowngradeOut {
    pub id: DowngradeId,
    pub partner: PartnerId,
    pub organisation: OrganisationId,
    pub from: PlanId,
    pub from_product: ProductType,
    pub to: PlanId,
    pub to_product: ProductType,
    pub state: RequestState,
    pub asked_at: Timestamp,
    pub asked_by: String,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
    pub reason: Option<String>,
}

impl From<DowngradeRequest> for DowngradeOut {
    fn from(request: DowngradeRequest) -> Self {
        Self {
            id: request.id,
            partner: request.partner,
            organisation: request.organisation,
            from: request.from,
            from_product: request.from_product,
            to: request.to,
            to_product: request.to_product,
            state: request.state,
            asked_at: request.asked_at,
            asked_by: request.asked_by,
            decided_at: request.decided_at,
            decided_by: request.decided_by,
            reason: request.reason,
        }
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DowngradesIn {
    #[garde(skip)]
    pub state: Option<RequestState>,
    #[garde(length(max = 2_000))]
    pub cursor: Option<String>,
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl DowngradesIn {
    pub fn page(self) -> Page {
        PageIn { cursor: self.cursor, limit: self.limit }.page()
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefuseIn {
    #[garde(length(chars, max = 1_000), custom(not_blank))]
    pub reason: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessLinkOut {
    pub url: String,
    pub expires_at: Timestamp,
}

impl From<NewAccessLink> for AccessLinkOut {
    fn from(link: NewAccessLink) -> Self {
        Self { url: link.url.into(), expires_at: link.expires_at }
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessIn {
    /// What follows `access=` in the link.
    #[garde(length(min = 1, max = 200))]
    pub token: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionOut {
    pub token: String,
    pub organisation: OrganisationId,
    pub expires_at: Timestamp,
}

impl From<Session> for SessionOut {
    fn from(session: Session) -> Self {
        Self { token: session.token, organisation: session.organisation, expires_at: session.expires_at }
    }
}
