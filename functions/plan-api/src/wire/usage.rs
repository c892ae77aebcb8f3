//! Usage and invoices, as JSON and as CSV.

use super::ListFormat;
use crate::csv::harmless;
use domain::plans::{Currency, Periodicity, ProductType};
use domain::usage::{Part, decimal};
use domain::{Error, OrganisationId, PartnerId, PlanId, Result};
use engine::ports::Page;
use garde::Validate;
use partners::commands::usage::{LineOfPlan, MonthOfUse};
use runtime::http::MAX_CURSOR;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of which month, of whom and in which form usage is wanted.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageIn {
    /// The month, such as `2026-10`, in UTC.
    #[garde(length(max = 7))]
    pub month: String,
    /// A partner below the caller's; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// The form of the answer; as `Accept` says when none is named.
    #[garde(skip)]
    pub format: Option<ListFormat>,
    /// The `next` of the part before; without it the month is read from its first organisation.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most organisations that the part may have: 200 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

/// Of whom and in which form an invoice is wanted.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvoiceIn {
    /// A partner below the caller's; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// The form of the answer; as `Accept` says when none is named.
    #[garde(skip)]
    pub format: Option<ListFormat>,
    /// The `next` of the part before; without it the month is read from its first organisation.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most organisations that the part may have: 200 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

/// How many organisations are in a part when nothing is said. Why as many as can be: whoever reads a month wants all of it.
const ORGANISATIONS: usize = 200;

/// The part of a month that is wanted.
pub fn page(cursor: Option<String>, limit: Option<usize>) -> Page {
    Page { after: cursor, limit: limit.unwrap_or(ORGANISATIONS), descending: false }
}

/// A part of what the organisations of a partner used in a month, or were invoiced.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageOut {
    /// The number of an invoice; the same each time that it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The partner whose organisations these are.
    pub partner: PartnerId,
    /// The month, such as `2026-10`, in UTC.
    pub month: String,
    /// The last day that is counted.
    pub through: String,
    /// What was used, by organisation and plan. All lines of an organisation are in one part.
    pub lines: Vec<LineOut>,
    /// The sums of the lines of this part, by currency. Those of all parts, added up, are what the month costs.
    pub totals: Vec<TotalOut>,
    /// Where the next part begins, as `cursor`; none at the end.
    pub next: Option<String>,
}

/// A sum in one currency.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotalOut {
    /// The ISO 4217 code of the currency.
    pub currency: &'static str,
    /// The amount in the smallest unit of the currency, such as cents.
    pub amount_minor: u64,
}

/// What one organisation used of one plan.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineOut {
    /// The id of the organisation.
    pub organisation: OrganisationId,
    /// The name of the organisation.
    pub organisation_name: String,
    /// The plan that it paid for.
    pub plan: PlanId,
    /// The plan's name, for people.
    pub plan_name: String,
    /// The product that the plan sells.
    pub product: ProductType,
    /// `Entra` for what protects Entra ID.
    pub label: Option<&'static str>,
    /// How often the plan is paid for.
    pub periodicity: Periodicity,
    /// The seats of each day, added up.
    pub seat_days: u64,
    /// The ISO 4217 code of the currency.
    pub currency: Currency,
    /// The amount in the smallest unit of the currency, such as cents.
    pub amount_minor: u64,
    /// The same by days on which seats and price were the same.
    pub parts: Vec<PartOut>,
}

/// Days on which seats and price were the same.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartOut {
    /// The first of these days, such as `2026-10-01`.
    pub from: String,
    /// The last of these days.
    pub to: String,
    /// How many days these are.
    pub days: u32,
    /// The seats on each of these days.
    pub seats: u32,
    /// The price of one seat for one period, in the smallest unit of the currency.
    pub price_minor: u64,
    /// The amount in the smallest unit of the currency, such as cents.
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
            next: used.next,
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
