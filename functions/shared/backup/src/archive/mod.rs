//! Runs and snapshots over the vault: written, merged, compared, read, searched.
//!
//! Every byte in and out passes [`TenantArchive`], which seals and opens it under the tenant's keys. The modules build
//! on one another in this order, each only on those before it:
//!
//! - `op`: what is to be done to one record. `arena`: many such operations in memory, sorted.
//! - `kept`: what was opened, kept. `tenant`: one tenant's blobs. `leaves`: leaves written and read. `run`: a run opened, read, looked up in.
//! - `sorter`: operations in any order, sorted in bounded memory. `merge`: sorted operations applied to a run.
//! - `layers`: runs kept shallow. `compare`: what differs between two runs.
//! - `view`: a sealed snapshot, its objects and links. `search`: names in it.
//!
//! Not here: what the records mean (`domain::kinds`, `domain::changes`) and where they come from (`reading`).
//! Invariants: a leaf is stored once; what does not open is an error, never an absence; memory holds a few
//! leaves of each run at a time, not a run; a merge reads and writes what changed.

mod arena;
mod changes;
mod compare;
mod kept;
mod layers;
mod leaves;
mod merge;
mod op;
mod page_index;
mod run;
mod search;
mod sorter;
mod tenant;
mod view;

pub(crate) use changes::changes_at;
pub(crate) use changes::page_name;
pub use changes::{FoundChanges, MOST_PAGES, find_changes, get_page, list_changes};
pub use compare::{Difference, Differences};
pub use layers::consolidate;
pub(crate) use layers::{consolidate_in, consolidate_log, may_fold_in, open_layer};
pub use leaves::{LeafReader, LeafWriter, Written};
pub use merge::{Merge, Merged, Onto, Resolver, Stop};
pub use op::Op;
pub(crate) use op::overlaid;
pub(crate) use page_index::index_name;
pub use page_index::{OnPage, PageIndex, page_index};
pub use run::{Lookup, OpenRun, RunReader};
pub use search::{Limits, Part, Walked, Way};
pub use sorter::{Budget, Ops, Sorter};
pub use tenant::{Archive, TenantArchive};
pub use view::{Hit, SnapshotView, name_of, read_object};
pub(crate) use view::{Named, bin, names_run};
