//! The function `preview-restore`: a message works out what a restore would do. It reads the tenant and adds the plan to
//! the vault. Apart from `diff-snapshots`, so that no comparison holds up what is asked for in an incident.

use backup::archive::Archive;
use backup::preview_restore::{Archived, Worker};
use engine::announce::Announcer;
use engine::ports::{Clock, Directory, KeyRing, Queue, Vault};
use engine::records::Records;
use std::sync::Arc;

/// What the function holds.
pub struct Ports {
    /// Reads tenants.
    pub directory: Arc<dyn Directory>,
    /// Where snapshots are and plans go.
    pub vault: Arc<dyn Vault>,
    /// Opens what is in the vault, tenant by tenant.
    pub keys: Arc<dyn KeyRing>,
    /// Rows of restores, comparisons and re-creations.
    pub records: Records,
    /// Takes notices of previews that were given up.
    pub queue: Arc<dyn Queue>,
    /// Says when a preview was made.
    pub clock: Arc<dyn Clock>,
}

/// The job over these ports.
pub fn worker(ports: Ports) -> Worker {
    let Ports { directory, vault, keys, records, queue, clock } = ports;
    let announcer = Announcer::new(records.clone(), queue, clock.clone());
    let archived =
        Arc::new(Archived::new(Arc::new(Archive::new(vault, keys, records.clone())), records.clone()));
    Worker {
        snapshots: archived.clone(),
        own: Arc::new(directory.clone()),
        directory,
        plans: archived,
        records,
        clock,
        announcer,
    }
}
