//! Budgets, which all instances of the functions behind the API keep together: a caller's own, and those that callers share.
//!
//! A budget is a bucket of units that fills steadily. One row of the catalog says by when it is whole again. An instance
//! decides by what it saw of that row and what it let through since; when that is a block of units it settles: one write
//! under a condition adds them to the row, and shows what others have used. So a caller who asks for little costs no call
//! at all, and one who asks a hundred instances at once gets a block of units from each beyond the budget, once: what an
//! instance has not settled it does not forget as long as it remembers the budget.
//!
//! Where the row cannot be read or written, the instance goes by what it knows, which is a limit of its own. Why not to
//! refuse: then a table that is slow for a moment would lock out everybody, and instances are few.

use crate::policies::{BLOCK, Policy};
use domain::{ErrorKind, Result, Timestamp};
use engine::records::{CallerBudget, Found, Records};
use futures::future::join_all;
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
    /// A limit of more: so many times as much in the long run, and at once.
    pub(super) fn times(self, in_the_long_run: u32, at_once: u32) -> Self {
        Self {
            per_minute: self.per_minute.saturating_mul(in_the_long_run),
            burst: self.burst.saturating_mul(at_once),
        }
    }

    /// How long a unit takes to come back, in microseconds.
    pub(super) fn interval_us(self) -> i64 {
        (60_000_000 / i64::from(self.per_minute.max(1))).max(1)
    }

    /// How long a budget that is used up takes to be whole, in microseconds.
    pub(super) fn full_us(self) -> i64 {
        self.interval_us() * i64::from(self.burst.max(1))
    }
}

/// The units that a request can use at the most: as long as a function behind the API may run, 29 seconds, and one more.
const MOST_USED: u32 = 300;
/// How often a settling is tried while others settle the same budget.
const ATTEMPTS: u32 = 6;
/// Whoever is refused by what the instance remembers is looked up again this often, since others may have given
/// back.
const LOOK_EVERY_US: i64 = 1_000_000;
/// So many budgets are remembered before those that owe nothing and are whole are forgotten.
const REMEMBERED: usize = 4_096;

impl Policy {
    /// A budget of this sort, where one caller's has `limit`. Of this sort no other is `whose`.
    pub(super) fn of(&'static self, whose: String, limit: RateLimit) -> Budget {
        Budget { policy: self, whose, limit: limit.times(self.times.0, self.times.1) }
    }
}

/// A budget that a request is counted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) policy: &'static Policy,
    /// Whose it is; no other budget has the same text here.
    pub(super) whose: String,
    /// How many units it has.
    pub(super) limit: RateLimit,
}

impl Budget {
    fn clamped(&self, units: u32) -> i64 {
        i64::from(units.clamp(1, self.limit.burst.max(1)))
    }
}

/// What an instance knows of a budget.
#[derive(Clone, Copy, Debug)]
struct Account {
    /// By when it is whole again, as its row said, and before any row was seen as this instance counts.
    full_at_us: i64,
    /// Units that were let through here and are not in the row; below zero where they were given back.
    owed: i64,
    /// When the row was last looked at.
    seen_at_us: i64,
}

/// What became of a settling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settled {
    /// It was done, or there was none to do, or the row cannot be reached.
    AsFarAsKnown,
    /// Others settled the same budget each time that it was tried.
    Contended,
}

/// What a budget says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Which of the request's budgets says it: the one that has not enough, otherwise the first.
    pub(super) of: usize,
    /// Whether it may be answered; otherwise microseconds until it may.
    pub(super) wait_us: Option<i64>,
    /// How many more units may be used now.
    pub(super) left: u32,
    /// Microseconds until the budget is whole.
    pub(super) full_in_us: i64,
}

/// All budgets, as one instance keeps them.
pub(super) struct Budgets {
    records: Records,
    accounts: Mutex<HashMap<String, Account>>,
}

impl Budgets {
    pub(super) fn new(records: Records) -> Self {
        Self { records, accounts: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.records.clock().now()
    }

    /// Takes so many units of each of a request's budgets, if all of them have so many.
    pub(super) async fn draw(&self, budgets: &[Budget], units: u32) -> Drawn {
        let now_us = self.now().as_microsecond();
        // Why all are asked before anything is taken: whoever is refused by one uses nothing of the others, and costs no
        // write.
        for (of, budget) in budgets.iter().enumerate() {
            let said = self.ask(budget, budget.clamped(units), now_us).await;
            if said.wait_us.is_some() {
                return Drawn { of, ..said };
            }
        }
        let added = budgets.iter().map(|budget| self.add(budget, budget.clamped(units), now_us));
        let settled = join_all(added).await;
        // What others used is known only now; whoever has overdrawn is refused after all, and gets the units back. So is
        // whoever could not settle since many others did at that moment, where less than half is left: each of them would go by
        // what it knew before.
        let mut first = None;
        for (of, (budget, settled)) in budgets.iter().zip(settled).enumerate() {
            let mut after = self.with(budget, now_us, |account| drawn(budget.limit, account, now_us, 0));
            if settled == Settled::Contended && after.left < budget.limit.burst / 2 {
                after.wait_us = after.wait_us.or(Some(LOOK_EVERY_US));
            }
            if after.wait_us.is_some() {
                for budget in budgets {
                    self.with(budget, now_us, |account| account.owed -= budget.clamped(units));
                }
                return Drawn { of, ..after };
            }
            first.get_or_insert(after);
        }
        first.unwrap_or(Drawn { of: 0, wait_us: None, left: 0, full_in_us: 0 })
    }

    /// Counts what a request really used, of which `drawn` units were taken before. What was taken is never more than a
    /// budget has; what was used may be, and then the budget is whole again so much later.
    pub(super) async fn correct(&self, budgets: &[Budget], drawn: u32, used: u32, begun: Timestamp) {
        let used = i64::from(used.clamp(1, MOST_USED));
        // Why from its beginning: while it was worked on its units have come back.
        let begun_us = begun.as_microsecond();
        join_all(budgets.iter().map(|budget| self.add(budget, used - budget.clamped(drawn), begun_us))).await;
    }

    /// Whether a budget has so many units, by what is known of it; where it has not, it is looked at again.
    async fn ask(&self, budget: &Budget, units: i64, now_us: i64) -> Drawn {
        let said = || self.with(budget, now_us, |account| drawn(budget.limit, account, now_us, units));
        let looks_again = |account: &mut Account| account.seen_at_us + LOOK_EVERY_US <= now_us;
        let before = said();
        if before.wait_us.is_some() && self.with(budget, now_us, looks_again) {
            self.settle(budget, now_us).await;
            return said();
        }
        before
    }

    /// Counts units that are let through from a time on, or given back, and settles where that is enough.
    async fn add(&self, budget: &Budget, units: i64, from_us: i64) -> Settled {
        let owed = self.with(budget, from_us, |account| {
            account.owed += units;
            account.owed
        });
        // Why back sooner: what is not given back is missing to all who share it.
        if owed >= budget.policy.block || owed <= -BLOCK {
            return self.settle(budget, from_us).await;
        }
        Settled::AsFarAsKnown
    }

    fn with<T>(&self, budget: &Budget, now_us: i64, act: impl FnOnce(&mut Account) -> T) -> T {
        let whose = &budget.whose;
        let mut of = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= REMEMBERED && !of.contains_key(whose) {
            of.retain(|_, account| account.full_at_us > now_us || account.owed != 0);
        }
        // Why even what they owe: it is less than a block each, and no instance may remember without end.
        if of.len() >= REMEMBERED && !of.contains_key(whose) {
            of.retain(|_, account| account.full_at_us > now_us);
        }
        let unseen = || Account { full_at_us: now_us, owed: 0, seen_at_us: i64::MIN / 2 };
        act(of.entry(whose.clone()).or_insert_with(unseen))
    }

    /// Writes what this instance let through into the budget's row, as used from a time on, and looks at what others did.
    /// Where that cannot be done it stays owed, and the next request tries again.
    async fn settle(&self, budget: &Budget, from_us: i64) -> Settled {
        let now_us = self.now().as_microsecond();
        // Why taken out at once: of two requests that settle at the same time, each writes its own part.
        let owed = self.with(budget, now_us, |account| std::mem::take(&mut account.owed));
        let settled = self.write(budget, owed, from_us).await;
        self.with(budget, now_us, |account| match settled {
            Ok((full_at_us, settled)) => {
                (account.full_at_us, account.seen_at_us) = (full_at_us, now_us);
                if settled == Settled::Contended {
                    account.owed += owed;
                }
                settled
            }
            Err(error) => {
                account.owed += owed;
                account.seen_at_us = now_us;
                tracing::warn!(%error, "a budget was not settled; this instance goes by what it knows");
                Settled::AsFarAsKnown
            }
        })
    }

    /// Adds the units to the row; gives by when the budget is whole, and whether they were added.
    async fn write(&self, budget: &Budget, units: i64, from_us: i64) -> Result<(i64, Settled)> {
        let caller = CallerBudget::caller_of(&budget.whose);
        let mut attempt = 1;
        loop {
            let found: Option<Found<CallerBudget>> = self.records.find(&CallerBudget::at(&caller)).await?;
            let before = found.as_ref().map_or(from_us, |f| f.value.full_at.as_microsecond());
            if units == 0 {
                return Ok((before, Settled::AsFarAsKnown));
            }
            let after = before.max(from_us) + units * budget.limit.interval_us();
            let full_at = Timestamp::from_microsecond(after)
                .map_err(|e| domain::Error::invalid("a budget out of time").caused_by(e))?;
            let row = CallerBudget { caller: caller.clone(), full_at };
            let written = match found {
                Some(found) => self.records.replace(&row, found.version).await,
                None => self.records.put_new(&row).await,
            };
            match written {
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => attempt += 1,
                Err(error) if error.kind() == ErrorKind::Conflict => return Ok((before, Settled::Contended)),
                other => return other.map(|()| (after, Settled::AsFarAsKnown)),
            }
        }
    }
}

/// What the account says of so many more units.
fn drawn(limit: RateLimit, account: &Account, now_us: i64, units: i64) -> Drawn {
    let (interval, full) = (limit.interval_us(), limit.full_us());
    let used_until = account.full_at_us.max(now_us) + account.owed * interval;
    let after = used_until + units * interval;
    let over = after - now_us - full;
    if over > 0 {
        return Drawn { of: 0, wait_us: Some(over), left: 0, full_in_us: (used_until - now_us).max(0) };
    }
    let left = u32::try_from(-over / interval).unwrap_or(0).min(limit.burst);
    Drawn { of: 0, wait_us: None, left, full_in_us: (after - now_us).max(0) }
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
        let says = |owed, now_us| drawn(limit, &account(0, owed), now_us, 1);
        assert_eq!([0, 1, 2].map(|owed| says(owed, 0).left), [2, 1, 0]);
        assert_eq!(says(3, 0).wait_us, Some(1_000_000));
        assert_eq!(drawn(limit, &account(3_000_000, 0), 400_000, 1).wait_us, Some(600_000));
        assert_eq!(drawn(limit, &account(3_000_000, 0), 1_000_000, 1).wait_us, None);
        assert_eq!(drawn(limit, &account(4_000_000, 0), 60_000_000, 1).left, 2, "silence fills it, no more");
        assert_eq!(says(-5, 0).left, 3, "what is given back beyond the whole is lost");
    }
}
