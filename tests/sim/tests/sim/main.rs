//! The simulator does what Microsoft documents, asked over HTTP.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod audits;
mod changes;
mod clients;
mod common;
mod directory;
mod extensions;
mod filters;
mod front;
mod passes;
mod policies;
mod sign_in;
mod size;
