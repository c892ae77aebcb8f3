//! The function `diff-snapshots`: a message compares two snapshots, or one and the live tenant; or it works
//! out what a restore would do. Both read the same things and write nothing back: the reading credential,
//! the vault without deletion, the keys, the catalog and the queues.

use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use engine::archive::Archive;
use engine::jobs::announce::Announcer;
use engine::jobs::preview_restore::Archived;
use engine::jobs::{JobWorker, diff_snapshots, messages, preview_restore, take_snapshot};
use engine::ports::{Clock, Directory, Ids, KeyRing, Queue, Vault};
use engine::records::Records;
use std::sync::Arc;

/// What the function holds.
pub struct Ports {
    /// Reads tenants.
    pub directory: Arc<dyn Directory>,
    /// Snapshots.
    pub vault: Arc<dyn Vault>,
    /// Their keys.
    pub keys: Arc<dyn KeyRing>,
    /// Rows.
    pub records: Records,
    /// For continuations.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names.
    pub ids: Arc<dyn Ids>,
}

/// Two jobs behind one queue, told apart by the type of the message.
pub struct Worker {
    diff: diff_snapshots::Worker,
    preview: preview_restore::Worker,
}

/// The jobs over these ports.
pub fn worker(ports: Ports) -> Worker {
    let Ports { directory, vault, keys, records, queue, clock, ids } = ports;
    let archive = Arc::new(Archive::new(vault, keys, records.clone()));
    let announcer = Announcer::new(records.clone(), queue.clone(), clock.clone());
    let reader = take_snapshot::Worker {
        directory: directory.clone(),
        archive: archive.clone(),
        records: records.clone(),
        queue: queue.clone(),
        clock: clock.clone(),
        announcer: announcer.clone(),
    };
    let archived = Arc::new(Archived::new(archive.clone(), records.clone()));
    let preview = preview_restore::Worker {
        snapshots: archived.clone(),
        own: Arc::new(directory.clone()),
        directory,
        plans: archived,
        records: records.clone(),
        clock: clock.clone(),
        announcer: announcer.clone(),
    };
    let diff =
        diff_snapshots::Worker { reader: Arc::new(reader), archive, records, queue, clock, ids, announcer };
    Worker { diff, preview }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "diff-snapshots"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        match messages::type_of(body)?.as_str() {
            messages::DIFF_SNAPSHOTS => self.diff.handle(body, deadline).await,
            messages::PREVIEW_RESTORE => self.preview.handle(body, deadline).await,
            _ => Err(Error::invalid("a message of this type is not for this queue")),
        }
    }
}
