//! Organisations: created with a plan and seats, read, searched; their life and end (`life`), and their way to
//! another partner (`transfer`).

mod life;
mod transfer;

pub use life::{Edit, Hold};

use super::{Caller, Gate, Listed};
use crate::ports::{Clock, Ids, Page, Scope};
use crate::records::{
    CredentialStatus, Found, Organisation, OrganisationPlace, OrganisationState, Plan, Record as _, Records,
    Tenant, put_new,
};
use domain::plans::ProductType;
use domain::rights::{Action, Role};
use domain::{Error, OrganisationId, PartnerId, PlanId, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The commands.
#[derive(Clone)]
pub struct Organisations {
    /// The door.
    pub gate: Gate,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names.
    pub ids: Arc<dyn Ids>,
}

/// What is asked of a new organisation.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// Its name.
    pub name: String,
    /// Whom to write to.
    pub email: String,
    /// Free text.
    pub details: String,
    /// Its plan; one of the partner's.
    pub plan: PlanId,
    /// Seats to pay for.
    pub seats: u32,
}

/// Which organisations are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A part of the name or the id, whatever the case.
    pub search: Option<String>,
    /// What the plan is for.
    pub product: Option<ProductType>,
    /// The state.
    pub state: Option<OrganisationState>,
    /// How the credentials are.
    pub credentials: Option<CredentialStatus>,
}

impl Wanted {
    /// Whether the row itself is wanted; what other rows say of it is not looked at.
    fn takes(&self, row: &Organisation, search: Option<&str>) -> bool {
        self.state.is_none_or(|state| row.state == state)
            && search
                .is_none_or(|part| row.name.to_lowercase().contains(part) || row.id.as_str().contains(part))
    }
}

/// An organisation with the state of its tenant.
#[derive(Clone, Debug)]
pub struct OrganisationView {
    /// The organisation.
    pub organisation: Organisation,
    /// Its tenant, once connected.
    pub tenant: Option<Tenant>,
}

/// Rows read at a time while searching.
const SCAN_ROWS: usize = 200;
/// Rows read at most for one answer; then the answer says where to go on.
const SCAN_MOST_ROWS: usize = 2_000;

impl Organisations {
    /// Makes an organisation of the caller's partner.
    ///
    /// # Errors
    /// `Invalid` naming `plan` when it is not one of the partner's; `Denied`.
    pub async fn create(&self, caller: &Caller, new: NewOrganisation) -> Result<Organisation> {
        let partner = self.gate.partner(caller, None, Action::ManageOrganisation).await?.value;
        if caller.member()?.organisations.is_some() {
            return Err(Error::denied("a limited Admin may not create organisations"));
        }
        let scope = Scope::Partner(partner.id.clone());
        if self.records().find::<Plan>(&scope, &Plan::key_of(&new.plan)).await?.is_none() {
            return Err(Error::invalid_field("plan", "there is no such plan"));
        }
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
            tenant: None,
            not_protected: Vec::new(),
            writer_consented_at: None,
            created_at: self.clock.now(),
            ending: None,
            former_partners: Vec::new(),
        };
        let place = OrganisationPlace { organisation: id, partner: partner.id, tenant: None };
        self.records().write(vec![put_new(&organisation)?, put_new(&place)?]).await?;
        Ok(organisation)
    }

    /// One organisation, with its tenant's row.
    pub async fn get(&self, caller: &Caller, id: &OrganisationId) -> Result<Found<OrganisationView>> {
        let found = self.gate.organisation(caller, id, Action::ReadPartner).await?;
        let tenant = self.tenant(&found.value).await?.map(|tenant| tenant.value);
        let view = OrganisationView { organisation: found.value, tenant };
        Ok(Found { value: view, version: found.version })
    }

    /// The organisations of the caller's partner, or of one below it, that are wanted, oldest first.
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
        let search = wanted.search.as_deref().map(str::to_lowercase);
        let scope = Scope::Partner(partner);
        let plans = match wanted.product {
            Some(product) => Some(self.plans_of(&scope, product).await?),
            None => None,
        };
        let (mut items, mut after, mut read) = (Vec::new(), page.after, 0);
        loop {
            // Why: never more rows than still fit, so that the catalog's cursor is exactly the answer's.
            let limit = (page.limit - items.len()).min(SCAN_ROWS);
            let part = Page { after: after.take(), limit, descending: false };
            let (found, next) = self.records().list::<Organisation>(&scope, "org#", part).await?;
            for row in found.into_iter().map(|f| f.value) {
                let is_on_plan = plans.as_ref().is_none_or(|plans| plans.contains(&row.plan));
                if member.sees(&row.id)
                    && is_on_plan
                    && wanted.takes(&row, search.as_deref())
                    && self.has_credentials(&row, wanted.credentials).await?
                {
                    items.push(row);
                }
            }
            (after, read) = (next, read + limit);
            if after.is_none() || items.len() >= page.limit || read >= SCAN_MOST_ROWS {
                return Ok(Listed { items, next: after });
            }
        }
    }

    /// The partner's plans for that product.
    async fn plans_of(&self, scope: &Scope, product: ProductType) -> Result<BTreeSet<PlanId>> {
        let plans = self.records().list_all::<Plan>(scope, Plan::FAMILY).await?;
        let plans = plans.into_iter().map(|found| found.value);
        Ok(plans.filter(|plan| plan.terms.product == product).map(|plan| plan.id).collect())
    }

    async fn has_credentials(&self, row: &Organisation, wanted: Option<CredentialStatus>) -> Result<bool> {
        let Some(wanted) = wanted else { return Ok(true) };
        Ok(self.tenant(row).await?.is_some_and(|tenant| tenant.value.credentials == wanted))
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}
