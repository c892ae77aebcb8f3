//! Who has how much of the limits that Microsoft sets to an application of ours over all tenants: one row for each of our
//! applications, in which processes lease shares.
//!
//! Pure: time comes in. Invariant: what all have, and had so lately that Microsoft still counts what was sent by it, is
//! together never more than what is leased out.

use super::Record;
use super::address::{At, Limits};
use domain::Timestamp;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// An application of ours, as Microsoft counts calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnApplication {
    /// The one that reads tenants.
    Reader,
    /// The one that writes to them.
    Writer,
}

impl OwnApplication {
    /// Its name in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
        }
    }

    /// For how long Microsoft counts what was sent, and a little longer: the longest window of a limit that the application
    /// meets. Nobody else has a share so long after it was in use.
    const fn counts_for(self) -> SignedDuration {
        match self {
            // Resource units are counted over 20 seconds.
            Self::Reader => SignedDuration::from_secs(30),
            // Writes are counted over five minutes.
            Self::Writer => SignedDuration::from_secs(310),
        }
    }
}

/// Shares are in ten-thousandths of each limit. So many every process has without asking anybody, together: they are divided
/// evenly among as many as may run at once.
pub const PARTS_WITHOUT_LEASE: u32 = 4_800;
/// So many are leased out, to whoever needs more. What is left of the whole is for calls that arrive later than they were sent.
pub const PARTS_LEASED: u32 = 4_800;
/// All of a limit.
pub const PARTS_OF_LIMIT: u32 = 10_000;
/// How much more is given at once. Why no more: of several that begin together the first would take what the others need
/// just as much.
const MORE: u32 = 150;
/// How long a lease lasts that is not renewed.
const LASTS: SignedDuration = SignedDuration::from_secs(90);

/// What a process has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leased {
    /// The process, by a name that it gave itself.
    holder: String,
    /// What it may use until then.
    parts: u32,
    until: Timestamp,
    /// What it had before that was more, the most first, each until it no longer counts.
    had: Vec<Had>,
}

/// What a process had once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Had {
    parts: u32,
    until: Timestamp,
}

impl Leased {
    fn is_good(&self, now: Timestamp) -> bool {
        self.until > now
    }

    /// How much of it nobody else can have.
    fn counted(&self, of: OwnApplication, now: Timestamp) -> u32 {
        let parts = if self.until + of.counts_for() > now { self.parts } else { 0 };
        let had = self.had.iter().filter(|had| had.until > now).map(|had| had.parts).max();
        parts.max(had.unwrap_or(0))
    }

    fn change(&mut self, parts: u32, now: Timestamp, of: OwnApplication) {
        let lately = if self.until + of.counts_for() > now { self.parts } else { 0 };
        if lately > parts {
            // What was less is covered by this, which counts for longer; so there are no more than there are renewals in that
            // time.
            self.had.retain(|had| had.until > now && had.parts > lately);
            // Why as if all of it had been used just now: how much was, and when, only its process knows.
            self.had.push(Had { parts: lately, until: now + of.counts_for() });
        }
        self.parts = parts;
    }
}

/// What of the limits of one application is leased out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitLeases {
    /// The application whose limits they are.
    pub application: OwnApplication,
    leased: Vec<Leased>,
}

impl LimitLeases {
    /// Nothing leased out yet.
    pub fn none(application: OwnApplication) -> Self {
        Self { application, leased: Vec::new() }
    }

    /// The address of the row of an application.
    pub fn at(application: OwnApplication) -> At<Self> {
        At::of(&Limits, application.name())
    }

    /// Renews what a process has, and gives it more where it needs that: never more than an even share among all that have a
    /// lease now, or wait for one, and of that only what nobody else has. Gives the parts that it has then, and until when.
    pub fn renew(&mut self, holder: &str, needs_more: bool, now: Timestamp) -> (u32, Timestamp) {
        let of = self.application;
        self.leased.retain(|leased| leased.counted(of, now) > 0 || leased.is_good(now));
        let found = self.leased.iter().position(|leased| leased.holder == holder);
        let own = found.unwrap_or(self.leased.len());
        if found.is_none() {
            self.leased.push(Leased { holder: holder.to_owned(), parts: 0, until: now, had: Vec::new() });
        }
        let others: Vec<&Leased> = self.leased.iter().filter(|leased| leased.holder != holder).collect();
        let among = 1 + others.iter().filter(|leased| leased.is_good(now)).count();
        let free = PARTS_LEASED.saturating_sub(others.iter().map(|leased| leased.counted(of, now)).sum());
        let even = PARTS_LEASED / u32::try_from(among).unwrap_or(u32::MAX);
        let own = &mut self.leased[own];
        let has = if own.is_good(now) { own.parts } else { 0 };
        // What it had lately nobody else can have, so it may as well have it again.
        let wanted = if needs_more { own.counted(of, now).max(has) + MORE } else { has };
        own.change(wanted.min(even).min(free), now, of);
        // Who has nothing and needs nothing is none of those among whom the rest is shared.
        own.until = if own.parts > 0 || needs_more { now + LASTS } else { now };
        (own.parts, own.until)
    }

    /// Takes back what a process has. False where it had nothing.
    pub fn give_back(&mut self, holder: &str, now: Timestamp) -> bool {
        let of = self.application;
        let own = self.leased.iter_mut().find(|leased| leased.holder == holder && leased.is_good(now));
        let Some(own) = own else { return false };
        own.change(0, now, of);
        own.until = now;
        true
    }
}

impl Record for LimitLeases {
    type Owner = Limits;
    const PREFIX: &'static str = "leases#";
    fn address(&self) -> At<Self> {
        Self::at(self.application)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        let had = self.leased.iter().flat_map(|leased| &leased.had).map(|had| had.until);
        let ends = self.leased.iter().map(|leased| leased.until).chain(had);
        // Why later: of a row that has just ended nothing may count any more.
        ends.max().and_then(|end| end.checked_add(SignedDuration::from_hours(1)).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OF: OwnApplication = OwnApplication::Writer;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + seconds).unwrap()
    }

    /// Lets a process ask again and again, as it does while it has to wait for the limit's sake.
    fn parts_after(leases: &mut LimitLeases, holders: &[&str], seconds: std::ops::Range<i64>) -> Vec<u32> {
        let mut parts = vec![0; holders.len()];
        for second in seconds {
            for (own, holder) in parts.iter_mut().zip(holders) {
                *own = leases.renew(holder, true, at(second)).0;
            }
        }
        parts
    }

    #[test]
    fn a_lone_process_gets_all_and_ten_that_begin_together_get_the_same_each() {
        let mut leases = LimitLeases::none(OF);
        assert_eq!(leases.renew("a", true, at(0)).0, MORE, "a little at a time");
        assert_eq!(parts_after(&mut leases, &["a"], 1..40), [PARTS_LEASED]);
        let mut leases = LimitLeases::none(OF);
        let ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert_eq!(parts_after(&mut leases, &ten, 0..40), [480; 10]);
    }

    #[test]
    fn who_comes_later_gets_as_much_once_what_the_others_had_no_longer_counts() {
        let mut leases = LimitLeases::none(OF);
        parts_after(&mut leases, &["a"], 0..40);
        assert_eq!(
            parts_after(&mut leases, &["b", "a"], 40..41),
            [0, 2_400],
            "what it had counts at Microsoft"
        );
        assert_eq!(parts_after(&mut leases, &["b", "a"], 41..340), [0, 2_400]);
        assert_eq!(parts_after(&mut leases, &["b", "a"], 350..380), [2_400, 2_400]);
    }

    #[test]
    fn what_somebody_had_once_counts_once_however_often_others_come() {
        let mut leases = LimitLeases::none(OF);
        parts_after(&mut leases, &["a"], 0..40);
        parts_after(&mut leases, &["b", "a"], 100..350);
        assert_eq!(parts_after(&mut leases, &["c", "b", "a"], 350..400), [0, 0, 1_600]);
        // All that the first had counted until 410; since 350 it had half of it, which counts until 660.
        assert_eq!(parts_after(&mut leases, &["c", "b", "a"], 411..450), [1_200, 1_200, 1_600]);
        assert_eq!(parts_after(&mut leases, &["c", "b", "a"], 661..700), [1_600, 1_600, 1_600]);
    }

    #[test]
    fn what_is_given_back_or_not_renewed_is_free_when_it_no_longer_counts() {
        for gives_back in [true, false] {
            let mut leases = LimitLeases::none(OF);
            parts_after(&mut leases, &["a"], 0..40);
            if gives_back {
                assert!(leases.give_back("a", at(40)) && !leases.give_back("a", at(40)));
            }
            let ends = if gives_back { 40 } else { 39 + 90 };
            assert_eq!(leases.renew("b", true, at(ends + 309)).0, 0, "{gives_back}");
            assert_eq!(leases.renew("b", true, at(ends + 311)).0, MORE, "{gives_back}");
            let row = serde_json::to_value(&leases).unwrap();
            assert_eq!(row["leased"].as_array().unwrap().len(), 1, "what no longer counts is forgotten");
        }
    }

    #[test]
    fn what_a_process_had_lately_it_has_again_at_once() {
        let mut leases = LimitLeases::none(OF);
        parts_after(&mut leases, &["a"], 0..10);
        assert!(leases.give_back("a", at(10)));
        assert_eq!(leases.renew("a", false, at(20)).0, 0, "it needs none");
        assert_eq!(leases.renew("a", true, at(30)).0, 11 * MORE);
        assert_eq!(leases.renew("a", true, at(400)).0, 12 * MORE, "not renewed for long, it counts still");
        assert_eq!(leases.renew("a", true, at(1_500)).0, MORE);
    }

    #[test]
    fn who_has_nothing_and_needs_nothing_takes_no_share_from_who_does() {
        let mut leases = LimitLeases::none(OF);
        // It stood still for so long that its lease is over, and is short of nothing by now.
        leases.renew("a", true, at(0));
        assert_eq!(leases.renew("a", false, at(800)), (0, at(800)));
        assert_eq!(parts_after(&mut leases, &["b"], 800..840), [PARTS_LEASED]);
        // Who waits for its share, since others have all, is one of them.
        let (mut waits, later) = ((0, at(0)), 841..900);
        for second in later {
            waits = leases.renew("c", true, at(second));
            leases.renew("b", true, at(second));
        }
        assert_eq!((waits.0, leases.renew("b", true, at(900)).0), (0, PARTS_LEASED / 2));
    }

    #[test]
    fn what_reads_is_free_as_soon_as_the_shorter_windows_of_reading_are_over() {
        let mut leases = LimitLeases::none(OwnApplication::Reader);
        parts_after(&mut leases, &["a"], 0..40);
        leases.give_back("a", at(40));
        assert_eq!(leases.renew("b", true, at(71)).0, MORE);
    }

    proptest! {
        /// However processes come, ask, go and die: in no time for which Microsoft counts was more in use than is leased out.
        #[test]
        fn never_more_is_in_use_than_is_leased_out(
            steps in prop::collection::vec((0u8..6, 0u8..8, 0i64..45), 1..120),
        ) {
            let (mut leases, mut now) = (LimitLeases::none(OF), 0);
            // Of each process what it may use, from when until when.
            let mut used: Vec<(u8, u32, i64, i64)> = Vec::new();
            for (who, what, later) in steps {
                now += later;
                let end_own = |used: &mut Vec<(u8, u32, i64, i64)>| {
                    for one in used.iter_mut().filter(|one| one.0 == who && one.3 > now) {
                        one.3 = now;
                    }
                };
                match what {
                    0 => {
                        leases.give_back(&who.to_string(), at(now));
                        end_own(&mut used);
                    }
                    // The process is gone, and a new one has its place: nobody says so.
                    1 => {}
                    _ => {
                        let (parts, until) = leases.renew(&who.to_string(), what > 3, at(now));
                        end_own(&mut used);
                        used.push((who, parts, now, until.as_second() - at(0).as_second()));
                    }
                }
                let mut most = [0u32; 6];
                for (who, parts, from, until) in &used {
                    if *until > now - 300 && *from <= now {
                        let most = &mut most[usize::from(*who)];
                        *most = (*most).max(*parts);
                    }
                }
                prop_assert!(most.iter().sum::<u32>() <= PARTS_LEASED, "{most:?}");
            }
        }
    }
}
