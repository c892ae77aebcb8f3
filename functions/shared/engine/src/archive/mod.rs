//! Runs and snapshots over the vault: written, merged, read, searched, compared.
//!
//! Not here: what the records mean (`domain::kinds`, `domain::changes`) and where they come from (`jobs`).
//! Every byte in and out passes [`TenantArchive`], which seals and opens it under the tenant's keys.
//! Invariants: a leaf is stored once; what does not open is an error, never an absence; memory holds a leaf
//! of each run at a time, not a run.

mod compare;
mod merge;
mod run;
mod sorter;
mod tenant;
mod view;

pub use compare::{Difference, Differences};
pub use merge::{Resolver, merge};
pub use run::{RunReader, RunWriter};
pub use sorter::{Op, Ops, Sorter};
pub use tenant::{Archive, TenantArchive};
pub use view::{Hit, SnapshotView, name_of, read_object};
