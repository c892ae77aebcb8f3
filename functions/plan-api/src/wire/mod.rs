//! The control plane's JSON. It is known only here: the engine's rows have a form of their own.

pub mod access;
pub mod attention;
pub mod audit;
pub mod consent;
pub mod deletions;
pub mod downgrades;
pub mod fleet;
pub mod health;
pub mod invitations;
mod name;
pub mod notices;
pub mod notifications;
pub mod organisations;
pub mod partners;
pub mod people;
pub mod plans;
pub mod sessions;
pub mod subscriptions;
pub mod tokens;
pub mod transfers;
pub mod usage;

pub use name::Name;

use domain::OrganisationId;
use schemars::JsonSchema;
use serde::Deserialize;

/// The form in which a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ListFormat {
    /// JSON, as everything else.
    Json,
    /// Comma-separated values, RFC 4180.
    Csv,
}

/// The time zone of a person for whom none is given.
fn utc() -> String {
    "UTC".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn not_blank(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("must not be empty")) } else { Ok(()) }
}

/// A limitation names 1 to 50 organisations.
#[expect(clippy::ref_option, reason = "the signature that garde calls")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn some_and_few(named: &Option<Vec<OrganisationId>>, (): &()) -> garde::Result {
    match named {
        Some(named) if !(1..=50).contains(&named.len()) => {
            Err(garde::Error::new("must name 1 to 50 organisations"))
        }
        _ => Ok(()),
    }
}
