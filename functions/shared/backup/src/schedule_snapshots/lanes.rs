//! Which messages are under way: a queue gives a tenant's messages one after another, so a tenant has a lane in each.
//!
//! Where one piece of work of a lane was written to lately, somebody is at it or its message is on its way, and the messages
//! of the others wait behind it. Sent again they would only be more, and a queue that is full of one tenant's messages
//! serves nobody else.

use domain::{Result, TenantId, Timestamp};
use engine::open_work::{OpenWork, find_given_up};
use engine::ports::{JobQueue, Page};
use engine::records::{Cause, Found, Records, stale_at, watched};
use std::collections::{HashMap, HashSet};

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
    /// Until when everything is given up in them that has waited since then; none where nothing was given up lately.
    lost: HashMap<Lane, Option<Timestamp>>,
    /// Of those in which nothing was sent again so far, the piece of work that was asked for first.
    first: HashMap<Lane, Found<T>>,
}

impl<T: OpenWork> Lanes<T> {
    pub(super) fn new() -> Self {
        Self { busy: None, lost: HashMap::new(), first: HashMap::new() }
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
    pub(super) fn give_up(&mut self, row: &T, now: Timestamp) {
        self.lost.insert(Self::of(row), Some(now));
    }

    /// Since when something was given up in the row's lane, if it was lately.
    pub(super) async fn given_up_at(&mut self, records: &Records, row: &T) -> Result<Option<Timestamp>> {
        let lane = Self::of(row);
        if let Some(known) = self.lost.get(&lane) {
            return Ok(*known);
        }
        let at = find_given_up(records, row, Cause::Lost).await?.map(|given_up| given_up.at);
        self.lost.insert(lane, at);
        Ok(at)
    }

    /// Keeps a row whose message may be sent again, once it is known that no other of its lane is under way.
    pub(super) fn keep(&mut self, row: Found<T>) {
        let first = self.first.entry(Self::of(&row.value));
        // Keys sort by the time at which the work was asked for: messages come in that order.
        first
            .and_modify(|first| {
                if row.value.address().key() < first.value.address().key() {
                    first.clone_from(&row);
                }
            })
            .or_insert(row);
    }

    /// The rows that were kept, one for each lane.
    pub(super) fn take_first(&mut self) -> Vec<Found<T>> {
        std::mem::take(&mut self.first).into_values().collect()
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
