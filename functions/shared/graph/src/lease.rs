//! What this process has of the application's limits beyond its even part: leased while calls would have to wait for it,
//! renewed while it is in use, given back at the end.
//!
//! Invariant: a share counts here until shortly before its lease ends, and no longer, whatever becomes of the row.

use crate::{
    GraphClient,
    limits::{Cost, Lane},
    waits::after,
};
use domain::Timestamp;
use engine::limit_shares::{LimitShares, RENEWED_AFTER};
use jiff::SignedDuration;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So long before a lease ends it is no longer used: clocks differ, and calls are on their way.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);
/// How soon more is asked for again where more was given, and where it was not.
const AGAIN: (SignedDuration, SignedDuration) = (SignedDuration::from_secs(1), RENEWED_AFTER);
/// So long a call waits for the application's sake before it looks whether there is more by now, in milliseconds.
const LOOKS_EVERY_MS: u64 = 2_000;

/// The lease of one client.
pub(crate) struct Lease {
    shares: LimitShares,
    standing: Mutex<Standing>,
    /// Whoever has it asks for all calls of this client.
    asking: tokio::sync::Mutex<()>,
}

/// How the lease stands.
#[derive(Clone, Copy, Default)]
struct Standing {
    parts: u32,
    /// When it is to be renewed; none where there is nothing.
    renew_at: Option<Timestamp>,
    /// Before then nobody asks for more.
    ask_at: Option<Timestamp>,
}

impl Standing {
    fn is_due(&self, is_short: bool, now: Timestamp) -> bool {
        let is_past = |at: Option<Timestamp>| at.is_none_or(|at| at <= now);
        (self.renew_at.is_some() && is_past(self.renew_at)) || (is_short && is_past(self.ask_at))
    }

    /// How it stands when so many parts are leased.
    fn with(self, parts: u32, now: Timestamp) -> Self {
        let again = if parts > self.parts { AGAIN.0 } else { AGAIN.1 };
        Self { parts, renew_at: Some(now + RENEWED_AFTER), ask_at: Some(now + again) }
    }
}

impl Lease {
    pub(crate) fn new(shares: LimitShares) -> Self {
        Self { shares, standing: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GraphClient {
    /// Renews the lease where that is due, and leases more where such a call would have to wait.
    pub(crate) async fn keep_lease(&self, lane: Lane, cost: Cost) {
        let (Some(lease), throttle) = (self.shared.lease.get(), &self.shared.throttle) else { return };
        let is_due = || {
            let now = self.now();
            lease.standing().is_due(throttle.is_short(lane, cost, now), now)
        };
        if !is_due() {
            return;
        }
        let _asking = lease.asking.lock().await;
        // Another call may have asked meanwhile.
        if !is_due() {
            return;
        }
        let is_short = throttle.is_short(lane, cost, self.now());
        let renewed = lease.shares.renew(is_short).await;
        let now = self.now();
        let mut standing = lease.standing();
        match renewed {
            Ok(leased) => {
                *standing = standing.with(leased.parts, now);
                throttle.lease(leased.parts, leased.until - MARGIN);
            }
            Err(error) => {
                tracing::warn!(%error, "the application's limits could not be shared; the even part is kept to");
                let later = Some(now + AGAIN.1);
                *standing = Standing { renew_at: standing.renew_at.and(later), ask_at: later, ..*standing };
            }
        }
    }

    /// Gives back what is leased, where something is: no call comes for now. What fails ends by its time.
    pub(crate) async fn give_back(&self) {
        let Some(lease) = self.shared.lease.get() else { return };
        if std::mem::take(&mut *lease.standing()).renew_at.is_none() {
            return;
        }
        self.shared.throttle.lease(0, self.now());
        if let Err(error) = lease.shares.give_back().await {
            tracing::warn!(%error, "what was leased of the application's limits ends by its time");
        }
    }

    /// Until when a call waits for the application's sake before it looks again; none where nothing is leased. Why in short
    /// steps: while it waits there may come to be more, and a place that is taken is not given up.
    pub(crate) fn looks_at(&self) -> Option<Timestamp> {
        self.shared.lease.get().map(|_| after(self.now(), LOOKS_EVERY_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::Throttle;
    use crate::waits::ms_between;
    use domain::TenantId;
    use engine::records::{LimitLeases, OwnApplication};
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    const WRITE: Cost = Cost { units: 1, requests: 1, writes: 1 };
    /// How many calls of a process are under way at the same time, and how long each takes with what is read for it.
    const LANES: u64 = 24;
    const TAKES_MS: u64 = 300;
    /// Microsoft's limit on the writes of an application in all tenants.
    const OF_APPLICATION: (usize, u64) = (35_000, 300_000);

    /// A process that writes to a tenant of its own.
    struct Process {
        tenant: TenantId,
        throttle: Throttle,
        standing: Standing,
        begins_ms: u64,
        left: usize,
        /// When each write was sent.
        sent_ms: Vec<u64>,
    }

    /// What a call waits for.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Waits {
        ForTenant,
        ForApplication,
    }

    fn at(ms: u64) -> Timestamp {
        after("2026-01-01T00:00:00Z".parse().unwrap(), ms)
    }

    /// Lets processes write so much each, from then on, as fast as Microsoft's limits let them; counts how often the row was
    /// written.
    fn play(each: &[(u64, usize)]) -> (Vec<Process>, u32) {
        let mut leases = LimitLeases::none(OwnApplication::Writer);
        let new = |(number, (begins_ms, left)): (usize, &(u64, usize))| Process {
            tenant: format!("00000000-0000-0000-0000-{number:012x}").parse().unwrap(),
            throttle: Throttle::new(0.9, 10),
            standing: Standing::default(),
            begins_ms: *begins_ms,
            left: *left,
            sent_ms: Vec::new(),
        };
        let mut all: Vec<Process> = each.iter().enumerate().map(new).collect();
        let mut due = BinaryHeap::new();
        for (number, process) in all.iter().enumerate() {
            due.extend((0..LANES).map(|lane| Reverse((process.begins_ms, Waits::ForTenant, number, lane))));
        }
        let mut row_writes = 0;
        while let Some(Reverse((now_ms, waits, number, lane))) = due.pop() {
            let (process, now) = (&mut all[number], at(now_ms));
            if waits == Waits::ForTenant {
                if process.left == 0 {
                    if process.standing.renew_at.take().is_some() {
                        leases.give_back(&number.to_string(), now);
                        row_writes += 1;
                    }
                    continue;
                }
                process.left -= 1;
                let wait_ms =
                    process.throttle.tenant_wait_ms(&process.tenant, Lane::Directory, WRITE, now, None);
                due.push(Reverse((now_ms + wait_ms, Waits::ForApplication, number, lane)));
                continue;
            }
            let is_short = process.throttle.is_short(Lane::Directory, WRITE, now);
            if process.standing.is_due(is_short, now) {
                let (parts, until) = leases.renew(&number.to_string(), is_short, now);
                row_writes += 1;
                process.standing = process.standing.with(parts, now);
                process.throttle.lease(parts, until - MARGIN);
            }
            let latest = after(now, LOOKS_EVERY_MS);
            let wait_ms = process.throttle.application_wait_ms(Lane::Directory, WRITE, now, Some(latest));
            if wait_ms > ms_between(now, latest) {
                due.push(Reverse((now_ms + LOOKS_EVERY_MS, waits, number, lane)));
                continue;
            }
            process.sent_ms.push(now_ms + wait_ms);
            due.push(Reverse((now_ms + wait_ms + TAKES_MS, Waits::ForTenant, number, lane)));
        }
        (all, row_writes)
    }

    /// The most writes in any window of the application's limit.
    fn most_in_a_window(all: &[Process]) -> usize {
        let mut sent: Vec<u64> = all.iter().flat_map(|process| process.sent_ms.iter().copied()).collect();
        sent.sort_unstable();
        let within =
            |(first, from): (usize, &u64)| sent.partition_point(|ms| *ms < from + OF_APPLICATION.1) - first;
        sent.iter().enumerate().map(within).max().unwrap_or_default()
    }

    fn took_s(process: &Process) -> u64 {
        (process.sent_ms.iter().max().unwrap() - process.begins_ms) / 1_000
    }

    #[test]
    fn a_lone_restore_writes_as_fast_as_its_tenants_limit_allows() {
        let (all, row_writes) = play(&[(0, 10_000)]);
        // 3,000 in 150 s: of 10,000 the last may go after 450 s.
        assert!(took_s(&all[0]) * 100 <= 450 * 115, "{} s", took_s(&all[0]));
        assert!(row_writes <= 30, "{row_writes} writes of the row");
    }

    #[test]
    fn a_small_restore_asks_nobody() {
        assert_eq!(play(&[(0, 1_600)]).1, 0);
    }

    #[test]
    fn ten_together_keep_to_the_applications_limit_and_are_served_alike() {
        let (all, row_writes) = play(&[(0, 10_000); 10]);
        let took: Vec<u64> = all.iter().map(took_s).collect();
        let (first, last) = (*took.iter().min().unwrap(), *took.iter().max().unwrap());
        assert!(most_in_a_window(&all) <= OF_APPLICATION.0, "{}", most_in_a_window(&all));
        // 35,000 in 300 s: 857 s for 100,000.
        assert!(last * 100 <= 857 * 115, "{took:?}");
        assert!(last * 10 <= first * 11, "{took:?}");
        assert!(all.iter().all(|process| process.sent_ms[0] == 0));
        assert!(row_writes <= 10 * 40, "{row_writes} writes of the row");
    }

    #[test]
    fn who_comes_while_others_have_everything_begins_at_once_and_gets_as_much_soon() {
        let begin = |number: u64| if number < 5 { 0 } else { 100_000 + number * 700 };
        let each: Vec<(u64, usize)> = (0..10).map(|number| (begin(number), 15_000)).collect();
        let (all, _) = play(&each);
        assert!(most_in_a_window(&all) <= OF_APPLICATION.0, "{}", most_in_a_window(&all));
        assert!(all.iter().all(|process| process.sent_ms[0] == process.begins_ms));
        // Once what the others had no longer counts, all have the same: over twice as long as the limit counts.
        let between = |process: &Process| {
            process.sent_ms.iter().filter(|ms| (450_000..1_056_000).contains(*ms)).count()
        };
        let sent: Vec<usize> = all.iter().map(between).collect();
        assert!(sent.iter().max().unwrap() * 10 <= sent.iter().min().unwrap() * 11, "{sent:?}");
    }
}
