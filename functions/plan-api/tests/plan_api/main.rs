//! The control plane through its router.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod access;
mod any_input;
mod audit;
mod common;
mod connecting;
mod consent;
mod consent_sign_in;
mod discreet;
mod idempotency;
mod invitations;
mod lives;
mod names;
mod openapi;
mod partner_plane;
mod people;
mod plans;
mod rights;
mod subscriptions;
mod tokens;
mod usage;
