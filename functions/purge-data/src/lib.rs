//! The function `purge-data`: a tick deletes organisations whose hold is over, and removes what has ended. Its rights
//! are the catalog, the deletion of blobs and the signature of certificates; it can open no key.

use engine::ports::{Catalog, Clock, Signer, VaultSweeper};
use engine::purge_data::Worker;
use engine::records::Records;
use std::sync::Arc;

/// The job over these ports.
pub fn worker(
    catalog: Arc<dyn Catalog>,
    vault: Arc<dyn VaultSweeper>,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
) -> Worker {
    Worker { records: Records::new(catalog.clone(), clock.clone()), catalog, vault, signer, clock }
}
