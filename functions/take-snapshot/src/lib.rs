//! The function `take-snapshot`: a message takes a snapshot, or goes on taking it; or it tries a connection that waits
//! once more. Both read a tenant and write nothing back: the reading credential, the vault without deletion, the keys,
//! the catalog and the queues.

use async_trait::async_trait;
use backup::take_snapshot;
use domain::{Error, Result, Timestamp};
use engine::announce::Announcer;
use engine::messages;
use engine::ports::{Clock, Directory, KeyRing, Queue, Vault};
use engine::records::Records;
use engine::work::JobWorker;
use partners::connect_tenant;
use std::sync::Arc;

/// Two jobs behind one queue, told apart by the type of the message.
pub struct Worker {
    take: take_snapshot::Worker,
    connect: connect_tenant::Worker,
}

/// The jobs over these ports.
pub fn worker(
    directory: Arc<dyn Directory>,
    vault: Arc<dyn Vault>,
    keys: Arc<dyn KeyRing>,
    records: Records,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
) -> Worker {
    let connect = connect_tenant::Worker {
        directory: directory.clone(),
        records: records.clone(),
        clock: clock.clone(),
        announcer: Announcer::new(records.clone(), queue.clone(), clock.clone()),
    };
    Worker { take: take_snapshot::Worker::new(directory, vault, keys, records, queue, clock), connect }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "take-snapshot"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        match messages::type_of(body)?.as_str() {
            messages::TAKE_SNAPSHOT => self.take.handle(body, deadline).await,
            messages::CONNECT_TENANT => self.connect.handle(body, deadline).await,
            _ => Err(Error::invalid("a message of this type is not for this queue")),
        }
    }
}
