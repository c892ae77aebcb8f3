//! Who changed it: records of Microsoft's own log of changes, joined to the changes of a comparison.
//!
//! Pure. A record is read once (`record`), without the secrets that some of them hold (`secrets`); what an activity means is
//! a row of one table (`activities`), what the log calls a property one of another (`names`); `join` finds the author.
//! Not here: how records are read and stored.
//! Invariants: somebody is named as the author only where a record says what the change says; where several may be, all are
//! named; where none is, it is said why. Source: learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities.

use crate::kinds::Licence;

mod absence;
mod activities;
mod filter;
mod hands;
mod join;
mod joined;
mod names;
mod noise;
mod ours;
mod record;
mod recovery;
mod secrets;
mod told;

pub use absence::Window;
pub use filter::{ChangeFilter, Claim, Doubt};
pub use hands::{Hands, hands_in};
pub use join::{Asked, Deed, Found, Records, find_author};
pub use joined::{Known, ids_of, who_changed};
pub use noise::is_noise;
pub use ours::Ours;
pub use record::{Actor, ActorSort, AuditRecord, Modified, Target};
pub use recovery::is_recovery;
pub use secrets::without_secrets;
pub use told::{Author, AuthorSort, Finding, MOST_AUTHORS, MOST_PARTS, PartAuthors, Told, Who};

/// The application permission that lets the log be read. Source: learn.microsoft.com/graph/api/directoryaudit-list.
pub const PERMISSION: &str = "AuditLog.Read.All";

/// The licence with which Microsoft keeps the log for longer.
/// Source: learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention.
pub static LONG_KEPT: Licence =
    Licence { name: "Microsoft Entra ID P1", plans: &["AAD_PREMIUM", "Entra_Identity_Governance"] };
/// For how many days Microsoft keeps the log: without that licence, and with it.
pub const KEPT_DAYS: [i64; 2] = [7, 30];
