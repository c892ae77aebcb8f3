//! Comparisons: asked for, followed, read.

use crate::archive::{self, Archive};
use crate::diff_snapshots;
use domain::changes::Change;
use domain::kinds::Kind;
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::messages;
use engine::ports::{Clock, Ids, Page, Queue};
use engine::records::{Course, Diff, DiffCounts, Found, JobState, Record, Records, Side, Snapshot};
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
    /// Asks for a comparison.
    ///
    /// # Errors
    /// `NotFound` when a side is no snapshot of the tenant; `Conflict` when it is not sealed.
    pub async fn start(&self, tenant: &TenantId, new: NewComparison) -> Result<Diff> {
        let NewComparison { before, after, kinds, object } = new;
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
            touched_at: now,
            done_at: None,
            attempts: 0,
            counts: DiffCounts::default(),
            pages: 0,
            progress: None,
            not_compared: Vec::new(),
            error: None,
            course: Course::default(),
        };
        // The row first: should the message be lost, the row says that work is open, and the tick enqueues it again.
        self.records.put_new(&diff).await?;
        self.queue.send(messages::diff_snapshots(tenant, &diff.id, 0)).await?;
        Ok(diff)
    }

    /// One comparison of the tenant.
    pub async fn get(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff> {
        let found: Found<Diff> = self.records.get(&Diff::at(tenant, id)).await?;
        Ok(found.value)
    }

    /// The comparisons of the tenant, newest first.
    pub async fn list(&self, tenant: &TenantId, page: Page) -> Result<Listed<Diff>> {
        let page = Page { descending: true, ..page };
        let (rows, next) = self.records.list(&Diff::all(tenant), page).await?;
        Ok(Listed { items: rows.into_iter().map(|r| r.value).collect(), next })
    }

    /// The changes that a comparison found; `page.after` counts changes.
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
        let bad = |_| Error::invalid_field("cursor", "is not one that this list gave");
        let start: usize = page.after.as_deref().unwrap_or("0").parse().map_err(bad)?;
        let archive = self.archive.open(tenant).await?;
        let (mut items, mut at) = (Vec::new(), start);
        while items.len() < page.limit {
            let number = u32::try_from(at / diff_snapshots::PAGE)
                .map_err(|_| Error::invalid_field("cursor", "is not one that this list gave"))?;
            if number >= diff.pages {
                return Ok(Listed { items, next: None });
            }
            let stored = archive::get_page(&archive, &diff, number).await?;
            let rest = stored.into_iter().skip(at % diff_snapshots::PAGE).take(page.limit - items.len());
            let before = items.len();
            items.extend(rest);
            if items.len() == before {
                return Ok(Listed { items, next: None });
            }
            at += items.len() - before;
        }
        Ok(Listed { items, next: Some(at.to_string()) })
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
