//! The function `take-snapshot`: a message takes a snapshot, or goes on taking it; or it tries a connection that waits
//! once more. Both read a tenant and write nothing back: the reading credential, the vault without deletion, the keys,
//! the catalog and the queues.

use async_trait::async_trait;
use backup::take_snapshot::{self, Ports};
use domain::{Error, Result, Timestamp};
use engine::announce::Announcer;
use engine::messages;
use engine::work::JobWorker;
use partners::connect_tenant;

/// Two jobs behind one queue, told apart by the type of the message.
pub struct Worker {
    take: take_snapshot::Worker,
    connect: connect_tenant::Worker,
}

impl Worker {
    /// Both jobs over the ports of the one that needs more.
    pub fn new(ports: Ports) -> Self {
        let connect = connect_tenant::Worker {
            directory: ports.directory.clone(),
            records: ports.records.clone(),
            clock: ports.clock.clone(),
            announcer: Announcer::new(ports.records.clone(), ports.queue.clone(), ports.clock.clone()),
        };
        Self { take: take_snapshot::Worker::new(ports), connect }
    }
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
