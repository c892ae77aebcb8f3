//! Which messages are under way: a queue gives a tenant's messages one after another, so a tenant has a lane in each.
//!
//! Where one piece of work of a lane was written to lately, somebody is at it or its message is on its way, and the messages
//! of the others wait behind it. Sent again they would only be more, and a queue that is full of one tenant's messages
//! serves nobody else.

use domain::{Result, TenantId, Timestamp};
use engine::open_work::OpenWork;
use engine::ports::{JobQueue, Page};
use engine::records::{Records, stale_at, watched};
use std::collections::HashSet;
use std::marker::PhantomData;

/// Open work of this many rows is looked through for what is under way. What is beyond is taken for not under way: then a
/// tenant gets one message too many.
const MOST_PAGES: usize = 20;
const PAGE_ROWS: usize = 1_000;

/// The queue of a tenant's work.
type Lane = (TenantId, JobQueue);

/// The lanes of one sort of work, in one tick.
pub(super) struct Lanes<T> {
    /// Those in which something is under way; none until it is asked for, since most ticks find nothing stuck.
    busy: Option<HashSet<Lane>>,
    /// Those in which everything is given up that waits as long as what was given up.
    lost: HashSet<Lane>,
    record: PhantomData<fn() -> T>,
}

impl<T: OpenWork> Lanes<T> {
    pub(super) fn new() -> Self {
        Self { busy: None, lost: HashSet::new(), record: PhantomData }
    }

    fn of(row: &T) -> Lane {
        (row.tenant().clone(), row.message().queue)
    }

    /// Whether something is under way in the row's lane.
    pub(super) async fn is_busy(&mut self, records: &Records, row: &T, now: Timestamp) -> Result<bool> {
        if self.busy.is_none() {
            self.busy = Some(read_busy::<T>(records, now).await?);
        }
        Ok(self.busy.as_ref().is_some_and(|busy| busy.contains(&Self::of(row))))
    }

    /// A message of the row was sent.
    pub(super) fn sent(&mut self, row: &T) {
        self.busy.get_or_insert_default().insert(Self::of(row));
    }

    /// What was sent for the row is lost, again and again: so is what waits behind it.
    pub(super) fn give_up(&mut self, row: &T) {
        self.lost.insert(Self::of(row));
    }

    pub(super) fn is_given_up(&self, row: &T) -> bool {
        self.lost.contains(&Self::of(row))
    }
}

/// The lanes of work that was written to lately and does not wait for a time.
async fn read_busy<T: OpenWork>(records: &Records, now: Timestamp) -> Result<HashSet<Lane>> {
    let (mut busy, mut after) = (HashSet::new(), None);
    for _ in 0..MOST_PAGES {
        let page = Page { after, limit: PAGE_ROWS, descending: false };
        let (rows, next) = records.list_watched::<T>(watched::OPEN_WORK, stale_at(now), page).await?;
        for row in rows.into_iter().map(|found| found.value) {
            let course = row.course();
            let waits = course.held_up.is_some_and(|held| held.until.is_some());
            if row.is_open() && !waits && course.due_at(row.touched_at()) > now {
                busy.insert(Lanes::of(&row));
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(busy)
}
