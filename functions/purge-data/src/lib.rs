//! The function `purge-data`: a tick deletes organisations whose hold is over, and removes what has ended. Its rights
//! are the catalog and the deletion of blobs; it can open no key.

use engine::jobs::purge_data::Worker;
use engine::ports::{Catalog, Clock, VaultSweeper};
use engine::records::Records;
use std::sync::Arc;

/// The job over these ports.
pub fn worker(catalog: Arc<dyn Catalog>, vault: Arc<dyn VaultSweeper>, clock: Arc<dyn Clock>) -> Worker {
    Worker { records: Records::new(catalog.clone(), clock.clone()), catalog, vault, clock }
}
