//! A Temporary Access Pass on the wire, the once that it is shown.

use domain::Timestamp;
use restore::commands::access_passes::ReadPass;
use schemars::JsonSchema;
use serde::Serialize;

/// A Temporary Access Pass. It is shown once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessPassOut {
    /// The pass itself: whoever has it can sign in as the person until it ends.
    temporary_access_pass: String,
    /// The id of the person whom it is for, as it is since they are back.
    user: String,
    /// From when it is good.
    starts_at: Timestamp,
    /// Until when it is good.
    ends_at: Timestamp,
    /// Whether it is good for one sign-in alone.
    is_usable_once: bool,
}

impl From<ReadPass> for AccessPassOut {
    fn from(read: ReadPass) -> Self {
        Self {
            temporary_access_pass: read.pass.expose().to_owned(),
            user: read.user,
            starts_at: read.starts_at,
            ends_at: read.ends_at,
            is_usable_once: read.is_usable_once,
        }
    }
}
