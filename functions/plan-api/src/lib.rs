//! The control plane over HTTP: partners, plans, organisations, and connecting a tenant.
//!
//! It cannot read customer data: it holds no vault. Routes read and check what comes in, call one command
//! of the engine and write what comes out; they decide nothing. JSON is camelCase, times are RFC 3339 in
//! UTC, lists are `{items, next}`, failures are problems.

mod routes;
mod wire;

use axum::Router;
use axum::routing::{delete, get, post};
use engine::commands::connect::Connect;
use engine::commands::invitations::Invitations;
use engine::commands::organisations::Organisations;
use engine::commands::partners::Partners;
use engine::commands::people::People;
use engine::commands::plans::Plans;
use engine::commands::tokens::Tokens;
use routes::{consent, organisations, partners, people, plans, tokens};

/// The commands that the routes call.
#[derive(Clone)]
pub struct PlanApi {
    /// Partners.
    pub partners: Partners,
    /// Plans.
    pub plans: Plans,
    /// Organisations.
    pub organisations: Organisations,
    /// People.
    pub people: People,
    /// Invitations.
    pub invitations: Invitations,
    /// API tokens.
    pub tokens: Tokens,
    /// Connecting.
    pub connect: Connect,
}

/// The routes; [`runtime::http::service`] makes them complete.
pub fn router(api: PlanApi) -> Router {
    Router::new()
        .route("/v1/partners", post(partners::create).get(people::partners_below))
        .route("/v1/partner", get(partners::read))
        .route("/v1/partner/sku", post(partners::activate_sku))
        .route("/v1/plans", post(plans::create).get(plans::list))
        .route("/v1/organisations", post(organisations::create).get(organisations::list))
        .route("/v1/organisations/{org}", get(organisations::read))
        .route("/v1/organisations/{org}/consent-link", post(consent::link))
        .route("/v1/consent/callback", get(consent::callback))
        .route("/v1/people", get(people::list))
        .route("/v1/people/{per}", get(people::read).patch(people::change).delete(people::remove))
        .route("/v1/invitations", post(people::invite).get(people::invited))
        .route("/v1/invitations/{inv}", delete(people::withdraw))
        .route("/v1/invitations/accept", post(people::accept))
        .route("/v1/tokens", post(tokens::create).get(tokens::list))
        .route("/v1/tokens/{tok}", get(tokens::read).delete(tokens::revoke))
        .route("/v1/tokens/{tok}/rotate", post(tokens::rotate))
        .route("/v1/organisations/{org}/token", get(tokens::own).post(tokens::renew).delete(tokens::end))
        .with_state(api)
}
