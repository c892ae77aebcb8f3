//! Comparisons: asked for, followed, read.

use super::slots::{self, Asker, TakesSlot};
use crate::archive::{self, Archive};
use domain::changes::Change;
use domain::kinds::Kind;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::messages;
use engine::ports::{Clock, Ids, Page, Queue};
use engine::records::{
    AskedWork, Course, Diff, DiffCounts, Found, JobState, Record, Records, Side, Snapshot, Span, put_new,
};
use std::collections::BTreeMap;
use std::fmt;
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

/// How many stored pages one part of the changes is read from: they are cut by bytes, and an answer of many large ones
/// would be longer than an answer may be.
const PAGES_AT_ONCE: u32 = 8;

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
    /// Asks for a comparison, in the name of that person or token.
    ///
    /// # Errors
    /// `NotFound` when a side is no snapshot of the tenant; `Conflict` when it is not sealed; `Throttled` when too many
    /// comparisons are open, or end customers have asked for enough in this day.
    pub async fn start(
        &self,
        tenant: &TenantId,
        asker: impl Into<Asker> + Send,
        new: NewComparison,
    ) -> Result<Diff> {
        let NewComparison { before, after, kinds, object } = new;
        let asker: Asker = asker.into();
        self.check_sealed(tenant, &before).await?;
        if let Side::Snapshot(id) = &after {
            self.check_sealed(tenant, id).await?;
        }
        let now = self.clock.now();
        let diff = Diff {
            id: DiffId::from_ulid(&self.ids.ulid()),
            tenant: tenant.clone(),
            before,
            after,
            kinds: kinds.iter().map(|k| k.name.into()).collect(),
            object,
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
            pages: 0,
            progress: None,
            span: Span::default(),
            not_compared: Vec::new(),
            error: None,
            course: Course::default(),
        };
        // The row first: should the message be lost, the row says that work is open, and the tick enqueues it again.
        let slots = TakesSlot {
            work: AskedWork::Comparisons,
            at: |tenant, id| Ok(Diff::at(tenant, &id.parse()?)),
            is_open: |diff: &Diff| diff.state.is_open(),
        };
        let row = (diff.id.as_str(), put_new(&diff)?);
        slots::take(&self.records, &slots, (tenant, &asker), row).await?;
        self.queue.send(messages::diff_snapshots(tenant, &diff.id, 0)).await?;
        Ok(diff)
    }

    /// One comparison of the tenant.
    pub async fn get(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff> {
        let found: Found<Diff> = self.records.get(&Diff::at(tenant, id)).await?;
        Ok(found.value)
    }

    /// The comparisons of the tenant, those that were asked for last first: all, or those of which that snapshot is a side.
    /// Then a part may have fewer than `page.limit` though more follow.
    pub async fn list(
        &self,
        tenant: &TenantId,
        side: Option<&SnapshotId>,
        page: Page,
    ) -> Result<Listed<Diff>> {
        let page = Page { descending: true, ..page };
        let (rows, next) = self.records.list(&Diff::all(tenant), page).await?;
        let is_asked_for = |row: &Diff| {
            side.is_none_or(|id| {
                row.before == *id || matches!(&row.after, Side::Snapshot(after) if after == id)
            })
        };
        Ok(Listed { items: rows.into_iter().map(|row| row.value).filter(is_asked_for).collect(), next })
    }

    /// The changes that a comparison found, in their order; `page.after` is a cursor that this list gave.
    ///
    /// # Errors
    /// `Conflict` when it is not done.
    pub async fn changes(&self, tenant: &TenantId, id: &DiffId, page: Page) -> Result<Listed<Change>> {
        let diff = self.get(tenant, id).await?;
        match diff.state {
            JobState::Done => {}
            JobState::Failed => {
                let why = diff.error.unwrap_or_default();
                return Err(Error::conflict(format!("the comparison failed: {why}")));
            }
            _ => return Err(Error::conflict("the comparison is not done")),
        }
        let mut at = match page.after {
            Some(cursor) => Place::of(&cursor)?,
            None => Place::default(),
        };
        let archive = self.archive.open(tenant).await?;
        let (mut items, begins_at) = (Vec::new(), at.page);
        // Why page by page from where the cursor is: pages are cut by bytes too, so that their number does not follow from
        // how many changes come before.
        while at.page < diff.pages {
            let stored = archive::get_page(&archive, &diff, at.page).await?;
            let size = stored.len();
            items.extend(
                stored.into_iter().skip(at.offset).take(page.limit - items.len()).inspect(|_| at.offset += 1),
            );
            if at.offset < size {
                return Ok(Listed { items, next: Some(at.to_string()) });
            }
            at = Place { page: at.page + 1, offset: 0 };
            if items.len() >= page.limit || at.page >= begins_at.saturating_add(PAGES_AT_ONCE) {
                let next = (at.page < diff.pages).then(|| at.to_string());
                return Ok(Listed { items, next });
            }
        }
        Ok(Listed { items, next: None })
    }

    async fn check_sealed(&self, tenant: &TenantId, id: &SnapshotId) -> Result<()> {
        let found: Found<Snapshot> = self.records.get(&Snapshot::at(tenant, id)).await?;
        if found.value.state == JobState::Done {
            Ok(())
        } else {
            Err(Error::conflict(format!("snapshot {id} is not sealed")))
        }
    }
}

/// A place among the stored changes, as a cursor says it: the page, from 0, and how many changes of it come before.
#[derive(Clone, Copy, Default)]
struct Place {
    page: u32,
    offset: usize,
}

impl Place {
    fn of(cursor: &str) -> Result<Self> {
        let parts = cursor
            .split_once('.')
            .and_then(|(page, offset)| Some((page.parse().ok()?, offset.parse().ok()?)));
        let (page, offset) =
            parts.ok_or_else(|| Error::invalid_field("cursor", "is not one that this list gave"))?;
        Ok(Self { page, offset })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.page, self.offset)
    }
}
