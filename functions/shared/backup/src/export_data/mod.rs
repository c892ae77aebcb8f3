//! Makes the file of a download: from a queue message to a file that a link leads to.
//!
//! Row -> sources, one after the other (`sources`) -> lines (`json_lines`, `table`) -> parts (`file`) -> file -> row `Done`. What a
//! line says follows from what is sealed alone, so whoever goes on at a place that the row names writes the same parts. The row
//! is written every few parts and when the job is suspended; a process that dies puts some parts a second time.
//!
//! It reads the vault and writes the place of exports, and no other row than that of the download. It tells nobody: whoever asked
//! follows the row, and what nobody follows ends by its time.

mod file;
mod json_lines;
mod sources;
mod table;

pub use file::PART_BYTES;

use crate::archive::{Archive, SnapshotView};
use async_trait::async_trait;
use domain::{DownloadId, ErrorKind, Result, TenantId, Timestamp};
use engine::messages;
use engine::ports::{Clock, Exports, KeyRing, Queue, Vault};
use engine::records::{Diff, Download, DownloadOf, Found, JobState, Records};
use engine::work::{JobWorker, unless_gone};
use file::{Ended, FileWriter};
use serde::{Deserialize, Serialize};
use sources::Sources;
use std::sync::Arc;

/// How often a download is taken up in vain, until it is given up.
const MOST_IN_VAIN: u32 = 5;

/// The message `export-data.v1`: which download's file is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The tenant whose data it is.
    pub tenant: TenantId,
    /// The download; its row says the rest.
    pub download: DownloadId,
}

/// What one invocation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// There was nothing left to do, or the download has ended.
    AlreadyDone,
    /// More is to be written; another invocation goes on.
    Continues,
    /// The file is there; how many bytes it has.
    Made(u64),
    /// It cannot be made, and why.
    Failed(String),
}

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// Where snapshots and comparisons are; nothing is stored there.
    pub vault: Arc<dyn Vault>,
    /// The keys that the vault's content is sealed with.
    pub keys: Arc<dyn KeyRing>,
    /// The place of the files.
    pub exports: Arc<dyn Exports>,
    /// Rows of downloads, which are written, and of what they are of.
    pub records: Records,
    /// Takes the continuation of a suspended download.
    pub queue: Arc<dyn Queue>,
    /// Says when to stop, and when the file was complete.
    pub clock: Arc<dyn Clock>,
}

/// The job, with its ports as fields.
pub struct Worker {
    archive: Archive,
    exports: Arc<dyn Exports>,
    records: Records,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    part_bytes: usize,
}

impl Worker {
    /// The job over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { vault, keys, exports, records, queue, clock } = ports;
        let archive = Archive::new(vault, keys, records.clone());
        Self { archive, exports, records, queue, clock, part_bytes: PART_BYTES }
    }

    /// The same, cutting parts of another size, where the place of exports takes them.
    #[must_use]
    pub fn cutting(self, part_bytes: usize) -> Self {
        Self { part_bytes, ..self }
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "export-data"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let request: Request = messages::read(body, messages::EXPORT_DATA)?;
        let done = self.run(&request, deadline).await.map(|report| {
            tracing::info!(tenant = %request.tenant, download = %request.download, ?report, "export-data");
        });
        unless_gone(&self.records, &request.tenant, done).await
    }
}

impl Worker {
    /// Makes the file, or goes on making it.
    ///
    /// # Errors
    /// What may pass, so that the message comes back; what cannot be helped is written to the row.
    pub async fn run(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let found = self.records.find(&Download::at(&request.tenant, &request.download)).await?;
        let Some(found) = found.filter(|found| found.value.state.is_open()) else {
            return Ok(Report::AlreadyDone);
        };
        let mut row = self.take_up(found).await?;
        if row.value.in_vain > MOST_IN_VAIN {
            return self.fail(row, "it was begun again and again, and got no further").await;
        }
        match self.write(&mut row, deadline).await {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Corrupt | ErrorKind::Denied
                ) =>
            {
                self.fail(row, &error.summary().to_string()).await
            }
            done => done,
        }
    }

    async fn take_up(&self, found: Found<Download>) -> Result<Found<Download>> {
        let mut row = found;
        row.value.state = JobState::Running;
        row.value.attempts += 1;
        row.value.in_vain += 1;
        self.save(&mut row).await?;
        Ok(row)
    }

    async fn write(&self, row: &mut Found<Download>, deadline: Timestamp) -> Result<Report> {
        let archive = self.archive.open(&row.value.tenant).await?;
        let sources = match row.value.of.clone() {
            DownloadOf::Snapshot { snapshot, kinds, key } => {
                let view = SnapshotView::open(&archive, &snapshot).await?;
                Sources::of_snapshot(view, &kinds, key)?
            }
            DownloadOf::Comparison { comparison } => {
                let diff = self.records.get(&Diff::at(&row.value.tenant, &comparison)).await?;
                Sources::of_comparison(archive, diff.value)
            }
        };
        let ended = FileWriter { worker: self, sources: &sources, deadline }.go_on(row).await?;
        match ended {
            Ended::Complete => {
                row.value.state = JobState::Done;
                row.value.done_at = Some(self.clock.now());
                // What served to make it is of no more use.
                (row.value.upload, row.value.parts) = (None, Vec::new());
                self.save(row).await?;
                Ok(Report::Made(row.value.bytes))
            }
            Ended::Suspended | Ended::UploadGone => {
                if ended == Ended::UploadGone {
                    // Somebody completed it and wrote no row, or it ended: all is made once more, by another upload.
                    row.value.begin_again();
                }
                self.save(row).await?;
                let next = messages::export_data(&row.value.tenant, &row.value.id, row.value.attempts + 1);
                self.queue.send(next).await?;
                Ok(Report::Continues)
            }
        }
    }

    async fn fail(&self, mut row: Found<Download>, why: &str) -> Result<Report> {
        row.value.state = JobState::Failed;
        row.value.error = Some(why.to_owned());
        self.save(&mut row).await?;
        Ok(Report::Failed(why.to_owned()))
    }

    /// Writes the row as it is now.
    ///
    /// # Errors
    /// `Conflict` when somebody else wrote to it: then they make the file.
    async fn save(&self, row: &mut Found<Download>) -> Result<()> {
        row.value.touched_at = self.clock.now();
        self.records.replace(&row.value, row.version).await?;
        row.version += 1;
        Ok(())
    }
}
