//! Why the log has no record of a change: it may not have been read, or not in time, or there is none.

use super::Finding;
use crate::Timestamp;
use crate::stored::{AuditCause, AuditHeld};
use jiff::SignedDuration;

/// How far before the earlier snapshot records are looked for: what Graph gives may lag behind what was written.
const LAG_MINUTES: i64 = 15;
/// How far beyond the later one: by so much clocks may differ. What was done after it was read, it does not show.
const CLOCKS_MINUTES: i64 = 2;
/// How long after a change its record may still come. Microsoft promises nothing; what others do is to read two hours again.
const LATE_HOURS: i64 = 2;

/// The time between two snapshots, in which something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When the reading of the earlier one began.
    pub begins: Timestamp,
    /// When the reading of the later one began.
    pub settles: Timestamp,
    /// When the later one was complete.
    pub ends: Timestamp,
}

impl Window {
    /// The earliest time of a record of the change.
    pub fn first(&self) -> Timestamp {
        minus(self.begins, SignedDuration::from_mins(LAG_MINUTES))
    }
    /// The latest time of a record of the change.
    pub fn last(&self) -> Timestamp {
        plus(self.ends, SignedDuration::from_mins(CLOCKS_MINUTES))
    }
}

/// Why there is no record, and whether one may still come.
pub(super) struct Absence {
    pub(super) finding: Finding,
    pub(super) cause: Option<AuditCause>,
    /// Since when records are held, where that is later than the change.
    pub(super) since: Option<Timestamp>,
    pub(super) may_come: bool,
}

/// Why the log, of which that much is held, has no record of a change in that time.
pub(super) fn absence(held: Option<&AuditHeld>, window: &Window) -> Absence {
    let said = |finding, cause| Absence { finding, cause, since: None, may_come: false };
    let cause = held.and_then(|held| held.cause);
    let unread = || match cause {
        Some(AuditCause::NotGranted) => said(Finding::NotGranted, None),
        cause => said(Finding::NotRead, cause),
    };
    let Some((held, from, until)) = held.and_then(|held| Some((held, held.from?, held.until?))) else {
        return unread();
    };
    if window.ends < from {
        return Absence { since: Some(from), ..said(Finding::CollectionBeganLater, None) };
    }
    if window.begins < from || held.gap_in(window.begins, window.ends).is_some() {
        return Absence { since: Some(from), ..said(Finding::OlderThanMicrosoftKeeps, None) };
    }
    if window.ends > until && cause.is_some() {
        return unread();
    }
    Absence { may_come: is_early(until, window), ..said(Finding::NoRecordFound, None) }
}

/// Whether records of that time may still come, of which that much is held: also of what was done after somebody who is found.
pub(super) fn may_come(held: Option<&AuditHeld>, window: &Window) -> bool {
    held.and_then(|held| held.until).is_some_and(|until| is_early(until, window))
}

fn is_early(until: Timestamp, window: &Window) -> bool {
    until < plus(window.ends, SignedDuration::from_hours(LATE_HOURS))
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn minus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::AuditGap;

    fn at(day: i64) -> Timestamp {
        plus("2026-11-01T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(24 * (day - 1)))
    }

    fn between(begins: i64, ends: i64) -> Window {
        Window { begins: at(begins), settles: at(ends), ends: at(ends) }
    }

    fn held(from: i64, until: i64) -> AuditHeld {
        AuditHeld { from: Some(at(from)), until: Some(at(until)), ..AuditHeld::default() }
    }

    #[test]
    fn each_reason_why_there_is_no_record_is_an_answer_of_its_own() {
        let of = |held: &AuditHeld, window: Window| absence(Some(held), &window).finding;
        assert_eq!(of(&held(5, 20), between(6, 7)), Finding::NoRecordFound);
        assert_eq!(of(&held(5, 20), between(2, 3)), Finding::CollectionBeganLater);
        assert_eq!(of(&held(5, 20), between(4, 7)), Finding::OlderThanMicrosoftKeeps);
        let gap = AuditGap { from: at(8), until: at(9) };
        let with_gap = AuditHeld { gaps: vec![gap], ..held(5, 20) };
        assert_eq!(of(&with_gap, between(7, 10)), Finding::OlderThanMicrosoftKeeps);
        assert_eq!(of(&with_gap, between(9, 10)), Finding::NoRecordFound);
        let denied = AuditHeld { cause: Some(AuditCause::NotGranted), ..AuditHeld::default() };
        assert_eq!(of(&denied, between(6, 7)), Finding::NotGranted);
        let withdrawn = AuditHeld { cause: Some(AuditCause::NotGranted), ..held(5, 20) };
        assert_eq!(of(&withdrawn, between(6, 7)), Finding::NoRecordFound);
        assert_eq!(of(&withdrawn, between(20, 21)), Finding::NotGranted);
        let down = AuditHeld { cause: Some(AuditCause::Unavailable), ..held(5, 20) };
        let told = absence(Some(&down), &between(20, 21));
        assert_eq!((told.finding, told.cause), (Finding::NotRead, Some(AuditCause::Unavailable)));
        assert_eq!(absence(None, &between(6, 7)).finding, Finding::NotRead);
    }

    #[test]
    fn a_record_may_still_come_until_two_hours_after_the_change_are_held() {
        assert!(absence(Some(&held(5, 7)), &between(6, 7)).may_come);
        assert!(!absence(Some(&held(5, 8)), &between(6, 7)).may_come);
    }
}
