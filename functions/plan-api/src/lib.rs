//! The control plane over HTTP: partners, plans, organisations, and connecting a tenant.
//!
//! It cannot read customer data: it holds no vault. Routes read and check what comes in, call one command
//! of the engine and write what comes out; they decide nothing. JSON is camelCase, times are RFC 3339 in
//! UTC, lists are `{items, next}`, failures are problems.

mod csv;
mod money;
pub mod openapi;
mod routes;
mod wire;

use ::partners::commands::connect::Connect;
use ::partners::commands::invitations::Invitations;
use ::partners::commands::organisations::Organisations;
use ::partners::commands::partners::Partners;
use ::partners::commands::people::People;
use ::partners::commands::plans::Plans;
use ::partners::commands::tokens::Tokens;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use engine::ports::Signer;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
pub use money::Money;
use routes::{
    audit, consent, life, organisations, partners, people, plans, portal, subscriptions, tokens, transfers,
    usage,
};
use runtime::http::{Audited, audited, idempotent};
use runtime::problem::Reply;
use std::sync::Arc;

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
    /// Under whose signature certificates of deletion are.
    pub signer: Arc<dyn Signer>,
    /// Connecting.
    pub connect: Connect,
    /// What is paid for.
    pub money: Money,
}

/// The OpenAPI document of both planes, as it is kept in the repository.
pub const OPENAPI: &str = include_str!("../openapi.json");

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")], OPENAPI)
}

/// A key set lives as long as a certificate that somebody checks, so its readers may keep it for an hour.
async fn signing_keys(State(api): State<PlanApi>) -> Reply<impl IntoResponse> {
    let keys = engine::signed::key_set(&*api.signer).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=3600")], Json(keys)))
}

/// The routes; [`runtime::http::service`] makes them complete.
pub fn router(api: PlanApi) -> Router {
    let records = api.partners.gate.records.clone();
    let routes = Router::new()
        .route("/v1/partners", post(partners::create).get(people::partners_below))
        .route("/v1/partner", get(partners::read))
        .route("/v1/partner/sku", post(partners::activate_sku))
        .route("/v1/plans", post(plans::create).get(plans::list))
        .route("/v1/organisations", post(organisations::create).get(organisations::list))
        .route("/v1/organisations/{org}", get(organisations::read).patch(life::edit))
        .route("/v1/organisations/{org}/features", put(life::set_features))
        .route("/v1/organisations/{org}/suspend", post(life::suspend))
        .route("/v1/organisations/{org}/reactivate", post(life::reactivate))
        .route("/v1/organisations/{org}/unsubscribe", post(life::unsubscribe))
        .route("/v1/organisations/{org}/deletion", post(life::delete).delete(life::cancel_deletion))
        .route("/v1/organisations/{org}/deletion-certificate", get(life::certificate))
        .route("/v1/organisations/{org}/transfer", post(transfers::offer).delete(transfers::withdraw))
        .route("/v1/organisations/{org}/transfer/accept", post(transfers::accept))
        .route("/v1/transfers", get(transfers::list))
        .route("/v1/organisations/{org}/consent-link", post(consent::link))
        .route("/v1/consent/callback", get(consent::callback))
        .route("/v1/signing-keys", get(signing_keys))
        .route("/v1/openapi.json", get(document))
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit/export", get(audit::export))
        .route("/v1/audit/verify", get(audit::verify))
        .merge(people_routes())
        .merge(money_routes())
        .with_state(api);
    audited(idempotent(routes, records.clone()), records, Audited::Writes)
}

fn money_routes() -> Router<PlanApi> {
    Router::new()
        .route("/v1/plans/{pln}", get(plans::read).patch(plans::edit))
        .route("/v1/plans/{pln}/partners/{prt}", put(plans::assign).delete(plans::unassign))
        .route("/v1/partner/own-licence", post(plans::create_own_licence))
        .route("/v1/organisations/{org}/subscription", get(subscriptions::read).patch(subscriptions::change))
        .route("/v1/organisations/{org}/access-link", post(subscriptions::access_link))
        .route("/v1/access", post(subscriptions::open_access))
        .route("/portal", get(portal::page))
        .route("/v1/downgrade-requests", get(subscriptions::list_downgrades))
        .route("/v1/downgrade-requests/{dwn}/approve", post(subscriptions::approve_downgrade))
        .route("/v1/downgrade-requests/{dwn}/refuse", post(subscriptions::refuse_downgrade))
        .route("/v1/usage", get(usage::read))
        .route("/v1/invoices/{month}", get(usage::invoice))
}

fn people_routes() -> Router<PlanApi> {
    Router::new()
        .route("/v1/people", get(people::list))
        .route("/v1/people/{per}", get(people::read).patch(people::change).delete(people::remove))
        .route("/v1/invitations", post(people::invite).get(people::invited))
        .route("/v1/invitations/{inv}", delete(people::withdraw))
        .route("/v1/invitations/accept", post(people::accept))
        .route("/v1/tokens", post(tokens::create).get(tokens::list))
        .route("/v1/tokens/{tok}", get(tokens::read).delete(tokens::revoke))
        .route("/v1/tokens/{tok}/rotate", post(tokens::rotate))
        .route("/v1/organisations/{org}/token", get(tokens::own).post(tokens::renew).delete(tokens::end))
}
