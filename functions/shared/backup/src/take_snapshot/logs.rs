//! The logs of a snapshot, written between its reading and its sealing, in as many invocations as that takes.

use super::{Worker, seal};
use crate::archive::{TenantArchive, may_fold_in};
use crate::log::{Logs, Written};
use crate::reading::stop_at;
use domain::stored::Manifest;
use domain::{Result, Timestamp};
use engine::records::{ReadingState, Reason, Snapshot};

impl Worker {
    /// Writes the logs of what was read, and seals it; none when the deadline came first.
    pub(super) async fn log_and_seal(
        &self,
        archive: &TenantArchive,
        row: &Snapshot,
        (mut progress, version): (ReadingState, Option<u64>),
        deadline: Timestamp,
    ) -> Result<Option<Manifest>> {
        let mut manifest = seal::prepare((archive, &self.records), &progress, self.clock.now()).await?;
        // Why none of a reading for a comparison: no snapshot is built on it, so nobody would go on with its logs.
        if row.reason != Reason::Live {
            if !self.write_logs(archive, &mut progress, &manifest, deadline).await? {
                return self.save(&progress, version).await.map(|()| None);
            }
            (manifest.stored_blobs, manifest.stored_bytes) = (progress.stored_blobs, progress.stored_bytes);
            manifest.logs = progress.logs;
        }
        seal::seal(archive, manifest).await.map(Some)
    }

    /// Writes the logs that are not in the state of the reading yet; says whether all are written, or the deadline is near.
    async fn write_logs(
        &self,
        archive: &TenantArchive,
        progress: &mut ReadingState,
        manifest: &Manifest,
        deadline: Timestamp,
    ) -> Result<bool> {
        let stop_at = stop_at(self.clock.now(), deadline);
        let (is_over, may_merge) = (
            || self.clock.now() >= stop_at,
            |bytes: u64| may_fold_in(stop_at.duration_since(self.clock.now()).as_secs(), bytes),
        );
        let logs = Logs { archive, records: &self.records, is_over: &is_over, may_merge: &may_merge };
        let (blobs, bytes) = archive.stored();
        let written = Written { logs: &mut progress.logs, suspended: &mut progress.log };
        let is_done = logs.write(manifest, progress.base.as_ref(), written).await?;
        let (all_blobs, all_bytes) = archive.stored();
        progress.stored_blobs += all_blobs - blobs;
        progress.stored_bytes += all_bytes - bytes;
        // The reading got further, so it is tried on.
        progress.advances += u32::from(!is_done);
        Ok(is_done)
    }
}
