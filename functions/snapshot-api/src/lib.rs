//! The data plane over HTTP: snapshots, search, comparisons, restores, downloads. Everything is below one organisation, but for
//! the jobs of a partner and what is asked of all of its organisations.
//!
//! A route is let in through the door, reads what comes in, calls one command with the organisation's tenant and writes
//! what comes out; it decides nothing. No route sees a tenant that the door did not give it. Work is queued and
//! answered 202 with its `Location`; GET on that follows it. A row in `routes/` is the router's and the document's
//! alike.

mod door;
mod routes;
mod wire;

use axum::Router;
use backup::archive::Archive;
use backup::commands::browse::Browse;
use backup::commands::diffs::Diffs;
use backup::commands::downloads::Downloads;
use backup::commands::marks::Marks;
use backup::commands::snapshots::Snapshots;
use engine::audit::AuditLog;
use engine::ports::{Clock, ExportLinks, Ids, KeyRing, Queue, Vault};
use engine::records::Records;
use partners::commands::Gate;
use partners::commands::jobs::Jobs;
use restore::commands::restores::Restores;
use restore::preview_restore::Archived;
use runtime::http::{
    Audited, PostRights, Unnoted, Weights, audited, idempotent, operations_of, router_of, weights_of,
};
use runtime::openapi::Operation;
use std::sync::Arc;

/// How many bytes of opened blobs an instance keeps between requests: less than half of its memory. The names of 100,000 users
/// are some 40 MB.
pub const KEPT_BYTES: usize = 384 << 20;

/// What the data plane stands on.
#[derive(Clone)]
pub struct Ports {
    /// Holds the sealed blobs, which are only read here.
    pub vault: Arc<dyn Vault>,
    /// Unwraps the data keys of tenants, to open their blobs.
    pub keys: Arc<dyn KeyRing>,
    /// Rows of partners, organisations and tenants.
    pub records: Records,
    /// Where jobs are enqueued.
    pub queue: Arc<dyn Queue>,
    /// Makes links to the files of downloads.
    pub links: Arc<dyn ExportLinks>,
    /// Gives the time at which something is asked for.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of snapshots, comparisons and restores.
    pub ids: Arc<dyn Ids>,
}

impl Ports {
    fn archive(&self) -> Archive {
        Archive::new(self.vault.clone(), self.keys.clone(), self.records.clone())
    }
}

/// The door, and the commands that the routes call.
#[derive(Clone)]
pub struct SnapshotApi {
    gate: Gate,
    clock: Arc<dyn Clock>,
    snapshots: Snapshots,
    browse: Browse,
    diffs: Diffs,
    downloads: Downloads,
    marks: Marks,
    jobs: Jobs,
    restores: Restores,
}

impl SnapshotApi {
    /// The data plane over these ports. It keeps what it opened for the next request, up to [`KEPT_BYTES`].
    pub fn new(ports: Ports) -> Self {
        let archive = ports.archive().keeping(KEPT_BYTES);
        Self::over(ports, archive)
    }

    /// The same, where each request opens everything anew: as the first request meets it that an instance gets.
    pub fn keeping_nothing(ports: Ports) -> Self {
        let archive = ports.archive();
        Self::over(ports, archive)
    }

    fn over(ports: Ports, archive: Archive) -> Self {
        let Ports { records, queue, links, clock, ids, .. } = ports;
        let archive = Arc::new(archive);
        let archived = Arc::new(Archived::new(archive.clone(), records.clone()));
        Self {
            gate: Gate { records: records.clone() },
            jobs: Jobs { gate: Gate { records: records.clone() } },
            clock: clock.clone(),
            snapshots: Snapshots {
                records: records.clone(),
                queue: queue.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            },
            browse: Browse { archive: archive.clone(), records: records.clone() },
            downloads: Downloads {
                archive: archive.clone(),
                records: records.clone(),
                queue: queue.clone(),
                links,
                clock: clock.clone(),
                ids: ids.clone(),
            },
            marks: Marks { archive: archive.clone(), records: records.clone(), clock: clock.clone() },
            diffs: Diffs {
                archive,
                records: records.clone(),
                queue: queue.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            },
            restores: Restores { records, comparisons: archived.clone(), plans: archived, queue, clock, ids },
        }
    }
}

/// The routes; [`runtime::http::service`] makes them complete.
pub fn router(api: SnapshotApi) -> Router {
    let records = api.gate.records.clone();
    let log = AuditLog::new(records.clone(), &*api.snapshots.ids);
    let rows = routes::all();
    let rights = PostRights::of(&rows);
    let routes = router_of(rows).with_state(api);
    audited(idempotent(routes, records, rights), log, Audited::Everything)
}

/// What requests to the routes take of their callers' budgets.
pub fn weights() -> Weights {
    weights_of(routes::all::<Unnoted>())
}

/// The paths of the routes, as axum writes them, some more than once.
pub fn paths() -> impl Iterator<Item = &'static str> {
    routes::all::<Unnoted>().into_iter().map(|row| row.path())
}

/// The routes, for the OpenAPI document.
pub fn operations() -> Vec<Operation> {
    operations_of(routes::all())
}
