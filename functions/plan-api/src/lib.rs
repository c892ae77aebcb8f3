//! The control plane over HTTP: partners, plans, organisations, and connecting a tenant.
//!
//! It cannot read customer data: it holds no vault. Routes read and check what comes in, call one command
//! of the engine and write what comes out; they decide nothing. JSON is camelCase, times are RFC 3339 in
//! UTC, lists are `{items, next}`, failures are problems.

pub mod openapi;
mod routes;
mod wire;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use engine::commands::connect::Connect;
use engine::commands::organisations::Organisations;
use engine::commands::partners::Partners;
use engine::commands::plans::Plans;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use routes::{audit, consent, organisations, partners, plans};
use runtime::http::{Audited, audited, idempotent};

/// The commands that the routes call.
#[derive(Clone)]
pub struct PlanApi {
    /// Partners.
    pub partners: Partners,
    /// Plans.
    pub plans: Plans,
    /// Organisations.
    pub organisations: Organisations,
    /// Connecting.
    pub connect: Connect,
}

/// The OpenAPI document of both planes, as it is kept in the repository.
pub const OPENAPI: &str = include_str!("../openapi.json");

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")], OPENAPI)
}

/// The routes; [`runtime::http::service`] makes them complete.
pub fn router(api: PlanApi) -> Router {
    let records = api.partners.gate.records.clone();
    let routes = Router::new()
        .route("/v1/partners", post(partners::create))
        .route("/v1/partner", get(partners::read))
        .route("/v1/partner/sku", post(partners::activate_sku))
        .route("/v1/plans", post(plans::create).get(plans::list))
        .route("/v1/organisations", post(organisations::create).get(organisations::list))
        .route("/v1/organisations/{org}", get(organisations::read))
        .route("/v1/organisations/{org}/consent-link", post(consent::link))
        .route("/v1/consent/callback", get(consent::callback))
        .route("/v1/openapi.json", get(document))
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit/export", get(audit::export))
        .route("/v1/audit/verify", get(audit::verify))
        .with_state(api);
    audited(idempotent(routes, records.clone()), records, Audited::Writes)
}
