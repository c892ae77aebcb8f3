//! Previews and runs of restores, what is asked about them and signed of them, over the ports in memory.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[path = "../../../backup/tests/backup/asking/mod.rs"]
mod asking;
mod directory_contracts;
mod receipts;
mod restore_changed;
mod restore_run;
mod restore_stories;
mod restore_world;
mod slots;
