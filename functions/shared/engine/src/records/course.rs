//! What keeps a piece of work from its end: what it waits for, until when, and why it was given up. A part of the
//! rows of snapshots, comparisons and restores; [`crate::open_work`] writes it.

use super::stale_at;
use domain::{Error, ErrorKind, Timestamp};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why work waits or was given up, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// What was asked for cannot be done.
    Invalid,
    /// What it needs is no longer there.
    NotFound,
    /// Consent, a permission or a right is missing.
    Denied,
    /// Stored bytes are not those that were written.
    Corrupt,
    /// Microsoft asked for a pause.
    Throttled,
    /// A service does not answer.
    Unavailable,
    /// Other work was in its way each time.
    Conflict,
    /// A job took it up and was never heard of again, or its message was lost.
    Lost,
    /// Nobody approved it, or what was approved is another plan.
    NotApproved,
    /// A consent has not arrived everywhere at Microsoft: it is tried again every few minutes, for an hour.
    Consent,
    /// Microsoft does not accept Holdfast's own application. It waits until the operator has mended that.
    Operator,
}

impl Cause {
    /// The cause that an error of that kind is to the work.
    pub fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Invalid,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::Corrupt => Self::Corrupt,
            ErrorKind::Throttled { .. } => Self::Throttled,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Conflict | ErrorKind::Stale => Self::Conflict,
        }
    }

    /// The cause that an error is to work that waits.
    pub fn of_wait(error: &Error) -> Self {
        if error.fault().is_some() { Self::Operator } else { Self::of(error.kind()) }
    }

    /// Whether work waits for it however long that takes: somebody else ends it, and no try is in vain.
    fn has_no_limit(self) -> bool {
        matches!(self, Self::Consent | Self::Operator)
    }

    /// The kind of error that the cause is reported as.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Invalid | Self::NotApproved => ErrorKind::Invalid,
            Self::NotFound => ErrorKind::NotFound,
            Self::Denied | Self::Consent => ErrorKind::Denied,
            Self::Corrupt => ErrorKind::Corrupt,
            Self::Throttled => ErrorKind::Throttled { retry_after_ms: None },
            Self::Unavailable | Self::Lost | Self::Operator => ErrorKind::Unavailable,
            Self::Conflict => ErrorKind::Conflict,
        }
    }
}

/// Work that gets no further, and how often it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldUp {
    /// Why it got no further the last time.
    pub cause: Cause,
    /// Since when it has got no further.
    pub since: Timestamp,
    /// How often it was taken up in vain since then.
    pub attempts: u32,
    /// How far the work was then, as a figure that changes with it: another figure means that it got further.
    pub mark: u64,
    /// The work is not taken up before this time; none while it may be taken up.
    pub until: Option<Timestamp>,
}

/// What keeps a piece of work from its end, if anything does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Course {
    /// What holds it up; none while it gets further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_up: Option<HeldUp>,
    /// Why it was given up; none unless it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Cause>,
    /// How often it was taken up since a job last put it down: done, suspended or waiting. More than 1 while a job works on
    /// it says that the process of an earlier one ended in the middle.
    #[serde(skip_serializing_if = "is_zero")]
    pub taken_up: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(super) fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The longest wait that is granted. No service asks for a longer one and means it; after that it is asked again.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// Work that has got no further for this long is given up, however seldom it was tried.
const LONGEST_IN_VAIN: SignedDuration = SignedDuration::from_hours(48);

/// Work that was taken up in vain this often in a row may be given up.
const MAX_FRUITLESS: u32 = 10;
/// So many processes in a row may end in the middle of the same work; then it waits, and its queue goes on. Why two: one may
/// have ended for a cause of its own, and each keeps what is behind it in the queue waiting for a quarter of an hour.
const MOST_LOST: u32 = 2;
/// How many minutes work waits after each time in a row that somebody did not answer. Why in ever longer steps: half
/// an hour lies between the first and the fifth, after which a reading reports a kind as missing.
const PAUSES_MINUTES: [i64; 5] = [1, 4, 10, 20, 30];

impl Course {
    /// Whether nothing is in its way.
    pub fn is_free(&self) -> bool {
        *self == Self::default()
    }

    /// Until when nobody takes it up; none when that time is over.
    pub fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.held_up.and_then(|held| held.until).filter(|until| *until > now)
    }

    /// When the sweeper looks at open work that a job last wrote to at that time.
    pub fn due_at(&self, touched_at: Timestamp) -> Timestamp {
        self.held_up.and_then(|held| held.until).unwrap_or_else(|| stale_at(touched_at))
    }

    /// A job works on it; how often that was in vain stays.
    pub fn take_up(&mut self) {
        self.taken_up = self.taken_up.saturating_add(1);
        if let Some(held) = &mut self.held_up {
            held.until = None;
        }
    }

    /// Whether so many jobs ended in the middle of it, one after the other, that it is to wait.
    pub fn is_deadly(&self) -> bool {
        self.taken_up >= MOST_LOST
    }

    /// It waits, since jobs ended in the middle of it: each of them was in vain. `mark` as in [`Self::hold_up`].
    pub fn hold_up_lost(&mut self, mark: u64, now: Timestamp) {
        let lost = std::mem::take(&mut self.taken_up);
        for _ in 0..lost.max(1) {
            self.hold_up(Cause::Lost, mark, now, None);
        }
    }

    /// It got no further: once more in vain, or for the first time since its mark was another. `asked_ms` is the
    /// pause that a service asked for, in milliseconds.
    pub fn hold_up(&mut self, cause: Cause, mark: u64, now: Timestamp, asked_ms: Option<u64>) {
        self.taken_up = 0;
        // Why anew when another cause follows a wait without a limit: that was nobody's vain try.
        let before = self.held_up.filter(|held| held.mark == mark);
        let before = before.filter(|held| held.cause == cause || !held.cause.has_no_limit());
        let (since, attempts) = before.map_or((now, 1), |held| (held.since, held.attempts.saturating_add(1)));
        let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = PAUSES_MINUTES[step.min(PAUSES_MINUTES.len() - 1)];
        let wait = asked_ms.map_or(SignedDuration::from_mins(pause), |ms| {
            SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)).min(LONGEST_WAIT)
        });
        let until = Some(now.saturating_add(wait).unwrap_or(Timestamp::MAX));
        self.held_up = Some(HeldUp { cause, since, attempts, mark, until });
    }

    /// It is taken up once more: because its wait is over, or because the job that had it has not been heard of since
    /// `touched_at`.
    pub fn again(&mut self, touched_at: Timestamp) {
        let lost = HeldUp { cause: Cause::Lost, since: touched_at, attempts: 0, mark: 0, until: None };
        let held = self.held_up.get_or_insert(lost);
        if held.until.take().is_none() {
            if held.cause.has_no_limit() {
                *held = lost;
            }
            held.cause = Cause::Lost;
            held.attempts = held.attempts.saturating_add(1);
        }
    }

    /// Whether it was taken up in vain often enough, and for at least `patience`, so that it is given up.
    pub fn is_hopeless(&self, patience: SignedDuration, now: Timestamp) -> bool {
        self.held_up.filter(|held| !held.cause.has_no_limit()).is_some_and(|held| {
            let lasted = now.duration_since(held.since);
            lasted >= patience && (held.attempts >= MAX_FRUITLESS || lasted >= LONGEST_IN_VAIN)
        })
    }

    /// Why it waits or was given up; none when nothing is in its way.
    pub fn cause(&self) -> Option<Cause> {
        self.failed.or(self.held_up.map(|held| held.cause))
    }

    /// The work is given up for that cause.
    pub fn fail(&mut self, cause: Cause) {
        *self = Self { failed: Some(cause), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        "2026-01-05T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn pauses_grow_to_half_an_hour_and_begin_anew_when_the_work_got_further() {
        let (mut course, mut waits) = (Course::default(), Vec::new());
        for _ in 0..7 {
            course.hold_up(Cause::Unavailable, 3, at(0), None);
            waits.push(course.waits_until(at(0)).unwrap().duration_since(at(0)).as_mins());
        }
        assert_eq!(waits, [1, 4, 10, 20, 30, 30, 30]);
        course.hold_up(Cause::Unavailable, 4, at(0), None);
        assert_eq!(course.waits_until(at(0)), Some(at(1)));
        assert_eq!(course.held_up.unwrap().attempts, 1);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_for_a_day_at_the_most_and_after_two_it_is_hopeless() {
        let mut course = Course::default();
        course.hold_up(Cause::Throttled, 0, at(0), Some(22 * 3_600_000));
        assert_eq!((course.due_at(at(0)), course.waits_until(at(22 * 60))), (at(22 * 60), None));
        course.hold_up(Cause::Throttled, 0, at(0), Some(u64::MAX));
        assert_eq!(course.due_at(at(0)), at(24 * 60), "then it is asked again");
        let patience = SignedDuration::from_hours(4);
        assert!(!course.is_hopeless(patience, at(47 * 60)) && course.is_hopeless(patience, at(48 * 60)));
    }

    #[test]
    fn only_what_is_in_vain_for_long_is_hopeless() {
        let (mut course, patience) = (Course::default(), SignedDuration::from_hours(4));
        for _ in 0..20 {
            course.hold_up(Cause::Unavailable, 0, at(0), None);
            course.again(at(0));
        }
        assert!(!course.is_hopeless(patience, at(239)) && course.is_hopeless(patience, at(240)));
        course.hold_up(Cause::Unavailable, 1, at(240), None);
        assert!(!course.is_hopeless(patience, at(24 * 60)), "it got further");
    }

    #[test]
    fn what_waits_for_somebody_to_mend_something_is_never_hopeless_and_what_follows_counts_anew() {
        let (mut course, patience) = (Course::default(), SignedDuration::from_hours(4));
        for cause in [Cause::Operator, Cause::Consent] {
            for _ in 0..20 {
                course.hold_up(cause, 0, at(0), None);
                course.again(at(0));
            }
            assert!(!course.is_hopeless(patience, at(24 * 60 * 30)), "{cause:?}");
        }
        course.hold_up(Cause::Unavailable, 0, at(24 * 60 * 30), None);
        assert_eq!(course.held_up.map(|held| (held.attempts, held.since)), Some((1, at(24 * 60 * 30))));
        course.hold_up(Cause::Operator, 0, at(0), None);
        course.take_up();
        course.again(at(600));
        assert_eq!(course.held_up.map(|held| (held.cause, held.since)), Some((Cause::Lost, at(600))));
    }

    #[test]
    fn work_in_whose_middle_two_jobs_ended_waits_and_both_were_in_vain() {
        let mut course = Course::default();
        course.take_up();
        assert!(!course.is_deadly(), "somebody is at it, or was");
        course.take_up();
        assert!(course.is_deadly());
        course.hold_up_lost(7, at(30));
        assert_eq!(
            course.held_up.map(|held| (held.cause, held.attempts, held.mark)),
            Some((Cause::Lost, 2, 7))
        );
        assert_eq!((course.waits_until(at(30)), course.is_deadly()), (Some(at(34)), false));
        course.again(at(30));
        course.take_up();
        assert!(!course.is_deadly(), "it is tried anew");
        course.hold_up(Cause::Throttled, 7, at(40), None);
        course.take_up();
        assert!(!course.is_deadly(), "whoever waits has put it down");
    }

    #[test]
    fn work_that_was_lost_counts_each_time_and_work_that_waited_only_once() {
        let mut lost = Course::default();
        lost.again(at(0));
        lost.again(at(20));
        assert_eq!(lost.held_up.map(|h| (h.cause, h.since, h.attempts)), Some((Cause::Lost, at(0), 2)));
        let mut waited = Course::default();
        waited.hold_up(Cause::Unavailable, 0, at(0), None);
        waited.again(at(1));
        assert_eq!(waited.held_up.map(|h| (h.cause, h.attempts)), Some((Cause::Unavailable, 1)));
    }
}
