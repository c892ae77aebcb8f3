//! What the product knows: values and rules, and nothing that acts.
//!
//! Not here: clocks, randomness, networks, files. Whatever a rule needs to know comes in as an argument.
//! Enter by the word you have: [`kinds`] (what Microsoft Graph holds), [`stored`] (what we keep of it, and
//! how; FORMAT.md beside this crate is normative), [`changes`] (what differs), [`restore`] (what to write).

pub mod audit;
pub mod canonical;
pub mod changes;
pub mod error;
pub mod ids;
pub mod kinds;
pub mod notices;
pub mod organisations;
pub mod plans;
mod refusal;
pub mod restore;
pub mod rights;
pub mod schedule;
pub mod stored;
pub mod subscriptions;
pub mod text;
pub mod trail;
pub mod usage;

pub use error::{Error, ErrorKind, ErrorReason, FieldFault, Prose, Result};
pub use ids::{
    DiffId, DowngradeId, InvitationId, OrganisationId, PartnerId, PersonId, PlanId, RestoreId, SnapshotId,
    SubscriptionId, TenantId, TokenId,
};
/// Instants are UTC and printed as RFC 3339.
pub use jiff::Timestamp;
pub use refusal::Refusal;
