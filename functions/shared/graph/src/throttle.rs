//! When the next call may go, per tenant and workload and for the application as a whole: Microsoft's published
//! limits, kept ahead of time, and what Graph said, kept until it no longer holds.
//!
//! Pure but for its own memory: time and chance come in. Source: learn.microsoft.com/graph/throttling.
//! Invariant: a tenant that waits takes no place in the application's row, so it holds up nobody else.
//!
//! Over 400 lines: half of it tests, each of one limit; the code is one idea.

use crate::limits::{Cost, LIMITS, Lane, Limit, Per, size_of};
use crate::waits::{after, ms_between, pace_ms};
use crate::window::{Allowance, Window};
use domain::{TenantId, Timestamp};
use engine::records::{PARTS_LEASED, PARTS_OF_LIMIT, PARTS_WITHOUT_LEASE};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What Graph said of a workload.
#[derive(Default)]
struct Said {
    blocked_until: Option<Timestamp>,
    next_at: Option<Timestamp>,
    pace_ms: u64,
}

impl Said {
    /// The earliest time from `now` on at which a call may go. Near a limit calls are spaced: then this is the next
    /// free place in their row, which `take` takes.
    fn earliest(&self, now: Timestamp) -> Timestamp {
        let at = self.blocked_until.map_or(now, |until| until.max(now));
        if self.pace_ms == 0 { at } else { self.next_at.map_or(at, |next| next.max(at)) }
    }
    fn take(&mut self, at: Timestamp) {
        if self.pace_ms > 0 {
            self.next_at = Some(after(at, self.pace_ms));
        }
    }
    fn block(&mut self, until: Timestamp) {
        self.blocked_until = Some(self.blocked_until.map_or(until, |known| known.max(until)));
    }
    fn hear_share(&mut self, share: f64) {
        self.pace_ms = pace_ms(share);
        if self.pace_ms == 0 {
            self.next_at = None;
        }
    }
}

/// The limits that count calls of one tenant, or of all.
struct Counted {
    per: Per,
    /// The share of each limit that is ours. Where it becomes smaller, what was sent before counts all the same.
    share: f64,
    windows: [Window; LIMITS.len()],
}

impl Counted {
    fn new(per: Per, share: f64) -> Self {
        Self { per, share, windows: Default::default() }
    }

    fn limits(&mut self, lane: Lane) -> impl Iterator<Item = (&'static Limit, &mut Window)> {
        let per = self.per;
        let all = LIMITS.iter().zip(&mut self.windows);
        all.filter(move |(limit, _)| limit.per == per && limit.lane.is_none_or(|of| of == lane))
    }

    /// The windows that count such a call, what it counts for, and how much they allow at that share.
    fn windows(&mut self, call: Call) -> impl Iterator<Item = (u64, Allowance, &mut Window)> {
        let share = call.trust * self.share;
        self.limits(call.lane).filter_map(move |(limit, window)| {
            let amount = limit.metric.of(call.cost);
            let allowed = Allowance::of(limit.amounts[call.size], limit.window_ms, share);
            (amount > 0).then_some((amount, allowed, window))
        })
    }

    /// The earliest time at which every limit allows the call.
    fn earliest(&mut self, call: Call, at: i64) -> i64 {
        // Why once through: what a limit allows at a time, it allows later too.
        self.windows(call).fold(at, |at, (amount, allowed, window)| window.earliest(at, amount, allowed))
    }

    fn take(&mut self, call: Call, at: i64) {
        for (amount, allowed, window) in self.windows(call) {
            window.take(at, amount, allowed.window_ms);
        }
    }
}

/// A call as limits see it.
#[derive(Clone, Copy)]
struct Call {
    lane: Lane,
    cost: Cost,
    /// The class of its tenant by size, an index into the amounts of a limit.
    size: usize,
    /// The share of a limit that is relied on.
    trust: f64,
}

/// What is known of the limits and calls in one tenant.
struct Tenant {
    size: usize,
    said: HashMap<Lane, Said>,
    counted: Counted,
    /// What is left of the limits after refusals, by workload: others may use them too.
    trust: HashMap<Lane, (f64, Timestamp)>,
}

struct State {
    tenants: HashMap<TenantId, Tenant>,
    application: Said,
    counted: Counted,
    /// The share of the application's limits that is leased besides, and until when.
    leased: (f64, Timestamp),
}

impl State {
    /// What of the application's limits is ours at `now`.
    fn of_application(&mut self, own: f64, now: Timestamp) -> &mut Counted {
        let (leased, until) = self.leased;
        self.counted.share = if until > now { own + leased } else { own };
        &mut self.counted
    }
}

/// What was sent and what Graph said of its limits: from it follows how long the next call has to wait.
pub(crate) struct Throttle {
    /// The share of a tenant's limits, and of the application's without a lease.
    share: f64,
    own: f64,
    state: Mutex<State>,
}

/// What each refusal multiplies the relied-on share of a limit by, and the least that this share becomes.
const TRUST: (f64, f64) = (0.5, 0.05);
/// The time without a refusal, in milliseconds, after which the relied-on share is multiplied by [`TRUST_MORE`].
const TRUST_AGAIN_MS: u64 = 20_000;
const TRUST_MORE: f64 = 1.25;

/// What so many parts are of a limit.
fn part(parts: u32) -> f64 {
    f64::from(parts) / f64::from(PARTS_OF_LIMIT)
}

/// Whether an answer is about the application's limit, and not a tenant's: by `x-ms-throttle-scope`, such as
/// `Application/ReadWrite/...`.
pub(crate) fn is_of_application(scope: Option<&str>) -> bool {
    scope.is_some_and(|scope| scope.trim().starts_with("Application/"))
}

impl Throttle {
    /// A throttle that uses at most `share` (0 to 1) of Microsoft's limits for one tenant. `instances` is the number of
    /// functions that may run at once: of the application's limits over all tenants each has an even part of one half, and
    /// of the other what it leases. The only one has both.
    pub(crate) fn new(share: f64, instances: u32) -> Self {
        let own = match instances {
            0 | 1 => part(PARTS_WITHOUT_LEASE + PARTS_LEASED),
            several => part(PARTS_WITHOUT_LEASE) / f64::from(several),
        };
        let state = State {
            tenants: HashMap::new(),
            application: Said::default(),
            counted: Counted::new(Per::Application, own),
            leased: (0.0, Timestamp::MIN),
        };
        Self { share, own, state: Mutex::new(state) }
    }

    /// Notes what is leased of the application's limits, and until when.
    pub(crate) fn lease(&self, parts: u32, until: Timestamp) {
        self.with(|state| state.leased = (part(parts), until));
    }

    /// Whether a call would have to wait now since not enough of the application's limits is ours.
    pub(crate) fn is_short(&self, lane: Lane, cost: Cost, now: Timestamp) -> bool {
        let (call, at) = (Call { lane, cost, size: 0, trust: 1.0 }, now.as_millisecond());
        self.with(|state| state.of_application(self.own, now).earliest(call, at) > at)
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn with_tenant<T>(&self, tenant: &TenantId, act: impl FnOnce(&mut Tenant) -> T) -> T {
        self.with(|state| {
            if !state.tenants.contains_key(tenant) {
                let new = Tenant {
                    size: 0,
                    said: HashMap::new(),
                    counted: Counted::new(Per::Tenant, self.share),
                    trust: HashMap::new(),
                };
                state.tenants.insert(tenant.clone(), new);
            }
            act(state.tenants.get_mut(tenant).expect("it was put there"))
        })
    }

    /// Milliseconds that the next call has to wait for its tenant's sake; takes the place in the row of calls,
    /// unless it is later than `latest`.
    pub(crate) fn tenant_wait_ms(
        &self,
        tenant: &TenantId,
        lane: Lane,
        cost: Cost,
        now: Timestamp,
        latest: Option<Timestamp>,
    ) -> u64 {
        self.with_tenant(tenant, |t| {
            let trust = t.trust(lane, now);
            let said = t.said.entry(lane).or_default();
            let call = Call { lane, cost, size: t.size, trust };
            let at = t.counted.earliest(call, said.earliest(now).as_millisecond());
            let at = Timestamp::from_millisecond(at).unwrap_or(now).max(now);
            if latest.is_none_or(|latest| at <= latest) {
                said.take(at);
                t.counted.take(call, at.as_millisecond());
            }
            ms_between(now, at)
        })
    }

    /// Milliseconds for which Graph wants no call of that workload: it may have said so after the place was taken.
    pub(crate) fn blocked_ms(&self, tenant: &TenantId, lane: Lane, now: Timestamp) -> u64 {
        let until = self.with_tenant(tenant, |t| t.said.get(&lane).and_then(|said| said.blocked_until));
        until.map_or(0, |until| ms_between(now, until))
    }

    /// The same as [`Throttle::tenant_wait_ms`] for the application's sake, when the tenant's is done.
    pub(crate) fn application_wait_ms(
        &self,
        lane: Lane,
        cost: Cost,
        now: Timestamp,
        latest: Option<Timestamp>,
    ) -> u64 {
        self.with(|state| {
            let call = Call { lane, cost, size: 0, trust: 1.0 };
            let at = state.application.earliest(now).as_millisecond();
            let at = state.of_application(self.own, now).earliest(call, at);
            let at = Timestamp::from_millisecond(at).unwrap_or(now).max(now);
            if latest.is_none_or(|latest| at <= latest) {
                state.application.take(at);
                state.counted.take(call, at.as_millisecond());
            }
            ms_between(now, at)
        })
    }

    /// Sends nothing before `until`: nothing of that tenant and workload or, where the limit is the application's,
    /// nothing at all.
    pub(crate) fn block(&self, tenant: &TenantId, lane: Lane, until: Timestamp, application: bool) {
        if application {
            self.with(|state| state.application.block(until));
        } else {
            self.with_tenant(tenant, |t| t.said.entry(lane).or_default().block(until));
        }
    }

    /// Notes that a call was refused though it was within the limit: others use the limit too, or it is not what was
    /// published.
    pub(crate) fn hear_refusal(&self, tenant: &TenantId, lane: Lane, now: Timestamp) {
        self.with_tenant(tenant, |t| {
            let (trust, since) = t.trust.get(&lane).copied().unwrap_or((1.0, Timestamp::MIN));
            // Why once a while: calls that were on their way together are refused together.
            if ms_between(since, now) >= TRUST_AGAIN_MS / 4 {
                t.trust.insert(lane, ((trust * TRUST.0).max(TRUST.1), now));
            }
        });
    }

    /// Notes the share of the limit that Graph says is used (`x-ms-throttle-limit-percentage`); its absence says that
    /// there is room.
    pub(crate) fn hear_share(&self, tenant: &TenantId, lane: Lane, share: Option<f64>, application: bool) {
        let share = share.unwrap_or_default();
        if application {
            self.with(|state| state.application.hear_share(share));
        } else {
            self.with_tenant(tenant, |t| t.said.entry(lane).or_default().hear_share(share));
            if share == 0.0 {
                self.with(|state| state.application.hear_share(share));
            }
        }
    }

    /// Notes how many users the tenant has: Microsoft allows larger tenants more.
    pub(crate) fn learn_users(&self, tenant: &TenantId, users: usize) {
        self.with_tenant(tenant, |t| t.size = t.size.max(size_of(users)));
    }
}

impl Tenant {
    /// The share of a workload's limits that is relied on at `now`.
    fn trust(&mut self, lane: Lane, now: Timestamp) -> f64 {
        let Some((trust, since)) = self.trust.get_mut(&lane) else { return 1.0 };
        while *trust < 1.0 && ms_between(*since, now) >= TRUST_AGAIN_MS {
            *trust = (*trust * TRUST_MORE).min(1.0);
            *since = after(*since, TRUST_AGAIN_MS);
        }
        *trust
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn tenant(number: u32) -> TenantId {
        format!("00000000-0000-0000-0000-{number:012x}").parse().unwrap()
    }
    fn throttle() -> Throttle {
        Throttle::new(0.9, 1)
    }
    const ONE: Cost = Cost { units: 1, requests: 1, writes: 0 };
    const WRITE: Cost = Cost { units: 1, requests: 1, writes: 1 };

    #[test]
    fn one_refused_call_holds_back_all_of_its_tenant_and_workload_and_no_other() {
        let (throttle, a, b) = (throttle(), tenant(1), tenant(2));
        throttle.block(&a, Lane::Directory, after(now(), 2_128), false);
        let wait = |tenant, lane, at| throttle.tenant_wait_ms(tenant, lane, ONE, at, None);
        assert_eq!(wait(&a, Lane::Directory, now()), 2_128);
        let blocked = |tenant, lane| throttle.blocked_ms(tenant, lane, now());
        assert_eq!((blocked(&a, Lane::Directory), blocked(&a, Lane::Intune)), (2_128, 0));
        assert_eq!(wait(&a, Lane::Intune, now()), 0);
        assert_eq!(wait(&b, Lane::Directory, now()), 0);
        assert_eq!(throttle.application_wait_ms(Lane::Directory, ONE, now(), None), 0);
        assert_eq!(wait(&a, Lane::Directory, after(now(), 3_000)), 0);
    }

    #[test]
    fn a_shorter_wait_that_is_asked_for_later_does_not_end_a_longer_one() {
        let (throttle, a) = (throttle(), tenant(1));
        for ms in [5_000, 1_000] {
            throttle.block(&a, Lane::Directory, after(now(), ms), false);
            throttle.block(&a, Lane::Directory, after(now(), ms), true);
        }
        assert_eq!(throttle.tenant_wait_ms(&a, Lane::Directory, ONE, now(), None), 5_000);
        assert_eq!(throttle.application_wait_ms(Lane::Directory, ONE, now(), None), 5_000);
    }

    #[test]
    fn a_wait_that_is_asked_for_after_a_place_was_taken_holds_for_that_place_too() {
        let (throttle, a) = (throttle(), tenant(1));
        assert_eq!(throttle.tenant_wait_ms(&a, Lane::Directory, ONE, now(), None), 0);
        throttle.block(&a, Lane::Directory, after(now(), 2_000), false);
        let blocked = |lane, ms| throttle.blocked_ms(&a, lane, after(now(), ms));
        assert_eq!([blocked(Lane::Directory, 0), blocked(Lane::Directory, 500)], [2_000, 1_500]);
        assert_eq!([blocked(Lane::Directory, 2_000), blocked(Lane::Intune, 0)], [0, 0]);
    }

    #[test]
    fn a_refusal_of_the_application_holds_back_every_tenant() {
        let throttle = throttle();
        assert!(is_of_application(Some("Application/ReadWrite/x")));
        assert!(!is_of_application(Some("Tenant_Application/ReadWrite/x/y")));
        throttle.block(&tenant(1), Lane::Directory, after(now(), 2_000), true);
        assert_eq!(throttle.application_wait_ms(Lane::Directory, ONE, now(), None), 2_000);
    }

    #[test]
    fn near_the_limit_calls_go_one_after_the_other_until_there_is_room() {
        let (throttle, a) = (throttle(), tenant(1));
        throttle.hear_share(&a, Lane::Directory, Some(0.8), false);
        let wait = || throttle.tenant_wait_ms(&a, Lane::Directory, ONE, now(), None);
        assert_eq!([wait(), wait(), wait()], [0, 200, 400]);
        throttle.hear_share(&a, Lane::Directory, None, false);
        assert_eq!(throttle.tenant_wait_ms(&a, Lane::Directory, ONE, after(now(), 400), None), 0);
    }

    /// The number of calls that go at once before one has to wait.
    fn burst(throttle: &Throttle, tenant: &TenantId, lane: Lane, cost: Cost) -> u64 {
        (0..1_000_000).find(|_| throttle.tenant_wait_ms(tenant, lane, cost, now(), None) > 0).unwrap()
    }

    #[test]
    fn nine_tenths_of_each_published_limit_go_at_once_and_no_more() {
        let (throttle, a) = (throttle(), tenant(1));
        assert_eq!(burst(&throttle, &a, Lane::Directory, ONE), 3_150);
        assert_eq!(burst(&throttle, &tenant(2), Lane::Directory, WRITE), 2_700);
        assert_eq!(burst(&throttle, &a, Lane::Intune, WRITE), 90);
        assert_eq!(burst(&throttle, &tenant(2), Lane::Intune, ONE), 900);
        assert_eq!(burst(&throttle, &a, Lane::ConditionalAccess, ONE), 1);
        let large = tenant(3);
        throttle.learn_users(&large, 501);
        assert_eq!(burst(&throttle, &large, Lane::Directory, ONE), 7_200);
    }

    #[test]
    fn the_short_last_page_of_a_list_makes_no_tenant_small_again() {
        let (throttle, large) = (throttle(), tenant(1));
        throttle.learn_users(&large, 501);
        throttle.learn_users(&large, 3);
        assert_eq!(burst(&throttle, &large, Lane::Directory, ONE), 7_200);
    }

    #[test]
    fn writes_that_used_up_their_limit_hold_up_no_reads() {
        let (throttle, a) = (throttle(), tenant(1));
        let wait = |cost| throttle.tenant_wait_ms(&a, Lane::Intune, cost, now(), Some(now()));
        assert!((0..90).all(|_| wait(WRITE) == 0));
        throttle.hear_refusal(&a, Lane::Intune, now());
        assert!(wait(WRITE) > 0);
        assert_eq!(wait(ONE), 0);
    }

    #[test]
    fn of_the_applications_limit_each_has_an_even_part_and_what_it_leased() {
        let at_once = |throttle: &Throttle, at| {
            let wait = || throttle.application_wait_ms(Lane::Directory, ONE, at, None);
            (0..1_000_000).find(|_| wait() > 0)
        };
        let hundred = Throttle::new(0.9, 100);
        assert_eq!(at_once(&hundred, now()), Some(624), "a hundredth of 48 % of 130,000 requests");
        assert_eq!(at_once(&Throttle::new(0.9, 1), now()), Some(124_800), "the only one has both halves");
        let throttle = Throttle::new(0.9, 100);
        throttle.lease(152, after(now(), 5_000));
        assert_eq!(at_once(&throttle, now()), Some(2_600), "the even part of 0.48 % and a lease of 1.52 %");
        // When the lease is over, what was sent by it counts for as long as it does at Microsoft.
        let is_short = |ms| throttle.is_short(Lane::Directory, ONE, after(now(), ms));
        assert_eq!([6_000, 21_900, 22_001].map(is_short), [true, true, false]);
        assert_eq!(at_once(&throttle, after(now(), 22_001)), Some(624));
    }

    #[test]
    fn a_place_beyond_the_deadline_is_not_taken() {
        let (throttle, a) = (throttle(), tenant(1));
        let wait = |latest| throttle.tenant_wait_ms(&a, Lane::ConditionalAccess, ONE, now(), latest);
        assert_eq!(wait(None), 0);
        assert_eq!(wait(Some(now())), 1_223);
        assert_eq!(wait(Some(now())), 1_223);
    }

    #[test]
    fn after_a_refusal_half_is_relied_on_and_with_time_all_again() {
        let (throttle, a) = (throttle(), tenant(1));
        throttle.hear_refusal(&a, Lane::Directory, now());
        throttle.hear_refusal(&a, Lane::Directory, now());
        assert_eq!(burst(&throttle, &a, Lane::Directory, ONE), 1_575);
        let later = after(now(), 90_000);
        let wait = || throttle.tenant_wait_ms(&a, Lane::Directory, ONE, later, None);
        assert_eq!((0..1_000_000).find(|_| wait() > 0), Some(3_150));
    }
}
