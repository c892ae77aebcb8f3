//! The function `run-restore`: a message executes a restore, or goes on with it. The only function that
//! holds the writing credential.

use backup::archive::Archive;
use backup::preview_restore::Archived;
use backup::run_restore::Worker;
use engine::announce::Announcer;
use engine::ports::{Clock, Directory, DirectoryWriter, Ids, KeyRing, Queue, Vault};
use engine::records::Records;
use std::sync::Arc;

/// What the function holds.
pub struct Ports {
    /// Reads tenants.
    pub directory: Arc<dyn Directory>,
    /// Writes them.
    pub writer: Arc<dyn DirectoryWriter>,
    /// Where the plan is and the report goes.
    pub vault: Arc<dyn Vault>,
    /// Their keys.
    pub keys: Arc<dyn KeyRing>,
    /// Rows.
    pub records: Records,
    /// For continuations.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// For passwords.
    pub ids: Arc<dyn Ids>,
}

/// The job over these ports.
pub fn worker(ports: Ports) -> Worker {
    let Ports { directory, writer, vault, keys, records, queue, clock, ids } = ports;
    let archive = Arc::new(Archive::new(vault, keys, records.clone()));
    Worker {
        directory,
        writer,
        plans: Arc::new(Archived::new(archive, records.clone())),
        announce: Arc::new(Announcer::new(records.clone(), queue.clone(), clock.clone())),
        records,
        queue,
        clock,
        ids,
    }
}
