//! What is said of one plan.

use super::{Name, PlanOut};
use domain::plans::{Currency, Price, ProductType};
use garde::Validate;
use partners::commands::plans::{PlanEdit, PlanView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanEditIn {
    #[garde(dive)]
    pub name: Option<Name>,
    #[garde(skip)]
    pub price: Option<Price>,
    #[garde(skip)]
    pub visible: Option<bool>,
}

impl From<PlanEditIn> for PlanEdit {
    fn from(edit: PlanEditIn) -> Self {
        Self { name: edit.name.map(Into::into), price: edit.price, visible: edit.visible }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanViewOut {
    #[serde(flatten)]
    pub plan: PlanOut,
    /// Organisations that pay for it, as far as the caller sees them.
    pub subscriptions: u64,
}

impl From<PlanView> for PlanViewOut {
    fn from(view: PlanView) -> Self {
        Self { plan: PlanOut::shown(view.plan, view.shows_price), subscriptions: view.subscriptions }
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnLicenceIn {
    #[garde(skip)]
    pub product: ProductType,
    /// It costs nothing, in this currency.
    #[garde(skip)]
    pub currency: Currency,
}
