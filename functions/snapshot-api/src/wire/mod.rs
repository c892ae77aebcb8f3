//! The data plane's JSON. Changes and steps are written as the domain keeps them; all else is only here.

mod access_passes;
mod across;
mod administrators;
mod changes;
mod comparisons;
mod completion;
mod coverage;
mod downloads;
mod drills;
mod jobs;
mod marks;
mod objects;
mod receipts;
mod restores;
mod sets;
mod snapshots;

pub use access_passes::AccessPassOut;
pub use across::{AcrossIn, AcrossOut};
pub use administrators::AdministratorsOut;
pub use changes::{
    ChangesIn, ChangesOut, ExplainIn, ExplainedOut, FormatIn, ObjectChangeIn, ObjectChangeOut, readable,
    table,
};
pub use comparisons::{ComparisonIn, ComparisonOut, ComparisonsIn};
pub use completion::CompletionOut;
pub use coverage::{CoverageOut, PropertiesIn, PropertiesOut};
pub use downloads::{DownloadIn, DownloadOut};
pub use drills::DrillOut;
pub use jobs::{JobsIn, JobsOut};
pub use marks::{MarkIn, MarkOut, MarksIn};
pub use objects::{EverIn, FoundOut, HistoryIn, LinksIn, ObjectOut, ObjectsIn};
pub use receipts::{ReceiptIn, ReceiptOut};
pub use restores::{RestoreIn, RestoreOut, RestorePlanOut, RestoresIn};
pub use sets::{ListedSetOut, RestoreSetIn, RestoreSetOut, SetTenantIn};
pub use snapshots::{SnapshotOut, SnapshotText};
