//! The control plane through its router.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod access;
mod audit;
mod common;
mod consent;
mod consent_sign_in;
mod counted;
mod end_customers;
mod idempotency;
mod lives;
mod makers;
mod names;
mod openapi;
mod partner_plane;
mod people;
mod plans;
mod rights;
mod sessions;
mod subscriptions;
mod tokens;
mod usage;
