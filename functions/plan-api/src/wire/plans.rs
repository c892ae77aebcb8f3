//! Plans: what is sold, for how much.

use super::Name;
use domain::plans::{Currency, Periodicity, Price, ProductType, Terms};
use domain::{PartnerId, PlanId, Timestamp};
use engine::records::Plan;
use garde::Validate;
use partners::commands::plans::{PlanEdit, PlanView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plan that is to be made.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPlanIn {
    /// The product that the plan sells.
    #[garde(skip)]
    pub product: ProductType,
    /// The name of the plan, for people; it need not be unique.
    #[garde(dive)]
    pub name: Name,
    /// How often the plan is paid for.
    #[garde(skip)]
    pub periodicity: Periodicity,
    /// The price of one seat for one period.
    #[garde(skip)]
    pub price: Price,
    /// A partner below the caller's, which may sell the plan; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Whether the plan is offered to new organisations: it is when nothing is said.
    #[garde(skip)]
    #[serde(default = "yes")]
    pub visible: bool,
}

fn yes() -> bool {
    true
}

impl From<NewPlanIn> for Terms {
    fn from(new: NewPlanIn) -> Self {
        Self {
            product: new.product,
            name: new.name.into(),
            periodicity: new.periodicity,
            price: new.price,
            visible: new.visible,
        }
    }
}

/// What is to be changed of a plan; what is absent stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanEditIn {
    /// The new name, for people.
    #[garde(dive)]
    pub name: Option<Name>,
    /// The new price of one seat for one period.
    #[garde(skip)]
    pub price: Option<Price>,
    /// Whether the plan is offered to new organisations.
    #[garde(skip)]
    pub visible: Option<bool>,
}

impl From<PlanEditIn> for PlanEdit {
    fn from(edit: PlanEditIn) -> Self {
        Self { name: edit.name.map(Into::into), price: edit.price, visible: edit.visible }
    }
}

/// The partner's own licence that is to be made: a plan not for resale.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnLicenceIn {
    /// The product that the partner uses itself.
    #[garde(skip)]
    pub product: ProductType,
    /// The plan costs nothing, in this currency.
    #[garde(skip)]
    pub currency: Currency,
}

/// A plan, as lists show it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanOut {
    /// The id of the plan.
    pub id: PlanId,
    /// The partner that made the plan.
    pub partner: PartnerId,
    /// The product that the plan sells.
    pub product: ProductType,
    /// `Entra` for what protects Entra ID.
    pub label: Option<&'static str>,
    /// The plan's name, for people.
    pub name: String,
    /// How often the plan is paid for.
    pub periodicity: Periodicity,
    /// The price of one seat for one period. Null for who may not see prices.
    pub price: Option<Price>,
    /// Whether the plan is offered to new organisations.
    pub visible: bool,
    /// Whether it is the partner's own licence, which no customer can have.
    pub not_for_resale: bool,
    /// When the plan was made.
    pub created_at: Timestamp,
}

impl PlanOut {
    /// The plan, with or without its price.
    pub fn shown(plan: Plan, shows_price: bool) -> Self {
        let out = Self::from(plan);
        Self { price: out.price.filter(|_| shows_price), ..out }
    }
}

impl From<Plan> for PlanOut {
    fn from(plan: Plan) -> Self {
        let terms = plan.terms;
        Self {
            id: plan.id,
            partner: plan.partner,
            label: terms.product.label(),
            product: terms.product,
            name: terms.name,
            periodicity: terms.periodicity,
            price: Some(terms.price),
            visible: terms.visible,
            not_for_resale: plan.not_for_resale,
            created_at: plan.created_at,
        }
    }
}

/// A plan, with what is known of its use.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanViewOut {
    #[serde(flatten)]
    pub plan: PlanOut,
    /// Organisations that pay for it, as far as the caller sees them; none where there are too many to be counted.
    pub subscriptions: Option<u64>,
}

impl From<PlanView> for PlanViewOut {
    fn from(view: PlanView) -> Self {
        Self { plan: PlanOut::shown(view.plan, view.shows_price), subscriptions: view.subscriptions }
    }
}
