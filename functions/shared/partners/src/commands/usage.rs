//! What a partner's organisations used in a month, and what it costs: computed from the history of
//! subscriptions each time it is asked for. That history only grows at its end, so the answer for a month that has
//! ended never changes.

use super::plans::known;
use super::{Caller, Gate};
use domain::plans::ProductType;
use domain::rights::Action;
use domain::usage::{History, Line, Month, Prices, Since, lines, totals};
use domain::{Error, OrganisationId, PartnerId, PlanId, Result};
use engine::ports::Clock;
use engine::records::{Organisation, Plan, Record, Records, Subscribed, SubscriptionChange};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What can be asked about usage and invoices.
#[derive(Clone)]
pub struct Usage {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
}

/// What a partner's organisations used in one month.
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
    /// What it costs in minor units, by the currency's ISO 4217 code.
    pub totals: BTreeMap<&'static str, u64>,
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
    /// What was used in a month; of the present month, up to and including today. A caller that is limited to some
    /// organisations sees those.
    ///
    /// # Errors
    /// `Invalid` naming `month` when it has not begun; `NotFound` when the caller does not see that partner;
    /// `Denied`.
    pub async fn of_month(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        month: Month,
    ) -> Result<MonthOfUse> {
        let partner = self.gate.partner(caller, partner, Action::ReadMoney).await?.value.id;
        let today = self.clock.now().to_zoned(TimeZone::UTC).date();
        if month.first() > today {
            return Err(Error::invalid_field("month", "has not begun"));
        }
        let member = caller.member()?;
        let mut histories = self.histories(&partner).await?;
        histories.retain(|history| member.sees(&history.organisation));
        let plans = self.plans(&partner, &histories).await?;
        let prices = plans.iter().map(|(id, plan)| (id.clone(), prices_of(plan))).collect();
        let lines = lines(month, Some(today), &histories, &prices)?;
        let totals = totals(&lines);
        let of_plan = |line: Line| {
            let plan = plans.get(&line.plan).ok_or_else(|| Error::corrupt("a line is of no plan"))?;
            let (plan_name, product) = (plan.terms.name.clone(), plan.terms.product);
            Ok(LineOfPlan { line, plan_name, product })
        };
        let lines = lines.into_iter().map(of_plan).collect::<Result<_>>()?;
        Ok(MonthOfUse { partner, month, through: today.min(month.last()), lines, totals })
    }

    /// The invoice of a month that has ended.
    ///
    /// # Errors
    /// As [`Self::of_month`]; `Conflict` while the month has not ended.
    pub async fn invoice(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        month: Month,
    ) -> Result<MonthOfUse> {
        let used = self.of_month(caller, partner, month).await?;
        let today = self.clock.now().to_zoned(TimeZone::UTC).date();
        if today <= month.last() {
            return Err(Error::conflict(format!("{month} has not ended: there is no invoice of it yet")));
        }
        Ok(used)
    }

    /// The history of each subscription of the partner, in order of the organisations' ids.
    async fn histories(&self, partner: &PartnerId) -> Result<Vec<History>> {
        let rows = self.records().list_all(&Organisation::all(partner)).await?;
        let rows: BTreeMap<OrganisationId, Organisation> =
            rows.into_iter().map(|f| (f.value.id.clone(), f.value)).collect();
        let changes = self.records().list_all(&SubscriptionChange::all(partner)).await?;
        let mut histories: BTreeMap<OrganisationId, History> = BTreeMap::new();
        for change in changes.into_iter().map(|f| f.value) {
            let row = rows.get(&change.organisation);
            let history = histories.entry(change.organisation.clone()).or_insert_with(|| History {
                organisation: change.organisation.clone(),
                name: String::new(),
                // Why: organisations that are older than the history began with what the first change ended.
                since: row.zip(change.before.clone()).map_or_else(Vec::new, |(o, was)| vec![since(o, was)]),
            });
            history.name = row.map_or(change.name, |row| row.name.clone());
            history.since.push(Since { at: change.at, is: change.after.map(|is| (is.plan, is.seats)) });
        }
        for (id, row) in rows {
            let Some(is) = Subscribed::of(&row) else { continue };
            histories.entry(id).or_insert_with(|| History {
                since: vec![since(&row, is)],
                organisation: row.id,
                name: row.name,
            });
        }
        Ok(histories.into_values().collect())
    }

    async fn plans(&self, partner: &PartnerId, histories: &[History]) -> Result<BTreeMap<PlanId, Plan>> {
        let mut plans = BTreeMap::new();
        for (id, _) in histories.iter().flat_map(|h| &h.since).filter_map(|since| since.is.as_ref()) {
            if !plans.contains_key(id) {
                plans.insert(id.clone(), known(self.records(), partner, id).await?.value);
            }
        }
        Ok(plans)
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}

/// What an organisation was from its beginning on.
fn since(organisation: &Organisation, was: Subscribed) -> Since {
    Since { at: organisation.created_at, is: Some((was.plan, was.seats)) }
}

fn prices_of(plan: &Plan) -> Prices {
    Prices {
        periodicity: plan.terms.periodicity,
        currency: plan.terms.price.currency,
        amount_minor: plan.terms.price.amount_minor,
        former: plan.former_prices.iter().map(|former| (former.amount_minor, former.until)).collect(),
    }
}
