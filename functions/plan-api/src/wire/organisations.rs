//! Organisations, with the tenant of each.

use super::deletions::EndingOut;
use super::health::{HealthOut, SortIn, View};
use super::{ListFormat, Name};
use domain::organisations::ApprovalRule;
use domain::plans::ProductType;
use domain::rights::Feature;
use domain::{OrganisationId, PartnerId, PlanId, Refusal, SnapshotId, TenantId, Timestamp};
use engine::ports::Page;
use engine::records::{
    ConnectRefusal, Connecting, CredentialStatus, NotProtected, Organisation, OrganisationState, Tenant,
};
use garde::Validate;
use partners::commands::organisations::{Edit, NewOrganisation, OrganisationView, Wanted};
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An organisation that is to be made.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrganisationIn {
    /// The name of the organisation.
    #[garde(dive)]
    pub name: Name,
    /// The address of whoever is to be written to there.
    #[garde(email, length(max = 254))]
    pub email: String,
    /// Free text for the partner's own use.
    #[garde(length(chars, max = 2_000))]
    #[serde(default)]
    pub details: String,
    /// The plan that it pays for, one that the caller's partner may sell.
    #[garde(skip)]
    pub plan: PlanId,
    /// The number of seats that it pays for.
    #[garde(range(min = 1, max = 1_000_000))]
    pub seats: u32,
}

impl From<NewOrganisationIn> for NewOrganisation {
    fn from(new: NewOrganisationIn) -> Self {
        Self {
            name: new.name.into(),
            email: new.email,
            details: new.details,
            plan: new.plan,
            seats: new.seats,
        }
    }
}

/// What is to be changed of an organisation's general information; what is absent stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganisationEditIn {
    /// The new name of the organisation.
    #[garde(dive)]
    pub name: Option<Name>,
    /// The new address of whoever is to be written to there.
    #[garde(inner(email, length(max = 254)))]
    pub email: Option<String>,
    /// The new free text for the partner's own use.
    #[garde(inner(length(chars, max = 2_000)))]
    pub details: Option<String>,
}

impl From<OrganisationEditIn> for Edit {
    fn from(edit: OrganisationEditIn) -> Self {
        Self { name: edit.name.map(Into::into), email: edit.email, details: edit.details }
    }
}

/// What the end users of an organisation may do.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeaturesIn {
    /// The features that are on; the others are off.
    #[garde(length(max = 4))]
    pub features: Vec<Feature>,
}

/// What of an organisation waits for somebody's approval.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalsIn {
    /// Which restores wait for somebody else than whoever asked for them.
    #[garde(skip)]
    pub restores: ApprovalRule,
}

/// How often an organisation's tenant is backed up.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduleIn {
    /// How many snapshots fall due in a day, from 1 to 24.
    #[garde(range(min = 1, max = 24))]
    pub snapshots_per_day: u8,
}

/// Which organisations are wanted, and which part of their list. What is absent does not matter.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchIn {
    /// A part of the name or of the id.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    pub search: Option<String>,
    /// Only those of that partner, which is the caller's or one below it.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Only those whose plan sells that product.
    #[garde(skip)]
    pub product_type: Option<ProductType>,
    /// Only those in that state.
    #[garde(skip)]
    pub state: Option<OrganisationState>,
    /// Only those whose tenant's credentials are like that.
    #[garde(skip)]
    pub credentials: Option<CredentialStatus>,
    /// Only those on that plan.
    #[garde(skip)]
    pub plan: Option<PlanId>,
    /// `health`: how each is protected is told as well, and how many there are in each state.
    #[garde(skip)]
    pub view: Option<View>,
    /// What they are sorted by, where it is told how each is protected: by their names when nothing is said.
    #[garde(skip)]
    pub sort: Option<SortIn>,
    /// `csv`: up to 5,000 of them as one text, whatever the limit.
    #[garde(skip)]
    pub format: Option<ListFormat>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl SearchIn {
    /// Which organisations are wanted.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            search: self.search.clone(),
            product: self.product_type,
            state: self.state,
            plan: self.plan.clone(),
            credentials: self.credentials,
        }
    }

    /// Which part of their list is wanted.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

/// An organisation: a customer of a partner.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationOut {
    /// The id of the organisation.
    pub id: OrganisationId,
    /// The partner that it is a customer of.
    pub partner: PartnerId,
    /// The name of the organisation.
    pub name: String,
    /// The address of whoever is to be written to there.
    pub email: String,
    /// Free text for the partner's own use.
    pub details: String,
    /// Where it is in its life.
    pub state: OrganisationState,
    /// The plan that it pays for.
    pub plan: PlanId,
    /// The number of seats that it pays for.
    pub seats: u32,
    /// What its end users may do.
    pub features: Vec<Feature>,
    /// Which restores wait for somebody else than whoever asked for them; what its end users ask for always does.
    pub approvals: ApprovalRule,
    /// The tenant that is backed up; null until one is connected.
    pub tenant: Option<TenantOut>,
    /// The connection that waits for its consent to arrive, or the last one that waited in vain.
    pub connecting: Option<ConnectingOut>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it ends, once that is begun.
    pub ending: Option<EndingOut>,
    /// How it is protected, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthOut>,
}

/// The tenant of an organisation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantOut {
    /// The tenant's id at Microsoft.
    pub id: TenantId,
    /// What is not backed up for want of a permission: as of the newest snapshot, but in lists without `view=health` as of the
    /// consent.
    pub not_protected: Vec<NotProtected>,
    /// When its administrator consented to restores; null while nobody has.
    pub writer_consented_at: Option<Timestamp>,
    /// The rest, which is shown where one organisation is read, and not in lists.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub more: Option<TenantMoreOut>,
}

/// What is shown of a tenant where one organisation is read.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantMoreOut {
    /// The tenant's name at Microsoft.
    pub name: String,
    /// Whether what was consented to is enough.
    pub credentials: CredentialStatus,
    /// Why the tenant does not let the application in; null while it does.
    pub refused: Option<Refusal>,
    /// What that means and what can be done.
    pub advice: Option<&'static str>,
    /// How many snapshots fall due in a day.
    pub snapshots_per_day: u8,
    /// When the next snapshot is due; null while none is.
    pub next_snapshot_at: Option<Timestamp>,
    /// The newest snapshot that is sealed; null before the first.
    pub last_sealed: Option<SnapshotId>,
    /// When the tenant was connected.
    pub connected_at: Timestamp,
    /// When an earlier organisation of the same tenant was deleted here; null for a tenant that is new. Its consent may be of
    /// that time.
    pub connected_before: Option<Timestamp>,
}

impl TenantMoreOut {
    fn of(row: Tenant, connected_before: Option<Timestamp>) -> Self {
        Self {
            name: row.name,
            credentials: row.credentials,
            refused: row.refused,
            advice: row.refused.map(Refusal::advice),
            snapshots_per_day: row.snapshots_per_day,
            next_snapshot_at: row.next_snapshot_at,
            last_sealed: row.last_sealed,
            connected_at: row.connected_at,
            connected_before,
        }
    }
}

/// A connection whose consent has not arrived everywhere.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectingOut {
    /// The tenant; it is not connected.
    pub tenant: TenantId,
    /// `waiting` while it is tried; none once it is over.
    pub credentials: Option<CredentialStatus>,
    /// When somebody signed in to consent.
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
        let tenant = organisation.tenant.clone().map(|id| TenantOut {
            id,
            not_protected,
            writer_consented_at,
            more: None,
        });
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
            approvals: organisation.approvals,
            tenant,
            connecting: organisation.connecting.map(Into::into),
            created_at: organisation.created_at,
            ending: organisation
                .ending
                .as_ref()
                .map(|ending| EndingOut::of(ending, organisation.tenant.as_ref())),
            health: None,
        }
    }
}

impl From<OrganisationView> for OrganisationOut {
    fn from(view: OrganisationView) -> Self {
        let mut out = Self::from(view.organisation);
        if let (Some(tenant), Some(mut row)) = (&mut out.tenant, view.tenant) {
            // The tenant's row is newer than the organisation's, which says what was missing at the consent.
            if let Some(found) = row.not_protected.take() {
                tenant.not_protected = found;
            }
            tenant.more = Some(TenantMoreOut::of(row, view.connected_before));
        }
        out
    }
}
