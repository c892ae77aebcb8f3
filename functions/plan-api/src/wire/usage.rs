//! Usage and invoices, as JSON and as CSV.

use super::Format;
use crate::csv::harmless;
use domain::plans::{Currency, Periodicity, ProductType};
use domain::usage::{Part, decimal};
use domain::{Error, OrganisationId, PartnerId, PlanId, Result};
use garde::Validate;
use partners::commands::usage::{LineOfPlan, MonthOfUse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageIn {
    /// Such as `2026-10`.
    #[garde(length(max = 7))]
    pub month: String,
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    #[garde(skip)]
    pub format: Option<Format>,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvoiceIn {
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    #[garde(skip)]
    pub format: Option<Format>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageOut {
    /// Of an invoice; the same each time that it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    pub partner: PartnerId,
    pub month: String,
    /// The last day that is counted.
    pub through: String,
    pub lines: Vec<LineOut>,
    /// The sums of the lines, by currency.
    pub totals: Vec<TotalOut>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotalOut {
    pub currency: &'static str,
    pub amount_minor: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineOut {
    pub organisation: OrganisationId,
    pub organisation_name: String,
    pub plan: PlanId,
    pub plan_name: String,
    pub product: ProductType,
    pub label: Option<&'static str>,
    pub periodicity: Periodicity,
    pub seat_days: u64,
    pub currency: Currency,
    pub amount_minor: u64,
    /// The same by days on which seats and price were the same.
    pub parts: Vec<PartOut>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartOut {
    pub from: String,
    pub to: String,
    pub days: u32,
    pub seats: u32,
    pub price_minor: u64,
    pub amount_minor: u64,
}

impl From<MonthOfUse> for UsageOut {
    fn from(used: MonthOfUse) -> Self {
        let total = |(currency, amount_minor)| TotalOut { currency, amount_minor };
        Self {
            number: None,
            partner: used.partner,
            month: used.month.to_string(),
            through: used.through.to_string(),
            lines: used.lines.into_iter().map(Into::into).collect(),
            totals: used.totals.into_iter().map(total).collect(),
        }
    }
}

impl UsageOut {
    /// As the partner's invoice of that month.
    pub fn invoice(used: MonthOfUse) -> Self {
        let number = format!("{}-{}", used.partner, used.month);
        Self { number: Some(number), ..Self::from(used) }
    }
}

impl From<LineOfPlan> for LineOut {
    fn from(LineOfPlan { line, plan_name, product }: LineOfPlan) -> Self {
        Self {
            organisation: line.organisation,
            organisation_name: line.name,
            plan: line.plan,
            plan_name,
            product,
            label: product.label(),
            periodicity: line.periodicity,
            seat_days: line.seat_days,
            currency: line.currency,
            amount_minor: line.amount_minor,
            parts: line.parts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Part> for PartOut {
    fn from(part: Part) -> Self {
        Self {
            from: part.from.to_string(),
            to: part.to.to_string(),
            days: part.days,
            seats: part.seats,
            price_minor: part.price_minor,
            amount_minor: part.amount_minor,
        }
    }
}

/// A row of the CSV: one part of a line, so that a column's sum is the total.
#[derive(Serialize, JsonSchema)]
struct CsvRow<'a> {
    month: &'a str,
    partner: &'a PartnerId,
    organisation: &'a OrganisationId,
    organisation_name: String,
    plan: &'a PlanId,
    plan_name: String,
    product: ProductType,
    periodicity: Periodicity,
    from: &'a str,
    to: &'a str,
    days: u32,
    seats: u32,
    price: String,
    amount: String,
    currency: Currency,
}

/// The head of the CSV, which it has also when nothing was used.
const HEAD: [&str; 15] = [
    "month",
    "partner",
    "organisation",
    "organisation_name",
    "plan",
    "plan_name",
    "product",
    "periodicity",
    "from",
    "to",
    "days",
    "seats",
    "price",
    "amount",
    "currency",
];

/// The CSV: money with the decimals of its currency.
///
/// # Errors
/// `Invalid` when a row cannot be written.
pub fn csv(out: &UsageOut) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::invalid("the CSV cannot be written").caused_by(e);
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(HEAD).map_err(failed)?;
    for line in &out.lines {
        for part in &line.parts {
            let row = CsvRow {
                month: &out.month,
                partner: &out.partner,
                organisation: &line.organisation,
                organisation_name: harmless(&line.organisation_name),
                plan: &line.plan,
                plan_name: harmless(&line.plan_name),
                product: line.product,
                periodicity: line.periodicity,
                from: &part.from,
                to: &part.to,
                days: part.days,
                seats: part.seats,
                price: decimal(part.price_minor, line.currency),
                amount: decimal(part.amount_minor, line.currency),
                currency: line.currency,
            };
            writer.serialize(row).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|e| Error::invalid("the CSV cannot be written").caused_by(e.into_error()))
}
