//! The data plane over HTTP: snapshots, search, comparisons, restores. Everything is below one organisation.
//!
//! A route lets the caller in through the door, reads what comes in, calls one of [`SnapshotCommands`] with
//! the organisation's tenant and writes what comes out. No route sees a tenant that the door did not give
//! it. Work is queued and answered 202 with its `Location`; GET on that follows it.

mod commands;
mod door;
pub mod openapi;
pub mod ports;
mod routes;
pub mod wire;

pub use commands::EngineCommands;

use axum::Router;
use axum::routing::{get, post};
use partners::commands::Gate;
use ports::SnapshotCommands;
use routes::{comparisons, objects, restores, snapshots};
use runtime::http::{Audited, audited, idempotent};
use std::sync::Arc;

/// What the routes need.
#[derive(Clone)]
pub struct SnapshotApi {
    /// The door.
    pub gate: Gate,
    /// What can be asked.
    pub commands: Arc<dyn SnapshotCommands>,
}

/// The routes; [`runtime::http::service`] makes them complete.
pub fn router(api: SnapshotApi) -> Router {
    let records = api.gate.records.clone();
    let organisation = Router::new()
        .route("/snapshots", post(snapshots::take).get(snapshots::list))
        .route("/snapshots/{snp}", get(snapshots::read))
        .route("/snapshots/{snp}/objects", get(objects::list))
        // Why the rest of the path: the key of a role assignment has slashes in it.
        .route("/snapshots/{snp}/objects/{kind}/{*key}", get(objects::read))
        .route("/comparisons", post(comparisons::start))
        .route("/comparisons/{dif}", get(comparisons::read))
        .route("/comparisons/{dif}/changes", get(comparisons::changes))
        .route("/restores", post(restores::preview))
        .route("/restores/{rst}", get(restores::read))
        .route("/restores/{rst}/run", post(restores::run))
        .route("/restores/{rst}/report", get(restores::report))
        .with_state(api);
    let routes = Router::new().nest("/v1/organisations/{org}", organisation);
    audited(idempotent(routes, records.clone()), records, Audited::Everything)
}
