//! Every port but the directory, in memory: small worlds with state, not mocks. [`Nobody`] stands where a job is given
//! a directory and must not need it.
//!
//! Each keeps the strictest reading of its port, and is held to it by [`crate::contracts`]. What a test may
//! do beyond the port (damage a blob, fill the disk, read the post) are plain methods of the concrete type.

mod anchors;
mod catalog;
mod clock;
mod exports;
mod ids;
mod key_ring;
mod mailer;
mod nobody;
mod queue;
mod queue_state;
mod secrets;
mod signer;
mod vault;

pub use anchors::MemoryAnchors;
pub use catalog::MemoryCatalog;
pub use clock::ManualClock;
pub use exports::MemoryExports;
pub use ids::SeededIds;
pub use key_ring::MemoryKeyRing;
pub use mailer::MemoryMailer;
pub use nobody::Nobody;
pub use queue::{Chaos, DeadLetter, Delivery, MemoryQueue, QueueSettings};
pub use secrets::MemorySecrets;
pub use signer::MemorySigner;
pub use vault::MemoryVault;

use crate::lock;
use std::sync::Arc;

/// All of them, on one clock and one seed.
#[derive(Clone)]
pub struct World {
    /// The time, which moves when it is told to.
    pub clock: Arc<ManualClock>,
    /// New names, drawn from the seed.
    pub ids: Arc<SeededIds>,
    /// The sealed bytes of tenants.
    pub vault: Arc<MemoryVault>,
    /// Control data, as rows.
    pub catalog: Arc<MemoryCatalog>,
    /// The queues, and what waits in them.
    pub queue: Arc<MemoryQueue>,
    /// What makes and unwraps data keys.
    pub key_ring: Arc<MemoryKeyRing>,
    /// What signs for the installation.
    pub signer: Arc<MemorySigner>,
    /// Where signed heads of audit logs are kept.
    pub anchors: Arc<MemoryAnchors>,
    /// Where files of downloads are.
    pub exports: Arc<MemoryExports>,
    /// Mail, and what of it has left.
    pub mailer: Arc<MemoryMailer>,
    /// The secrets of the installation, by name.
    pub secrets: Arc<MemorySecrets>,
}

impl World {
    /// A world whose every chance comes from `seed`, with queues that are on their best behaviour.
    pub fn new(seed: u64) -> Self {
        Self::with_queue(seed, QueueSettings::default())
    }

    /// The same, with queues as told.
    pub fn with_queue(seed: u64, settings: QueueSettings) -> Self {
        let clock = Arc::new(ManualClock::new());
        Self {
            ids: Arc::new(SeededIds::new(seed, clock.clone())),
            vault: Arc::default(),
            catalog: Arc::default(),
            queue: Arc::new(MemoryQueue::new(clock.clone(), settings)),
            key_ring: Arc::new(MemoryKeyRing::new(seed)),
            signer: Arc::default(),
            anchors: Arc::default(),
            exports: Arc::default(),
            mailer: Arc::default(),
            secrets: Arc::default(),
            clock,
        }
    }

    /// Keeps all of it as it is now. Whoever calls what comes back puts it back so, as often as is wanted: time, names
    /// and chance go on from there.
    pub fn keep(&self) -> impl Fn() + use<> {
        // Why all are named: a part that is added has to be kept too.
        let Self {
            clock,
            ids,
            vault,
            catalog,
            queue,
            key_ring,
            signer: _,
            anchors,
            exports,
            mailer,
            secrets,
        } = self.clone();
        let (now, names) = (lock(&clock.0).clone(), lock(&ids.state).clone());
        let (disk, rows, queues) =
            (lock(&vault.0).clone(), lock(&catalog.0).clone(), lock(&queue.state).clone());
        let (ring, heads) = (lock(&key_ring.0).clone(), lock(&anchors.0).clone());
        let files = lock(&exports.0).clone();
        let (post, hidden) = (lock(&mailer.0).clone(), lock(&secrets.0).clone());
        move || {
            *lock(&clock.0) = now.clone();
            *lock(&ids.state) = names.clone();
            *lock(&vault.0) = disk.clone();
            *lock(&catalog.0) = rows.clone();
            *lock(&queue.state) = queues.clone();
            *lock(&key_ring.0) = ring.clone();
            *lock(&anchors.0) = heads.clone();
            *lock(&exports.0) = files.clone();
            *lock(&mailer.0) = post.clone();
            *lock(&secrets.0) = hidden.clone();
        }
    }
}
