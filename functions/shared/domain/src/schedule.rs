//! When a tenant's snapshots are due: a number of times a day, evenly spread, at times of its own.
//!
//! The times are fixed points of the UTC day, shifted by an offset that follows from the tenant's id. They
//! do not depend on when the last snapshot was taken, so a late one moves none of those that follow.

use crate::{Error, Result, TenantId, Timestamp};

const DAY_SECONDS: i64 = 86_400;

/// A tenant's shift of its times, in seconds, less than a day. Ids are random, so a partner's tenants, and
/// everybody's, come evenly over the day.
pub fn offset_seconds(tenant: &TenantId) -> u32 {
    let hash = blake3::hash(tenant.as_str().as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u32::try_from(u64::from_le_bytes(first) % DAY_SECONDS.unsigned_abs()).expect("less than a day")
}

/// Checks a number of snapshots a day: 1 to 24.
///
/// # Errors
/// `Invalid` for any other.
pub fn check_per_day(per_day: u8) -> Result<u8> {
    if (1..=24).contains(&per_day) {
        Ok(per_day)
    } else {
        Err(Error::invalid_field("snapshotsPerDay", "1 to 24 snapshots a day are possible"))
    }
}

/// The first due time later than `after`. Of two neighbours one is a `per_day`th part of a day after the
/// other, to the second.
///
/// # Errors
/// `Invalid` when `per_day` is not 1 to 24, and beyond the year 9999.
pub fn next_due(per_day: u8, offset_seconds: u32, after: Timestamp) -> Result<Timestamp> {
    let per_day = i64::from(check_per_day(per_day)?);
    let offset = i64::from(offset_seconds) % DAY_SECONDS;
    // Slot number n is at offset + n * day / per_day, rounded down; slots are counted from 1970.
    let at_second = |slot: i64| offset + (slot * DAY_SECONDS).div_euclid(per_day);
    let mut slot = ((after.as_second() - offset) * per_day).div_euclid(DAY_SECONDS);
    while at_second(slot) <= after.as_second() {
        slot += 1;
    }
    Timestamp::from_second(at_second(slot)).map_err(|e| Error::invalid("a date is out of range").caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_late_start_moves_none_of_the_times_that_follow() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let offset = 3 * 3600;
        assert_eq!(next_due(4, offset, at("2026-11-22T03:00:00Z")).unwrap(), at("2026-11-22T09:00:00Z"));
        assert_eq!(next_due(4, offset, at("2026-11-22T10:17:03Z")).unwrap(), at("2026-11-22T15:00:00Z"));
        assert_eq!(next_due(1, offset, at("2026-11-22T03:00:00Z")).unwrap(), at("2026-11-23T03:00:00Z"));
    }

    #[test]
    fn more_than_an_hourly_or_no_snapshot_is_refused() {
        for per_day in [0, 25, 255] {
            let error = next_due(per_day, 0, Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(error.fields()[0].field, "snapshotsPerDay");
        }
    }

    #[test]
    fn the_tenants_of_any_partner_come_evenly_over_the_day() {
        let mut hours = [0_u32; 24];
        for n in 0..24_000_u32 {
            let tenant: TenantId = format!("{n:08x}-0000-4000-8000-0000{n:08x}").parse().unwrap();
            hours[(offset_seconds(&tenant) / 3600) as usize] += 1;
        }
        assert!(hours.iter().all(|h| (850..1150).contains(h)), "{hours:?}");
    }

    proptest! {
        #[test]
        fn every_day_has_exactly_so_many_due_times_and_none_is_in_the_past(
            per_day in 1_u8..=24,
            offset in 0_u32..86_400,
            second in 1_700_000_000_i64..4_000_000_000,
        ) {
            let start = Timestamp::from_second(second).unwrap();
            let (mut now, mut count) = (start, 0_u32);
            let mut gaps = Vec::new();
            while now.as_second() < second + DAY_SECONDS {
                let due = next_due(per_day, offset, now).unwrap();
                prop_assert!(due > now);
                if due.as_second() <= second + DAY_SECONDS {
                    count += 1;
                }
                gaps.push(due.as_second() - now.as_second());
                now = due;
            }
            prop_assert_eq!(count, u32::from(per_day));
            let even = DAY_SECONDS / i64::from(per_day);
            prop_assert!(gaps[1..].iter().all(|g| (even..=even + 1).contains(g)), "{:?}", gaps);
        }
    }
}
