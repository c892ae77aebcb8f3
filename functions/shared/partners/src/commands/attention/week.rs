//! What changed on each day of a week, and which snapshots are under way: out of the rows that are read anyway.

use super::super::fleet::Fleet;
use domain::attention::SHOWN_DAYS;
use domain::notices::Topic;
use domain::rights::Role;
use domain::{OrganisationId, SnapshotId, Timestamp};
use engine::records::NoticeEntry;
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// How many snapshots that are under way are named.
const MOST_NAMED: usize = 20;

/// What comparisons found on one day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day of the calendar.
    pub day: Date,
    /// How many changes there were; none where that is not known, and where the caller may not hear of them.
    pub changes: Option<u64>,
}

/// A snapshot that is being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The organisation whose tenant is read.
    pub organisation: OrganisationId,
    /// The organisation's name.
    pub name: String,
    /// The snapshot.
    pub snapshot: SnapshotId,
}

/// The last seven days, the oldest first, with what changed of the organisations that the caller sees.
pub(super) fn days(
    role: Role,
    fleet: &Fleet,
    (heard, heard_all): (&[NoticeEntry], bool),
    now: Timestamp,
) -> Vec<Day> {
    let day_of = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let seen: BTreeSet<_> = fleet.customers.iter().map(|customer| &customer.organisation.id).collect();
    let mut changes: BTreeMap<Date, Option<u64>> = BTreeMap::new();
    // Why only plain ones: the comparison's other notices tell of some of the same changes again.
    let plain = |e: &&NoticeEntry| e.topic == Topic::Changes && (e.is_plain() || e.subject.is_none());
    for entry in heard.iter().filter(plain).filter(|entry| seen.contains(&entry.organisation)) {
        let all = changes.entry(day_of(entry.at)).or_insert(Some(0));
        *all = all.zip(entry.changes).map(|(all, more)| all + more);
    }
    let is_known = Topic::Changes.is_open_to(role) && heard_all && fleet.is_complete;
    let days = (0..SHOWN_DAYS).rev().map(|ago| day_of(now - SignedDuration::from_hours(24 * ago)));
    let found = |day: &Date| changes.get(day).copied().unwrap_or(Some(0)).filter(|_| is_known);
    days.map(|day| Day { day, changes: found(&day) }).collect()
}

/// The snapshots that are under way: the first of them, and how many there are.
pub(super) fn under_way(fleet: &Fleet) -> (Vec<UnderWay>, u64) {
    let mut all: Vec<_> = fleet
        .customers
        .iter()
        .filter_map(|customer| {
            let snapshot = customer.tenant.as_ref()?.open_snapshot.clone()?;
            let organisation = &customer.organisation;
            Some(UnderWay {
                organisation: organisation.id.clone(),
                name: organisation.name.clone(),
                snapshot,
            })
        })
        .collect();
    let count = all.len() as u64;
    all.truncate(MOST_NAMED);
    (all, count)
}
