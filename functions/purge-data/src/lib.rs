//! The function `purge-data`: a tick removes what has ended. Its rights are the catalog alone, until
//! retention and deletion are built.

use engine::jobs::purge_data::Worker;
use engine::ports::{Catalog, Clock};
use std::sync::Arc;

/// The job over these ports.
pub fn worker(catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> Worker {
    Worker { catalog, clock }
}
