//! Backup and comparison of a tenant, written in terms of the engine's ports.
//!
//! - [`archive`]: runs and snapshots over the vault: written, read, searched, compared.
//! - [`reading`]: the reading of a tenant into runs.
//! - [`schedule_snapshots`], [`take_snapshot`], [`diff_snapshots`], [`export_data`]: units of queued work; each has
//!   `Request`, `Worker` and `Report`.
//! - [`log`]: what became of each record, snapshot by snapshot.
//! - [`commands`]: what may be asked about a tenant.
//!
//! Not here: what is put back (`restore`); who may ask (`partners`).

pub mod archive;
pub mod commands;
pub mod diff_snapshots;
pub mod export_data;
pub mod log;
pub mod reading;
pub mod schedule_snapshots;
pub mod take_snapshot;

mod held;
