//! What may be asked about a connected tenant, apart from HTTP. Each is a struct with its ports as fields.
//!
//! The tenant comes first: whoever asks got it from the gate, which the data plane's `Admitted` asks for each route. A thing
//! of another tenant is `NotFound`. A command checks its input, then acts in one conditional write.

pub mod across;
pub mod as_of;
pub mod browse;
pub mod changes;
pub mod coverage;
pub mod diffs;
pub mod downloads;
pub mod ever;
pub mod explained;
pub mod filter;
mod follows;
pub mod history;
mod links;
pub mod marks;
mod membership;
pub mod one_object;
mod reads;
pub mod search;
mod searched;
pub mod slots;
pub mod snapshots;
mod stale;
mod until;
pub mod who;
