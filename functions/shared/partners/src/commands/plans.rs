//! Plans: created, listed, read, changed, assigned to partners below.
//!
//! A plan belongs to the partner that it is made for, which alone changes it; partners below that it is
//! assigned to sell it at its price. Plans are never deleted: invoices of the past name them.

use super::{Caller, Gate, Listed, stale_if_slower};
use domain::plans::{Currency, Periodicity, Price, ProductType, Terms, check_edit, check_new};
use domain::rights::Action;
use domain::subscriptions::check_not_for_resale;
use domain::{Error, ErrorKind, PartnerId, PlanId, Result};
use engine::ports::{Clock, Ids, Page};
use engine::records::{
    AssignedPlan, FormerPrice, Found, Organisation, OwnLicence, Partner, Plan, PlanAssignment, PlanPlace,
    Record, Records, Subscribed, delete, put_new,
};
use std::sync::Arc;

/// What can be asked about plans.
#[derive(Clone)]
pub struct Plans {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of new rows.
    pub ids: Arc<dyn Ids>,
}

/// A plan, as one caller sees it.
#[derive(Clone, Debug)]
pub struct PlanView {
    /// The plan itself, with its price whether it may be shown or not.
    pub plan: Plan,
    /// The version that an edit must name.
    pub version: u64,
    /// Whether the caller may see prices.
    pub shows_price: bool,
    /// How many organisations that the caller sees pay for it; none where more than [`MOST_COUNTED`] organisations would
    /// have to be looked through.
    pub subscriptions: Option<u64>,
}

/// How many organisations are looked through at the most to count those that are on a plan; partners without any count as
/// a full page each.
pub const MOST_COUNTED: usize = 10_000;
/// How many of them are read at a time.
const COUNTED_AT_ONCE: usize = 1_000;

/// What is to change of a plan; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct PlanEdit {
    /// The new name; spaces around it are cut off.
    pub name: Option<String>,
    /// What a seat costs from now on.
    pub price: Option<Price>,
    /// Whether it is offered for new subscriptions.
    pub visible: Option<bool>,
}

/// How often a plan's price may change. The row keeps the former prices, and has to stay small.
const MOST_PRICES: usize = 500;
/// How a cursor begins that continues in the plans of partners above.
const ASSIGNED: &str = "assigned ";

impl Plans {
    /// Makes a plan, assigned to the caller's partner or to one below it.
    ///
    /// # Errors
    /// As [`check_new`]; `NotFound` when the caller does not see that partner; `Denied`.
    pub async fn create(&self, caller: &Caller, partner: Option<&PartnerId>, terms: Terms) -> Result<Plan> {
        let partner = self.gate.partner(caller, partner, Action::ManagePlans).await?.value;
        check_new(&terms, partner.entra_sku_active)?;
        let plan = self.new_plan(&partner, &terms, false);
        self.gate.records.write(vec![put_new(&plan)?, put_new(&place(&plan))?]).await?;
        Ok(plan)
    }

    /// Makes the one plan of the caller's partner that is not for resale: for its own testing, with the
    /// features of the paid product, for nothing.
    ///
    /// # Errors
    /// `Conflict` when the partner has one, or its SKU is not active; `Invalid` when it is no Entra product.
    pub async fn create_own_licence(
        &self,
        caller: &Caller,
        product: ProductType,
        currency: Currency,
    ) -> Result<Plan> {
        let partner = self.gate.partner(caller, None, Action::ManagePlans).await?.value;
        let terms = Terms {
            product,
            name: "Not for resale".to_owned(),
            periodicity: Periodicity::Monthly,
            price: Price { amount_minor: 0, currency },
            visible: true,
        };
        check_not_for_resale(&terms)?;
        check_new(&terms, partner.entra_sku_active)?;
        let plan = self.new_plan(&partner, &terms, true);
        let licence = OwnLicence { partner: partner.id, plan: plan.id.clone(), organisation: None };
        let writes = vec![put_new(&plan)?, put_new(&place(&plan))?, put_new(&licence)?];
        match self.gate.records.write(writes).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                Err(Error::conflict("the partner has its licence not for resale already"))
            }
            other => other.map(|()| plan),
        }
    }

    fn new_plan(&self, partner: &Partner, terms: &Terms, not_for_resale: bool) -> Plan {
        Plan {
            id: PlanId::from_ulid(&self.ids.ulid()),
            partner: partner.id.clone(),
            terms: Terms { name: terms.name.trim().to_owned(), ..terms.clone() },
            created_at: self.clock.now(),
            not_for_resale,
            former_prices: Vec::new(),
        }
    }

    /// The plans of the caller's partner, newest first, then those that partners above assigned to it and
    /// offer; and whether the caller may see prices.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<(Listed<Plan>, bool)> {
        let partner = self.gate.partner(caller, None, Action::ReadPartner).await?.value;
        let shows_price = self.shows_price(caller).await?;
        let records = &self.gate.records;
        let (mut items, mut after) = (Vec::new(), None);
        // Why two parts: own plans and assigned ones lie under different keys, so the cursor says which part it is in.
        let cursor = page.after.as_deref().and_then(|cursor| cursor.strip_prefix(ASSIGNED));
        if let Some(cursor) = cursor {
            after = Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty());
        } else {
            let own = Page { descending: true, ..page.clone() };
            let (found, next) = records.list(&Plan::all(&partner.id), own).await?;
            items.extend(found.into_iter().map(|f| f.value));
            if next.is_some() {
                return Ok((Listed { items, next }, shows_price));
            }
        }
        if items.len() >= page.limit {
            return Ok((Listed { items, next: Some(ASSIGNED.to_owned()) }, shows_price));
        }
        let rest = Page { after, limit: page.limit - items.len(), descending: true };
        let (found, next) = records.list(&AssignedPlan::all(&partner.id), rest).await?;
        for assigned in found {
            let plan = owned(records, &assigned.value.owner, &assigned.value.plan).await?;
            items.extend(plan.map(|f| f.value).filter(|p| p.terms.visible));
        }
        Ok((Listed { items, next: next.map(|next| format!("{ASSIGNED}{next}")) }, shows_price))
    }

    /// One plan, with the number of organisations that are on it.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see it.
    pub async fn get(&self, caller: &Caller, id: &PlanId) -> Result<PlanView> {
        let (found, partner) = self.seen(caller, id).await?;
        self.view(caller, found, &partner).await
    }

    /// Changes a plan's name, price or visibility.
    ///
    /// # Errors
    /// `Invalid` naming what cannot be so; `Stale` when the plan is not of that version; `Denied` when the
    /// right is missing, or the plan is of a partner above.
    pub async fn edit(
        &self,
        caller: &Caller,
        id: &PlanId,
        expected: u64,
        edit: PlanEdit,
    ) -> Result<PlanView> {
        let (found, partner) = self.seen(caller, id).await?;
        let names = edit.name.is_some() || edit.visible.is_some();
        if !names && edit.price.is_none() {
            return Err(Error::invalid("name, price or visible must be given"));
        }
        // Why by field: a name and a price are different rights, and only what is to change has to be allowed.
        let asked = [(names, Action::ManagePlans), (edit.price.is_some(), Action::ManageMoney)];
        for (_, action) in asked.into_iter().filter(|(is_asked, _)| *is_asked) {
            self.own(caller, &found.value, action).await?;
        }
        if found.version != expected {
            return Err(Error::stale("the plan was changed meanwhile"));
        }
        let mut after = found.value.clone();
        let before = found.value.terms.clone();
        after.terms.name = edit.name.map_or(before.name.clone(), |name| name.trim().to_owned());
        after.terms.price = edit.price.unwrap_or(before.price);
        after.terms.visible = edit.visible.unwrap_or(before.visible);
        check_edit(&before, &after.terms)?;
        if after.not_for_resale {
            check_not_for_resale(&after.terms)?;
        }
        // Why the former price is kept: invoices of months before this edit are computed with it.
        if after.terms.price != before.price {
            if after.former_prices.len() >= MOST_PRICES {
                return Err(Error::conflict("the plan's price has changed too often: make another plan"));
            }
            let former = FormerPrice { amount_minor: before.price.amount_minor, until: self.clock.now() };
            after.former_prices.push(former);
        }
        let mut version = found.version;
        if after != found.value {
            stale_if_slower(self.gate.records.replace(&after, version).await, "the plan")?;
            version += 1;
        }
        self.view(caller, Found { value: after, version }, &partner).await
    }

    /// Lets a partner below the plan's own sell it. Assigning it twice is fine.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see the plan or the partner; `Conflict` when the partner needs its
    /// SKU for it; `Invalid` naming `partner` when it is not below, or the plan is not for resale.
    pub async fn assign(&self, caller: &Caller, id: &PlanId, partner: &PartnerId) -> Result<()> {
        let plan = self.seen(caller, id).await?.0.value;
        self.own(caller, &plan, Action::ManagePlans).await?;
        let below = self.gate.partner(caller, Some(partner), Action::ManagePlans).await?.value;
        if plan.not_for_resale {
            return Err(Error::invalid_field("plan", "a licence not for resale is not assigned to others"));
        }
        if !below.above.contains(&plan.partner) {
            return Err(Error::invalid_field("partner", "must be below the plan's partner"));
        }
        check_new(&plan.terms, below.entra_sku_active)?;
        let assigned = AssignedPlan {
            partner: below.id.clone(),
            plan: plan.id.clone(),
            owner: plan.partner.clone(),
            assigned_at: self.clock.now(),
        };
        let listed = PlanAssignment { owner: plan.partner, plan: plan.id, partner: below.id };
        match self.gate.records.write(vec![put_new(&assigned)?, put_new(&listed)?]).await {
            // Why: both rows are written together, so there is an assignment already.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }

    /// Takes an assignment back.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Conflict` while organisations of the partner are on the plan.
    pub async fn unassign(&self, caller: &Caller, id: &PlanId, partner: &PartnerId) -> Result<()> {
        let plan = self.seen(caller, id).await?.0.value;
        self.own(caller, &plan, Action::ManagePlans).await?;
        let below = self.gate.partner(caller, Some(partner), Action::ManagePlans).await?.value;
        let records = &self.gate.records;
        let assigned: Found<AssignedPlan> = records
            .find(&AssignedPlan::at(&below.id, id))
            .await?
            .ok_or_else(|| Error::not_found("the plan is not assigned to that partner"))?;
        let on_it = organisations_on(records, &below.id, id).await?.len();
        if on_it > 0 {
            return Err(Error::conflict(format!("{on_it} organisations of the partner are on the plan")));
        }
        let listed = PlanAssignment { owner: plan.partner.clone(), plan: plan.id, partner: below.id };
        let listed = records.get(&listed.address()).await?;
        records
            .write(vec![delete(&assigned.value, assigned.version), delete(&listed.value, listed.version)])
            .await
    }

    /// The plan, and the partner for which the caller sees it: the plan's owner, or the caller's partner where the
    /// plan is assigned to it.
    async fn seen(&self, caller: &Caller, id: &PlanId) -> Result<(Found<Plan>, PartnerId)> {
        let own = self.gate.partner(caller, None, Action::ReadPartner).await?.value.id;
        let records = &self.gate.records;
        let none = || Error::not_found("there is no such plan");
        if let Some(found) = offered(records, &own, id).await? {
            let owner = if found.value.partner == own { found.value.partner.clone() } else { own };
            return Ok((found, owner));
        }
        let place: Option<Found<PlanPlace>> = records.find(&PlanPlace::at(id)).await?;
        let owner = place.ok_or_else(none)?.value.partner;
        match self.gate.partner(caller, Some(&owner), Action::ReadPartner).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(none()),
            Err(error) => Err(error),
            Ok(_) => Ok((owned(records, &owner, id).await?.ok_or_else(none)?, owner)),
        }
    }

    /// Asks for a right over a plan that the caller sees.
    async fn own(&self, caller: &Caller, plan: &Plan, action: Action) -> Result<()> {
        match self.gate.partner(caller, Some(&plan.partner), action).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::denied("the plan is of a partner above, which alone can change it"))
            }
            other => other.map(|_| ()),
        }
    }

    async fn view(&self, caller: &Caller, found: Found<Plan>, partner: &PartnerId) -> Result<PlanView> {
        let Found { value: plan, version } = found;
        let (member, records) = (caller.member()?, &self.gate.records);
        let mut partners = vec![partner.clone()];
        if plan.partner == *partner {
            let assigned = records.list_all(&PlanAssignment::of_plan(partner, &plan.id)).await?;
            partners.extend(assigned.into_iter().map(|f| f.value.partner));
        }
        let subscriptions = count_on(records, &partners, &plan.id, |o| member.sees(&o.id)).await?;
        Ok(PlanView { plan, version, shows_price: self.shows_price(caller).await?, subscriptions })
    }

    async fn shows_price(&self, caller: &Caller) -> Result<bool> {
        match self.gate.partner(caller, None, Action::ReadMoney).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Denied => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn place(plan: &Plan) -> PlanPlace {
    PlanPlace { plan: plan.id.clone(), partner: plan.partner.clone() }
}

async fn owned(records: &Records, partner: &PartnerId, id: &PlanId) -> Result<Option<Found<Plan>>> {
    records.find(&Plan::at(partner, id)).await
}

/// The plan of that id that the partner may sell: its own, or one that is assigned to it.
pub(super) async fn offered(
    records: &Records,
    partner: &PartnerId,
    id: &PlanId,
) -> Result<Option<Found<Plan>>> {
    if let Some(found) = owned(records, partner, id).await? {
        return Ok(Some(found));
    }
    let assigned: Option<Found<AssignedPlan>> = records.find(&AssignedPlan::at(partner, id)).await?;
    match assigned {
        Some(assigned) => owned(records, &assigned.value.owner, id).await,
        None => Ok(None),
    }
}

/// The plan of that id, which a subscription of that partner is or was on.
///
/// # Errors
/// `Corrupt` when there is none: plans are never deleted.
pub(super) async fn known(records: &Records, partner: &PartnerId, id: &PlanId) -> Result<Found<Plan>> {
    if let Some(found) = offered(records, partner, id).await? {
        return Ok(found);
    }
    let place: Option<Found<PlanPlace>> = records.find(&PlanPlace::at(id)).await?;
    let found = match place {
        Some(place) => owned(records, &place.value.partner, id).await?,
        None => None,
    };
    found.ok_or_else(|| Error::corrupt("a subscription is on a plan that is not there"))
}

/// The partner's organisations that pay for the plan.
async fn organisations_on(records: &Records, partner: &PartnerId, id: &PlanId) -> Result<Vec<Organisation>> {
    let all = records.list_all(&Organisation::all(partner)).await?;
    Ok(all.into_iter().map(|f| f.value).filter(|o| pays(o, id)).collect())
}

fn pays(organisation: &Organisation, plan: &PlanId) -> bool {
    Subscribed::of(organisation).is_some_and(|s| s.plan == *plan)
}

/// How many organisations of these partners pay for the plan, of those that are `seen`; none where there are more than
/// can be looked through for one request.
async fn count_on(
    records: &Records,
    partners: &[PartnerId],
    plan: &PlanId,
    seen: impl Fn(&Organisation) -> bool + Send + Sync,
) -> Result<Option<u64>> {
    let (mut count, mut pages_left) = (0, MOST_COUNTED / COUNTED_AT_ONCE);
    for partner in partners {
        let mut after = None;
        loop {
            if pages_left == 0 {
                return Ok(None);
            }
            pages_left -= 1;
            let page = Page { after, limit: COUNTED_AT_ONCE, descending: false };
            let (found, next) = records.list(&Organisation::all(partner), page).await?;
            count += found.iter().filter(|f| pays(&f.value, plan) && seen(&f.value)).count() as u64;
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(Some(count))
}
