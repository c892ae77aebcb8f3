//! What may be asked about a connected tenant, apart from HTTP. Each is a struct with its ports as fields.
//!
//! The tenant comes first and was checked by the caller's door, which also said who asks; a thing of another tenant
//! is `NotFound`. A command checks its input, then acts in one conditional write.

pub mod browse;
pub mod diffs;
pub mod restores;
pub mod search;
pub mod snapshots;
