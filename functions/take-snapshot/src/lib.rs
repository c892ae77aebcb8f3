//! The function `take-snapshot`: a message takes a snapshot, or goes on taking it; or it tries a connection that waits
//! once more. Both read a tenant and write nothing back: the reading credential, the vault without deletion, the keys,
//! the catalog and the queues.

use async_trait::async_trait;
use backup::take_snapshot::{self, Keeper, Ports};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::announce::Announcer;
use engine::messages;
use engine::metrics;
use engine::ports::VaultKeeper;
use engine::work::JobWorker;
use partners::connect_tenant;
use std::sync::Arc;

/// Two jobs behind one queue, told apart by the type of the message.
pub struct Worker {
    take: take_snapshot::Worker,
    connect: connect_tenant::Worker,
    keeper: Option<Keeper>,
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
        Self { take: take_snapshot::Worker::new(ports), connect, keeper: None }
    }

    /// The same over a vault that locks blobs, each for so many days from its writing: what snapshots name stays locked.
    #[must_use]
    pub fn keeping(mut self, vault: Arc<dyn VaultKeeper>, lock_days: u32) -> Self {
        let take_snapshot::Worker { archive, records, clock, .. } = self.take.clone();
        self.keeper = Some(Keeper { vault, archive, records, clock, lock_days });
        self
    }

    /// Renews locks that are due. Whatever keeps it from that, the snapshot is sealed.
    async fn keep(&self, body: &str, deadline: Timestamp) {
        let Some(keeper) = &self.keeper else { return };
        let Ok(request) = messages::read::<take_snapshot::Request>(body, messages::TAKE_SNAPSHOT) else {
            return;
        };
        let tenant = request.tenant;
        match keeper.run(&tenant, deadline).await {
            Ok(renewal) if renewal == take_snapshot::Renewal::default() => {}
            Ok(renewal) => tracing::info!(%tenant, ?renewal, "locks of blobs are renewed"),
            // A tenant that was deleted meanwhile has nothing to lock.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                metrics::LOCKS_NOT_RENEWED.add(1);
                let kind = error.kind().name();
                tracing::error!(%tenant, kind, %error, "locks of blobs are not renewed");
            }
        }
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "take-snapshot"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        match messages::type_of(body)?.as_str() {
            messages::TAKE_SNAPSHOT => {
                self.take.handle(body, deadline).await?;
                self.keep(body, deadline).await;
                Ok(())
            }
            messages::CONNECT_TENANT => self.connect.handle(body, deadline).await,
            _ => Err(Error::invalid("a message of this type is not for this queue")),
        }
    }
}
