//! The stored form: what is in the vault, byte by byte. FORMAT.md beside this crate is normative.
//!
//! Pure functions over bytes: records into leaves ([`leaf`]), what changed into values of a layer ([`layer`]),
//! what became of records into the
//! entries of a log ([`log`]), leaves into an index ([`index`]), plain bytes into sealed ones and back ([`seal`]), and the manifest that makes a
//! snapshot of them ([`manifest`]). What a snapshot that is still being read has stored for later is [`parked`].
//! Invariants: the same records give the same bytes; what was changed after sealing does not open.

mod audit_held;
pub mod fold;
pub mod index;
mod known;
pub mod layer;
pub mod leaf;
pub mod log;
pub mod manifest;
mod missing;
pub mod names;
pub mod parked;
pub mod seal;
mod varint;

pub use audit_held::{AUDIT_OBJECTS_RUN, AUDIT_RUN, AuditCause, AuditGap, AuditHeld};
pub use index::{Index, LeafRef};
pub use leaf::{LeafCutter, LeafWalk, PlainLeaf, Record, read_leaf};
pub use log::{Became, Differing, LogEntry, LogGap, LogRef, log_key, of_log_key};
pub(crate) use manifest::EXTENSIONS;
pub use manifest::{ExtensionsKnown, FORMAT_VERSION, LayerRef, Manifest, RunRef, Token};
pub use missing::{Missing, MissingCause};
pub use parked::{MergeCounts, ParkedBlock, SuspendedLog, SuspendedMerge};
pub use seal::{BlobHash, Class, TenantKeys};
