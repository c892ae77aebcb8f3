//! The bill, as tables or as one JSON object.

use super::month::Counted;
use crate::metered::Usage;
use crate::prices::{DATE, Money, REGION, Service};
use crate::template::MONTH_DAYS;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use serde_json::{Map, Value, json};

/// How many decimals of a dollar the tables show.
const DECIMALS: u32 = 4;

/// What an installation uses, each with what it is for.
pub type Fixed = [(String, Usage)];

/// Prints the bill, as tables or as one JSON object.
pub fn tell(fixed: &Fixed, all: &[Counted], as_json: bool) {
    if as_json {
        println!("{}", as_object(fixed, all));
        return;
    }
    println!("US dollars, list prices of {DATE}, {REGION}.\n\nA tenant, a month:\n{}", tenants(all));
    println!("\nAn installation, a month:\n{}", installation(fixed));
}

fn table(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table
}

fn tenants(all: &[Counted]) -> Table {
    let mut header = vec!["users".to_owned(), "a day".to_owned()];
    header.extend(Service::ALL.map(|s| s.label().to_owned()));
    header.extend(["a month", "first snapshot", "each later month"].map(str::to_owned));
    let mut table = table(header);
    for counted in all {
        let mut row = vec![counted.plan.users.to_string(), counted.plan.per_day.to_string()];
        row.extend(Service::ALL.map(|service| counted.month_of(service).dollars(DECIMALS)));
        row.push(counted.month().dollars(DECIMALS));
        row.push(counted.first.price().dollars(DECIMALS));
        row.push(format!("+{}", counted.monthly_growth().dollars(DECIMALS)));
        table.add_row(row);
    }
    table
}

fn installation(fixed: &Fixed) -> Table {
    let mut table = table(vec!["what".to_owned(), "dollars".to_owned()]);
    for (what, usage) in fixed {
        table.add_row([what.clone(), usage.price().dollars(2)]);
    }
    table.add_row(["in all".to_owned(), sum(fixed).dollars(2)]);
    table
}

fn sum(fixed: &Fixed) -> Money {
    fixed.iter().map(|(_, usage)| usage.price()).sum()
}

fn as_object(fixed: &Fixed, all: &[Counted]) -> Value {
    let lines = fixed.iter().map(
        |(what, usage)| json!({ "what": what, "dollars": usage.price().dollars(6), "counts": counts(usage) }),
    );
    json!({
        "prices": { "date": DATE, "region": REGION, "currency": "USD" },
        "month_days": i64::try_from(MONTH_DAYS).unwrap_or_default(),
        "tenants": all.iter().map(tenant).collect::<Vec<_>>(),
        "installation": { "dollars": sum(fixed).dollars(6), "lines": lines.collect::<Vec<_>>() },
    })
}

fn tenant(counted: &Counted) -> Value {
    let services: Map<String, Value> = Service::ALL
        .into_iter()
        .map(|service| (service.label().to_owned(), counted.month_of(service).dollars(6).into()))
        .collect();
    let by_job: Map<String, Value> =
        counted.by_job.iter().map(|(job, usage)| (job.clone(), counts(usage).into())).collect();
    json!({
        "users": counted.plan.users,
        "per_day": counted.plan.per_day,
        "days": counted.plan.days,
        "snapshots": counted.snapshots,
        "whole_readings": counted.full,
        "changed_users": counted.changed,
        "month_dollars": counted.month().dollars(6),
        "month_dollars_by_service": services,
        "first_snapshot_dollars": counted.first.price().dollars(6),
        "each_later_month_dollars_more": counted.monthly_growth().dollars(6),
        "counts": {
            "first_snapshot": counts(&counted.first),
            "days": counts(&counted.days),
            "days_by_function": by_job,
            "each_month": counts(&counted.always),
            "held_after_first": counts(&counted.held),
            "grown_in_days": counts(&counted.grown),
        },
    })
}

fn counts(usage: &Usage) -> Map<String, Value> {
    usage
        .iter()
        .map(|(meter, n)| (meter.name().to_owned(), json!(u64::try_from(n).unwrap_or(u64::MAX))))
        .collect()
}
