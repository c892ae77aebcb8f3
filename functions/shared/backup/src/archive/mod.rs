//! Runs and snapshots over the vault: written, merged, compared, read, searched.
//!
//! Not here: what the records mean (`domain::kinds`, `domain::changes`) and where they come from (`reading`).
//! Every byte in and out passes [`TenantArchive`], which seals and opens it under the tenant's keys.
//! Invariants: a leaf is stored once; what does not open is an error, never an absence; memory holds a few
//! leaves of each run at a time, not a run; a merge reads and writes what changed.

mod compare;
mod layers;
mod leaves;
mod merge;
mod op;
mod run;
mod search;
mod sorter;
mod tenant;
mod view;

pub use compare::{Difference, Differences};
pub use layers::consolidate;
pub use leaves::{LeafReader, LeafWriter, Written};
pub use merge::{Merged, Onto, Partial, Resolver, Stop, merge};
pub use op::Op;
pub(crate) use op::overlaid;
pub use run::{Lookup, OpenRun, RunReader};
pub use search::{Limits, Walked, Way, ways};
pub use sorter::{Block, Budget, Ops, Sorter};
pub use tenant::{Archive, TenantArchive};
pub use view::{Hit, SnapshotView, name_of, read_object};
