//! What a partner's organisations used in a month, and what it costs, a part at a time: computed from the history of
//! subscriptions each time it is asked for. That history only grows at its end, so the answer for a month that has
//! ended never changes.
//!
//! A part ends when it is full, or when as much was read as a request may read; all lines of an organisation are in one
//! part. Each line is rounded by itself, so the sums of all parts together are what the month costs, to the minor unit.

mod histories;

use super::plans::known;
use super::{Caller, Gate};
use domain::plans::ProductType;
use domain::rights::Action;
use domain::usage::{Line, Month, Prices, lines, totals};
use domain::{Error, PartnerId, PlanId, Result};
use engine::ports::{Clock, Page};
use engine::records::{Plan, Records};
use histories::{Histories, Part};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What can be asked about usage and invoices.
#[derive(Clone)]
pub struct Usage {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
}

/// What a partner's organisations used in one month, or a part of it.
#[derive(Clone, Debug)]
pub struct MonthOfUse {
    /// The partner whose organisations are counted.
    pub partner: PartnerId,
    /// The month that is counted, in UTC.
    pub month: Month,
    /// The last day that is counted.
    pub through: Date,
    /// What was used, by organisation and plan.
    pub lines: Vec<LineOfPlan>,
    /// What the lines of this part cost in minor units, by the currency's ISO 4217 code.
    pub totals: BTreeMap<&'static str, u64>,
    /// Where the next part begins; none at the end. Opaque.
    pub next: Option<String>,
}

/// A line with what people want to know of its plan.
#[derive(Clone, Debug)]
pub struct LineOfPlan {
    /// The days, seats and amount of one organisation on one plan.
    pub line: Line,
    /// The plan's present name.
    pub plan_name: String,
    /// The product that the plan is of.
    pub product: ProductType,
}

impl Usage {
    /// What was used in a month, of up to `page.limit` organisations from `page.after` on; of the present month, up to and
    /// including today. A caller that is limited to some organisations sees those. A part may be short, or empty, though
    /// more follows.
    ///
    /// # Errors
    /// `Invalid` naming `month` when it has not begun, or `cursor` when it is of another list; `NotFound` when the caller
    /// does not see that partner; `Denied`.
    pub async fn of_month(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        month: Month,
        page: Page,
    ) -> Result<MonthOfUse> {
        let partner = self.gate.partner(caller, partner, Action::ReadMoney).await?.value.id;
        let today = self.clock.now().to_zoned(TimeZone::UTC).date();
        if month.first() > today {
            return Err(Error::invalid_field("month", "has not begun"));
        }
        let member = caller.member()?;
        let reader = Histories { records: self.records(), partner: &partner, month };
        let Part { histories, plans, next } =
            reader.part(page, |organisation| member.sees(organisation)).await?;
        let plans = self.plans(&partner, plans).await?;
        let prices = plans.iter().map(|(id, plan)| (id.clone(), prices_of(plan))).collect();
        let lines = lines(month, Some(today), &histories, &prices)?;
        let totals = totals(&lines);
        let of_plan = |line: Line| {
            let plan = plans.get(&line.plan).ok_or_else(|| Error::corrupt("a line is of no plan"))?;
            let (plan_name, product) = (plan.terms.name.clone(), plan.terms.product);
            Ok(LineOfPlan { line, plan_name, product })
        };
        let lines = lines.into_iter().map(of_plan).collect::<Result<_>>()?;
        Ok(MonthOfUse { partner, month, through: today.min(month.last()), lines, totals, next })
    }

    /// A part of the invoice of a month that has ended.
    ///
    /// # Errors
    /// As [`Self::of_month`]; `Conflict` while the month has not ended.
    pub async fn invoice(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        month: Month,
        page: Page,
    ) -> Result<MonthOfUse> {
        let used = self.of_month(caller, partner, month, page).await?;
        let today = self.clock.now().to_zoned(TimeZone::UTC).date();
        if today <= month.last() {
            return Err(Error::conflict(format!("{month} has not ended: there is no invoice of it yet")));
        }
        Ok(used)
    }

    async fn plans(&self, partner: &PartnerId, ids: BTreeSet<PlanId>) -> Result<BTreeMap<PlanId, Plan>> {
        let mut plans = BTreeMap::new();
        for id in ids {
            let plan = known(self.records(), partner, &id).await?.value;
            plans.insert(id, plan);
        }
        Ok(plans)
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}

fn prices_of(plan: &Plan) -> Prices {
    Prices {
        periodicity: plan.terms.periodicity,
        currency: plan.terms.price.currency,
        amount_minor: plan.terms.price.amount_minor,
        former: plan.former_prices.iter().map(|former| (former.amount_minor, former.until)).collect(),
    }
}
