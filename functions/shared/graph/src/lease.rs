//! What this process has of the application's limits beyond its even part: leased while calls would have to wait for it,
//! renewed while it is in use, given back at the end.
//!
//! Invariant: a share counts here until shortly before its lease ends, and no longer, whatever becomes of the row.

use crate::{
    GraphClient,
    limits::{Cost, Lane},
    throttle::Throttle,
    waits::after,
};
use domain::{ErrorKind, Result, Timestamp};
use engine::limit_shares::{LeasedShare, LimitShares, RENEWED_AFTER};
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

    /// How it stands after it was asked for a lease, and what of that is used from now on; none where that is as before.
    fn heard(
        self,
        answer: &Result<LeasedShare>,
        is_short: bool,
        now: Timestamp,
    ) -> (Self, Option<(u32, Timestamp)>) {
        match answer {
            Ok(leased) => {
                let again = if leased.parts > self.parts { AGAIN.0 } else { AGAIN.1 };
                // Who has nothing and needs nothing has nothing to renew.
                let renew_at = (leased.parts > 0 || is_short).then(|| now + RENEWED_AFTER);
                let standing = Self { parts: leased.parts, renew_at, ask_at: Some(now + again) };
                (standing, Some((leased.parts, leased.until - MARGIN)))
            }
            // Why no more of it: it may have been made smaller, and others count on that.
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                (Self { ask_at: Some(now + AGAIN.1), ..Self::default() }, Some((0, now)))
            }
            // The row is as it was.
            Err(_) => {
                let later = Some(now + AGAIN.1);
                (Self { renew_at: self.renew_at.and(later), ask_at: later, ..self }, None)
            }
        }
    }
}

impl Lease {
    pub(crate) fn new(shares: LimitShares) -> Self {
        Self { shares, standing: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews it where that is due, and leases more where a call would have to wait.
    async fn keep(&self, throttle: &Throttle, call: (Lane, Cost), now: impl Fn() -> Timestamp + Send + Sync) {
        let is_short = || throttle.is_short(call.0, call.1, now());
        let is_due = || self.standing().is_due(is_short(), now());
        if !is_due() {
            return;
        }
        let _asking = self.asking.lock().await;
        // Another call may have asked meanwhile.
        if !is_due() {
            return;
        }
        let is_short = is_short();
        let answer = self.shares.renew(is_short).await;
        if let Err(error) = &answer {
            tracing::warn!(%error, "the application's limits could not be shared; the even part is kept to");
        }
        let mut standing = self.standing();
        let (stands, used) = standing.heard(&answer, is_short, now());
        *standing = stands;
        if let Some((parts, until)) = used {
            throttle.lease(parts, until);
        }
    }

    /// Gives it back, where something is leased.
    async fn give_back(&self, throttle: &Throttle, now: impl Fn() -> Timestamp + Send + Sync) {
        // Why: whoever asks at this moment, for other work of this process, would use what is given back.
        let _asking = self.asking.lock().await;
        if std::mem::take(&mut *self.standing()).renew_at.is_none() {
            return;
        }
        throttle.lease(0, now());
        if let Err(error) = self.shares.give_back().await {
            tracing::warn!(%error, "what was leased of the application's limits ends by its time");
        }
    }
}

impl GraphClient {
    /// Renews the lease where that is due, and leases more where such a call would have to wait.
    pub(crate) async fn keep_lease(&self, lane: Lane, cost: Cost) {
        if let Some(lease) = self.shared.lease.get() {
            lease.keep(&self.shared.throttle, (lane, cost), || self.now()).await;
        }
    }

    /// Gives back what is leased, where something is: no call comes for now. What fails ends by its time.
    pub(crate) async fn give_back(&self) {
        if let Some(lease) = self.shared.lease.get() {
            lease.give_back(&self.shared.throttle, || self.now()).await;
        }
    }

    /// Until when a call waits for the application's sake before it looks again; none where nothing is leased. Why in short
    /// steps: while it waits there may come to be more, and a place that is taken is not given up.
    pub(crate) fn looks_at(&self) -> Option<Timestamp> {
        self.shared.lease.get().map(|_| after(self.now(), LOOKS_EVERY_MS))
    }
}

#[cfg(test)]
mod tests;
