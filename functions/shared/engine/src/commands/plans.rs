//! Plans: created, listed, changed.

use super::{Caller, Gate, Listed};
use crate::ports::{Clock, Ids, Page, Scope};
use crate::records::Plan;
use domain::plans::{Terms, check_new};
use domain::rights::Action;
use domain::{PartnerId, PlanId, Result};
use std::sync::Arc;

/// The commands.
#[derive(Clone)]
pub struct Plans {
    /// The door.
    pub gate: Gate,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names.
    pub ids: Arc<dyn Ids>,
}

impl Plans {
    /// Makes a plan, assigned to the caller's partner or to one below it.
    ///
    /// # Errors
    /// As [`check_new`]; `NotFound` when the caller does not see that partner; `Denied`.
    pub async fn create(&self, caller: &Caller, partner: Option<&PartnerId>, terms: Terms) -> Result<Plan> {
        let partner = self.gate.partner(caller, partner, Action::ManagePlans).await?.value;
        check_new(&terms, partner.entra_sku_active)?;
        let terms = Terms { name: terms.name.trim().to_owned(), ..terms };
        let id = PlanId::from_ulid(&self.ids.ulid());
        let plan = Plan { id, partner: partner.id, terms, created_at: self.clock.now() };
        self.gate.records.put_new(&plan).await?;
        Ok(plan)
    }

    /// The plans assigned to the caller's partner, newest first.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Plan>> {
        let partner = self.gate.partner(caller, None, Action::ReadPartner).await?.value;
        let scope = Scope::Partner(partner.id);
        let page = Page { descending: true, ..page };
        let (found, next) = self.gate.records.list::<Plan>(&scope, "plan#", page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }
}
