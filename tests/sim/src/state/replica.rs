//! Replication delay: a new object is not found for a while, and a write shows up late.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Index, Kind, Row};

/// How long a write takes to be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delay {
    #[default]
    None,
    /// The first n reads of the object do not see it.
    Reads(u32),
    /// It is not seen for this many milliseconds.
    Millis(i64),
}

#[derive(Clone)]
struct Pending {
    kind: Kind,
    created: bool,
    old: Row,
    reads: Option<u32>,
    until: i64,
    log: usize,
}

impl Pending {
    fn over(&self, now: i64) -> bool {
        match self.reads {
            Some(left) => left == 0,
            None => now >= self.until,
        }
    }
}

#[derive(Default)]
pub(crate) struct Replica {
    pub delay: Delay,
    any: AtomicBool,
    pending: Mutex<HashMap<Index, Pending>>,
}

impl Clone for Replica {
    fn clone(&self) -> Self {
        let any = AtomicBool::new(self.any.load(Ordering::Relaxed));
        Self { delay: self.delay, any, pending: Mutex::new(self.map().clone()) }
    }
}

impl Replica {
    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<Index, Pending>> {
        self.pending.lock().expect("the lock is never held over a panic")
    }

    fn enter(&self, index: Index, kind: Kind, created: bool, old: Row, log: usize, now: i64) {
        let (reads, until) = match self.delay {
            Delay::None => return,
            Delay::Reads(n) => (Some(n), i64::MAX),
            Delay::Millis(ms) => (None, now + ms),
        };
        self.any.store(true, Ordering::Relaxed);
        let mut map = self.map();
        if let Some(known) = map.get(&index)
            && !known.over(now)
        {
            return;
        }
        map.insert(index, Pending { kind, created, old, reads, until, log });
    }

    pub fn created(&self, index: Index, kind: Kind, log: usize, now: i64) {
        self.enter(index, kind, true, Row::default(), log, now);
    }

    pub fn written(&self, index: Index, kind: Kind, old: Row, log: usize, now: i64) {
        self.enter(index, kind, false, old, log, now);
    }

    /// Whether the object is too new to be seen.
    pub fn hides(&self, index: Index, counts: bool, now: i64) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let mut map = self.map();
        let Some(pending) = map.get_mut(&index) else { return false };
        if pending.over(now) {
            map.remove(&index);
            return false;
        }
        if counts
            && pending.created
            && let Some(left) = &mut pending.reads
        {
            *left -= 1;
        }
        pending.created
    }

    /// The row before the write that has not arrived yet.
    pub fn older_row(&self, index: Index, now: i64) -> Option<Row> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let mut map = self.map();
        let pending = map.get_mut(&index)?;
        if pending.over(now) {
            map.remove(&index);
            return None;
        }
        if pending.created {
            return None;
        }
        if let Some(left) = &mut pending.reads {
            *left -= 1;
        }
        Some(pending.old.clone())
    }

    /// The first place in the log that has not reached every replica.
    pub fn first_pending(&self, kind: Kind, now: i64) -> usize {
        if !self.any.load(Ordering::Relaxed) {
            return usize::MAX;
        }
        let map = self.map();
        map.values().filter(|p| p.kind == kind && !p.over(now)).map(|p| p.log).min().unwrap_or(usize::MAX)
    }
}
