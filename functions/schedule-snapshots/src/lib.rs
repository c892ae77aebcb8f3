//! The function `schedule-snapshots`: a tick starts due snapshots and puts stuck work into its queue again.
//! Its rights are the catalog and the queues; it holds no key to customer data.

use backup::schedule_snapshots::Worker;
use engine::ports::{Clock, Ids, Queue};
use engine::records::Records;
use std::sync::Arc;

/// The job over these ports.
pub fn worker(records: Records, queue: Arc<dyn Queue>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Worker {
    Worker { records, queue, clock, ids }
}
