//! Organisations: created with a plan and seats, read, searched; how each is protected (`health`), their life and end
//! (`life`), how often they are backed up (`schedule`), and their transfer to another partner (`transfer`).

mod health;
mod life;
mod schedule;
mod transfer;

pub use health::{Health, HealthPage, Sort};
pub use life::{Edit, Hold};
pub use transfer::OFFER_DAYS;

use super::caller::may_sign_in;
use super::plans::{known, offered};
use super::{Caller, Gate, Listed};
use domain::organisations::ApprovalRule;
use domain::plans::ProductType;
use domain::rights::{Action, Role};
use domain::subscriptions::check_seats;
use domain::{Error, OrganisationId, PartnerId, PlanId, Result, Timestamp};
use engine::ports::{Clock, Ids, Page, Write};
use engine::records::{
    CredentialStatus, FormerTenant, Found, Organisation, OrganisationPlace, OrganisationState, OwnLicence,
    Record, Records, SubscriptionChange, Tenant, put_new, replace,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What can be asked about organisations.
#[derive(Clone)]
pub struct Organisations {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of new rows.
    pub ids: Arc<dyn Ids>,
}

/// What is asked of a new organisation.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// Its name; spaces around it are cut off.
    pub name: String,
    /// The customer's address for mail.
    pub email: String,
    /// Free text that the partner keeps about it.
    pub details: String,
    /// Its plan: one that the partner owns or that is assigned to it.
    pub plan: PlanId,
    /// The number of seats to pay for.
    pub seats: u32,
}

/// Which organisations a list shows; what is absent restricts nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// A part of the name or the id, whatever the case.
    pub search: Option<String>,
    /// The product of the plan that they are on.
    pub product: Option<ProductType>,
    /// The state that they are in.
    pub state: Option<OrganisationState>,
    /// The plan that they are on.
    pub plan: Option<PlanId>,
    /// How the credentials are.
    pub credentials: Option<CredentialStatus>,
}

impl Wanted {
    /// Whether the row's own fields are as wanted; product and credentials are in other rows and checked after this.
    fn takes(&self, row: &Organisation, search: Option<&str>) -> bool {
        self.state.is_none_or(|state| row.state == state)
            && self.plan.as_ref().is_none_or(|plan| row.plan == *plan)
            && search
                .is_none_or(|part| row.name.to_lowercase().contains(part) || row.id.as_str().contains(part))
    }
}

/// An organisation with the state of its tenant.
#[derive(Clone, Debug)]
pub struct OrganisationView {
    /// The organisation's own row.
    pub organisation: Organisation,
    /// Its tenant, once connected.
    pub tenant: Option<Tenant>,
    /// When an earlier organisation of the same tenant was deleted; none for a tenant that is new here.
    pub connected_before: Option<Timestamp>,
}

/// How many organisations' tenants are looked up for one answer, where their credentials are asked for; then the answer
/// says where to go on.
const MOST_TENANTS: usize = 200;

/// Whether the credentials of an organisation's tenant are like that. What waits is a consent that has not arrived, be it
/// before the tenant is connected or in the first hour after.
fn are(wanted: CredentialStatus, row: &Organisation, tenant: Option<&Tenant>) -> bool {
    let is_connecting = row.connecting.as_ref().is_some_and(|connecting| connecting.try_at.is_some());
    match tenant {
        Some(tenant) => tenant.credentials == wanted,
        None => wanted == CredentialStatus::Waiting && is_connecting,
    }
}

impl Organisations {
    /// Makes an organisation of the caller's partner.
    ///
    /// # Errors
    /// `Invalid` naming `plan` when the partner may not sell it or it is hidden; `Conflict` when it is the
    /// licence not for resale and another organisation is on it; `Denied`.
    pub async fn create(&self, caller: &Caller, new: NewOrganisation) -> Result<Organisation> {
        let partner = self.gate.partner(caller, None, Action::ManageOrganisation).await?.value;
        if caller.member()?.organisations.is_some() {
            return Err(Error::denied("a limited Admin may not create organisations"));
        }
        // Why one answer for a plan that is not there and for somebody else's: that the latter exists is a secret.
        let plan = offered(self.records(), &partner.id, &new.plan).await?.map(|found| found.value);
        let plan = plan.ok_or_else(|| Error::invalid_field("plan", "there is no such plan"))?;
        if !plan.terms.visible {
            return Err(Error::invalid_field("plan", "is hidden: it is not offered for new subscriptions"));
        }
        check_seats(new.seats, None, plan.not_for_resale)?;
        let id = OrganisationId::from_ulid(&self.ids.ulid());
        let organisation = Organisation {
            id: id.clone(),
            partner: partner.id.clone(),
            name: new.name.trim().to_owned(),
            email: new.email,
            details: new.details,
            state: OrganisationState::Active,
            plan: new.plan,
            seats: new.seats,
            features: Vec::new(),
            approvals: ApprovalRule::Off,
            tenant: None,
            not_protected: Vec::new(),
            writer_consented_at: None,
            created_at: self.clock.now(),
            ending: None,
            former_partners: Vec::new(),
            connecting: None,
            waited_for: Vec::new(),
        };
        // One write: the row, where to find it by its id alone, what is paid for from now on, and the licence it takes.
        let place = OrganisationPlace { organisation: id, partner: partner.id, tenant: None };
        let mut writes = vec![put_new(&organisation)?, put_new(&place)?];
        let begun = SubscriptionChange::between(None, &organisation, 1, organisation.created_at);
        writes.extend(begun.map(|change| put_new(&change)).transpose()?);
        if plan.not_for_resale {
            writes.push(self.claim_own_licence(&organisation).await?);
        }
        self.records().write(writes).await?;
        Ok(organisation)
    }

    /// The write that puts an organisation on the partner's licence not for resale, which only one can be on.
    async fn claim_own_licence(&self, organisation: &Organisation) -> Result<Write> {
        let found: Found<OwnLicence> = self.records().get(&OwnLicence::at(&organisation.partner)).await?;
        if let Some(holder) = &found.value.organisation {
            let holder = self.records().find(&Organisation::at(&organisation.partner, holder)).await?;
            // Why also while it is being deleted: that can be cancelled, and then there would be two.
            if let Some(holder) = holder {
                let message = format!("the licence not for resale is used by {}", holder.value.id);
                return Err(Error::conflict(message));
            }
        }
        let claimed = OwnLicence { organisation: Some(organisation.id.clone()), ..found.value };
        replace(&claimed, found.version)
    }

    /// One organisation, with its tenant's row.
    pub async fn get(&self, caller: &Caller, id: &OrganisationId) -> Result<Found<OrganisationView>> {
        let found = self.gate.organisation(caller, id, Action::ReadPartner).await?;
        let view = self.view(found.value).await?;
        Ok(Found { value: view, version: found.version })
    }

    /// The organisation with what the rows of its tenant say.
    async fn view(&self, organisation: Organisation) -> Result<OrganisationView> {
        let tenant = self.tenant(&organisation).await?.map(|tenant| tenant.value);
        let former = match &tenant {
            Some(tenant) => self.records().find(&FormerTenant::at(&tenant.tenant)).await?,
            None => None,
        };
        let connected_before = former.map(|former| former.value.ended_at);
        Ok(OrganisationView { organisation, tenant, connected_before })
    }

    /// The organisations of the caller's partner, or of one below it, that are as wanted, oldest first.
    pub async fn list(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        wanted: &Wanted,
        page: Page,
    ) -> Result<Listed<Organisation>> {
        let member = caller.member()?;
        // Why: an end customer may see its own organisation, and not the partner; the list is cut to it.
        let partner = match member.role {
            Role::EndCustomer => member.partner.clone(),
            _ => self.gate.partner(caller, partner, Action::ReadPartner).await?.value.id,
        };
        if *wanted == Wanted::default() && member.organisations.is_none() {
            let (found, next) = self.records().list(&Organisation::all(&partner), page).await?;
            return Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next });
        }
        let search = wanted.search.as_deref().map(str::to_lowercase);
        let (mut products, mut items, mut tenants) = (BTreeMap::new(), Vec::new(), 0);
        let mut walk = self.records().walk(Organisation::all(&partner), page.after, page.descending);
        while items.len() < page.limit
            && tenants < MOST_TENANTS
            && let Some(row) = walk.next().await?
        {
            let row = row.value;
            if !member.sees(&row.id)
                || !may_sign_in(member, &row)
                || !wanted.takes(&row, search.as_deref())
                || !self.is_on(&mut products, &row, wanted.product).await?
            {
                continue;
            }
            tenants += usize::from(wanted.credentials.is_some());
            if self.has_credentials(&row, wanted.credentials).await? {
                items.push(row);
            }
        }
        Ok(Listed { items, next: walk.rest() })
    }

    /// Whether its plan is of that product; `products` remembers the product of each plan that was read.
    async fn is_on(
        &self,
        products: &mut BTreeMap<PlanId, ProductType>,
        row: &Organisation,
        wanted: Option<ProductType>,
    ) -> Result<bool> {
        let Some(wanted) = wanted else { return Ok(true) };
        if let Some(product) = products.get(&row.plan) {
            return Ok(*product == wanted);
        }
        let plan = known(self.records(), &row.partner, &row.plan).await?.value;
        products.insert(row.plan.clone(), plan.terms.product);
        Ok(plan.terms.product == wanted)
    }

    async fn has_credentials(&self, row: &Organisation, wanted: Option<CredentialStatus>) -> Result<bool> {
        let Some(wanted) = wanted else { return Ok(true) };
        let tenant = self.tenant(row).await?.map(|tenant| tenant.value);
        Ok(are(wanted, row, tenant.as_ref()))
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}
