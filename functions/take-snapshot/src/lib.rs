//! The function `take-snapshot`: a message takes a snapshot, or goes on taking it. Its rights are the reading
//! credential, the vault without deletion, the keys, the catalog and the queues.

use engine::jobs::take_snapshot::Worker;
use engine::ports::{Clock, Directory, KeyRing, Queue, Vault};
use engine::records::Records;
use std::sync::Arc;

/// The job over these ports.
pub fn worker(
    directory: Arc<dyn Directory>,
    vault: Arc<dyn Vault>,
    keys: Arc<dyn KeyRing>,
    records: Records,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
) -> Worker {
    Worker::new(directory, vault, keys, records, queue, clock)
}
