//! The log of each run: what became of each record, snapshot by snapshot. FORMAT.md section 12.
//!
//! - `entry`: what became of one record between two snapshots. `append`: the layer of one run. `write`: the logs of a snapshot,
//!   before it is sealed.
//! - `own`: what a snapshot's own entries say of what differs between it and the one before, for a comparison of the two.
//! - `track`: whose entries are looked for. `walk`: the entries of one object, from the logs, and from the snapshots themselves where there is none.
//!
//! Not here: what the entries mean for a person (`commands::history`).
//! Invariants: what a snapshot does not know is in no entry; a span in which a run was not held is named; a log that cannot be
//! gone on with begins anew and says so, and never fails a snapshot.

mod append;
mod entry;
mod own;
mod track;
mod walk;
mod write;

pub(crate) use append::recognised;
pub(crate) use entry::{Logged, Part};
pub(crate) use own::{Own, OwnEntries};
pub use track::Gap;
pub(crate) use track::{Entry, Track, Whose};
pub(crate) use walk::Walk;
pub use write::{Logs, Written};
