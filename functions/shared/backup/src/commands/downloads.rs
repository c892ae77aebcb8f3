//! Downloads: asked for, followed, fetched by a link.

use super::slots::{self, Asker, TakesSlot};
use crate::archive::{Archive, SnapshotView};
use domain::kinds::{Kind, NamedKind};
use domain::{DiffId, DownloadId, Error, Result, SnapshotId, TenantId, Timestamp};
use engine::Listed;
use engine::messages;
use engine::ports::{Clock, ExportLinks, Ids, Page, Queue};
use engine::records::{
    AskedWork, Diff, Download, DownloadFormat, DownloadOf, DownloadPlace, Found, JobState, Records, Snapshot,
    put_new,
};
use jiff::SignedDuration;
use std::sync::Arc;

/// For how many seconds a link is good. Why so short: whoever has it needs nothing else, and another is made for who asks.
pub const LINK_S: u32 = 300;

/// For how long a download may be untouched before whoever follows it has its message sent again.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(20);

/// A download that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum NewDownload {
    /// Of a snapshot: all that it holds, some kinds, or one object of the one kind that is then named.
    Snapshot {
        /// The snapshot, which has to be sealed.
        snapshot: SnapshotId,
        /// The kinds; empty means all that it holds.
        kinds: Vec<&'static Kind>,
        /// The key of the object.
        key: Option<String>,
    },
    /// Of a comparison, which has to be done.
    Comparison(DiffId),
}

/// A link to the file of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where the file is fetched, by whoever has the link.
    pub url: String,
    /// Until when the link is good.
    pub good_until: Timestamp,
}

/// Starts downloads, and leads to their files.
#[derive(Clone)]
pub struct Downloads {
    /// What is downloaded, to see that it is there.
    pub archive: Arc<Archive>,
    /// Rows of downloads, and of what they are of.
    pub records: Records,
    /// Where the job that makes the file is enqueued.
    pub queue: Arc<dyn Queue>,
    /// Makes links to the files.
    pub links: Arc<dyn ExportLinks>,
    /// The time at which a download is asked for.
    pub clock: Arc<dyn Clock>,
    /// Ids of new downloads.
    pub ids: Arc<dyn Ids>,
}

impl Downloads {
    /// Asks for a download.
    ///
    /// # Errors
    /// `NotFound` when what is asked for is not there; `Conflict` when it is not sealed, or not done; `Throttled` when too
    /// many downloads are open, or end customers have asked for enough in this day.
    pub async fn start(
        &self,
        tenant: &TenantId,
        asker: &Asker,
        (new, format): (NewDownload, DownloadFormat),
    ) -> Result<Download> {
        let of = self.checked(tenant, new).await?;
        let now = self.clock.now();
        let row = Download {
            id: DownloadId::from_ulid(&self.ids.ulid()),
            tenant: tenant.clone(),
            of,
            format,
            requested_by: asker.name.clone(),
            requested_at: now,
            touched_at: now,
            done_at: None,
            state: JobState::Queued,
            attempts: 0,
            in_vain: 0,
            upload: None,
            parts: Vec::new(),
            columns: Vec::new(),
            place: DownloadPlace::default(),
            records: 0,
            expected: None,
            bytes: 0,
            error: None,
        };
        let slots = TakesSlot {
            work: AskedWork::Downloads,
            at: |tenant, id| Ok(Download::at(tenant, &id.parse()?)),
            is_open: |row: &Download| row.state.is_open(),
        };
        // The row first: should the message be lost, whoever follows the download has another sent.
        slots::take(&self.records, &slots, (tenant, asker), (row.id.as_str(), put_new(&row)?)).await?;
        self.queue.send(messages::export_data(tenant, &row.id, 0)).await?;
        Ok(row)
    }

    /// One download of the tenant. Where nobody has touched it for long its message is sent again: it was lost.
    pub async fn get(&self, tenant: &TenantId, id: &DownloadId) -> Result<Download> {
        let Found { value: row, .. } = self.records.get(&Download::at(tenant, id)).await?;
        if row.state.is_open() && self.clock.now().duration_since(row.touched_at) >= LOST_AFTER {
            self.queue.send(messages::export_data(tenant, id, row.attempts)).await?;
        }
        Ok(row)
    }

    /// The downloads of the tenant that have not ended, those that were asked for last first.
    pub async fn list(&self, tenant: &TenantId, page: Page) -> Result<Listed<Download>> {
        let page = Page { descending: true, ..page };
        let (rows, next) = self.records.list(&Download::all(tenant), page).await?;
        Ok(Listed { items: rows.into_iter().map(|row| row.value).collect(), next })
    }

    /// A link to the file of a download, where it is made and has not ended.
    pub async fn link(&self, row: &Download) -> Result<Option<Link>> {
        let now = self.clock.now();
        if row.state != JobState::Done || now >= row.ends_at() {
            return Ok(None);
        }
        let save_as = format!("{}.{}", row.id, row.format.extension());
        let url = self.links.link(&row.file(), &save_as, row.format.content_type(), LINK_S).await?;
        Ok(Some(Link { url, good_until: now + SignedDuration::from_secs(i64::from(LINK_S)) }))
    }

    /// What is asked for, seen to be there.
    async fn checked(&self, tenant: &TenantId, new: NewDownload) -> Result<DownloadOf> {
        match new {
            NewDownload::Comparison(comparison) => {
                let diff = self.records.get(&Diff::at(tenant, &comparison)).await?.value;
                if diff.state != JobState::Done {
                    return Err(Error::conflict("the comparison is not done"));
                }
                Ok(DownloadOf::Comparison { comparison })
            }
            NewDownload::Snapshot { snapshot, kinds, key } => {
                let row = self.records.get(&Snapshot::at(tenant, &snapshot)).await?.value;
                if row.state != JobState::Done {
                    return Err(Error::conflict("the snapshot is not sealed"));
                }
                if !kinds.is_empty() {
                    let view = SnapshotView::open(&self.archive.open(tenant).await?, &snapshot).await?;
                    for kind in &kinds {
                        view.run(kind.run())?;
                    }
                    if let (Some(key), [kind]) = (&key, &kinds[..])
                        && view.find_object(kind, key).await?.is_none()
                    {
                        return Err(Error::not_found(format!("the snapshot has no such {}", kind.label)));
                    }
                }
                let kinds = kinds.iter().map(|kind| NamedKind::from(kind.name)).collect();
                Ok(DownloadOf::Snapshot { snapshot, kinds, key })
            }
        }
    }
}
