//! A caller's budget, which all instances of the functions behind the API keep together.
//!
//! A budget is a bucket of units that fills steadily. One row of the catalog says by when it is whole again. An instance
//! decides by what it saw of that row and what it let through since; when that is [`BLOCK`] units it settles: one write
//! under a condition adds them to the row, and shows what others have used. So a caller who asks for little costs no call
//! at all, and one who asks a hundred instances at once gets [`BLOCK`] units from each beyond the budget, once: what an
//! instance has not settled it does not forget as long as it remembers the caller.
//!
//! Where the row cannot be read or written, the instance goes by what it knows, which is a limit of its own. Why not to
//! refuse: then a table that is slow for a moment would lock out everybody, and instances are few.

use domain::{ErrorKind, Result, Timestamp};
use engine::records::{CallerBudget, Found, Records};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What a caller may use, in units: a unit is a tenth of a second of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Units each minute, in the long run.
    pub per_minute: u32,
    /// The units that may be used at once, after a silence.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_minute: 600, burst: 100 }
    }
}

impl RateLimit {
    /// How long a unit takes to come back, in microseconds.
    pub(super) fn interval_us(self) -> i64 {
        60_000_000 / i64::from(self.per_minute.max(1))
    }

    /// How long a budget that is used up takes to be whole, in microseconds.
    pub(super) fn full_us(self) -> i64 {
        self.interval_us() * i64::from(self.burst.max(1))
    }
}

/// How many units an instance lets through before it settles them.
pub(super) const BLOCK: i64 = 5;
/// How often a settling is tried while others settle the same caller's budget.
const ATTEMPTS: u32 = 4;
/// A caller who is refused by what the instance remembers is looked up again this often, since others may have given
/// back.
const LOOK_EVERY_US: i64 = 1_000_000;
/// So many callers are remembered before those who owe nothing and have a whole budget are forgotten.
const CALLERS: usize = 4_096;

/// What an instance knows of a caller's budget.
#[derive(Clone, Copy, Debug)]
struct Account {
    /// By when it is whole again, as its row said, and before any row was seen as this instance counts.
    full_at_us: i64,
    /// Units that were let through here and are not in the row; below zero where they were given back.
    owed: i64,
    /// When the row was last looked at.
    seen_at_us: i64,
}

/// What the budget says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Whether it may be answered; otherwise microseconds until it may.
    pub(super) wait_us: Option<i64>,
    /// How many more units may be used now.
    pub(super) left: u32,
    /// Microseconds until the budget is whole.
    pub(super) full_in_us: i64,
}

/// The budgets of callers, as one instance keeps them.
pub(super) struct Budgets {
    pub(super) limit: RateLimit,
    records: Records,
    of: Mutex<HashMap<String, Account>>,
}

impl Budgets {
    pub(super) fn new(limit: RateLimit, records: Records) -> Self {
        Self { limit, records, of: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.records.clock().now()
    }

    /// Takes so many units of a caller's budget, if it has them.
    pub(super) async fn draw(&self, who: &str, units: u32) -> Drawn {
        let units = i64::from(units.clamp(1, self.limit.burst.max(1)));
        let now_us = self.now().as_microsecond();
        let mut drawn = self.with(who, now_us, |account| self.drawn(account, now_us, units));
        let looks_again = |account: &mut Account| account.seen_at_us + LOOK_EVERY_US <= now_us;
        if drawn.wait_us.is_some() && self.with(who, now_us, looks_again) {
            self.settle(who, now_us).await;
            drawn = self.with(who, now_us, |account| self.drawn(account, now_us, units));
        }
        if drawn.wait_us.is_some() {
            return drawn;
        }
        let owed = self.with(who, now_us, |account| {
            account.owed += units;
            account.owed
        });
        if owed < BLOCK {
            return drawn;
        }
        self.settle(who, now_us).await;
        // What others used is known only now; whoever has overdrawn is refused after all, and gets the units back.
        self.with(who, now_us, |account| {
            let after = self.drawn(account, now_us, 0);
            if after.wait_us.is_some() {
                account.owed -= units;
            }
            after
        })
    }

    /// Counts what a request really used, of which `drawn` units were taken before.
    pub(super) async fn correct(&self, who: &str, drawn: u32, used: u32) {
        let burst = self.limit.burst.max(1);
        let (drawn, used) = (i64::from(drawn.clamp(1, burst)), i64::from(used.clamp(1, burst)));
        let now_us = self.now().as_microsecond();
        let owed = self.with(who, now_us, |account| {
            account.owed += used - drawn;
            account.owed
        });
        if owed.abs() >= BLOCK {
            self.settle(who, now_us).await;
        }
    }

    /// What the account says of so many more units.
    fn drawn(&self, account: &Account, now_us: i64, units: i64) -> Drawn {
        let (interval, full) = (self.limit.interval_us(), self.limit.full_us());
        let used_until = account.full_at_us.max(now_us) + account.owed * interval;
        let after = used_until + units * interval;
        let over = after - now_us - full;
        if over > 0 {
            return Drawn { wait_us: Some(over), left: 0, full_in_us: (used_until - now_us).max(0) };
        }
        let left = u32::try_from(-over / interval).unwrap_or(0).min(self.limit.burst);
        Drawn { wait_us: None, left, full_in_us: (after - now_us).max(0) }
    }

    fn with<T>(&self, who: &str, now_us: i64, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= CALLERS && !of.contains_key(who) {
            of.retain(|_, account| account.full_at_us > now_us || account.owed != 0);
        }
        // Why even what they owe: it is less than a block each, and no instance may remember without end.
        if of.len() >= CALLERS && !of.contains_key(who) {
            of.retain(|_, account| account.full_at_us > now_us);
        }
        let unseen = || Account { full_at_us: now_us, owed: 0, seen_at_us: i64::MIN / 2 };
        act(of.entry(who.to_owned()).or_insert_with(unseen))
    }

    /// Writes what this instance let through into the caller's row, and looks at what others did. Where that cannot be
    /// done it stays owed, and the next request tries again.
    async fn settle(&self, who: &str, now_us: i64) {
        // Why taken out at once: of two requests that settle at the same time, each writes its own part.
        let owed = self.with(who, now_us, |account| std::mem::take(&mut account.owed));
        let settled = self.write(&CallerBudget::caller_of(who), owed, now_us).await;
        self.with(who, now_us, |account| match settled {
            Ok(full_at_us) => (account.full_at_us, account.seen_at_us) = (full_at_us, now_us),
            Err(error) => {
                account.owed += owed;
                account.seen_at_us = now_us;
                tracing::warn!(%error, "a caller's budget was not settled; this instance goes by what it knows");
            }
        });
    }

    /// Adds the units to the row; gives by when the budget is whole then.
    async fn write(&self, caller: &str, units: i64, now_us: i64) -> Result<i64> {
        let mut attempt = 1;
        loop {
            let found: Option<Found<CallerBudget>> = self.records.find(&CallerBudget::at(caller)).await?;
            let before = found.as_ref().map_or(now_us, |f| f.value.full_at.as_microsecond());
            if units == 0 {
                return Ok(before);
            }
            let after = before.max(now_us) + units * self.limit.interval_us();
            let full_at = Timestamp::from_microsecond(after)
                .map_err(|e| domain::Error::invalid("a budget out of time").caused_by(e))?;
            let row = CallerBudget { caller: caller.to_owned(), full_at };
            let written = match found {
                Some(found) => self.records.replace(&row, found.version).await,
                None => self.records.put_new(&row).await,
            };
            match written {
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => attempt += 1,
                other => return other.map(|()| after),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(full_at_us: i64, owed: i64) -> Account {
        Account { full_at_us, owed, seen_at_us: 0 }
    }

    #[test]
    fn a_burst_is_answered_then_one_for_each_interval() {
        let limit = RateLimit { per_minute: 60, burst: 3 };
        let world = support::memory::World::new(1);
        let budgets = Budgets::new(limit, Records::new(world.catalog.clone(), world.clock.clone()));
        let says = |owed, now_us| budgets.drawn(&account(0, owed), now_us, 1);
        assert_eq!([0, 1, 2].map(|owed| says(owed, 0).left), [2, 1, 0]);
        assert_eq!(says(3, 0).wait_us, Some(1_000_000));
        assert_eq!(budgets.drawn(&account(3_000_000, 0), 400_000, 1).wait_us, Some(600_000));
        assert_eq!(budgets.drawn(&account(3_000_000, 0), 1_000_000, 1).wait_us, None);
        assert_eq!(budgets.drawn(&account(4_000_000, 0), 60_000_000, 1).left, 2, "silence fills it, no more");
        assert_eq!(says(-5, 0).left, 3, "what is given back beyond the whole is lost");
    }
}
