//! Backup, comparison and restore of a tenant, written in terms of the engine's ports.
//!
//! - [`archive`]: runs and snapshots over the vault: written, read, searched, compared.
//! - [`reading`]: the reading of a tenant into runs.
//! - [`schedule_snapshots`], [`take_snapshot`], [`diff_snapshots`], [`preview_restore`], [`run_restore`]: units of
//!   queued work; each has `Request`, `Worker` and `Report`.
//! - [`plans`]: what a preview stores and a run reads, and the report that a run stores.
//! - [`receipts`]: what is signed of a restore that has ended.
//! - [`completion`]: what a restore leaves to people, and whether it is done.
//! - [`commands`]: what may be asked about a tenant.
//!
//! Not here: who may ask (`partners`).

pub mod archive;
pub mod commands;
pub mod completion;
pub mod diff_snapshots;
pub mod plans;
pub mod preview_restore;
pub mod reading;
pub mod receipts;
pub mod run_restore;
pub mod schedule_snapshots;
pub mod take_snapshot;

mod administrators;
mod held;
