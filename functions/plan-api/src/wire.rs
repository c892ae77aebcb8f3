//! The control plane's JSON. Only here: what the engine keeps has its own form.

pub mod audit;
pub mod life;
mod name;
pub mod people;
pub mod plans;
pub mod subscriptions;
pub mod tokens;
pub mod usage;

use domain::plans::{Periodicity, Price, ProductType};
use domain::rights::Feature;
use domain::{OrganisationId, PartnerId, PlanId, TenantId, Timestamp};
use engine::ports::Page;
use engine::records::{
    ConnectRefusal, Connecting, CredentialStatus, NotProtected, Organisation, OrganisationState, Partner,
    Plan,
};
use garde::Validate;
use partners::commands::connect::ConsentApp;
use partners::commands::organisations::{OrganisationView, Wanted};
use partners::commands::partners::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use name::Name;

/// Items of a list when nothing is said.
const PAGE_ITEMS: usize = 50;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
pub(crate) fn not_blank(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("must not be empty")) } else { Ok(()) }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPartnerIn {
    #[garde(dive)]
    pub name: Name,
    /// Who owns it.
    #[garde(dive)]
    pub owner: OwnerIn,
}

/// The owner of a new partner.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnerIn {
    /// Their name.
    #[garde(dive)]
    pub name: Name,
    /// Where mail goes.
    #[garde(email, length(max = 254))]
    pub email: String,
    /// Their IANA time zone.
    #[garde(length(max = 64))]
    #[serde(default = "utc")]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

impl From<OwnerIn> for Owner {
    fn from(owner: OwnerIn) -> Self {
        Self { name: owner.name.into(), email: owner.email, time_zone: owner.time_zone }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SkuIn {
    /// The one SKU that there is.
    #[garde(skip)]
    #[expect(dead_code, reason = "that it can be read is the check")]
    pub sku: Sku,
    #[garde(skip)]
    pub partner: Option<PartnerId>,
}

#[derive(Deserialize, JsonSchema)]
pub enum Sku {
    Entra,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerOut {
    pub id: PartnerId,
    pub name: String,
    pub parent: Option<PartnerId>,
    pub entra_sku_active: bool,
    pub created_at: Timestamp,
}

impl From<Partner> for PartnerOut {
    fn from(partner: Partner) -> Self {
        Self {
            parent: partner.parent().cloned(),
            id: partner.id,
            name: partner.name,
            entra_sku_active: partner.entra_sku_active,
            created_at: partner.created_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPartnerOut {
    #[serde(flatten)]
    pub partner: PartnerOut,
    /// Shown this once.
    pub owner_token: String,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPlanIn {
    #[garde(skip)]
    pub product: ProductType,
    #[garde(dive)]
    pub name: Name,
    #[garde(skip)]
    pub periodicity: Periodicity,
    #[garde(skip)]
    pub price: Price,
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    #[garde(skip)]
    #[serde(default = "yes")]
    pub visible: bool,
}

fn yes() -> bool {
    true
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanOut {
    pub id: PlanId,
    pub partner: PartnerId,
    pub product: ProductType,
    /// `Entra` for what protects Entra ID.
    pub label: Option<&'static str>,
    pub name: String,
    pub periodicity: Periodicity,
    /// Null for who may not see prices.
    pub price: Option<Price>,
    pub visible: bool,
    pub not_for_resale: bool,
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

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageIn {
    #[garde(length(max = 2_000))]
    pub cursor: Option<String>,
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl PageIn {
    pub fn page(self) -> Page {
        Page { after: self.cursor, limit: self.limit.unwrap_or(PAGE_ITEMS), descending: false }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchIn {
    /// A part of the name or of the id.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    pub search: Option<String>,
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    #[garde(skip)]
    pub product_type: Option<ProductType>,
    #[garde(skip)]
    pub state: Option<OrganisationState>,
    #[garde(skip)]
    pub credentials: Option<CredentialStatus>,
    /// `csv`: all of them as one text.
    #[garde(skip)]
    pub format: Option<Format>,
    #[garde(length(max = 2_000))]
    pub cursor: Option<String>,
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    Json,
    Csv,
}

impl SearchIn {
    pub fn wanted(&self) -> Wanted {
        Wanted {
            search: self.search.clone(),
            product: self.product_type,
            state: self.state,
            credentials: self.credentials,
        }
    }
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrganisationIn {
    #[garde(dive)]
    pub name: Name,
    #[garde(email, length(max = 254))]
    pub email: String,
    #[garde(length(chars, max = 2_000))]
    #[serde(default)]
    pub details: String,
    #[garde(skip)]
    pub plan: PlanId,
    #[garde(range(min = 1, max = 1_000_000))]
    pub seats: u32,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationOut {
    pub id: OrganisationId,
    pub partner: PartnerId,
    pub name: String,
    pub email: String,
    pub details: String,
    pub state: OrganisationState,
    pub plan: PlanId,
    pub seats: u32,
    pub features: Vec<Feature>,
    pub tenant: Option<TenantOut>,
    /// The connection that waits for its consent to arrive, or the last one that waited in vain.
    pub connecting: Option<ConnectingOut>,
    pub created_at: Timestamp,
    /// How it ends, once that is begun.
    pub ending: Option<life::EndingOut>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantOut {
    pub id: TenantId,
    pub not_protected: Vec<NotProtected>,
    pub writer_consented_at: Option<Timestamp>,
    /// What follows is told of one organisation, not in lists.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub more: Option<TenantMoreOut>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantMoreOut {
    pub name: String,
    pub credentials: CredentialStatus,
    pub snapshots_per_day: u8,
    pub next_snapshot_at: Option<Timestamp>,
    pub last_sealed: Option<domain::SnapshotId>,
    pub connected_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectingOut {
    /// The tenant; it is not connected.
    pub tenant: TenantId,
    /// `waiting` while it is tried; none once it is over.
    pub credentials: Option<CredentialStatus>,
    /// When somebody signed in.
    pub since: Timestamp,
    /// Until when it is tried.
    pub until: Timestamp,
    /// Why it was refused, once it is over.
    pub refused: Option<ConnectRefusal>,
    /// What that means and what can be done.
    pub advice: Option<&'static str>,
}

impl From<Connecting> for ConnectingOut {
    fn from(row: Connecting) -> Self {
        Self {
            tenant: row.tenant,
            credentials: row.try_at.map(|_| CredentialStatus::Waiting),
            since: row.since,
            until: row.until,
            refused: row.refused,
            advice: row.refused.map(ConnectRefusal::advice),
        }
    }
}

impl From<Organisation> for OrganisationOut {
    fn from(organisation: Organisation) -> Self {
        let (not_protected, writer_consented_at) =
            (organisation.not_protected, organisation.writer_consented_at);
        let tenant =
            organisation.tenant.map(|id| TenantOut { id, not_protected, writer_consented_at, more: None });
        Self {
            id: organisation.id,
            partner: organisation.partner,
            name: organisation.name,
            email: organisation.email,
            details: organisation.details,
            state: organisation.state,
            plan: organisation.plan,
            seats: organisation.seats,
            features: organisation.features,
            tenant,
            connecting: organisation.connecting.map(Into::into),
            created_at: organisation.created_at,
            ending: organisation.ending.map(Into::into),
        }
    }
}

impl From<OrganisationView> for OrganisationOut {
    fn from(view: OrganisationView) -> Self {
        let mut out = Self::from(view.organisation);
        if let (Some(tenant), Some(row)) = (&mut out.tenant, view.tenant) {
            if let Some(found) = row.not_protected {
                tenant.not_protected = found;
            }
            tenant.more = Some(TenantMoreOut {
                name: row.name,
                credentials: row.credentials,
                snapshots_per_day: row.snapshots_per_day,
                next_snapshot_at: row.next_snapshot_at,
                last_sealed: row.last_sealed,
                connected_at: row.connected_at,
            });
        }
        out
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentLinkIn {
    #[garde(skip)]
    pub app: ConsentApp,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentLinkOut {
    pub url: String,
    pub expires_at: Timestamp,
}
