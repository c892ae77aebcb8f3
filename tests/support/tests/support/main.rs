//! What the tests of all crates stand on: the adapters in memory, the checker of requests, the table of kinds.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod audit_examples;
mod contracts;
mod documented_examples;
mod kind_names;
mod kinds;
mod openapi;
mod queue_model;
