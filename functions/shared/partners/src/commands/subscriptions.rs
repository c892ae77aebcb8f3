//! The subscription of an organisation: its plan and its seats, read and changed.
//!
//! A subscription is part of the organisation's row, so its version is that row's. Each change of what is paid for
//! inserts a row of its own in the same write. A downgrade is only asked for here; see [`super::downgrades`].

use super::plans::{known, offered};
use super::{Caller, Gate, stale_if_slower};
use domain::plans::check_new;
use domain::rights::{Action, who_may};
use domain::subscriptions::{Move, RequestState, check_seat_change, over_use, step};
use domain::{DowngradeId, Error, ErrorKind, OrganisationId, PlanId, Result};
use engine::ports::{Clock, Ids};
use engine::records::{
    DowngradeRequest, Found, OpenDowngrade, Organisation, Plan, Records, SeatCount, Subscribed,
    SubscriptionChange, put_new, replace,
};
use std::sync::Arc;

/// What can be asked about subscriptions.
#[derive(Clone)]
pub struct Subscriptions {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of new rows.
    pub ids: Arc<dyn Ids>,
}

/// A subscription with its plan, its seats in use and its pending downgrade.
#[derive(Clone, Debug)]
pub struct SubscriptionView {
    /// The organisation whose subscription it is; its row holds plan, seats and state.
    pub organisation: Organisation,
    /// The version that an edit must name.
    pub version: u64,
    /// The plan that the organisation is on.
    pub plan: Plan,
    /// Seats in use; none before a snapshot has counted them.
    pub count: Option<SeatCount>,
    /// The downgrade that is pending: it waits for its decision.
    pub pending: Option<DowngradeRequest>,
}

impl SubscriptionView {
    /// How many more seats are in use than are paid for; none before a snapshot has counted them.
    pub fn over_use(&self) -> Option<u64> {
        over_use(self.organisation.seats, self.count.as_ref().map(|c| c.in_use))
    }
}

/// What is to change of a subscription; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionEdit {
    /// The plan to move to.
    pub plan: Option<PlanId>,
    /// The number of seats to pay for.
    pub seats: Option<u32>,
}

/// What an edit of a subscription came to.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The change has taken effect.
    Now(Box<SubscriptionView>),
    /// It is a downgrade, for which a request was made that waits for its approval; with the subscription's version
    /// after that.
    Asked(Box<DowngradeRequest>, u64),
}

impl Subscriptions {
    /// The subscription of an organisation.
    pub async fn get(&self, caller: &Caller, id: &OrganisationId) -> Result<SubscriptionView> {
        let found = self.gate.organisation(caller, id, Action::ReadPartner).await?;
        self.view(found).await
    }

    /// Changes plan or seats, or asks for a downgrade.
    ///
    /// # Errors
    /// `Invalid` naming `plan` or `seats`, with the reason; `Stale` when the organisation is not of that
    /// version; `Conflict` when it has ended, or a downgrade waits; `Denied`.
    pub async fn change(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        edit: SubscriptionEdit,
    ) -> Result<Changed> {
        let found = self.gate.organisation(caller, id, Action::ChangeSubscription).await?;
        if edit.plan.is_none() && edit.seats.is_none() {
            return Err(Error::invalid("plan or seats must be given"));
        }
        if found.version != expected {
            return Err(Error::stale("the organisation was changed meanwhile"));
        }
        if Subscribed::of(&found.value).is_none() {
            return Err(Error::conflict(
                "the organisation has no subscription: it was unsubscribed or deleted",
            ));
        }
        let before = found.value;
        // The plan is moved first: a downgrade ends here as a request, and then nothing else may have changed.
        let plan = known(self.records(), &before.partner, &before.plan).await?.value;
        let mut after = before.clone();
        if let Some(wanted) = edit.plan.filter(|wanted| *wanted != plan.id) {
            let wanted = self.wanted_plan(caller, &before, &plan, &wanted).await?;
            match step(plan.terms.product, wanted.terms.product) {
                Move::AtOnce => after.plan = wanted.id,
                Move::Refused(why) => return Err(Error::invalid_field("plan", why)),
                // Why refused: the seats would take effect now and the plan later, or never.
                Move::Approved if edit.seats.is_some() => {
                    let why = "cannot change in the request for a downgrade: change them by themselves";
                    return Err(Error::invalid_field("seats", why));
                }
                Move::Approved => {
                    return self
                        .ask(caller, Found { value: before, version: expected }, &plan, &wanted)
                        .await;
                }
            }
        }
        let count = self.count(&before).await?;
        let mut writes = Vec::new();
        if let Some(seats) = edit.seats {
            let in_use = count.as_ref().map(|c| c.value.in_use);
            // By the old plan, which does as well: no move leads to or from one that is not for resale.
            check_seat_change(before.seats, seats, in_use, plan.not_for_resale)?;
            // Why: a snapshot that counts anew meanwhile makes this write fail, so seats are never lowered on
            // a count that is no longer the newest.
            if let Some(count) = count.filter(|_| seats < before.seats) {
                writes.push(replace(&count.value, count.version)?);
            }
            after.seats = seats;
        }
        // Why an edit that changes nothing writes nothing: the version, and what is paid for, stay as they are.
        let mut version = expected;
        if after != before {
            writes.push(replace(&after, version)?);
            version += 1;
            let change = SubscriptionChange::between(Some(&before), &after, version, self.clock.now());
            writes.extend(change.map(|change| put_new(&change)).transpose()?);
            stale_if_slower(self.records().write(writes).await, "the subscription")?;
        }
        Ok(Changed::Now(Box::new(self.view(Found { value: after, version }).await?)))
    }

    /// The plan to move to, once everything that could stand in the way is checked, except whether the move from
    /// product to product is allowed.
    async fn wanted_plan(
        &self,
        caller: &Caller,
        organisation: &Organisation,
        plan: &Plan,
        wanted: &PlanId,
    ) -> Result<Plan> {
        let at_plan = |why: &str| Err(Error::invalid_field("plan", why));
        let Some(found) = offered(self.records(), &organisation.partner, wanted).await? else {
            return at_plan("there is no such plan");
        };
        let wanted = found.value;
        if !wanted.terms.visible {
            return at_plan("is hidden: it is not offered");
        }
        if plan.not_for_resale || wanted.not_for_resale {
            return at_plan("a licence not for resale and a paid plan do not follow each other");
        }
        if let Some(open) = self.open(organisation).await? {
            let message = format!("the downgrade {} waits for its decision", open.value.request);
            return Err(Error::conflict(message));
        }
        let partner = Some(&organisation.partner);
        let partner = self.gate.partner(caller, partner, Action::ChangeSubscription).await?.value;
        check_new(&wanted.terms, partner.entra_sku_active)?;
        Ok(wanted)
    }

    async fn ask(
        &self,
        caller: &Caller,
        found: Found<Organisation>,
        plan: &Plan,
        wanted: &Plan,
    ) -> Result<Changed> {
        // Why asked again: who may change a subscription may not always ask for a downgrade, and should learn who may.
        let organisation = &found.value;
        match self.gate.organisation(caller, &organisation.id, Action::AskDowngrade).await {
            Err(error) if error.kind() == ErrorKind::Denied => {
                let who = who_may(Action::AskDowngrade);
                let message = format!(
                    "from {:?} to {:?} is a downgrade, for which {who} asks",
                    plan.terms.product, wanted.terms.product
                );
                return Err(Error::denied(message));
            }
            other => other?,
        };
        let partner = Some(&organisation.partner);
        let partner = self.gate.partner(caller, partner, Action::AskDowngrade).await?.value;
        let request = DowngradeRequest {
            id: DowngradeId::from_ulid(&self.ids.ulid()),
            top: partner.above.first().unwrap_or(&partner.id).clone(),
            partner: partner.id,
            above: partner.above,
            organisation: organisation.id.clone(),
            from: plan.id.clone(),
            from_product: plan.terms.product,
            to: wanted.id.clone(),
            to_product: wanted.terms.product,
            state: RequestState::Open,
            asked_at: self.clock.now(),
            asked_by: caller.member()?.token.clone(),
            decided_at: None,
            decided_by: None,
            reason: None,
        };
        // This row is what makes a second request impossible while one is pending.
        let open = OpenDowngrade {
            partner: request.partner.clone(),
            organisation: request.organisation.clone(),
            top: request.top.clone(),
            request: request.id.clone(),
        };
        // Why the organisation too, unchanged: its version also covers the pending request, which is new.
        let writes = vec![put_new(&request)?, put_new(&open)?, replace(organisation, found.version)?];
        stale_if_slower(self.records().write(writes).await, "the subscription")?;
        Ok(Changed::Asked(Box::new(request), found.version + 1))
    }

    async fn view(&self, found: Found<Organisation>) -> Result<SubscriptionView> {
        let Found { value: organisation, version } = found;
        let plan = known(self.records(), &organisation.partner, &organisation.plan).await?.value;
        let count = self.count(&organisation).await?.map(|found| found.value);
        let pending = match self.open(&organisation).await? {
            Some(open) => {
                let at = DowngradeRequest::at(&open.value.top, &open.value.request);
                Some(self.records().get(&at).await?.value)
            }
            None => None,
        };
        Ok(SubscriptionView { organisation, version, plan, count, pending })
    }

    async fn count(&self, organisation: &Organisation) -> Result<Option<Found<SeatCount>>> {
        let Some(tenant) = &organisation.tenant else { return Ok(None) };
        self.records().find(&SeatCount::at(tenant)).await
    }

    async fn open(&self, organisation: &Organisation) -> Result<Option<Found<OpenDowngrade>>> {
        self.records().find(&OpenDowngrade::at(&organisation.partner, &organisation.id)).await
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}
