//! The data plane through its router.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod across;
mod any_input;
mod approvals;
mod changes;
mod common;
mod data_plane;
mod discreet;
mod downloads;
mod drill;
mod hostile;
mod jobs;
mod logged;
mod marks;
mod passes;
mod receipts;
mod replayed;
mod search;
mod selected;
mod sets;
mod simulated;
