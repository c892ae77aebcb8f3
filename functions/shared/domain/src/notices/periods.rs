//! When digests are due: at an hour of the person's choice where they are, whatever the clocks there do.
//!
//! A boundary is a civil date and hour turned into an instant, so daylight saving shifts the instant and
//! never the hour. An hour that a zone leaves out counts as the first one after the gap, an hour that it
//! has twice as the first of the two.

use super::Frequency;
use crate::{Error, Result, Timestamp};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// An hour of the day at which digests are due, 0 to 23, in the person's own zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Hour(i8);

impl Hour {
    /// The hour for whoever has chosen none: eight in the morning.
    pub const DEFAULT: Self = Self(8);

    /// The hour of that number.
    ///
    /// # Errors
    /// `Invalid` naming `hour` when it is none from 0 to 23.
    pub fn new(hour: u8) -> Result<Self> {
        match i8::try_from(hour) {
            Ok(number @ 0..=23) => Ok(Self(number)),
            _ => Err(Error::invalid_field("hour", "must be a whole hour from 0 to 23")),
        }
    }

    /// Whether it is the hour for whoever has chosen none.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::DEFAULT
    }
}

impl Default for Hour {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u8> for Hour {
    type Error = Error;
    fn try_from(hour: u8) -> Result<Self> {
        Self::new(hour)
    }
}

impl From<Hour> for u8 {
    fn from(hour: Hour) -> Self {
        hour.0.unsigned_abs()
    }
}

/// A time zone of the IANA database that is built in: the machine's own files are never read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that name, such as `Europe/Zurich`.
    ///
    /// # Errors
    /// `Invalid` when there is none.
    pub fn new(name: &str) -> Result<Self> {
        static BUILT_IN: OnceLock<TimeZoneDatabase> = OnceLock::new();
        let zones = BUILT_IN.get_or_init(TimeZoneDatabase::bundled);
        zones.get(name).map(Self).map_err(|_| {
            Error::invalid_field("timeZone", "not a time zone of the IANA database, such as Europe/Zurich")
        })
    }

    /// Coordinated universal time, for whoever has not chosen a zone.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The instant as the person reads it: `Mon 2 Nov 2026, 08:00 CET`.
    pub fn show(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%a %-d %b %Y, %H:%M %Z").to_string()
    }

    /// The date that the calendar of this zone shows at that instant.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.0.clone()).date()
    }

    fn boundary(&self, date: Date, hour: Hour) -> Result<Timestamp> {
        let ambiguous = self.0.to_ambiguous_timestamp(date.at(hour.0, 0, 0, 0));
        ambiguous.compatible().map_err(|e| Error::invalid("a date is out of range").caused_by(e))
    }
}

/// The first end of a digest's period that is later than `after`; none for [`Frequency::Immediate`], which
/// has no digest. Two calls with instants between the same two boundaries give the same.
///
/// # Errors
/// `Invalid` beyond the year 9999.
pub fn next_digest_at(
    frequency: Frequency,
    zone: &Zone,
    hour: Hour,
    after: Timestamp,
) -> Result<Option<Timestamp>> {
    let out_of_range = |e: jiff::Error| Error::invalid("a date is out of range").caused_by(e);
    // Why a day early: a zone may leave out a whole day, and its boundary then falls on the day after.
    let mut date = zone.date(after).checked_sub(1.day()).map_err(out_of_range)?;
    loop {
        let falls = match frequency {
            Frequency::Immediate => return Ok(None),
            Frequency::Daily => true,
            Frequency::Weekly => date.weekday() == Weekday::Monday,
            Frequency::Monthly => date.day() == 1,
        };
        if falls {
            let at = zone.boundary(date, hour)?;
            if at > after {
                return Ok(Some(at));
            }
        }
        date = date.checked_add(1.day()).map_err(out_of_range)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }
    fn next(frequency: Frequency, zone: &str, after: &str) -> String {
        let zone = Zone::new(zone).unwrap();
        next_digest_at(frequency, &zone, Hour::DEFAULT, at(after)).unwrap().unwrap().to_string()
    }

    #[test]
    fn eight_in_the_morning_stays_eight_when_the_clocks_change() {
        use Frequency::Daily;
        // Zurich leaves summer time on 25 October 2026 and enters it on 28 March 2027.
        assert_eq!(next(Daily, "Europe/Zurich", "2026-10-24T06:00:00Z"), "2026-10-25T07:00:00Z");
        assert_eq!(next(Daily, "Europe/Zurich", "2026-10-24T05:59:59Z"), "2026-10-24T06:00:00Z");
        assert_eq!(next(Daily, "Europe/Zurich", "2027-03-27T07:00:00Z"), "2027-03-28T06:00:00Z");
    }

    #[test]
    fn a_week_ends_on_monday_and_a_month_on_its_first_day_where_the_person_is() {
        use Frequency::{Monthly, Weekly};
        // In Auckland it is already Monday, 23 November 2026, when it is Sunday evening in UTC.
        assert_eq!(next(Weekly, "Pacific/Auckland", "2026-11-22T18:00:00Z"), "2026-11-22T19:00:00Z");
        assert_eq!(next(Weekly, "Pacific/Auckland", "2026-11-22T19:00:00Z"), "2026-11-29T19:00:00Z");
        assert_eq!(next(Monthly, "America/New_York", "2026-10-31T23:00:00Z"), "2026-11-01T13:00:00Z");
        assert_eq!(next(Monthly, "America/New_York", "2026-11-01T13:00:00Z"), "2026-12-01T13:00:00Z");
    }

    #[test]
    fn a_day_that_a_zone_leaves_out_has_no_digest_of_its_own() {
        // Samoa went from 29 to 31 December 2011.
        let first = next(Frequency::Daily, "Pacific/Apia", "2011-12-29T18:00:00Z");
        assert_eq!(first, "2011-12-30T18:00:00Z"); // 31 December, 8:00
        assert_eq!(next(Frequency::Daily, "Pacific/Apia", &first), "2011-12-31T18:00:00Z");
    }

    #[test]
    fn an_hour_that_a_zone_has_twice_counts_once_and_as_the_first() {
        // Kwajalein crossed the date line on 1 October 1969 and had 30 September twice.
        let first = next(Frequency::Daily, "Pacific/Kwajalein", "1969-09-29T00:00:00Z");
        assert_eq!(first, "1969-09-29T21:00:00Z");
        assert_eq!(next(Frequency::Daily, "Pacific/Kwajalein", &first), "1969-10-01T20:00:00Z");
    }

    #[test]
    fn what_is_immediate_has_no_digest_and_what_is_no_zone_is_refused() {
        let now = at("2026-11-22T18:00:00Z");
        assert_eq!(next_digest_at(Frequency::Immediate, &Zone::utc(), Hour::DEFAULT, now).unwrap(), None);
        for name in ["", "Mars/Olympus", "../../etc/passwd", "Europe/Zürich"] {
            assert_eq!(Zone::new(name).unwrap_err().kind(), crate::ErrorKind::Invalid, "{name}");
        }
    }

    #[test]
    fn a_digest_comes_at_the_hour_that_was_chosen_and_there_is_no_hour_24() {
        let (zone, noon) = (Zone::new("Asia/Kathmandu").unwrap(), Hour::new(12).unwrap());
        let due = next_digest_at(Frequency::Daily, &zone, noon, at("2026-11-22T06:15:00Z")).unwrap();
        assert_eq!(due, Some(at("2026-11-23T06:15:00Z")));
        assert_eq!(Hour::new(24).unwrap_err().fields()[0].field, "hour");
        assert_eq!(serde_json::from_str::<Hour>("23").unwrap(), Hour::new(23).unwrap());
        assert!(serde_json::from_str::<Hour>("24").is_err() && serde_json::from_str::<Hour>("200").is_err());
    }

    #[test]
    fn times_are_shown_where_the_person_is() {
        let zone = Zone::new("Europe/Zurich").unwrap();
        assert_eq!(zone.show(at("2026-11-22T18:05:00Z")), "Sun 22 Nov 2026, 19:05 CET");
    }

    fn any_zone() -> impl Strategy<Value = Zone> {
        let names: Vec<String> =
            TimeZoneDatabase::bundled().available().map(|n| n.as_str().to_owned()).collect();
        proptest::sample::select(names).prop_map(|n| Zone::new(&n).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn in_every_zone_and_year_the_next_digest_is_later_on_the_right_day_at_its_hour(
            zone in any_zone(),
            hour in 0_u8..24,
            second in 946_684_800_i64..4_102_444_800, // 2000 to 2099
            frequency in proptest::sample::select(vec![Frequency::Daily, Frequency::Weekly, Frequency::Monthly]),
        ) {
            let after = Timestamp::from_second(second).unwrap();
            let hour = Hour::new(hour).unwrap();
            let due = next_digest_at(frequency, &zone, hour, after).unwrap().unwrap();
            prop_assert!(due > after);
            let days = match frequency { Frequency::Monthly => 31, Frequency::Weekly => 7, _ => 1 };
            // A zone may move by up to a day across the date line.
            prop_assert!(due.duration_since(after).as_hours() <= days * 24 + 25);
            let local = due.to_zoned(zone.0.clone());
            // An hour that the zone leaves out on that day counts as the first one after the gap, which may be the next day's.
            let is_clear = |day: Date| !zone.0.to_ambiguous_timestamp(day.at(hour.0, 0, 0, 0)).is_ambiguous();
            let is_there = is_clear(local.date());
            let was_yesterday = local.date().yesterday().is_ok_and(|day| !is_clear(day));
            prop_assert!(local.hour() == hour.0 || !is_there || was_yesterday, "{local}");
            if was_yesterday {
                return Ok(());
            }
            match frequency {
                Frequency::Weekly => prop_assert_eq!(local.weekday(), Weekday::Monday),
                Frequency::Monthly => prop_assert_eq!(local.day(), 1),
                _ => {}
            }
            // Whoever asks in between gets the same; whoever asks at the boundary gets the next one.
            let between = after + (due.duration_since(after) / 2);
            prop_assert_eq!(next_digest_at(frequency, &zone, hour, between).unwrap(), Some(due));
            let following = next_digest_at(frequency, &zone, hour, due).unwrap().unwrap();
            prop_assert!(following > due);
        }
    }
}
