//! The list of the log, filtered by time alone, as the switches have it.

use super::super::call::{Call, Outcome, Reply, Version};
use super::super::error::{bad, failure, no_segment};
use super::super::paging::Paging;
use super::{Entry, now};
use crate::state::Directory;
use serde_json::{Value, json};

/// For how many days records are kept: without Entra ID P1, and with it.
const KEPT_DAYS: [i64; 2] = [7, 30];
/// The most records of a page.
const MOST: usize = 1_000;

/// The list of the log.
pub(in crate::graph) fn list(call: &Call, d: &Directory, path: &[&str]) -> Outcome {
    let ["auditLogs", "directoryAudits"] = path else { return Err(no_segment(path.last().unwrap_or(&""))) };
    let how = call.switches.audits;
    if how.v1_alone && call.version == Version::Beta {
        return Err(failure(404, "NotFound", "The resource is not found."));
    }
    let (from, until) = times(call.query.get("$filter").unwrap_or_default())?;
    let now = now(call, &d.clock);
    let kept = now - KEPT_DAYS[usize::from(d.premium_p1)] * 24 * 3_600_000;
    let is_there = |(place, entry): &(usize, &Entry)| {
        entry.at >= kept.max(from)
            && entry.at <= until
            && entry.at + how.late_seconds * 1000 <= now
            && how.missing_each.is_none_or(|each| place % each != each - 1)
    };
    let found = d.audits.entries.iter().enumerate().filter(is_there);
    let mut found: Vec<&Entry> = found.map(|(_, entry)| entry).collect();
    found.reverse();
    if how.out_of_order {
        let half = found.len() / 2;
        found.rotate_left(half);
    }
    if how.twice {
        found = found.iter().chain(&found).copied().collect();
    }
    let paging = Paging::of(call, found.len(), MOST, MOST)?;
    let mut value = Vec::new();
    let next = paging.fill(found.len(), |place| {
        value.push(shown(call, &found[place].record));
        true
    });
    let mut page = json!({ "@odata.context": call.context("auditLogs/directoryAudits"), "value": value });
    if let Some(next) = next {
        page["@odata.nextLink"] = paging.link(call, next).into();
    }
    Ok(Reply::json(200, &page))
}

/// A record as it is given.
fn shown(call: &Call, record: &Value) -> Value {
    let (how, mut record) = (call.switches.audits, record.clone());
    if call.version == Version::V1 {
        record.as_object_mut().expect("a record is an object").remove("performedBy");
    }
    if how.names_a_service && !record["initiatedBy"]["user"].is_null() {
        record["initiatedBy"]["user"]["displayName"] = "Azure ESTS Service".into();
    }
    if how.roles_have_ids_of_their_own && record["loggedByService"] == "PIM" {
        record["targetResources"][0]["id"] = "c3000000-0000-4000-8000-000000000001".into();
    }
    if how.upper_case {
        record["activityDisplayName"] =
            record["activityDisplayName"].as_str().unwrap_or_default().to_uppercase().into();
    }
    record
}

/// The times of a filter, in milliseconds since 1970, both ends included.
fn times(filter: &str) -> Result<(i64, i64), super::super::error::Failure> {
    let (mut from, mut until) = (i64::MIN, i64::MAX);
    for part in filter.split(" and ").map(str::trim).filter(|part| !part.is_empty()) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let unknown = || bad(format!("Invalid filter clause: {part}"));
        let ["activityDateTime", operator, text] = words[..] else { return Err(unknown()) };
        let at: jiff::Timestamp = text.parse().map_err(|_| unknown())?;
        match operator {
            "ge" => from = at.as_millisecond(),
            "le" => until = at.as_millisecond(),
            "eq" => (from, until) = (at.as_millisecond(), at.as_millisecond()),
            _ => return Err(unknown()),
        }
    }
    Ok((from, until))
}
