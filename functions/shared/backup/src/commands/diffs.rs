//! Comparisons: asked for, followed, read.

use super::slots::{self, Asker, TakesSlot};
use crate::archive::Archive;
use domain::kinds::{KINDS, Kind};
use domain::{DiffId, Error, Result, SnapshotId, TenantId, Timestamp};
use engine::Listed;
use engine::messages;
use engine::ports::{Clock, Ids, Page, Queue};
use engine::records::{
    AskedWork, Course, Diff, DiffCounts, Found, JobState, Record, Records, Side, Snapshot, Span, put_new,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A comparison that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewComparison {
    /// The earlier side, a sealed snapshot.
    pub before: SnapshotId,
    /// The later side: a sealed snapshot, or the live tenant.
    pub after: Side,
    /// Only these kinds; empty means all.
    pub kinds: Vec<&'static Kind>,
    /// Only the object of that key, which is of the one kind that is then named.
    pub object: Option<String>,
}

impl NewComparison {
    /// Of everything that both sides hold.
    pub fn of_everything(before: SnapshotId, after: Side) -> Self {
        Self { before, after, kinds: Vec::new(), object: None }
    }
}

/// Starts comparisons, and reads what they found.
#[derive(Clone)]
pub struct Diffs {
    /// Where the changes that were found are stored.
    pub archive: Arc<Archive>,
    /// Rows of snapshots and comparisons.
    pub records: Records,
    /// Where the job that compares is enqueued.
    pub queue: Arc<dyn Queue>,
    /// The time at which a comparison is asked for.
    pub clock: Arc<dyn Clock>,
    /// Ids of new comparisons.
    pub ids: Arc<dyn Ids>,
}

impl Diffs {
    /// Asks for a comparison, in the name of that person or token; says whether it was asked for before, and there is that one
    /// again: two snapshots compare alike each time.
    ///
    /// # Errors
    /// `NotFound` when a side is no snapshot of the tenant; `Conflict` when it is not sealed; `Invalid`, naming the field, when the
    /// later side is not later; `Throttled` when too many comparisons are open, or end customers have asked for enough in this day.
    pub async fn start_or_find(
        &self,
        tenant: &TenantId,
        asker: impl Into<Asker> + Send,
        new: NewComparison,
    ) -> Result<Started> {
        let (mut new, asker): (_, Asker) = (new, asker.into());
        new.kinds.sort_by_key(|kind| KINDS.iter().position(|of| of.name == kind.name));
        let began = self.sealed(tenant, &new.before).await?.requested_at;
        if let Side::Snapshot(id) = &new.after
            && self.sealed(tenant, id).await?.requested_at < began
        {
            return Err(Error::invalid_field("after", "must be later than before"));
        }
        let id = match &new.after {
            Side::Live => DiffId::from_ulid(&self.ids.ulid()),
            Side::Snapshot(after) => match self.known(tenant, after, &new).await? {
                Known::Here(diff) => return Ok(Started { diff: *diff, is_new: false }),
                Known::Free(id) => id,
            },
        };
        let diff = self.row(tenant, id, &asker, new);
        // The row first: should the message be lost, the row says that work is open, and the tick enqueues it again.
        let slots = TakesSlot {
            work: AskedWork::Comparisons,
            at: |tenant, id| Ok(Diff::at(tenant, &id.parse()?)),
            is_open: |diff: &Diff| diff.state.is_open(),
        };
        let row = (diff.id.as_str(), put_new(&diff)?);
        if let Err(error) = slots::take(&self.records, &slots, (tenant, &asker), row).await {
            // Somebody may have asked for the same just now.
            return match self.records.find(&Diff::at(tenant, &diff.id)).await? {
                Some(found) => Ok(Started { diff: found.value, is_new: false }),
                None => Err(error),
            };
        }
        self.queue.send(messages::diff_snapshots(tenant, &diff.id, 0)).await?;
        Ok(Started { diff, is_new: true })
    }

    /// The comparison that [`Self::start_or_find`] gives.
    ///
    /// # Errors
    /// As there.
    pub async fn start(
        &self,
        tenant: &TenantId,
        asker: impl Into<Asker> + Send,
        new: NewComparison,
    ) -> Result<Diff> {
        Ok(self.start_or_find(tenant, asker, new).await?.diff)
    }

    /// The comparison of the same two snapshots that there is, or the id that it is to have: one that failed is made again
    /// under another one, since what it stored stays.
    pub(super) async fn known(
        &self,
        tenant: &TenantId,
        after: &SnapshotId,
        new: &NewComparison,
    ) -> Result<Known> {
        if new.kinds.is_empty() && new.object.is_none() {
            // That which followed the later snapshot, where it is of just these two: known once it is done, since it may
            // begin at older snapshots for what that right before does not hold.
            let follows = DiffId::from_ulid(after.as_str().trim_start_matches(SnapshotId::PREFIX));
            let found: Option<Found<Diff>> = self.records.find(&Diff::at(tenant, &follows)).await?;
            let is_it = |diff: &Diff| {
                diff.before == new.before && diff.span.is_plain() && diff.state == JobState::Done
            };
            if let Some(found) = found.filter(|found| is_it(&found.value)) {
                return Ok(Known::Here(Box::new(found.value)));
            }
        }
        for attempt in 0..MOST_FAILED {
            let id = id_of(tenant, after, new, attempt);
            let found: Option<Found<Diff>> = self.records.find(&Diff::at(tenant, &id)).await?;
            match found {
                None => return Ok(Known::Free(id)),
                Some(found) if found.value.state != JobState::Failed => {
                    return Ok(Known::Here(Box::new(found.value)));
                }
                Some(_) => {}
            }
        }
        Ok(Known::Free(DiffId::from_ulid(&self.ids.ulid())))
    }

    pub(super) fn row(&self, tenant: &TenantId, id: DiffId, asker: &Asker, new: NewComparison) -> Diff {
        let now = self.clock.now();
        Diff {
            id,
            tenant: tenant.clone(),
            before: new.before,
            after: new.after,
            kinds: new.kinds.iter().map(|k| k.name.into()).collect(),
            object: new.object,
            announce: false,
            live_snapshot: None,
            state: JobState::Queued,
            requested_at: now,
            requested_by: Some(asker.name.clone()),
            touched_at: now,
            done_at: None,
            attempts: 0,
            counts: DiffCounts::default(),
            by_kind: BTreeMap::new(),
            heaviest: BTreeMap::new(),
            pages: 0,
            progress: None,
            span: Span::default(),
            not_compared: Vec::new(),
            everywhere: Vec::new(),
            error: None,
            course: Course::default(),
        }
    }

    /// One comparison of the tenant.
    pub async fn get(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff> {
        let found: Found<Diff> = self.records.get(&Diff::at(tenant, id)).await?;
        Ok(found.value)
    }

    /// The comparisons of the tenant that are wanted, by their later side, the newest first. A part may have fewer than
    /// `page.limit` though more follow.
    pub async fn list(&self, tenant: &TenantId, wanted: &WantedDiffs, page: Page) -> Result<Listed<Diff>> {
        let page = Page { descending: true, ..page };
        let (rows, next) = self.records.list(&Diff::all(tenant), page).await?;
        let rows = rows.into_iter().map(|row| row.value).filter(|row| wanted.has(row));
        Ok(Listed { items: rows.collect(), next })
    }

    pub(super) async fn sealed(&self, tenant: &TenantId, id: &SnapshotId) -> Result<Snapshot> {
        let found: Found<Snapshot> = self.records.get(&Snapshot::at(tenant, id)).await?;
        if found.value.state == JobState::Done {
            Ok(found.value)
        } else {
            Err(Error::conflict(format!("snapshot {id} is not sealed")))
        }
    }
}

/// A comparison that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// The row of the comparison.
    pub diff: Diff,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// Which comparisons are wanted; what is left out excludes none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WantedDiffs {
    /// Those of which this snapshot is a side.
    pub side: Option<SnapshotId>,
    /// Those in this state.
    pub state: Option<JobState>,
    /// Those that this person or token asked for, as rows name them.
    pub requested_by: Option<String>,
    /// Those that were asked for then or later,
    pub since: Option<Timestamp>,
    /// and before then.
    pub until: Option<Timestamp>,
}

impl WantedDiffs {
    fn has(&self, row: &Diff) -> bool {
        let is_side =
            |id: &SnapshotId| row.before == *id || matches!(&row.after, Side::Snapshot(after) if after == id);
        self.side.as_ref().is_none_or(is_side)
            && self.state.is_none_or(|state| row.state == state)
            && self.requested_by.as_ref().is_none_or(|who| row.requested_by.as_ref() == Some(who))
            && self.since.is_none_or(|since| row.requested_at >= since)
            && self.until.is_none_or(|until| row.requested_at < until)
    }
}

/// How many comparisons of the same may have failed before the next one gets an id by chance.
const MOST_FAILED: u32 = 16;

/// What there is of a comparison that is asked for.
pub(super) enum Known {
    /// There is such a comparison already.
    Here(Box<Diff>),
    /// It is not, and is to have this id.
    Free(DiffId),
}

/// The id of a comparison of two snapshots, which follows from what is compared: the time is that of the later side, so that
/// they are listed in that order, and the rest a hash. FORMAT.md section 10.
fn id_of(tenant: &TenantId, after: &SnapshotId, new: &NewComparison, attempt: u32) -> DiffId {
    /// Crockford's base 32, in the case of our ids.
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    /// How many digits of a ULID say its time.
    const TIME: usize = 10;
    let kinds: Vec<&str> = new.kinds.iter().map(|kind| kind.run()).collect();
    let said = json!([tenant, new.before, after, kinds, new.object, attempt]);
    let hash = blake3::hash(format!("holdfast comparison 1\n{said}").as_bytes());
    let time = &after.as_str()[SnapshotId::PREFIX.len()..][..TIME];
    let rest = hash.as_bytes()[..16].iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)]));
    DiffId::from_ulid(&time.chars().chain(rest).collect::<String>())
}
