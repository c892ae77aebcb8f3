//! What is used and what it costs: seats by day from a subscription's history, and money by day from seats.
//!
//! A day of UTC counts as the subscription last stood on it: who ends during a day pays for that day, and
//! whoever begins on it too. Suspension is no change here: billing goes on. A seat of a monthly plan costs its
//! price divided by the days of the month, for each day; of a yearly plan, by the days of the year. Rounding
//! happens once for a subscription, plan and month, half up; what a month of a yearly plan costs is what the
//! year has cost up to its end, less what it had cost up to its beginning, so twelve months are the year to
//! the minor unit. The parts of a line share its amount by largest remainders.

mod history;
mod money;
mod month;
mod timeline;

#[cfg(test)]
mod tests;

pub use history::{History, Since};
pub use money::{allocate, decimal};
pub use month::Month;

use crate::plans::{Currency, Periodicity};
use crate::{Error, OrganisationId, PlanId, Result, Timestamp};
use jiff::civil::Date;
use money::rounded;
use std::collections::{BTreeMap, BTreeSet};
use timeline::{Day, days};

/// What a plan costs, and cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// How often it is paid.
    pub periodicity: Periodicity,
    /// In which currency; it never changes.
    pub currency: Currency,
    /// Minor units for each seat and period, now.
    pub amount_minor: u64,
    /// What it was before and until when, oldest first.
    pub former: Vec<(u64, Timestamp)>,
}

impl Prices {
    /// The price that stood when a day ended.
    fn at(&self, end: Timestamp) -> u64 {
        let former = self.former.iter().find(|(_, until)| *until >= end);
        former.map_or(self.amount_minor, |(amount, _)| *amount)
    }
}

/// Days on which seats and price were the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first of these days.
    pub from: Date,
    /// The last of these days.
    pub to: Date,
    /// How many: days between in which the plan was another are not.
    pub days: u32,
    /// How many seats there were on each of these days.
    pub seats: u32,
    /// Minor units for each seat and period.
    pub price_minor: u64,
    /// This part's share of the line's amount, in minor units.
    pub amount_minor: u64,
}

/// What one subscription used of one plan in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The organisation whose subscription it is.
    pub organisation: OrganisationId,
    /// The organisation's name, for people.
    pub name: String,
    /// The plan that the subscription was on.
    pub plan: PlanId,
    /// How often the plan is paid.
    pub periodicity: Periodicity,
    /// The currency of the plan's price.
    pub currency: Currency,
    /// The sum of the seats over the days of the month.
    pub seat_days: u64,
    /// What it costs, in minor units.
    pub amount_minor: u64,
    /// The same by parts, in order of their days.
    pub parts: Vec<Part>,
}

/// What a month cost, by currency in order of its letters.
pub fn totals(lines: &[Line]) -> BTreeMap<&'static str, u64> {
    let mut totals = BTreeMap::new();
    for line in lines {
        *totals.entry(line.currency.code()).or_default() += line.amount_minor;
    }
    totals
}

/// The lines of a month, up to and with the day `through` where that is in the month; one for each
/// subscription and plan, in the order of the histories and of the plans' ids.
///
/// # Errors
/// `Corrupt` when a plan of a history has no prices.
pub fn lines(
    month: Month,
    through: Option<Date>,
    histories: &[History],
    prices: &BTreeMap<PlanId, Prices>,
) -> Result<Vec<Line>> {
    let until = through.map_or(month.last(), |through| through.min(month.last()));
    let mut lines = Vec::new();
    for history in histories {
        for plan in used(history, month.first(), until) {
            let terms =
                prices.get(&plan).ok_or_else(|| Error::corrupt("a plan that was used is not there"))?;
            lines.push(line(month, until, history, plan, terms));
        }
    }
    Ok(lines)
}

/// The plans that were paid for in a month, or will be if nothing changes.
pub fn plans(month: Month, histories: &[History]) -> BTreeSet<PlanId> {
    histories.iter().flat_map(|history| used(history, month.first(), month.last())).collect()
}

/// The plans that a subscription was on within these days, in order of their ids.
fn used(history: &History, first: Date, last: Date) -> Vec<PlanId> {
    let mut plans: Vec<_> = days(history, first, last).map(|day| day.plan.clone()).collect();
    plans.sort();
    plans.dedup();
    plans
}

fn line(month: Month, until: Date, history: &History, plan: PlanId, terms: &Prices) -> Line {
    let mut parts: Vec<(Part, u128)> = Vec::new();
    // Days of the same seats and the same price are one part of the line, also when other days lie between.
    for day in days(history, month.first(), until).filter(|day| *day.plan == plan) {
        let (price_minor, weight) = (terms.at(day.end), cost(&day, terms));
        match parts.last_mut() {
            Some((part, sum)) if part.seats == day.seats && part.price_minor == price_minor => {
                (part.to, part.days, *sum) = (day.date, part.days + 1, *sum + weight);
            }
            _ => {
                let (from, seats) = (day.date, day.seats);
                parts.push((Part { from, to: from, days: 1, seats, price_minor, amount_minor: 0 }, weight));
            }
        }
    }
    let sum = |first: Date, last: Date| -> u128 {
        days(history, first, last).filter(|day| *day.plan == plan).map(|day| cost(&day, terms)).sum()
    };
    // Rounded once, over the line: the parts share the rounded amount, so that they add up to it.
    let amount_minor = match terms.periodicity {
        Periodicity::Monthly => rounded(sum(month.first(), until), month.days()),
        Periodicity::Yearly => {
            // The difference of two rounded sums, so that the twelve months of a year are the year's price to the
            // minor unit.
            let new_year = month.first().first_of_year();
            let before = match month.first().yesterday() {
                Ok(day) if day >= new_year => sum(new_year, day),
                _ => 0,
            };
            let year = u32::from(month.first().days_in_year().unsigned_abs());
            rounded(before + sum(month.first(), until), year) - rounded(before, year)
        }
    };
    let weights: Vec<_> = parts.iter().map(|(_, weight)| *weight).collect();
    let shares = allocate(amount_minor, &weights);
    let parts: Vec<_> = parts
        .into_iter()
        .zip(shares)
        .map(|((part, _), amount_minor)| Part { amount_minor, ..part })
        .collect();
    Line {
        organisation: history.organisation.clone(),
        name: history.name.clone(),
        plan,
        periodicity: terms.periodicity,
        currency: terms.currency,
        seat_days: parts.iter().map(|p| u64::from(p.days) * u64::from(p.seats)).sum(),
        amount_minor,
        parts,
    }
}

/// A day's seats times their price: its cost is this divided by the days of the period.
fn cost(day: &Day<'_>, terms: &Prices) -> u128 {
    u128::from(day.seats) * u128::from(terms.at(day.end))
}
