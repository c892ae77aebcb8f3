//! The function `diff-snapshots`: a message compares two snapshots, or one and the live tenant. It reads and writes
//! nothing back: the reading credential, the vault without deletion, the keys, the catalog and the queues.

use backup::archive::Archive;
use backup::diff_snapshots::Worker;
use backup::take_snapshot;
use engine::announce::Announcer;
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

/// The job over these ports.
pub fn worker(ports: Ports) -> Worker {
    let Ports { directory, vault, keys, records, queue, clock, ids } = ports;
    let archive = Arc::new(Archive::new(vault, keys, records.clone()));
    let announcer = Announcer::new(records.clone(), queue.clone(), clock.clone());
    let reader = take_snapshot::Worker {
        directory,
        archive: archive.clone(),
        records: records.clone(),
        queue: queue.clone(),
        clock: clock.clone(),
        announcer: announcer.clone(),
    };
    Worker { reader: Arc::new(reader), archive, records, queue, clock, ids, announcer }
}
