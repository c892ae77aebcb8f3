//! A cloud put back as it was: what a test does not play again from the beginning.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::control::Control;
use crate::inner::{Inner, TenantState};

/// As it is now.
pub(crate) fn kept<T: Clone>(state: &Mutex<T>) -> Mutex<T> {
    Mutex::new(state.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// It becomes as that one is.
pub(crate) fn put_back<T: Clone>(state: &Mutex<T>, kept: &Mutex<T>) {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    *state.lock().unwrap_or_else(PoisonError::into_inner) = kept;
}

fn kept_shared<T: Clone>(state: &RwLock<T>) -> RwLock<T> {
    RwLock::new(state.read().unwrap_or_else(PoisonError::into_inner).clone())
}

fn put_back_shared<T: Clone>(state: &RwLock<T>, kept: &RwLock<T>) {
    let kept = kept.read().unwrap_or_else(PoisonError::into_inner).clone();
    *state.write().unwrap_or_else(PoisonError::into_inner) = kept;
}

fn kept_count(count: &AtomicU64) -> AtomicU64 {
    AtomicU64::new(count.load(Ordering::Relaxed))
}

fn put_back_count(count: &AtomicU64, kept: &AtomicU64) {
    count.store(kept.load(Ordering::Relaxed), Ordering::Relaxed);
}

impl Control {
    /// Keeps the whole cloud as it is now, but for who watches it. Whoever calls what comes back puts it back so, as often
    /// as is wanted: time, names and chance go on from there.
    pub fn keep(&self) -> impl Fn() + use<> {
        let inner = Arc::clone(&self.0);
        // Why all are named: a part that is added has to be kept too.
        let Inner {
            clock,
            tenants,
            apps: _,
            people: _,
            switches,
            limits,
            throttle,
            faults,
            login,
            delta,
            seen,
            observers: _,
            latency_ms,
            expired_secrets,
            requests,
        } = &*inner;
        let tenants: Vec<_> = tenants.iter().map(keep_tenant).collect();
        let (time, doubts, bounds) = (clock.kept(), kept_shared(switches), kept_shared(limits));
        let (windows, rules, drawn) = (kept(throttle), kept(&faults.rules), kept(&faults.numbers));
        let (sessions, chains, answered) = (login.kept(), delta.kept(), kept(seen));
        let (latency, expired, numbers) =
            (kept_count(latency_ms), kept(expired_secrets), kept_count(requests));
        move || {
            inner.clock.become_as(&time);
            for (tenant, put_back) in inner.tenants.iter().zip(&tenants) {
                put_back(tenant);
            }
            put_back_shared(&inner.switches, &doubts);
            put_back_shared(&inner.limits, &bounds);
            put_back(&inner.throttle, &windows);
            put_back(&inner.faults.rules, &rules);
            put_back(&inner.faults.numbers, &drawn);
            inner.login.become_as(&sessions);
            inner.delta.become_as(&chains);
            put_back(&inner.seen, &answered);
            put_back_count(&inner.latency_ms, &latency);
            put_back(&inner.expired_secrets, &expired);
            put_back_count(&inner.requests, &numbers);
        }
    }
}

fn keep_tenant(tenant: &TenantState) -> impl Fn(&TenantState) + use<> {
    let TenantState { config: _, directory, grants, refusal } = tenant;
    let (objects, consents, refused) = (kept_shared(directory), kept(grants), kept(refusal));
    move |tenant| {
        put_back_shared(&tenant.directory, &objects);
        put_back(&tenant.grants, &consents);
        put_back(&tenant.refusal, &refused);
    }
}
