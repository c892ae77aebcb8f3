//! A subscription, day by day of UTC.

use super::history::History;
use crate::{PlanId, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A day that is paid for.
pub(super) struct Day<'a> {
    /// The day of the calendar, in UTC.
    pub date: Date,
    /// The moment at which the next day begins.
    pub end: Timestamp,
    /// The plan that it was last on.
    pub plan: &'a PlanId,
    /// The seats that it last had.
    pub seats: u32,
}

/// The days from `first` to `last` that are paid for. A day counts as the subscription last stood on it,
/// also when it ended on that day.
pub(super) fn days<'a>(history: &'a History, first: Date, last: Date) -> impl Iterator<Item = Day<'a>> {
    let mut next = 0;
    let mut standing: Option<&'a (PlanId, u32)> = None;
    first.series(jiff::Span::new().days(1)).take_while(move |date| *date <= last).filter_map(move |date| {
        let end = end_of(date)?;
        let begin = end_of(date.yesterday().ok()?)?;
        let mut last_stood = None;
        while let Some(since) = history.since.get(next).filter(|since| since.at < end) {
            // Why: what ended before this day, or as it began, did not stand on it.
            if since.at > begin {
                last_stood = standing.or(last_stood);
            }
            standing = since.is.as_ref();
            next += 1;
        }
        let (plan, seats) = standing.or(last_stood)?;
        Some(Day { date, end, plan, seats: *seats })
    })
}

fn end_of(date: Date) -> Option<Timestamp> {
    let zoned = date.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}
