//! The control plane through its router.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod access;
mod any_input;
mod attention;
mod attention_costs;
mod audit;
mod audit_verified;
mod begun;
mod common;
mod connecting;
mod consent;
mod consent_sign_in;
mod counted;
mod csv_costs;
mod discreet;
mod end_customers;
mod expected;
mod health;
mod idempotency;
mod invitations;
mod lives;
mod makers;
mod names;
mod notices;
mod notifications;
mod open_routes;
mod openapi;
mod partner_plane;
mod people;
mod plans;
mod rights;
mod sessions;
mod subscriptions;
mod tokens;
mod usage;
mod week;
